"""A skip beside some layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.nets.layers.chain import Chain
from backpath.nets.layers.layer import Arrays, Draw, Layer, Shape, shape_in_words


@dataclass(frozen=True, slots=True, repr=False)
class Residual(Layer):
    """x plus what the branch's layers make of it (He and others, 2016).

    Attributes:
        layers: of the branch, which keep the shape.
    """

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", Chain.of(self.layers, "Residual").layers)

    @property
    def branch(self) -> Chain:
        """Its layers."""
        return Chain(tuple(self.layers))

    def outputs(self, inputs: Shape) -> Shape:
        made = self.branch.shapes(inputs)[-1]
        if made != inputs:
            raise ShapeError(f"its branch makes {shape_in_words(made)} of {shape_in_words(inputs)}; both must be equal")
        return inputs

    def parameters(self, inputs: Shape, activation: str) -> dict[str, Draw]:
        return self.branch.parameters(inputs)

    def noise(self, inputs: Shape) -> dict[str, Shape]:
        return self.branch.noise(inputs)

    def operations(self, inputs: Shape) -> int:
        return sum(self.branch.operations(inputs)) + math.prod(inputs)

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        return x + self.branch.apply(p, x, noise)

    @property
    def trains_apart(self) -> bool:
        return self.branch.trains_apart

    def folded(self, p: Arrays, x: np.ndarray) -> tuple[Layer, Arrays]:
        branch, parameters = self.branch.folded(p, x)
        return Residual(branch.layers), parameters
