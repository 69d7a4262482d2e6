"""Local derivatives against their value rules: which edge of a graph is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.calculus.kinks import Kinks
from backpath.ops import PRIMITIVES
from backpath.paths import SUM_PRODUCT, Linearization

_COMPLEX_STEP, _STEPS = 1e-30, (6e-6, 6e-8, 6e-9)


@dataclass(frozen=True, slots=True)
class WrongEdge:
    """An edge whose z(i, j) is not the derivative of its primitive.

    Attributes:
        source: the name of node i.
        target: the name of node j.
        primitive: what computes j.
        slot: which operand of j the node i is.
        ours: the derivative along a direction of i that z gives, at the entry of j where it is most wrong.
        theirs: the same from the primitive's own value rule.
    """

    source: str
    target: str
    primitive: str
    slot: int
    ours: float
    theirs: float

    def __str__(self) -> str:
        return (
            f"z({self.source}, {self.target}): {self.primitive} by its operand {self.slot} gives {self.ours:.6g} along "
            f"a direction where its value rule gives {self.theirs:.6g}"
        )


def wrong_edges(lin: Linearization, seed: int = 0) -> Iterator[WrongEdge]:
    """Every edge whose local derivative disagrees with its primitive's value rule, in topological order.

    Each z is pushed along one random direction, and compared with a complex step through the value rule, or with
    central differences where the rule does not continue to complex numbers. Entries at a kink are left out where z is
    as right as it can be there.
    """
    rng = np.random.default_rng(seed)
    kinks = Kinks(lin, seed)
    for target in range(len(lin)):
        for slot, source in lin.edges_into(target):
            if lin.dtype(source).kind != "f":
                continue
            direction = rng.standard_normal(lin.shape(source))
            ours = np.asarray(lin.local(target, slot).push(direction, SUM_PRODUCT))
            theirs, tolerance = _by_value_rule(lin, target, slot, direction, ours)
            kinked = kinks.masks.get(target, np.zeros(lin.shape(target), bool))
            theirs = np.where(kinked, ours, theirs)
            gap = np.where(kinked, 0.0, np.abs(ours - theirs))
            if not (gap <= tolerance * max(1.0, np.abs(theirs).max(initial=0.0))).all():
                k = int(np.argmax(np.where(np.isnan(gap), np.inf, gap)))
                node = lin.graph.nodes[target]
                ends = lin.graph.nodes[source].name, node.name
                yield WrongEdge(*ends, node.primitive, slot, float(ours.flat[k]), float(theirs.flat[k]))


def _by_value_rule(
    lin: Linearization, target: int, slot: int, direction: np.ndarray, ours: np.ndarray
) -> tuple[np.ndarray, float]:
    """The derivative of one node along a direction of one operand, from values alone, and how exact it is.

    Of differences by several steps the one nearest to ``ours`` counts: beside a kink long ones reach over it.
    """
    node = lin.graph.nodes[target]
    primitive = PRIMITIVES[node.primitive]
    operands = [lin.values[p] for p in node.parents]

    def moved(step: Any) -> Any:
        return primitive.value(
            *operands[:slot], operands[slot] + step * direction, *operands[slot + 1 :], **node.params
        )

    if primitive.analytic:
        return np.imag(moved(_COMPLEX_STEP * 1j)) / _COMPLEX_STEP, 1e-9
    found = np.stack([(moved(h) - moved(-h)) / (2 * h) for h in _STEPS])
    nearest = np.argmin(np.nan_to_num(np.abs(found - ours), nan=np.inf), axis=0)
    return np.take_along_axis(found, nearest[None], axis=0)[0], 1e-5
