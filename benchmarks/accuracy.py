"""Errors of every elementary function and its first two derivatives beside mpmath's, in units in the last place.

    python -m benchmarks.accuracy            # measures, and prints the table
    python -m benchmarks.accuracy --write    # puts it into docs/accuracy.md

The reach of each type is covered: its smallest and largest numbers, both tails, neighbourhoods of 0 and of the ends
of the domain, infinities and nan.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import backpath as bp
from benchmarks.accuracy_functions import INFINITE, ROWS, Row, m

DTYPES = (np.float64, np.float32)
ENGINES = ("numpy", "compiled")
PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"
BOUNDS = 8.0, 8.0, 16.0
"""What errors of values, first and second derivatives are to stay below."""


# Where to look.
def points(domain: str, dtype: Any) -> list[np.ndarray]:
    """One array for each operand: finite numbers of this type that lie in the domain."""
    x = _numbers(dtype, 1.0)
    if domain == "all":
        return [x]
    if domain == "nonzero":
        return [x[x != 0]]
    if domain == "positive":
        return [x[x > 0]]
    if domain == "above -1":
        return [np.concatenate([x[x > -1], -1 + _near_zero(dtype)])]
    if domain == "above 1":
        return [np.concatenate([x[x > 1], 1 + _near_zero(dtype)])]
    if domain == "scores and probabilities":
        scores = x[np.abs(x) < 1e4]
        return [np.tile(scores, 3), np.repeat(np.array([0.0, 1.0, 0.3], dtype), len(scores))]
    if domain == "to 1":
        near = _near_zero(dtype)
        return [np.concatenate([x[np.abs(x) < 1], 1 - near, near - 1])]
    return _pairs(domain, dtype)


def _near_zero(dtype: Any) -> np.ndarray:
    """Powers of two from the smallest that 1 feels up to 1/2, and a little more."""
    eps = np.finfo(dtype).eps
    powers = eps * 2.0 ** np.arange(0, -np.log2(eps))
    return np.concatenate([powers, 0.75 * powers[2:]]).astype(dtype)


@cache
def _numbers(dtype: Any, density: float) -> np.ndarray:
    """Both signs of everything, in one fixed order."""
    info, rng = np.finfo(dtype), np.random.default_rng(0)
    low, high = np.log10(float(info.smallest_subnormal)), np.log10(float(info.max))
    magnitudes: list[Any] = [
        [info.smallest_subnormal, info.tiny, info.tiny * 0.37, info.max, info.eps, 1.0, 2.0, 0.5],
        10.0 ** np.linspace(low, high - 0.01, int(70 * density)),
        10.0 ** rng.uniform(-4, 1, int(40 * density)),
        *(rng.uniform(0, most, int(20 * density)) for most in (1, 3, 12, 40, 110, 750)),
        # Where values leave the range of the type.
        abs(np.log(float(info.max))) + np.array([-0.5, -0.01, 0.01, 0.5]),
        abs(np.log(float(info.tiny))) + np.array([-0.5, 0.5, 5.0, 8.0]),
    ]
    with np.errstate(over="ignore", under="ignore"):
        x = np.concatenate(magnitudes).astype(dtype)
    x = x[np.isfinite(x)]
    return np.concatenate([[0.0], x, -x]).astype(dtype)


def _pairs(domain: str, dtype: Any) -> list[np.ndarray]:
    info, rng = np.finfo(dtype), np.random.default_rng(1)
    scale = float(info.max) ** 0.8
    ends = [0.0, 1.0, -1.0, 0.3, -2.5, 30.0, -60.0, 1 / scale, -1 / scale, scale, -scale, 1e3, -1e-3]
    a, b = (part.ravel() for part in np.meshgrid(ends, ends))
    exponents = rng.uniform(-3, 3, (2, 60))
    signs = rng.choice([-1.0, 1.0], (2, 60))
    a, b = np.concatenate([[a, b], signs * 10.0**exponents, rng.uniform(-3, 3, (2, 60))], axis=1).astype(dtype)
    if domain == "powers":
        a, b = np.abs(a), np.clip(b, -40, 40)
        # Where neither the power nor what its derivatives are made of leaves the normal range.
        reach = (np.abs(b) + 3) * np.abs(np.log(np.where(a > 0, a, 1).astype(float)))
        kept = (a > 0) & ((b == 0) | (np.abs(b) >= 1e-3)) & (reach < np.log(float(info.max)))
    elif domain == "pairs off 0":
        kept = (a != 0) | (b != 0)
    elif domain == "moderate pairs":
        kept = ((a != 0) | (b != 0)) & np.all(
            [(x == 0) | (np.abs(np.log10(np.abs(x) + (x == 0))) < 4) for x in (a, b)], 0
        )
    elif domain == "normal quotients":
        b = np.where(b == 0, 1, b)
        with np.errstate(over="ignore", under="ignore"):
            kept = (np.abs(a / b) >= info.tiny) | (a == 0)
    else:
        kept = np.ones(a.shape, bool)
    return [a[kept], b[kept]]


def _moderate(x: np.ndarray) -> np.ndarray:
    return (x == 0) | (np.abs(np.log10(np.abs(x) + (x == 0))) < 4)


# What is right there.
@dataclass(frozen=True)
class Reference:
    """Exact values as a float64 and what it lacks, by order; and the size in whose last place errors are counted."""

    operands: tuple[np.ndarray, ...]
    high: np.ndarray
    low: np.ndarray
    size: np.ndarray


@cache
def reference(name: str, dtype: Any) -> Reference:
    """mpmath's values of a row at its points and its limits."""
    row = ROWS[name]
    operands = points(row.domain, dtype)
    ends = [x for x, values in row.limits.items() if values is not None]
    undefined = [x for x, values in row.limits.items() if values is None]
    values = [_exact(row, [m.mpf(float(x)) for x in at]) for at in zip(*operands, strict=True)]
    values += [[(m.nan, m.inf) if v is None else (v, v) for v in row.limits[x]] for x in ends]
    values += [[(m.nan, m.nan)] * 3 for _ in undefined]
    if len(operands) == 1:
        operands = [np.concatenate([operands[0], np.array([*ends, *undefined], dtype)])]
        operands[0] = np.append(operands[0], dtype(np.nan))
        values.append([(m.nan, m.nan if _varies(f) or f is row.exact[0] else m.inf) for f in row.exact])
    table = np.array([[_parts(*entry) for entry in of_point] for of_point in values])
    return Reference(tuple(operands), *(table[..., k].T for k in range(3)))


