"""One program on a device, called again and again on the host's arrays."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from backpath.engines.xla.compilation import compiling
from backpath.engines.xla.library import library, wide
from backpath.engines.xla.placement import one_device
from backpath.engines.xla.refusals import require_lowered
from backpath.engines.xla.setting import ANYWHERE, XlaSetting
from backpath.graph import Graph


class XlaCall:
    """A graph bound to arrays of the host, as by ``Executable`` for NumPy; calling it computes the outputs.

    Args:
        graph: what to compute.
        inputs: one array for each input; read at every call.
        outputs: one for each output; written at every call.
        setting: where.
        kept: numbers of the inputs that stay on the device from the first call to the next :meth:`changed`.

    Raises:
        SettingError: if a node cannot be lowered, JAX is not installed, or there is no such device.
    """

    def __init__(
        self,
        graph: Graph,
        inputs: Sequence[np.ndarray],
        outputs: Sequence[np.ndarray],
        setting: XlaSetting = ANYWHERE,
        kept: Collection[int] = (),
    ):
        require_lowered([graph])
        self.placement = one_device(setting)
        from backpath.engines.xla.lowering.graphs import lowered

        self.inputs, self.outputs, self.kept = tuple(inputs), tuple(outputs), frozenset(kept)
        self._run = library().jit(lowered(graph, setting.precision))
        self._held: dict[int, Any] = {}
        self._compiled = False

    def __call__(self) -> None:
        # Arrays of the host's, which say nothing of a device, go to this one.
        with wide(), library().default_device(self.placement.device):
            with nullcontext() if self._compiled else compiling():
                found = self._run(*[self._given(number, array) for number, array in enumerate(self.inputs)])
            self._compiled = True
            for array, value in zip(self.outputs, found, strict=True):
                np.copyto(array, np.asarray(value))

    def changed(self) -> None:
        """Note that inputs were written that are kept."""
        self._held.clear()

    def _given(self, number: int, array: np.ndarray) -> Any:
        if number not in self.kept:
            return self.placement.fed(array)
        if number not in self._held:
            self._held[number] = self.placement.data(array.copy())
        return self._held[number]
