"""Where a point lies at a kink: nodes whose value rule has no derivative there, found from the rule's values alone.

A node is moved along a direction by ever smaller steps. Where its differences from the two sides do not come together
it has no derivative, and what its local derivative gives is a convention. That is right if it lies between the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import CONSTANT, INPUT
from backpath.ops import PRIMITIVES
from backpath.paths import SUM_PRODUCT, Linearization, evaluate

STEPS = (1e-3, 1e-5, 1e-7, 1e-9)
"""In proportion to what is moved: a point nearer to a kink than the last counts as at it."""

READ = 2
"""Which of the steps the differences are read at: rounding leaves half of the digits."""

DIRECTIONS = 3
_EPS = float(np.finfo(float).eps)
_STEP = "a step: 0 on both sides"
_END = "an end of its domain, or an infinite slope"
_OUTSIDE = "the point is outside its domain"
_INFINITE = "infinite, and its derivative a limit"


@dataclass(frozen=True, slots=True)
class Kink:
    """A node that has no derivative at the point.

    Attributes:
        node: its name.
        primitive: what computes it.
        convention: what its local derivative is there, in words.
        entries: how many of its entries are at a kink.
        below: the derivative of one of them by its operand, from below; nan outside the domain.
        above: the same from above.
        ours: what the local derivative gives.
    """

    node: str
    primitive: str
    convention: str
    entries: int
    below: float
    above: float
    ours: float

    @property
    def undefined(self) -> bool:
        """Whether the derivative is no number there."""
        return not np.isfinite(self.ours)

    def __str__(self) -> str:
        many = f" in {self.entries:,} entries" if self.entries > 1 else ""
        return (
            f"{self.node} is at a kink of {self.primitive}{many} ({self.convention}): from below {self.below:.4g}, "
            f"from above {self.above:.4g}, ours {self.ours:.4g}"
        )


class Kinks:
    """The kinks of a linearization in float64 whose local derivatives are as right as they can be there.

    Attributes:
        lin: the linearization.
        masks: for the position of each node with kinks, at which entries.
        found: what they are, in topological order.
    """

    def __init__(self, lin: Linearization, seed: int = 0):
        self.lin = lin
        self.masks: dict[int, np.ndarray] = {}
        self._known: dict[int, np.ndarray] = {}
        self.found: list[Kink] = []
        rng = np.random.default_rng(seed)
        moves, infinite = _moving(lin), _infinite_by_constants(lin)
        with np.errstate(all="ignore"):
            for target, node in enumerate(lin.graph.nodes):
                slots = [k for k, p in enumerate(node.parents) if moves[p]]
                if not slots or node.dtype.kind not in "biuf" or infinite[target]:
                    continue
                if all(np.isfinite(lin.values[p]).all() for p in (target, *node.parents)):
                    self._look(target, slots, rng)
                else:
                    self._look_at_infinity(target)

    def __bool__(self) -> bool:
        return bool(self.found)

    @property
    def undefined(self) -> bool:
        """Whether at some of them the derivative is no number."""
        return any(kink.undefined for kink in self.found)

    def __str__(self) -> str:
        return "\n".join(map(str, self.found))

    def _look(self, target: int, slots: Sequence[int], rng: np.random.Generator) -> None:
        sides = _Sides(self.lin, target, slots, rng)
        if not sides.kinked.any():
            return
        mask = sides.kinked & sides.right
        trials = [slots] * (DIRECTIONS - 1) + ([[slot] for slot in slots] if len(slots) > 1 else [])
        for trial in trials:
            again = _Sides(self.lin, target, trial, rng)
            mask &= again.right | ~again.kinked
        if mask.any():
            # An order, as of a sort, holds or moves as a whole.
            self.masks[target] = np.ones_like(mask) if sides.flat else mask
            self.found.append(_described(self.lin, target, slots, mask))

    def _look_at_infinity(self, target: int) -> None:
        """A node that is no number, or of an infinite one: no difference shows the derivative, which is a limit."""
        node, value = self.lin.graph.nodes[target], np.asarray(self.lin.values[target], float)
        operands = [self.lin.values[p] for p in node.parents]
        mask = ~np.isfinite(value)
        if any(np.isnan(x).any() for x in operands):
            return  # told of the node that was the first
        if mask.any():
            self.masks[target] = mask
        outside = np.isnan(value).any()
        count = max(1, int(np.count_nonzero(mask)))
        told = _OUTSIDE if outside else _INFINITE
        self.found.append(Kink(node.name, node.primitive, told, count, np.nan, np.nan, np.nan if outside else np.inf))

    def evaluate(self, inputs: Sequence[Any]) -> list[Any]:
        """Every node's value near the point, where entries at a kink go on straight as their local derivatives say.

        They have a derivative then, which differences and complex steps find. Where the local derivative is no number
        they stay as they are.
        """
        return evaluate(self.lin.graph, inputs, self._straightened)

    def _straightened(self, target: int, value: Any, operands: Sequence[Any]) -> Any:
        mask = self.masks.get(target)
        if mask is None:
            return value
        at = self.lin.values[target]
        parents = self.lin.graph.nodes[target].parents
        with np.errstate(all="ignore"):
            moved = {slot: operands[slot] - self.lin.values[parents[slot]] for slot, _ in self.lin.edges_into(target)}
            along = at + _pushed(self.lin, target, moved)
        along = np.where(np.isfinite(self._slopes(target)), along, at) if moved else at
        return np.where(mask, along, value)

    def _slopes(self, target: int) -> np.ndarray:
        """What the local derivatives give at each entry where all operands grow alike; not finite where one is not."""
        if target not in self._known:
            node = self.lin.graph.nodes[target]
            with np.errstate(all="ignore"):
                ones = {slot: np.ones(self.lin.shape(node.parents[slot])) for slot, _ in self.lin.edges_into(target)}
                self._known[target] = np.asarray(_pushed(self.lin, target, ones))
        return self._known[target]


class _Sides:
    """One node moved along one direction of some operands, to both sides, by each of the steps."""

    def __init__(self, lin: Linearization, target: int, slots: Sequence[int], rng: np.random.Generator | None):
        self.lin, self.target = lin, target
        node = lin.graph.nodes[target]
        operands = [lin.values[p] for p in node.parents]
        # Each entry moves in proportion to its size, so that points a little beside a kink are not at it.
        sizes = {k: np.where(operands[k] == 0, 1.0, np.abs(operands[k])) for k in slots}
        along = {k: s if rng is None else _drawn(s, rng) for k, s in sizes.items()}
        self.sizes = sizes[slots[0]]
        at = np.asarray(lin.values[target], float)

        def moved(step: float) -> np.ndarray:
            points = [x + step * along[k] if k in along else x for k, x in enumerate(operands)]
            return np.asarray(PRIMITIVES[node.primitive].value(*points, **node.params), float)

        self.above = np.stack([(moved(h) - at) / h for h in STEPS])
        self.below = np.stack([(at - moved(-h)) / h for h in STEPS])
        differentiable = [k for k, _ in lin.edges_into(target) if k in along]
        self.flat = not differentiable
        self.ours = np.asarray(_pushed(lin, target, {k: along[k] for k in differentiable}), float) + np.zeros(at.shape)
        steps = np.reshape(STEPS, (-1,) + (1,) * at.ndim)
        self.size = np.maximum(*[np.where(np.isfinite(s), np.abs(s), 0.0) for s in (self.above, self.below)])
        self.noise = 16 * _EPS * (np.abs(at) + self.size) / steps

    @property
    def kinked(self) -> np.ndarray:
        """Entries whose differences from the two sides do not come together, or grow without end."""
        gap = np.abs(self.above - self.below)
        near = (gap[1:] <= 0.3 * gap[:-1] + self.noise[1:]) | (gap[1:] <= 1e-3 * self.size[1:])
        near &= np.isfinite(gap[1:])
        met = (gap[-1] <= 1e-3 * self.size[-1]) & (np.abs(self.ours - self.above[-1]) <= 1e-3 * self.size[-1])
        return ~met & (~near.any(0) | self._endless(self.above, 3.0) | self._endless(self.below, 3.0))

    @property
    def right(self) -> np.ndarray:
        """Entries whose local derivative lies between the two sides; or where there is none is no number, or
        the 0 that the primitive declares. A primitive without a convention may say nan."""
        above, below = self.above[READ], self.below[READ]
        ends = [np.where(np.isfinite(s), s, t) for s, t in ((above, below), (below, above))]
        slack = 1e-4 * np.maximum(*np.abs(ends)) + self.noise[READ]
        between = (np.minimum(*ends) - slack <= self.ours) & (self.ours <= np.maximum(*ends) + slack)
        ending = self._endless(self.above) | self._endless(self.below) | ~np.isfinite(above) | ~np.isfinite(below)
        stated = bool(PRIMITIVES[self.lin.graph.nodes[self.target].primitive].kink)
        declared = self.flat or (self.ours == 0) & stated
        none = np.isnan(self.ours) & (not stated)
        return between | self._nearing() | none | (ending & (declared | ~np.isfinite(self.ours)))

    def _nearing(self) -> np.ndarray:
        """Entries at an end of their domain whose one-sided differences tend to the local derivative."""
        found = np.zeros(self.ours.shape, bool)
        for side, other in ((self.above, self.below), (self.below, self.above)):
            gap = np.abs(side - self.ours)
            found |= ~np.isfinite(other[-1]) & (gap[1:] <= 0.5 * gap[:-1] + self.noise[1:]).all(0)
        return found

    def _endless(self, side: np.ndarray, growth: float = 1.15) -> np.ndarray:
        """Entries whose differences grow with each smaller step."""
        sizes = np.abs(side)
        return (sizes[1:] > growth * sizes[:-1]).all(0) & (sizes[-1] > 2.0 * sizes[0]) & (sizes > self.noise).all(0)


def _drawn(sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A direction in which every entry moves, by about its size, and no two alike."""
    return sizes * rng.uniform(0.5, 1.5, np.shape(sizes)) * rng.choice([-1, 1], np.shape(sizes))


