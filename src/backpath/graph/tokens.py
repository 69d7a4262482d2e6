"""The words of an expression, each with its place in the text, and errors that point at a place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from backpath.graph.errors import ExpressionError

MOST_CHARACTERS = 10_000
WIDTH = 90
"""How much of a long line an error shows."""

_WORD = re.compile(
    r"(?P<space>[^\S\n]+)"
    r"|(?P<end>[;\n])"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>\*\*|[-+*/(),=])"
)

_HINTS = {
    "^": "powers are written with **, such as x**2",
    "%": "there is no remainder; the operators are + - * / **",
    "[": "variables are single numbers and have no entries; parentheses are ( and )",
    "]": "variables are single numbers and have no entries; parentheses are ( and )",
    "{": "parentheses are ( and )",
    "}": "parentheses are ( and )",
    "<": "comparisons are not part of expressions; maximum, minimum, relu and sign choose by size",
    ">": "comparisons are not part of expressions; maximum, minimum, relu and sign choose by size",
    "×": "products are written with *",
    "·": "products are written with *",
    "−": "this is a typographic minus sign; write -",
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind (``number``, ``name``, ``sign``, ``end`` of a statement, ``stop``), text and place."""

    kind: str
    text: str
    at: int

    def __str__(self) -> str:
        if self.kind == "stop":
            return "the end of the text"
        return "the end of the line" if self.text == "\n" else repr(self.text)


def tokens_of(text: str) -> Iterator[Token]:
    """The words of ``text``, and a last one of kind ``stop``; lines within parentheses are joined.

    Raises:
        ExpressionError: for text that is too long, or a character that is no part of an expression.
    """
    if len(text) > MOST_CHARACTERS:
        message = f"the text has {len(text):,} characters, and {MOST_CHARACTERS:,} are the most"
        raise error_at(text, MOST_CHARACTERS, message)
    at = depth = 0
    while at < len(text):
        found = _WORD.match(text, at)
        word = found.group() if found else text[at]
        kind = found.lastgroup if found else None
        if kind is None or (kind == "name" and not word.isidentifier()):
            hint = _HINTS.get(word, "an expression has numbers, names, + - * / **, parentheses, commas, = and ;")
            raise error_at(text, at, f"unexpected {word!r}: {hint}")
        depth = max(depth + (word == "(") - (word == ")"), 0)
        if kind != "space" and not (word == "\n" and depth):
            yield Token(kind, word, at)
        at += len(word)
    yield Token("stop", "", len(text))


def error_at(text: str, at: int, message: str) -> ExpressionError:
    """The error whose message shows the line of position ``at`` with a caret under it."""
    start = text.rfind("\n", 0, at) + 1
    stop = text.find("\n", at)
    line, column = text[start : len(text) if stop < 0 else stop], at - start
    first = max(0, min(column - WIDTH // 2, len(line) - WIDTH))
    shown = "".join(c if c.isprintable() else " " for c in line[first : first + WIDTH])
    before, after = "..." * (first > 0), "..." * (len(line) > first + WIDTH)
    caret = " " * (len(before) + column - first) + "^"
    number = text.count("\n", 0, at) + 1
    place = f"line {number}, column {column + 1}" if "\n" in text else f"column {column + 1}"
    return ExpressionError(f"{message} ({place})\n    {before}{shown}{after}\n    {caret}", number, column + 1)
