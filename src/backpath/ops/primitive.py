"""Primitives: a name, a value rule, a shape rule, and one local derivative per input, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from backpath.graph import GraphError, Node, ShapeError
from backpath.ops.local import LocalDerivative


class Spec(NamedTuple):
    """Shape and dtype of a value that is not known yet."""

    shape: tuple[int, ...]
    dtype: np.dtype

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"


LocalRule = Callable[..., LocalDerivative]


@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """One elementary operation, and everything that backpath knows about it.

    Attributes:
        name: the word for it in a graph.
        value: ``value(*operands, **params)``, written with NumPy. Where ``composite``, it is itself traceable and
            so doubles as the operation's definition in simpler primitives.
        shape: ``shape(*specs, **params) -> Spec``; raises ShapeError.
        local: one rule ``rule(y, *operands, **params) -> LocalDerivative`` per operand, None where y is
            locally constant in that operand; or a single ``rule(slot, y, *operands, **params)`` for all.
        analytic: whether ``value`` continues to complex operands, so that a complex step may be taken.
        composite: whether ``value`` is made of other primitives.
        kink: the convention where the derivative does not exist.
        steep: whether a derivative may be infinite, or undefined, at finite operands.
        cuts: whether zeros of a derivative mean that y does not depend on the operand at all there.
        each: ``each(slots, y, *operands, **params)``: the local derivatives of several operands, for a primitive of any
            number of them whose derivatives have work in common.
        constant: where ``local`` is one rule for all, the operands in which y is locally constant.
    """

    name: str
    value: Callable[..., Any]
    shape: Callable[..., Spec]
    local: tuple[LocalRule | None, ...] | LocalRule
    analytic: bool = True
    composite: bool = False
    kink: str = ""
    steep: bool = False
    cuts: bool = False
    each: Callable[..., list[LocalDerivative]] | None = None
    constant: frozenset[int] = frozenset()

    def differentiable(self, slot: int) -> bool:
        """Whether operand ``slot`` has a derivative that is not zero everywhere."""
        return self.local[slot] is not None if isinstance(self.local, tuple) else slot not in self.constant

    @property
    def constant_somewhere(self) -> bool:
        """Whether some operand is not differentiable."""
        return bool(self.constant) or (isinstance(self.local, tuple) and None in self.local)

    def local_derivative(self, slot: int, y: Any, operands: tuple[Any, ...], params: Mapping[str, Any]):
        """The local derivative of ``y`` by operand ``slot`` at these values."""
        if not isinstance(self.local, tuple):
            return self.local(slot, y, *operands, **params)
        rule = self.local[slot]
        assert rule is not None, "a zero edge is never asked for its derivative"
        return rule(y, *operands, **params)

    def local_derivatives(
        self, slots: Sequence[int], y: Any, operands: tuple[Any, ...], params: Mapping[str, Any]
    ) -> list[LocalDerivative]:
        """The local derivatives of ``y`` by the operands at ``slots``."""
        if self.each is not None:
            return self.each(slots, y, *operands, **params)
        return [self.local_derivative(slot, y, operands, params) for slot in slots]


PRIMITIVES: dict[str, Primitive] = {}


def define(
    name: str,
    value: Callable[..., Any],
    shape: Callable[..., Spec],
    local: tuple[LocalRule | None, ...] | LocalRule,
    **facts: Any,
) -> Primitive:
    """Enter a primitive in the table.

    Raises:
        GraphError: if the name is taken.
    """
    if name in PRIMITIVES:
        raise GraphError(f"a primitive named {name!r} is already defined")
    PRIMITIVES[name] = Primitive(name, value, shape, local, **facts)
    return PRIMITIVES[name]


def spec_of(x: Any) -> Spec:
    """Shape and dtype of an array, a scalar or a traced value."""
    if not isinstance(getattr(x, "dtype", None), np.dtype):
        x = np.asarray(x)
    return Spec(x.shape, x.dtype)


def shape_rule(node: Node, parents: Sequence[Node]) -> tuple[int, ...]:
    """The shape that a node's primitive gives it: the rule for ``Graph.check``."""
    if node.primitive in PRIMITIVES:
        specs = (Spec(parent.shape, parent.dtype) for parent in parents)
        return PRIMITIVES[node.primitive].shape(*specs, **node.params).shape
    return np.shape(node.params["value"]) if "value" in node.params else node.shape


def mismatch(operation: str, *specs: Spec, needs: str) -> ShapeError:
    """The error for shapes that do not fit: operation, shapes that met, requirement."""
    return ShapeError(f"{operation}: shapes {' and '.join(str(list(s.shape)) for s in specs)} do not fit: {needs}")