def _described(lin: Linearization, target: int, slots: Sequence[int], mask: np.ndarray) -> Kink:
    """What to say of the entries in ``mask``: of the first of them, by the first operand that it has a kink in."""
    node = lin.graph.nodes[target]
    first = int(np.flatnonzero(mask)[0])
    trials = [_Sides(lin, target, [slot], None) for slot in slots]
    told = next((t for t in trials if t.kinked.flat[first]), trials[0])
    size = float(told.sizes.flat[first]) if told.sizes.shape == mask.shape else 1.0
    numbers = [float(side.flat[first]) / size for side in (told.below[READ], told.above[READ], told.ours)]
    convention = PRIMITIVES[node.primitive].kink or (_STEP if told.flat else _END)
    return Kink(node.name, node.primitive, convention, int(np.count_nonzero(mask)), *numbers)


def _pushed(lin: Linearization, target: int, along: Mapping[int, Any]) -> Any:
    """The sum over the operands of their local derivatives along a direction each."""
    parts = [lin.local(target, slot).push(direction, SUM_PRODUCT) for slot, direction in along.items()]
    return sum(parts[1:], parts[0]) if parts else np.zeros(lin.shape(target))


def _moving(lin: Linearization) -> list[bool]:
    """For each node whether its value moves with the inputs' real numbers."""
    moves: list[bool] = []
    for node in lin.graph.nodes:
        own = node.primitive == INPUT and node.dtype.kind == "f"
        of_floats = node.primitive != CONSTANT and node.dtype.kind == "f" and any(moves[p] for p in node.parents)
        moves.append(own or of_floats)
    return moves


def _infinite_by_constants(lin: Linearization) -> list[bool]:
    """For each node whether it is infinite somewhere, or of an infinite operand, as a mask of constants has it."""
    found: list[bool] = []
    for node, value in zip(lin.graph.nodes, lin.values, strict=True):
        own = node.primitive == CONSTANT and value.dtype.kind == "f" and bool(np.isinf(value).any())
        found.append(own or any(found[p] and np.isinf(lin.values[p]).any() for p in node.parents))
    return found
