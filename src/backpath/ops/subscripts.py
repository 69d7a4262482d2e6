"""Reading einsum's subscripts: implicit outputs and ellipses spelled out as letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backpath.graph import ShapeError

LETTERS = "abcdefghijklmnopqrstuvwABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Letters for axes that the user did not name; x, y and z are left for the products' own."""


def parse_subscripts(subscripts: str, shapes: Sequence[tuple[int, ...]]) -> tuple[list[str], str]:
    """The letters of each operand and of the output, ellipses and implicit output spelled out.

    >>> parse_subscripts("...ij,jk", [(5, 2, 3), (3, 4)])
    (['aij', 'jk'], 'aik')

    Raises:
        ShapeError: if the subscripts do not fit the operands.
    """
    text = subscripts.replace(" ", "")
    left, arrow, out = text.partition("->")
    parts = left.split(",")
    if len(parts) != len(shapes):
        raise ShapeError(f"einsum {subscripts!r} names {len(parts)} operands, and {len(shapes)} were given")
    spare = "".join(c for c in LETTERS if c not in text)
    hidden = [len(shape) - len(part.replace("...", "")) for part, shape in zip(parts, shapes, strict=True)]
    widest = max((n for n, part in zip(hidden, parts, strict=True) if "..." in part), default=0)
    lead = spare[:widest]
    letters = [p.replace("...", lead[widest - n :]) for p, n in zip(parts, hidden, strict=True)]
    if not arrow:
        named = "".join(letters)
        out = lead + "".join(sorted(c for c in set(named) - set(lead) if named.count(c) == 1))
    out = out.replace("...", lead)
    _check(subscripts, letters, out, shapes)
    return letters, out


def subscripts_of_lists(arguments: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """The subscripts and operands of ``einsum(a, [0, 1], b, [1, 2], [0, 2])``: each operand before its own numbers.

    >>> subscripts_of_lists(("a", [0, 1], "b", [1, ...], [0, ...]))[0]
    'ab,b...->a...'

    Raises:
        ShapeError: if an operand has no numbers.
    """
    operands, lists = arguments[: len(arguments) // 2 * 2 : 2], list(arguments[1::2])
    out = list(arguments[-1]) if len(arguments) % 2 else None
    if not all(isinstance(numbers, (list, tuple)) for numbers in lists):
        raise ShapeError("einsum: give subscripts as 'ij,jk->ik', or after each operand the list of its axes' numbers")
    number_of = {number: k for k, number in enumerate(sorted({n for part in lists for n in part if n is not ...}))}
    written = ["".join("..." if n is ... else LETTERS[number_of[n]] for n in part) for part in lists]
    result = "" if out is None else "->" + "".join("..." if n is ... else LETTERS[number_of[n]] for n in out)
    return ",".join(written) + result, tuple(operands)


def _check(subscripts: str, letters: list[str], out: str, shapes: Sequence[tuple[int, ...]]) -> None:
    sizes: dict[str, int] = {}
    for part, shape in zip(letters, shapes, strict=True):
        if len(part) != len(shape):
            raise ShapeError(f"einsum {subscripts!r}: {part!r} names {len(part)} axes; the shape is {list(shape)}")
        for letter, n in zip(part, shape, strict=True):
            if not letter.isalpha():
                raise ShapeError(f"einsum {subscripts!r}: {letter!r} is not a letter")
            if sizes.setdefault(letter, n) not in (n, 1) and n != 1:
                raise ShapeError(f"einsum {subscripts!r}: letter {letter!r} has sizes {sizes[letter]} and {n}")
            sizes[letter] = max(sizes[letter], n)
    for letter in out:
        if letter not in sizes:
            raise ShapeError(f"einsum {subscripts!r}: output letter {letter!r} is in no operand")
    if len(set(out)) != len(out):
        raise ShapeError(f"einsum {subscripts!r}: a letter stands twice in the output")
