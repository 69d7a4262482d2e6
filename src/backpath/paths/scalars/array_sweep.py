"""The sweep over a DAG of floating-point numbers: one compiled pass over its arrays.

It serves the semirings whose path sums such numbers can carry, each with an image of the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.ops.semiring import Semiring, Value
from backpath.paths.scalars.compiled import compiled
from backpath.paths.scalars.csr import Csr
from backpath.paths.scalars.sweep_kernels import pull_largest, pull_sums, push_largest, push_sums
from backpath.paths.semirings.extremes import MaxProduct, Reachability
from backpath.paths.semirings.images import ActiveCount, PathNorm
from backpath.paths.semirings.standard import PathCount, SumProduct

EXACT = 2.0**53
"""Below it, sums of whole numbers in float64 are exact."""

Image = Callable[[Any, np.ndarray], np.ndarray]
SUMS, LARGEST = (pull_sums, push_sums), (pull_largest, push_largest)

CARRIED: Mapping[type[Semiring], tuple[Image, tuple[Callable[..., None], Callable[..., None]]]] = {
    SumProduct: (lambda semiring, z: z, SUMS),
    PathNorm: (lambda semiring, z: semiring.image(z), SUMS),
    PathCount: (lambda semiring, z: np.ones(z.size), SUMS),
    ActiveCount: (lambda semiring, z: (z != 0).astype(float), SUMS),
    MaxProduct: (lambda semiring, z: z, LARGEST),
    Reachability: (lambda semiring, z: (z != 0).astype(np.float32), LARGEST),
}
"""For each semiring the image of the weights, and the loops against and along the edges."""


@dataclass(frozen=True, slots=True, eq=False)
class ArraySums(Mapping[int, Value]):
    """Path sums by position, kept in arrays: those of nodes that a path meets.

    Attributes:
        sums: of every node; zero where no path leads.
        met: whether a path meets the node.
    """

    sums: np.ndarray
    met: np.ndarray

    def __getitem__(self, position: int) -> Value:
        if not self.met[position]:
            raise KeyError(position)
        return self.sums[position]

    def __iter__(self) -> Iterator[int]:
        return iter(np.flatnonzero(self.met).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(self.met))


def array_sums(csr: Csr, seeds: Mapping[int, Value], semiring: Semiring, forward: bool) -> ArraySums | None:
    """The path sums of all nodes, along the edges or against them.

    None where they need more than floating-point numbers: by the type of the weights, by the semiring, or because
    there are more paths than such numbers can count.
    """
    if type(semiring) not in CARRIED:
        return None
    image, loops = CARRIED[type(semiring)]
    weights = image(semiring, csr.weights)
    if weights.dtype == object:
        return None
    sums, met = np.zeros(len(csr), weights.dtype), np.zeros(len(csr), np.uint8)
    for position, seed in seeds.items():
        sums[position], met[position] = seed if sums.dtype.kind == "c" else np.real(seed), 1
    compiled(loops[forward], weights.size)(csr.starts, csr.sources, weights, sums, met)
    if isinstance(semiring, Reachability):
        sums = sums != 0
    elif isinstance(semiring, (PathCount, ActiveCount)):
        if np.max(sums, initial=0) >= EXACT:
            return None
        sums = sums.astype(np.int64).astype(object)
    return ArraySums(sums, met)
