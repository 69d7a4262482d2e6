"""A user's own hand-written gradient beside ours: which entries are wrong, and by what factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backpath.calculus import grad
from backpath.calculus.call import call, listed
from backpath.calculus.check_grads import floating_arguments, in_float64
from backpath.calculus.kinks import Kinks
from backpath.graph import NO_PARAMS, DataError
from backpath.ops import flatten, leaves_of
from backpath.ops.tracing.recording import argument_names
from backpath.paths import Linearization, evaluate

TOLERANCE = 1e-6
_STEP = 1e-8


@dataclass(frozen=True, slots=True)
class ArrayVerdict:
    """What is wrong with one array of a hand-written gradient.

    Attributes:
        name: the argument, with the path to the array inside it.
        wrong: how many entries are wrong.
        total: how many there are.
        where: the index of the worst entry; empty for a scalar, and where the shapes differ.
        theirs: the hand-written derivative there.
        ours: the right one.
        diagnosis: what the whole array suggests, in words; empty where it is right.
        kinks: where entries differ and both are right, the nodes at a kink that allow either, in words; else empty.
    """

    name: str
    wrong: int
    total: int
    where: tuple[int, ...]
    theirs: float
    ours: float
    diagnosis: str
    kinks: str = ""

    @property
    def ok(self) -> bool:
        """Whether every entry is right."""
        return not self.diagnosis

    def __str__(self) -> str:
        if self.ok:
            other = f"; some by another convention than ours: {self.kinks}" if self.kinks else ""
            return f"{self.name}: right, {self.total} of {self.total} entries{other}"
        place = f"[{', '.join(map(str, self.where))}]" if self.where else ""
        return (
            f"{self.name}: {self.wrong} of {self.total} entries are wrong; {self.diagnosis} "
            f"(yours{place} = {self.theirs:.6g}, right is {self.ours:.6g})"
        )


@dataclass(frozen=True, slots=True)
class GradientDiagnosis:
    """The outcome of :func:`debug_gradient`; ``str()`` of it is one line an array."""

    arrays: tuple[ArrayVerdict, ...]

    @property
    def ok(self) -> bool:
        """Whether the hand-written gradient is right."""
        return all(a.ok for a in self.arrays)

    def __str__(self) -> str:
        return "\n".join(map(str, self.arrays))


def debug_gradient(
    f: Callable[..., Any], g: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any] = NO_PARAMS
) -> GradientDiagnosis:
    """Compare a hand-written gradient ``g`` of ``f`` with ours, array by array.

    At a kink every derivative between those from the two sides is right.

    Args:
        f: a traceable function of real arrays with a scalar value.
        g: ``g(*args)`` returns the derivatives: of the one argument that holds real numbers, or a tuple for several.
        args: where to compare; tuple or list.
        kwargs: arguments by keyword, of both.

    Raises:
        DataError: if ``g`` returns another number of arrays than there are to differentiate by.
        TraceError: if ``args`` is no tuple or list, ``f`` cannot be traced, is not scalar, or no argument holds real
            numbers.

    >>> print(debug_gradient(lambda w: (w**2).sum(), lambda w: w, (np.array([1.0, 2.0]),)))
    w: 2 of 2 entries are wrong; yours is 0.5 times the right one: a factor 2 is missing (yours[1] = 2, right is 4)
    """
    args = in_float64(listed("args", args, "debug_gradient(f, g, (x,))"))
    numbers = floating_arguments(args)
    names = [path for k in numbers for path, _ in flatten(args[k], argument_names(f, len(args))[k])[0]]
    ours, theirs = grad(f, numbers)(*args, **kwargs), g(*args, **kwargs)
    right, given = leaves_of(ours), leaves_of(theirs)
    if len(given) != len(right):
        raise DataError(f"the hand-written gradient has {len(given)} arrays; it needs {len(right)}: {', '.join(names)}")
    batches = {np.shape(x)[0] for x in leaves_of(args) if np.ndim(x) > 1 and np.shape(x)[0] > 1}
    lin = call(f, args, numbers, kwargs).lin
    kinks = Kinks(lin)
    verdicts = []
    for k, (name, hand, correct) in enumerate(zip(names, given, right, strict=True)):
        hand, correct = np.asarray(hand, float), np.asarray(correct)
        either = _between_sides(lin, k, hand, correct) if kinks and hand.shape == correct.shape else None
        if either is None or not either.any():
            verdicts.append(_verdict(name, hand, correct, batches))
        else:
            found = _verdict(name, hand, np.where(either, hand, correct), batches)
            verdicts.append(replace(found, kinks="; ".join(map(str, kinks.found))))
    return GradientDiagnosis(tuple(verdicts))


def _between_sides(lin: Linearization, source: int, theirs: np.ndarray, ours: np.ndarray) -> np.ndarray:
    """Which entries that differ from ours lie between the function's differences from the two sides."""
    point = [np.array(lin.values[i], float) for i in lin.inputs]
    start = float(lin.values[lin.outputs[0]])
    either = np.zeros(ours.shape, bool)
    for index in zip(*np.nonzero(~_close(theirs, ours)), strict=True):
        sides = []
        for step in (_STEP, -_STEP):
            moved = point[source].copy()
            moved[index] += step * max(1.0, abs(moved[index]))
            values = evaluate(lin.graph, [*point[:source], moved, *point[source + 1 :]])
            sides.append((float(values[lin.outputs[0]]) - start) / (moved[index] - point[source][index]))
        slack = 1e-5 * max(np.abs(sides))
        either[index] = min(sides) - slack <= theirs[index] <= max(sides) + slack
    return either