def _exact(row: Row, at: list[Any]) -> list[tuple[Any, Any]]:
    found = []
    for order, f in enumerate(row.exact):
        y = f(*at)
        found.append((y, row.sizes[order](*at, y) if order in row.sizes else y))
    return found


def _varies(f: Callable[..., Any]) -> bool:
    """Whether it is another number elsewhere: of what does not depend on its operand, nan makes what it is."""
    return len({f(m.mpf(x)) for x in (1.3, 1.7)}) > 1


def _parts(y: Any, size: Any) -> tuple[float, float, float]:
    y = m.mpf(y)
    high = float(y)
    low = float(y - high) if np.isfinite(high) else 0.0
    return high, low, abs(float(size))


def errors(y: np.ndarray, right: Reference, order: int, damped: bool = False) -> np.ndarray:
    """How far ``y`` is from the exact values, in units in the last place; infinite where it is of another kind."""
    info, dtype = np.finfo(y.dtype), y.dtype
    high, low, size = right.high[order], right.low[order], right.size[order]
    with np.errstate(all="ignore"):
        rounded = high.astype(dtype)
        exponent = np.frexp(np.where(np.isfinite(size), size, 1.0))[1] - 1
        exponent = np.minimum(exponent, info.maxexp - 1)
        unit = np.ldexp(1.0, np.maximum(exponent, info.minexp) - info.nmant)
        if damped:
            x = np.clip(np.abs(right.operands[0].astype(float)), 1, 1e3)
            unit = np.maximum(unit, x ** (order + 1) * float(info.smallest_subnormal))
        found = np.abs((y.astype(float) - high) - low) / unit
        # A whole unit at most, beside the largest number.
        edge = np.abs(high) > float(info.max) * (1 - 16 * float(info.eps))
        same = np.isnan(high) & np.isinf(size)
        same |= (np.isnan(y) & np.isnan(high)) | (np.isinf(y) & edge & (np.sign(y) == np.sign(rounded)))
    return np.where(same, 0.0, np.where(np.isnan(found), INFINITE, found))


# What we have.
def three(row: Row) -> Callable[..., tuple[Any, Any, Any]]:
    """The value, the first and the second derivative of a row, as one traceable function."""

    def first(*operands: Any) -> Any:
        return bp.grad(lambda *x: np.sum(row.ours(*x)), row.slot)(*operands)

    def second(*operands: Any) -> Any:
        return bp.grad(lambda *x: np.sum(first(*x)), row.slot)(*operands)

    return lambda *operands: (row.ours(*operands), first(*operands), second(*operands))


@dataclass(frozen=True)
class Worst:
    """The largest error of one order, and where it is."""

    error: float
    at: tuple[float, ...]


def measured(name: str, engine: str, dtype: Any) -> list[Worst]:
    """The largest errors of a row by an engine: of the value, the first and the second derivative."""
    right = reference(name, dtype)
    with np.errstate(all="ignore"):
        found = bp.compile(three(ROWS[name]), engine=engine)(*right.operands)
    return [worst(y, right, order, ROWS[name].damped) for order, y in enumerate(found)]


def worst(y: Any, right: Reference, order: int, damped: bool) -> Worst:
    """The largest error of one array of values."""
    each = errors(np.asarray(y), right, order, damped)
    k = int(np.argmax(each))
    return Worst(float(each[k]), tuple(float(x[k]) for x in right.operands))


def table() -> Iterator[str]:
    """docs/accuracy.md's lines."""
    yield "| function | engine | type | value | first derivative | second derivative | |"
    yield "|---|---|---|---|---|---|---|"
    for name, row in ROWS.items():
        for engine in ENGINES:
            for dtype in DTYPES:
                cells = [_cell(w) for w in measured(name, engine, dtype)]
                yield f"| `{name}` | {engine} | {np.dtype(dtype)} | {' | '.join(cells)} | {row.remark} |"


def _cell(w: Worst) -> str:
    at = ", ".join(f"{x:.6g}" for x in w.at)
    return f"{w.error:.1f} at {at}" if w.error else "0"


def main() -> None:
    lines = "\n".join(table())
    if "--write" not in sys.argv:
        print(lines)
        return
    begin, end = "<!-- table -->\n", "\n<!-- end of table -->"
    text = PAGE.read_text()
    head, tail = text[: text.index(begin) + len(begin)], text[text.index(end) :]
    PAGE.write_text(head + lines + tail)


if __name__ == "__main__":
    main()
