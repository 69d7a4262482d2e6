"""A call of a user's function, traced and linearized: what every derivative starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import TraceError
from backpath.ops import flatten, record, spec_of, unflatten
from backpath.ops.tracing import argument_names
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
        """What ``f`` returned."""
        return unflatten(self.out_structure, [self.lin.values[o] for o in self.outputs])

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


def call(f: Callable[..., Any], args: Sequence[Any], argnums: Argnums, kwargs: Mapping[str, Any]) -> Call:
    """Trace ``f`` over the arguments at ``argnums``; it sees the others as they are.

    Raises:
        TraceError: if an argument at ``argnums`` does not exist or is not made of real floating-point numbers.
    """
    numbers = positions(argnums, len(args))
    names = argument_names(f, len(args))

    def of_differentiated(*traced: Any) -> Any:
        full = list(args)
        for k, x in zip(numbers, traced, strict=True):
            full[k] = x
        return f(*full, **kwargs)

    leaves, structure = [], []
    for k in numbers:
        found, nesting = flatten(args[k], names[k])
        for path, leaf in found:
            require_floating(path, leaf)
            leaves.append(leaf)
        structure.append(nesting)
    traced = record(of_differentiated, *[args[k] for k in numbers], names=[names[k] for k in numbers])
    lin = linearize_graph(traced.graph, [*leaves, *traced.captured])
    return Call(lin, traced.graph.inputs[: len(leaves)], tuple(structure), traced.structure)


def positions(argnums: Argnums, count: int) -> list[int]:
    """``argnums`` as a list of positions that exist among ``count`` arguments."""
    numbers = [argnums] if isinstance(argnums, (int, np.integer)) else list(argnums)
    for k in numbers:
        if not -count <= k < count:
            raise TraceError(f"argnums={argnums} asks for argument {k}, but {count} were given (counted from 0)")
    found = [int(k) % count for k in numbers]
    if len(set(found)) < len(found):
        raise TraceError(f"argnums={argnums} names an argument twice: name each once")
    return found


def require_floating(path: str, leaf: Any) -> None:
    """Refuse to differentiate by what is not a real floating-point number."""
    dtype = spec_of(leaf).dtype
    if dtype.kind != "f":
        shown = repr(leaf) if np.ndim(leaf) == 0 else f"an array of {dtype}"
        raise TraceError(
            f"argument {path} is {shown}; derivatives are by real floating-point numbers: pass 3.0 in place of 3, or "
            f"x.astype(float)"
        )


def chosen(argnums: Argnums, parts: Sequence[Any]) -> Any:
    """One result for a single argument number, a tuple for several, as in JAX."""
    return parts[0] if isinstance(argnums, (int, np.integer)) else tuple(parts)