def _verdict(name: str, theirs: np.ndarray, ours: np.ndarray, batches: set[int]) -> ArrayVerdict:
    if theirs.shape != ours.shape:
        hint = f"its shape is {list(theirs.shape)} and must be {list(ours.shape)}"
        if theirs.ndim > 1 and theirs.T.shape == ours.shape and _close(theirs.T, ours).all():
            hint += ": it is transposed"
        return ArrayVerdict(name, ours.size, ours.size, (), _first(theirs), _first(ours), hint)
    right = _close(theirs, ours)
    if right.all():
        return ArrayVerdict(name, 0, ours.size, (), 0.0, 0.0, "")
    worst = np.unravel_index(int(np.argmax(np.where(right, -1.0, np.abs(theirs - ours)))), ours.shape)
    where = tuple(int(k) for k in worst)
    words = _diagnosis(theirs, ours, right, batches)
    return ArrayVerdict(name, int((~right).sum()), ours.size, where, float(theirs[worst]), float(ours[worst]), words)


def _diagnosis(theirs: np.ndarray, ours: np.ndarray, right: np.ndarray, batches: set[int]) -> str:
    """What the pattern of errors suggests."""
    if not np.isfinite(theirs).all():
        return "it has entries that are not finite"
    if ours.ndim == 2 and ours.shape[0] == ours.shape[1] and _close(theirs.T, ours).all():
        return "it is transposed"
    if not theirs.any():
        return "it is zero: the path through this argument is missing"
    factor = float(np.vdot(ours, theirs) / np.vdot(ours, ours)) if ours.any() else 0.0
    if ours.any() and _close(theirs, factor * ours).all():
        return _factor_in_words(factor, batches)
    gap = ours - theirs
    if np.allclose(gap, gap.flat[0], rtol=TOLERANCE, atol=0):
        return f"every entry lacks the same {gap.flat[0]:.6g}: a term is missing"
    if _close(np.abs(theirs), np.abs(ours)).all():
        return "the sign is wrong in these entries"
    if not theirs[~right].any():
        return "these entries are zero: a path to them is missing"
    return "the differences have no common factor: a term is missing or wrong"


def _factor_in_words(factor: float, batches: set[int]) -> str:
    times = f"yours is {factor:.6g} times the right one"
    for batch in sorted(batches):
        if np.isclose(factor, batch, rtol=TOLERANCE):
            return f"{times}: divide by the batch of {batch} (a mean, not a sum)"
        if np.isclose(factor, 1 / batch, rtol=TOLERANCE):
            return f"{times}: it is divided by the batch of {batch}, and should not be"
    for number in (2.0, 3.0, 4.0):
        if np.isclose(factor, 1 / number, rtol=TOLERANCE):
            return f"{times}: a factor {number:g} is missing"
        if np.isclose(factor, number, rtol=TOLERANCE):
            return f"{times}: a factor {number:g} too many"
    return f"{times}: the sign is wrong" if np.isclose(factor, -1, rtol=TOLERANCE) else times


def _close(theirs: np.ndarray, ours: np.ndarray) -> np.ndarray:
    """Entry by entry, within the tolerance of the entry or of a thousandth of the largest."""
    known = np.isfinite(ours)
    scale = np.maximum(np.abs(ours), 1e-3 * np.abs(ours).max(initial=0.0, where=known))
    near = np.abs(theirs - ours) <= TOLERANCE * np.where(known, scale, 0.0)
    return near | (theirs == ours) | (np.isnan(theirs) & np.isnan(ours))


def _first(x: np.ndarray) -> float:
    return float(x.flat[0]) if x.size else 0.0
