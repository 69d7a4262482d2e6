"""Checking a gradient against two ways of differentiating that use none of our derivative rules."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.calculus.call import Argnums, Call, call, listed
from backpath.calculus.kinks import Kink, Kinks
from backpath.graph import NO_PARAMS, Graph, TraceError
from backpath.ops import PRIMITIVES, flatten, leaves_of, spec_of, unflatten
from backpath.ops.control import all_nodes

COMPLEX_STEP = "complex step"
CENTRAL_DIFFERENCES = "central differences"
TOLERANCE = {COMPLEX_STEP: 1e-10, CENTRAL_DIFFERENCES: 1e-5}

_STEP = float(np.cbrt(np.finfo(float).eps))
_COMPLEX_STEP = 1e-30


@dataclass(frozen=True, slots=True)
class ArgumentCheck:
    """One array of an argument, checked by one method.

    Attributes:
        name: the argument, with the path to the array inside it.
        method: ``"complex step"`` or ``"central differences"``.
        error: the largest relative error: |ours - theirs| over the larger of both, or over a thousandth of the
            array's largest entry where that is more.
        where: the index at which it is.
        ours: our derivative there.
        theirs: the method's.
        checked: how many entries were compared.
        total: how many there are.
        ok: whether every difference is within the method's tolerance (1e-10 for the complex step, 1e-5 for
            differences) or its rounding.
    """

    name: str
    method: str
    error: float
    where: tuple[int, ...]
    ours: float
    theirs: float
    checked: int
    total: int
    ok: bool


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """The outcome of :func:`check_grads`; ``str()`` of it is a table.

    Attributes:
        arguments: a row for each array and method.
        kinks: where the point has no derivative, and ours is a convention: nodes by name, with their one-sided
            derivatives. The function that is compared goes on straight from there as the conventions say.
    """

    arguments: tuple[ArgumentCheck, ...]
    kinks: tuple[Kink, ...] = ()

    @property
    def method(self) -> str:
        """The sharpest method that was possible."""
        methods = {a.method for a in self.arguments}
        return COMPLEX_STEP if COMPLEX_STEP in methods else CENTRAL_DIFFERENCES

    @property
    def sharpest(self) -> tuple[ArgumentCheck, ...]:
        """The rows of that method."""
        return tuple(a for a in self.arguments if a.method == self.method)

    @property
    def largest(self) -> float:
        """The largest relative error by the sharpest method."""
        return max((a.error for a in self.sharpest), default=0.0)

    @property
    def checked(self) -> int:
        """How many entries were compared."""
        return sum(a.checked for a in self.sharpest)

    @property
    def total(self) -> int:
        """How many entries the gradient has."""
        return sum(a.total for a in self.sharpest)

    @property
    def ok(self) -> bool:
        """Whether every argument agrees by every method that was possible."""
        return all(a.ok for a in self.arguments)

    def __str__(self) -> str:
        width = max((len(a.name) for a in self.arguments), default=0)
        lines = []
        for a in self.arguments:
            verdict = "ok" if a.ok else f"WRONG: ours {a.ours:.6g}, theirs {a.theirs:.6g}"
            place = f"[{', '.join(map(str, a.where))}]"
            lines.append(
                f"{a.name:<{width}}  {a.method:<19}  {a.checked} of {a.total} entries  "
                f"largest relative error {a.error:.1e} at {place}  {verdict}"
            )
        return "\n".join([*lines, *map(str, self.kinks)])


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    *,
    argnums: Argnums | None = None,
    sample: int | None = None,
    seed: int = 0,
    kwargs: Mapping[str, Any] = NO_PARAMS,
) -> GradientCheck:
    """Compare our derivatives of ``f`` with central differences and, where ``f`` allows it, a complex step.

    The check runs in float64, whatever the dtype of ``args``. A function of several outputs is checked through
    a random weighted sum of them. At a kink every method has a convention of its own: there the local derivative of the
    node is compared with its differences from both sides, and the rest of the gradient as anywhere. A function that
    rounds to float32 inside has no derivative to compare.

    Args:
        f: any traceable function of real arrays.
        args: its arguments, as a tuple or list.
        argnums: which to differentiate by; by default all that hold real floating-point numbers.
        sample: how many entries to compare at most, drawn at random over all arguments; by default all.
        seed: of that draw and of the weights.
        kwargs: arguments by keyword, held fixed.

    Raises:
        TraceError: if ``args`` is no tuple or list, ``f`` cannot be traced, or an argument at ``argnums`` is not of
            real numbers.
        ValueError: if ``sample`` is less than 1.

    >>> check_grads(lambda w: w**3, (2.0,)).ok
    True
    """
    if sample is not None and sample < 1:
        raise ValueError(f"sample={sample}: at least one entry must be compared")
    args = listed("args", args, "check_grads(f, (x,))")
    rng = np.random.default_rng(seed)
    numbers = floating_arguments(args) if argnums is None else argnums
    traced = call(f, in_float64(args), numbers, kwargs)
    graph = traced.lin.graph
    adjoints = [rng.standard_normal(graph.nodes[o].shape) for o in traced.outputs]
    if len(adjoints) == 1 and adjoints[0].shape == ():
        adjoints = [np.ones(())]
    kinks = Kinks(traced.lin)
    ours = [np.asarray(g) for g in traced.pull(adjoints)]
    point = [np.array(traced.lin.values[i], float) for i in graph.inputs]
    entries = _entries([g.size for g in ours], sample, rng)

    def weighted(inputs: Sequence[Any]) -> Any:
        values = kinks.evaluate(inputs)
        return sum(np.sum(w * values[o]) for w, o in zip(adjoints, graph.outputs, strict=True))

    noise = _noise(traced, adjoints)
    rows = []
    for method, derivative in _methods(graph):
        for k, flat in enumerate(entries):
            mine = ours[k].reshape(-1)[flat]
            found = [derivative(weighted, point, k, i, g, noise[method]) for i, g in zip(flat, mine, strict=True)]
            theirs, slack = np.reshape(found, (-1, 2)).T
            if kinks.undefined:
                known = np.isfinite(mine) & np.isfinite(point[k].reshape(-1)[flat])
                theirs = np.where(known, theirs, mine)
            rows.append(_compare(graph.nodes[graph.inputs[k]].name, method, ours[k], theirs, flat, slack))
    return GradientCheck(tuple(rows), tuple(kinks.found))


def _methods(graph: Graph) -> list[tuple[str, Callable[..., tuple[float, float]]]]:
    allowed = all(PRIMITIVES[n.primitive].analytic for n in all_nodes(graph) if n.primitive in PRIMITIVES)
    both = [(COMPLEX_STEP, _complex_step), (CENTRAL_DIFFERENCES, _central_difference)]
    return both if allowed else both[1:]


def _complex_step(
    f: Callable[[Sequence[Any]], Any], point: list[np.ndarray], k: int, i: int, ours: float, noise: float
) -> tuple[float, float]:
    """Im f(x + ih) / h: no difference is taken, so no digits are lost (Squire and Trapp, 1998)."""
    moved = point[k].astype(complex)
    moved.flat[i] += _COMPLEX_STEP * 1j
    return float(np.imag(f([*point[:k], moved, *point[k + 1 :]])) / _COMPLEX_STEP), noise


def _central_difference(
    f: Callable[[Sequence[Any]], Any], point: list[np.ndarray], k: int, i: int, ours: float, noise: float
) -> tuple[float, float]:
    """The difference over the usual step, and what rounding may make of it.

    Where that is not ours, it is the one of smaller steps that is surest: beside a kink or a pole a long step reaches
    over it, and of short ones rounding leaves little. How sure is seen from the rounding and from the step before.
    """
    size = abs(float(point[k].flat[i]))
    usual = _STEP * max(1.0, size)
    first = last = _difference(f, point, k, i, usual)
    if abs(first - ours) <= TOLERANCE[CENTRAL_DIFFERENCES] * abs(ours) + noise:
        return first, noise
    surest, slack = first, np.inf
    for step in (*(usual * 10.0**-n for n in range(1, 6)), _STEP * size, 1e-1 * _STEP * size):
        if step == 0:
            continue
        found = _difference(f, point, k, i, step)
        unsure = noise * (usual / step) + abs(found - last)
        if unsure < slack:
            surest, slack = found, unsure
        last = found
    scale = max([abs(x) for x in (ours, surest, first) if np.isfinite(x)], default=0.0)
    return (surest, slack) if slack <= 1e-2 * scale else (first, noise)


def _difference(f: Callable[[Sequence[Any]], Any], point: list[np.ndarray], k: int, i: int, step: float) -> float:
    ends, places = [], []
    for sign in (1.0, -1.0):
        moved = point[k].copy()
        moved.flat[i] += sign * step
        places.append(moved.flat[i])
        with np.errstate(all="ignore"):
            ends.append(f([*point[:k], moved, *point[k + 1 :]]))
    return float((ends[0] - ends[1]) / (places[0] - places[1]))


def _noise(traced: Call, adjoints: Sequence[Any]) -> dict[str, float]:
    """How far rounding alone can put each method off: where paths cancel, by the rounding of what cancels."""
    found = traced.adjoints(adjoints, range(len(traced.lin)))
    sizes = {k: np.where(np.isfinite(a), np.abs(a), 0.0) for k, a in found.items()}
    largest = max((s.max(initial=0.0) for s in sizes.values()), default=0.0)
    values = {k: np.nan_to_num(traced.lin.values[k], posinf=0.0, neginf=0.0) for k in sizes}
    moved = max((np.max(s * np.abs(values[k]), initial=0.0) for k, s in sizes.items()), default=0.0)
    eps = float(np.finfo(float).eps)
    return {COMPLEX_STEP: 8.0 * eps * float(largest), CENTRAL_DIFFERENCES: 16.0 * eps * float(moved) / _STEP}


def _compare(
    name: str, method: str, ours: np.ndarray, theirs: np.ndarray, flat: np.ndarray, slack: np.ndarray
) -> ArgumentCheck:
    mine = ours.reshape(-1)[flat]
    scale = np.maximum(np.abs(mine), np.abs(theirs))
    scale = np.maximum(scale, 1e-3 * scale[np.isfinite(scale)].max(initial=0.0))
    gap = np.where(_same(mine, theirs), 0.0, np.abs(mine - theirs))
    error = np.divide(gap, scale, out=np.zeros_like(gap), where=(scale > 0) & np.isfinite(gap))
    error[~np.isfinite(gap)] = np.inf
    if not error.size:
        return ArgumentCheck(name, method, 0.0, (), 0.0, 0.0, 0, ours.size, True)
    wrong = (error > TOLERANCE[method]) & ~((gap <= slack) & np.isfinite(slack))
    worst = int(np.argmax(np.where(wrong, error, -1.0) if wrong.any() else error))
    where = tuple(int(n) for n in np.unravel_index(flat[worst], ours.shape))
    largest, numbers = float(error[worst]), (float(mine[worst]), float(theirs[worst]))
    return ArgumentCheck(name, method, largest, where, *numbers, len(flat), ours.size, not wrong.any())


def _same(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return (mine == theirs) | (np.isnan(mine) & np.isnan(theirs))


def _entries(sizes: Sequence[int], sample: int | None, rng: np.random.Generator) -> list[np.ndarray]:
    """For each array the flat positions to compare."""
    total = sum(sizes)
    chosen = np.arange(total)
    if sample is not None and sample < total:
        chosen = np.sort(rng.choice(total, sample, replace=False))
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    return [chosen[(chosen >= a) & (chosen < b)] - a for a, b in itertools.pairwise(starts)]


def floating_arguments(args: Sequence[Any]) -> list[int]:
    """Positions of the arguments that hold real floating-point numbers and nothing else.

    Raises:
        TraceError: if there is none.
    """
    kinds = [{spec_of(x).dtype.kind for x in leaves_of(arg)} for arg in args]
    found = [k for k, kind in enumerate(kinds) if kind == {"f"}]
    if not found:
        raise TraceError("check_grads: no argument holds real floating-point numbers; pass 3.0 in place of 3")
    return found


def in_float64(tree: Any) -> Any:
    """The same tuples, lists and dicts, with the real floating-point arrays in them as float64."""
    leaves, structure = flatten(tree, "")
    return unflatten(structure, [np.asarray(x, float) if spec_of(x).dtype.kind == "f" else x for _, x in leaves])
