"""The table: for each primitive, the function of JAX that computes it.

A lowering takes the operands, as arrays of JAX, and the primitive's static parameters. One that is ``told`` takes
``how`` beside them: the settings of the whole, which products follow and nested graphs pass on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from backpath.graph import Graph

Lowering = Callable[..., Any]

LOWERINGS: dict[str, Lowering] = {}

TOLD: set[str] = set()
"""Primitives whose lowering takes ``how``."""

PRECISIONS = ("full", "tensorfloat32", "bfloat16")


@dataclass(frozen=True, slots=True)
class How:
    """Settings of a lowering.

    Attributes:
        precision: of the factors of matrix products and convolutions in float32: ``"full"``; ``"tensorfloat32"``, 10
            bits of each, where the device knows it; or ``"bfloat16"``, 7 bits. Sums are in float32 in any case, and
            all else is in the program's own types.
        run: from a graph, its inputs and this to its outputs: what runs graphs inside nodes.
    """

    precision: str
    run: Callable[[Graph, Sequence[Any], How], list[Any]]


def lowers(*names: str, told: bool = False) -> Callable[[Lowering], Lowering]:
    """Decorator: the lowering of the named primitives."""

    def register(lowering: Lowering) -> Lowering:
        for name in names:
            LOWERINGS[name] = lowering
            if told:
                TOLD.add(name)
        return lowering

    return register
