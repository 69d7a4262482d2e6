"""Loops and branches: lax.scan and lax.cond, whose results are packed into the one vector that a node computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from backpath.engines.xla.lowering.table import How, lowers
from backpath.graph import Graph
from backpath.ops.control.branches import Branches
from backpath.ops.control.loop import Loop


def _packed(arrays: Sequence[Any], dtype: Any) -> Any:
    return jnp.concatenate([x.reshape(-1).astype(dtype) for x in arrays]) if arrays else jnp.zeros(0, dtype)


@lowers("scan", told=True)
def _scan(*operands: Any, loop: Loop, how: How) -> Any:
    first, sequences, fixed = loop.split(operands)

    def step(carry: list[Any], entries: list[Any]) -> tuple[list[Any], list[Any]]:
        outputs = how.run(loop.body, [*carry, *entries, *fixed], how)
        return outputs[: loop.carries], [outputs[o] for o in loop.stacked]

    last, stacked = lax.scan(step, first, sequences, length=loop.length, reverse=loop.reverse)
    return _packed([*stacked, *(last[c] for c in loop.last)], loop.dtype)


@lowers("cond", told=True)
def _cond(predicate: Any, *operands: Any, branches: Branches, how: How) -> Any:
    def branch(graph: Graph) -> Any:
        return lambda *xs: _packed(how.run(graph, xs, how), branches.dtype)

    return lax.cond(predicate, branch(branches.true), branch(branches.false), *operands)
