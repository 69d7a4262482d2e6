"""A call of a user's function, traced and linearized: what every derivative starts from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import NO_PARAMS, BackpathError, TraceError
from backpath.ops import flatten, read, record, spec_of, unflatten
from backpath.ops.tracing.frozen import locked
from backpath.ops.tracing.recording import argument_names, is_tracing, traced_call
from backpath.ops.tracing.trees import Branch, Static
from backpath.paths import SUM_PRODUCT, Linearization, linearize_graph, pull_back, push_forward

Argnums = int | Sequence[int]


@dataclass(frozen=True, slots=True)
class Call:
    """``f`` at its arguments, as a graph with values, with the arrays it is differentiated by.

    Attributes:
        lin: the graph at the arguments.
        sources: positions of the differentiated arrays, in the order of their structure.
        structure: how those arrays were nested in the arguments, one entry an argument.
        out_structure: how the outputs are nested.
    """

    lin: Linearization
    sources: tuple[int, ...]
    structure: Any
    out_structure: Any

    @property
    def outputs(self) -> tuple[int, ...]:
        """Positions of the output arrays."""
        return self.lin.graph.outputs

    @property
    def value(self) -> Any:
        """What ``f`` returned, in arrays that may be changed."""
        return unflatten(self.out_structure, [_changeable(self.lin.values[o]) for o in self.outputs])

    def pull(self, adjoints: Sequence[Any]) -> list[Any]:
        """The adjoints of the sources from one adjoint for each output array."""
        found = self.adjoints(adjoints, self.sources)
        return [found[s] if s in found else self._zero(s) for s in self.sources]

    def adjoints(self, adjoints: Sequence[Any], positions: Sequence[int]) -> dict[int, Any]:
        """The adjoints of the nodes at ``positions`` that lead to an output, from one for each output array."""
        seeds: dict[int, Any] = {}
        for position, adjoint in zip(self.outputs, adjoints, strict=True):
            seeds[position] = seeds[position] + adjoint if position in seeds else adjoint
        return pull_back(self.lin, seeds, positions, SUM_PRODUCT)

    def push(self, tangents: Sequence[Any]) -> list[Any]:
        """The tangents of the output arrays from one tangent for each source."""
        found = push_forward(self.lin, dict(zip(self.sources, tangents, strict=True)), SUM_PRODUCT)
        return [found[o] if o in found else self._zero(o) for o in self.outputs]

    def _zero(self, position: int) -> Any:
        node = self.lin.graph.nodes[position]
        return SUM_PRODUCT.zero(node.shape, node.dtype)


def call(
    f: Callable[..., Any], args: Sequence[Any], argnums: Argnums, kwargs: Mapping[str, Any], kept: bool = False
) -> Call:
    """Trace ``f`` over the arguments at ``argnums``, as they are now; it sees the others as they are.

    Arrays among the others are not copied, unless the call is ``kept`` until they may have changed, as it is where
    another trace runs.

    Raises:
        TraceError: if an argument at ``argnums`` does not exist or is not made of real floating-point numbers.
    """
    args, kwargs = _by_position(f, args, argnums, kwargs)
    numbers, kept = positions(argnums, len(args), kwargs), kept or is_tracing()
    names = argument_names(f, len(args))

    def of_differentiated(*traced: Any) -> Any:
        given = dict(zip(numbers, traced, strict=True))
        full = [given.get(k, x) for k, x in enumerate(args)]
        if kept:
            return traced_call(f, full, kwargs)
        try:
            return traced_call(f, [*map(locked, full)], {name: locked(x) for name, x in kwargs.items()})
        except ValueError as error:
            if isinstance(error, BackpathError) or "read-only" not in str(error):
                raise
            # It writes into an argument: what it reads of it has to be copied.
            return traced_call(f, full, kwargs)

    leaves, structure = [], []
    for k in numbers:
        found, nesting = flatten(args[k], names[k])
        for path, leaf in found:
            require_floating(path, leaf)
            leaves.append(read(leaf))
        structure.append(nesting)
        if len(numbers) == 1 and isinstance(nesting, Static):
            raise _no_number(names[k], args[k])
    traced = record(of_differentiated, *[args[k] for k in numbers], names=[names[k] for k in numbers])
    lin = linearize_graph(traced.graph, [*leaves, *traced.captured])
    nested = Branch(tuple, tuple(range(len(numbers))), tuple(structure))
    return Call(lin, traced.graph.inputs[: len(leaves)], nested, traced.structure)


def listed(word: str, values: Any, call: str) -> tuple[Any, ...]:
    """The arguments that were given together, as a tuple.

    Raises:
        TraceError: if they are no tuple and no list, as where one argument was given by itself.
    """
    if isinstance(values, (tuple, list)):
        return tuple(values)
    shown = f"an array of shape {list(np.shape(values))}" if hasattr(values, "shape") else f"a {type(values).__name__}"
    raise TraceError(
        f"{word} is {shown}, and must be a tuple or list with one entry for each argument: for a single argument "
        f"write {call}"
    )


def _by_position(
    f: Callable[..., Any], args: Sequence[Any], argnums: Argnums, kwargs: Mapping[str, Any]
) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """The arguments at ``argnums`` by position, where some of them were given by keyword."""
    last = argnums if isinstance(argnums, (int, np.integer)) else max(argnums, default=-1)
    if last < len(args) or not kwargs:
        return args, kwargs
    try:
        bound = inspect.signature(f).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return args, kwargs
    return bound.args, bound.kwargs


def _changeable(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) and not x.flags.writeable else x


def positions(argnums: Argnums, count: int, kwargs: Mapping[str, Any] = NO_PARAMS) -> list[int]:
    """``argnums`` as a list of positions that exist among ``count`` arguments; others were given by keyword."""
    numbers = [argnums] if isinstance(argnums, (int, np.integer)) else list(argnums)
    for k in numbers:
        if not -count <= k < count:
            cure = f"; by keyword {', '.join(kwargs)}: give by position what to differentiate by" if kwargs else ""
            raise TraceError(f"argnums={argnums} asks for argument {k}, but {count} were given (counted from 0){cure}")
    found = [int(k) % count for k in numbers]
    if len(set(found)) < len(found):
        raise TraceError(f"argnums={argnums} names an argument twice: name each once")
    return found


def require_floating(path: str, leaf: Any) -> None:
    """Refuse to differentiate by what is not a real floating-point number."""
    dtype = spec_of(leaf).dtype
    if dtype.kind != "f":
        raise _no_number(path, leaf if np.ndim(leaf) == 0 else f"an array of {dtype}")


def _no_number(path: str, shown: Any) -> TraceError:
    return TraceError(
        f"argument {path} is {shown if isinstance(shown, str) else repr(shown)}; derivatives are by real "
        f"floating-point numbers: pass 3.0 in place of 3, or x.astype(float)"
    )


def chosen(argnums: Argnums, parts: Sequence[Any]) -> Any:
    """One result for a single argument number, a tuple for several, as in JAX."""
    return parts[0] if isinstance(argnums, (int, np.integer)) else tuple(parts)
