"""The local derivative of a convolution by its images, taken whole: windows laid out, times kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backpath.ops.local import Composition, LocalDerivative
from backpath.ops.semiring import Array, Semiring, Value
from backpath.ops.window_products import convolved, spread
from backpath.ops.windows import Windows

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Convolution(LocalDerivative):
    """The product of all windows of images with kernels, by the images.

    Attributes:
        kernels: (kernel rows * kernel columns * channels, outputs).
        rows: the windows along the height.
        columns: along the width.
        in_shape: of the images: (batch, height, width, channels).
        out_shape: of the products.
        parts: the same edge by edge, from the images to the products, for path sums that are no arrays of numbers.
        crossed: targets and slots of all these edges but the last.
    """

    kernels: Array
    rows: Windows
    columns: Windows
    in_shape: Shape
    out_shape: Shape
    parts: Composition
    crossed: tuple[tuple[int, int], ...]

    def pull(self, adjoint: Value, semiring: Semiring) -> Value:
        windows = (self.in_shape[0], self.rows.count, self.columns.count, self.kernels.shape[1])
        found = semiring.at_once(
            adjoint,
            lambda arrays, z: spread(
                [np.reshape(a, windows) for a in arrays], z, self.rows, self.columns, self.in_shape
            ),
            self.kernels,
        )
        return self._counted(self.parts.pull(adjoint, semiring) if found is None else found, semiring)

    def push(self, tangent: Value, semiring: Semiring) -> Value:
        found = semiring.at_once(
            tangent,
            lambda arrays, z: [np.reshape(convolved(a, z, self.rows, self.columns), self.out_shape) for a in arrays],
            self.kernels,
        )
        return self._counted(self.parts.push(tangent, semiring) if found is None else found, semiring)

    def _counted(self, s: Value, semiring: Semiring) -> Value:
        for target, slot in self.crossed:
            s = semiring.cross(s, target, slot)
        return s
