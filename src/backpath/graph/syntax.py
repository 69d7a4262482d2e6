"""Expressions as syntax trees: ``y = w**2; cos(y)``. Nothing is evaluated, and names mean nothing yet.

::

    program    = statement (";" or newline statement)*
    statement  = name "=" expression | expression ("," expression)*
    expression = operand (operator expression)*          + - below * / below unary - below **
    operand    = number | name | name "(" expression ("," expression)* ")" | "(" expression ")" | ("+" | "-") operand

As in Python, ``**`` groups from the right and binds tighter than a minus sign on its left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backpath.graph.errors import ExpressionError
from backpath.graph.tokens import Token, error_at, tokens_of

MOST_LEVELS = 100

_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
_UNARY = 3


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A number, written at position ``at`` of the text (counted from 0, as everywhere here)."""

    value: float
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A variable or a constant."""

    name: str
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A function of one or more arguments."""

    function: str
    arguments: tuple[Expression, ...]
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Unary:
    """A sign before an operand."""

    sign: str
    operand: Expression
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Binary:
    """Two operands and the operator between them, which stands ``at``."""

    sign: str
    left: Expression
    right: Expression
    at: int


Expression = Number | Name | Call | Unary | Binary


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """``name = value``."""

    name: str
    value: Expression
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Statements in order: assignments, and expressions that stand by themselves."""

    text: str
    statements: tuple[Assignment | Expression, ...]

    def error(self, at: int, message: str) -> ExpressionError:
        """The error that points at position ``at`` of the text."""
        return error_at(self.text, at, message)


def parse_program(text: str) -> Program:
    """The syntax tree of ``text``.

    Raises:
        ExpressionError: showing the place, and what was expected there.
    """
    return _Parser(text).program()


def postorder(expression: Expression) -> Iterator[Expression]:
    """Every part of ``expression`` after its operands, from the left; a sum of thousands of terms is no deep stack."""
    stack: list[tuple[Expression, bool]] = [(expression, False)]
    while stack:
        part, done = stack.pop()
        operands = () if done else operands_of(part)
        if operands:
            stack.append((part, True))
            stack.extend((operand, False) for operand in reversed(operands))
        else:
            yield part


def operands_of(part: Expression) -> tuple[Expression, ...]:
    """What an operator or a function is applied to; nothing for numbers and names."""
    match part:
        case Binary():
            return part.left, part.right
        case Unary():
            return (part.operand,)
        case Call():
            return part.arguments
        case _:
            return ()


class _Parser:
    """Reads from left to right, one word ahead."""

    def __init__(self, text: str):
        self.text = text
        self.words = tokens_of(text)
        self.word = next(self.words)
        self.levels = 0

    def program(self) -> Program:
        statements: list[Assignment | Expression] = []
        while self.word.kind != "stop":
            if self.word.kind == "end":
                self.advance()
                continue
            statements += self.statement()
            if self.word.kind not in ("end", "stop"):
                raise self.unexpected("an operator, or the end of the statement")
        if not statements:
            raise self.error("there is nothing here; expected an expression, such as cos(w**2)")
        return Program(self.text, tuple(statements))

    def statement(self) -> list[Assignment | Expression]:
        first = self.expression(1)
        if self.word.text == "=":
            if not isinstance(first, Name):
                raise self.error("only a name can stand left of =, such as y = w**2")
            self.advance()
            if self.word.text == "=":
                raise self.error("comparisons are not part of expressions; one = names a variable")
            return [Assignment(first.name, self.expression(1), first.at)]
        parts: list[Assignment | Expression] = [first]
        while self.word.text == ",":
            self.advance()
            parts.append(self.expression(1))
        return parts

    def expression(self, least: int) -> Expression:
        """An operand, and all that follows it by operators that bind at least as tightly as ``least``."""
        waiting: list[tuple[Expression, Token]] = []
        left = self.operand()
        while True:
            binding = _BINDING.get(self.word.text, 0)
            while waiting and _BINDING[waiting[-1][1].text] >= binding:
                first, sign = waiting.pop()
                left = Binary(sign.text, first, left, sign.at)
            if binding < least:
                return left
            sign = self.advance()
            if sign.text == "**":
                left = Binary("**", left, self.deeper(_UNARY, sign), sign.at)
            else:
                waiting.append((left, sign))
                left = self.operand()

    def operand(self) -> Expression:
        word = self.word
        if word.kind == "number":
            return self.number()
        if word.kind == "name":
            self.advance()
            return self.call(word) if self.word.text == "(" else Name(word.text, word.at)
        if word.text in ("+", "-"):
            self.advance()
            return Unary(word.text, self.deeper(_UNARY, word), word.at)
        if word.text == "(":
            self.advance()
            inner = self.deeper(1, word)
            self.close(word)
            return inner
        raise self.unexpected("a number, a name, a sign or a parenthesis")

    def number(self) -> Number:
        word = self.advance()
        value = float(word.text)
        if value == float("inf"):
            raise error_at(self.text, word.at, "the number is too large for float64; the largest is about 1.8e308")
        return Number(value, word.at)

    def call(self, name: Token) -> Call:
        opening = self.advance()
        if self.word.text == ")":
            raise self.error(f"{name.text}() has no argument; expected an expression")
        arguments = [self.deeper(1, opening)]
        while self.word.text == ",":
            self.advance()
            arguments.append(self.deeper(1, opening))
        self.close(opening)
        return Call(name.text, tuple(arguments), name.at)

    def close(self, opening: Token) -> None:
        if self.word.text != ")":
            column = opening.at - self.text.rfind("\n", 0, opening.at)
            raise self.unexpected(f"')' to close the '(' of column {column}")
        self.advance()

    def deeper(self, least: int, word: Token) -> Expression:
        """An expression one level down."""
        if self.levels == MOST_LEVELS:
            message = f"nested deeper than {MOST_LEVELS} levels; name a part of it in a statement of its own"
            raise error_at(self.text, word.at, message)
        self.levels += 1
        inner = self.expression(least)
        self.levels -= 1
        return inner

    def advance(self) -> Token:
        """The word at hand, which gives way to the next; two operands in a row are refused."""
        word, self.word = self.word, next(self.words, self.word)
        ends_operand = word.kind in ("number", "name") or word.text == ")"
        starts_operand = self.word.kind in ("number", "name") or self.word.text == "("
        if ends_operand and starts_operand and not (word.kind == "name" and self.word.text == "("):
            raise self.error("expected an operator: products are written with *, such as 2*x")
        return word

    def unexpected(self, wanted: str) -> ExpressionError:
        """The error for a word that cannot stand here."""
        return self.error(f"expected {wanted}, and found {self.word}")

    def error(self, message: str) -> ExpressionError:
        return error_at(self.text, self.word.at, message)
