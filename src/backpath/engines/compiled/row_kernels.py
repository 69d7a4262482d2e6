"""Rows taken and added by whole numbers, which lie in memory as 64 bits each, and entries by positions known before."""

from __future__ import annotations

import math
from typing import Any

from backpath.engines.compiled.pointers import pointer_at
from backpath.engines.compiled.tables import EXTENT, GIVEN, HEIGHT, ROW
from backpath.engines.compiled.typed import typed


def take(like: Any, i: Any, work: Any) -> None:
    """Given: the result's address, the table's, that of the numbers, entries of a row, and how many rows there are.

    A row that is not there is NaN, and nothing is added to it.
    """
    out, x, chosen, n, rows = (
        pointer_at(like, i[GIVEN]), pointer_at(like, i[GIVEN + 1]), pointer_at(i, i[GIVEN + 2]), i[GIVEN + 3],
        i[GIVEN + 4],
    )  # fmt: skip
    for k in range(work[ROW], work[ROW] + work[HEIGHT]):
        start = chosen[k] + rows * (chosen[k] < 0)
        there = 0 <= start < rows
        for j in range(n):
            out[k * n + j] = x[start * n + j] if there else typed(x[j], math.nan)


def add_rows(like: Any, i: Any, work: Any) -> None:
    """Given: the result's address, that of the rows to add, that of the numbers, how many there are, and result rows.

    Threads share columns, so that each entry is a sum in the rows' own order.
    """
    out, x, chosen, count, rows = (
        pointer_at(like, i[GIVEN]), pointer_at(like, i[GIVEN + 1]), pointer_at(i, i[GIVEN + 2]), i[GIVEN + 3],
        i[GIVEN + 4],
    )  # fmt: skip
    first, last, n = work[ROW], work[ROW] + work[HEIGHT], i[EXTENT]
    for k in range(rows):
        for j in range(first, last):
            out[k * n + j] = 0
    for k in range(count):
        start = chosen[k] + rows * (chosen[k] < 0)
        for j in range(first, last if 0 <= start < rows else first):
            out[start * n + j] += x[k * n + j]


def gather(like: Any, i: Any, work: Any) -> None:
    """Given: the result's address, the operand's, and that of the positions whose entries make an entry each.

    Where positions are several, they stand one after another, from and to where the last address says; else it is 0.
    """
    out, x, places = pointer_at(like, i[GIVEN]), pointer_at(like, i[GIVEN + 1]), pointer_at(i, i[GIVEN + 2])
    ends = pointer_at(i, i[GIVEN + 3])
    for k in range(work[ROW], work[ROW] + work[HEIGHT]):
        if i[GIVEN + 3] == 0:
            out[k] = x[places[k]]
            continue
        total = typed(out[k], 0)
        for m in range(ends[k], ends[k + 1]):
            total += x[places[m]]
        out[k] = total
