"""A layer: frozen data that say what becomes of an example, and which parameters it takes."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar

import numpy as np

from backpath.graph import SettingError, ShapeError
from backpath.nets.initialization import INITIALIZERS

Shape = tuple[int, ...]
Arrays = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Draw:
    """A parameter before training.

    Attributes:
        shape: of the parameter; the last axis of weights is that of the layer's neurons.
        fill: its value, if it is not drawn.
        fans: fan-in and fan-out of weights that are drawn.
        activation: that follows them.
    """

    shape: Shape
    fill: float = 0.0
    fans: tuple[int, int] | None = None
    activation: str = "identity"

    def values(self, rng: np.random.Generator, how: str) -> np.ndarray:
        """Drawn by one of ``INITIALIZERS``, or all the same."""
        if self.fans is None:
            return np.full(self.shape, self.fill)
        rows = math.prod(self.shape[:-1])
        drawn = INITIALIZERS[how].weights(rng, rows, self.shape[-1], self.activation, self.fans)
        return drawn.reshape(self.shape)


class Layer(ABC):
    """A part of a ``Sequential``; see :class:`Draw` for what its parameters begin as.

    Shapes are of one example, without the batch.
    """

    __slots__ = ()

    keeps_scale: ClassVar[bool] = False
    """Whether the activation behind it is the one that weights in front of it are drawn for."""

    @property
    def word(self) -> str:
        """What it is called in names of parameters: ``max_pool`` for ``MaxPool``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower()

    @abstractmethod
    def outputs(self, inputs: Shape) -> Shape:
        """The shape that it makes of another.

        Raises:
            ShapeError: if it cannot take such an example.
        """

    @abstractmethod
    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        """What becomes of a batch.

        Args:
            p: its parameters.
            x: shape (batch, ...).
            noise: in training, numbers uniform in [0, 1), of the shapes of :meth:`noise`.
        """

    def parameters(self, inputs: Shape, activation: str) -> dict[str, Draw]:
        """Its parameters; ``activation`` is the next one behind it."""
        return {}

    def noise(self, inputs: Shape) -> dict[str, Shape]:
        """The shapes of the uniform numbers that each example takes in training."""
        return {}

    def operations(self, inputs: Shape) -> int:
        """On numbers, about, for one example."""
        return math.prod(self.outputs(inputs))

    @property
    def trains_apart(self) -> bool:
        """Whether it does something else in training than in predicting."""
        return False

    def folded(self, p: Arrays, x: np.ndarray) -> tuple[Layer | None, Arrays]:
        """What takes its place after training, None for nothing; and its parameters. ``x`` stands for all inputs."""
        return self, p

    def __repr__(self) -> str:
        told = [(f.name, getattr(self, f.name), f.default) for f in fields(self)]  # type: ignore[arg-type]
        needed = [repr(value) for _, value, default in told if default is MISSING]
        chosen = [f"{name}={value!r}" for name, value, default in told if default not in (MISSING, value)]
        return f"{type(self).__name__}({', '.join(needed + chosen)})"


def require(layer: Layer, holds: Any, what: str) -> None:
    """Raises SettingError where a layer's setting is not of its kind."""
    if not holds:
        raise SettingError(f"{layer!r}: {what}")


def whole(value: Any, least: int = 1) -> bool:
    """Whether it is a whole number, and large enough."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= least


def whole_pair(value: Any, least: int = 1) -> bool:
    """Whether it is a whole number, or two."""
    return whole(value, least) or (isinstance(value, tuple) and len(value) == 2 and all(whole(v, least) for v in value))


def require_axes(inputs: Shape, axes: int, what: str) -> None:
    """Raises ShapeError if an example has not so many axes."""
    if len(inputs) != axes:
        raise ShapeError(f"it takes examples of shape ({what}), not {shape_in_words(inputs)}")


def shape_in_words(shape: Shape) -> str:
    """As it is written in tables: 28 x 28 x 1."""
    return " x ".join(map(str, shape)) if shape else "no axes"
