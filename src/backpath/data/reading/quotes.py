"""Quotes in records of text: which open and close cells, which are letters, and which lines hold any."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

QUOTE = b'"'
NEWLINE = 10


def quotes_in_place(block: bytes, delimiter: str) -> bool:
    """Whether each quote opens a cell or closes it, or is one of two that stand for one."""
    data = np.frombuffer(b"\n" + block + b"\n", np.uint8)
    quotes = np.flatnonzero(data == QUOTE[0])
    if len(quotes) % 2:
        return False
    before, after = data[quotes[::2] - 1], data[quotes[1::2] + 1]
    edges = [ord(delimiter), *b'\r\n"']
    return bool(np.isin(before, edges).all() and np.isin(after, edges).all())


def end_of_records(block: bytes, delimiter: str) -> int:
    """Where the last record ends that is whole: before one with a cell whose quote is not closed, else at the end.

    A quote inside a cell that does not begin with one is a letter, as Python's reader has it.
    """
    if block.count(QUOTE) % 2 == 0 and quotes_in_place(block, delimiter):
        return len(block)
    begin, after = 0, 0
    for first, last in _quoted(block, delimiter):
        newline = block.rfind(b"\n", after, first)
        begin = newline + 1 if newline >= 0 else begin
        if last < 0:
            return begin
        after = last
    return len(block)


def lines_with_quotes(block: bytes, delimiter: str) -> np.ndarray:
    """For each line whether it holds a quote, or a part of a cell between two."""
    data = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(data == NEWLINE)
    count = len(ends) + (not block.endswith(b"\n"))
    # One more where a marked stretch of lines begins, one less behind its end.
    change = np.zeros(count + 1, int)
    quotes = np.searchsorted(ends, np.flatnonzero(data == QUOTE[0]))
    np.add.at(change, quotes, 1)
    np.add.at(change, quotes + 1, -1)
    spans = [(a, b if b >= 0 else len(block) - 1) for a, b in _quoted(block, delimiter) if b < 0 or b > a]
    if spans:
        firsts, lasts = (np.searchsorted(ends, column) for column in np.array(spans).T)
        np.add.at(change, firsts, 1)
        np.add.at(change, np.minimum(lasts, count - 1) + 1, -1)
    return np.cumsum(change)[:count] > 0


def _quoted(block: bytes, delimiter: str) -> Iterator[tuple[int, int]]:
    """Where each cell in quotes opens and closes; -1 where it does not close."""
    edges, at = f"{delimiter}\r\n".encode(), 0
    while (first := block.find(QUOTE, at)) >= 0:
        if first and block[first - 1] not in edges:
            at = first + 1
            continue
        last = block.find(QUOTE, first + 1)
        while last >= 0 and block[last + 1 : last + 2] == QUOTE:
            last = block.find(QUOTE, last + 2)
        yield first, last
        if last < 0:
            return
        at = last + 1
