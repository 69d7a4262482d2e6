"""Reductions and rearrangements of the compiled engine."""

from __future__ import annotations

import math
from typing import Any

import numba

from backpath.engines.compiled.jit import compiled
from backpath.engines.compiled.typed import typed


@numba.njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def row_sum(x: Any, first: int, n: int) -> Any:
    """The sum of n entries in a row, in an order that is always the same."""
    total = typed(x[first], 0)
    for k in range(n):
        total += x[first + k]
    return total


@numba.njit(nogil=True, error_model="numpy", fastmath={"nnan", "nsz"})
def _row_top(x: Any, first: int, n: int) -> Any:
    """The largest of n entries in a row, none of which is NaN."""
    top = x[first]
    for k in range(1, n):
        value = x[first + k]
        top = value if value > top else top
    return top


@compiled
def row_max(x: Any, first: int, n: int) -> Any:
    """The largest of n entries in a row; NaN if one is."""
    strange = 0
    for k in range(n):
        strange += x[first + k] != x[first + k]
    return _row_top(x, first, n) if strange == 0 else typed(x[first], math.nan)


@compiled
def reduce_rows(maximum: bool, out: Any, x: Any, first: int, last: int, n: int) -> None:
    """out[o] = sum or maximum over k of x[o, k], for these o."""
    for o in range(first, last):
        out[o] = row_max(x, o * n, n) if maximum else row_sum(x, o * n, n)


@compiled
def reduce_columns(
    maximum: bool, out: Any, x: Any, start: int, end: int, n: int, inner: int, first: int, last: int
) -> None:
    """out[o, i] = sum or maximum over k of x[o, k, i], for these o and these i."""
    for o in range(start, end):
        here, base = o * inner, o * n * inner
        for i in range(first, last):
            out[here + i] = x[base + i] if n else typed(out[here + i], 0)
        for k in range(1, n):
            row = base + k * inner
            if maximum:
                for i in range(first, last):
                    value, top = x[row + i], out[here + i]
                    out[here + i] = value if value > top or value != value else top
            else:
                for i in range(first, last):
                    out[here + i] += x[row + i]


@compiled
def copy_strided(
    out: Any, x: Any, first: int, last: int, n1: int, n2: int, n3: int,
    s0: int, s1: int, s2: int, s3: int, t0: int, t1: int, t2: int, t3: int,
) -> None:  # fmt: skip
    """out[i0, i1, i2, i3] = x[i0, i1, i2, i3] for arrays of any strides (s of x, t of out), for these i0."""
    for i0 in range(first, last):
        for i1 in range(n1):
            for i2 in range(n2):
                source, target = i0 * s0 + i1 * s1 + i2 * s2, i0 * t0 + i1 * t1 + i2 * t2
                if s3 == 1 and t3 == 1:
                    for i3 in range(n3):
                        out[target + i3] = x[source + i3]
                else:
                    for i3 in range(n3):
                        out[target + i3 * t3] = x[source + i3 * s3]
