"""Where arrays go: to one device here; a mesh of several is a placement of its own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from backpath.engines.processes.shares import Shares
from backpath.engines.xla.layout import Layout
from backpath.engines.xla.library import device, library, name_of
from backpath.engines.xla.segments import Segment
from backpath.engines.xla.setting import XlaSetting
from backpath.graph import SettingError

PART_OF_FREE = 0.5
"""Of a device's free memory, the part that data may take to lie there from the first step to the last."""


class Placement:
    """Where the arrays of a training go, and what a step does to have them there.

    A step is one function of global arrays, jitted as it is: a placement over several devices gives arrays a sharding
    (:meth:`state`, :meth:`data`, :meth:`fed`) and constrains those inside the step (:meth:`rows`, :meth:`leaf`,
    :meth:`parts`); XLA puts the collectives in. Every process calls every method in the same order.

    Args:
        name: of the device; see :class:`XlaSetting`.

    Attributes:
        device: one of those that arrays go to.
        of_host: whether that is the host's own processor, for which the host takes rows quicker than XLA does.
    """

    shares = Shares()
    layout: Layout | None = None

    def __init__(self, name: str | None = None):
        self.device = device(name)
        self.of_host = self.device.platform == "cpu"

    def state(self, flat: np.ndarray) -> Any:
        """A flat vector of the state (parameters, an optimizer's array, an average) as the carry of the steps.

        A copy, since a step is given its memory.
        """
        # A host's array that JAX took as it is would be written over by the steps that its memory is given to.
        return library().device_put(flat.copy(), self.device)

    def fetch(self, value: Any, out: np.ndarray) -> None:
        """Write such a vector into the host's array, gathered from wherever it lies."""
        np.copyto(out, np.asarray(value))

    def data(self, rows: np.ndarray) -> Any:
        """All examples, of shape (examples, length), or labels (examples,), to lie on the device."""
        return library().device_put(rows, self.device)

    def fed(self, array: np.ndarray, batch: int | None = None) -> Any:
        """What a stretch of steps reads, which is not written before they are done.

        Row numbers are of shape (steps, batch), rows (steps, batch, length); noise and step sizes (steps, 1, length).

        Args:
            array: of this process: of a batch its own rows.
            batch: how many rows a batch has in all; None for what is not by rows, and the same in all processes.
        """
        # A call takes an array of the host's as it lies, without a copy if it is aligned.
        return array if self.of_host else library().device_put(array, self.device)

    def telling(self) -> AbstractContextManager[Any]:
        """Within, an error of XLA's that means more than it says is raised as what it means."""
        return nullcontext()

    def rows(self, x: Any) -> Any:
        """Inside a step: an array whose first axis are the batch's examples, as the step is to see it."""
        return x

    def leaf(self, flat: Any, segment: Segment) -> Any:
        """Inside a step: a part of a vector of the state, whole, where the program reads it."""
        return segment.of(flat)

    def joined(self, leaves: Sequence[Any]) -> Any:
        """Inside a step: all parts of the gradient as one vector."""
        return library().numpy.concatenate([leaf.reshape(-1) for leaf in leaves])

    def same(self, x: Any) -> Any:
        """Inside a step: a value that all devices are to have."""
        return x

    def parts(self, flat: Any) -> Any:
        """Inside a step: a vector of the state, or the gradient, as it lies between steps."""
        return flat

    def room(self) -> float:
        """Bytes that data may take on the device; infinite where it is the host's own memory."""
        found = self.device.memory_stats() if not self.of_host else None
        if not found or "bytes_limit" not in found:
            return float("inf")
        return PART_OF_FREE * (found["bytes_limit"] - found.get("bytes_in_use", 0))


def one_device(setting: XlaSetting) -> Placement:
    """The placement on one device that a setting asks for.

    Raises:
        SettingError: if JAX is not installed, or there is no such device, or it does not know the precision.
    """
    found = Placement(setting.device)
    if found.of_host and setting.precision == "tensorfloat32":
        raise SettingError(f"{name_of(found.device)} does not know precision='tensorfloat32', which GPUs do")
    return found
