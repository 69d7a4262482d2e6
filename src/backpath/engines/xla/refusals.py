"""Primitives that XLA has no operation for, each with the reason. Known without JAX, so that engines can be chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from backpath.graph import Graph, SettingError
from backpath.ops.control.nested import all_nodes

_BESSEL = "JAX has no Bessel function of this kind, and its series cancel"
_INVERSE = "JAX has no inverse of it, and a search for one is a loop for every entry"

REFUSED: Mapping[str, str] = {
    **dict.fromkeys("jv yv yn kv kn kve j0 j1 y0 y1 k0 k1 k0e k1e".split(), _BESSEL),
    "hyp0f1": "JAX has no such function, and below 0 it is a Bessel function, whose series cancels",
    **dict.fromkeys("gammaincinv gammainccinv betaincinv betainccinv".split(), _INVERSE),
}
"""By primitive."""


def refused(graph: Graph) -> Iterator[tuple[str, str]]:
    """Names of nodes that cannot be lowered, in loops and branches too, each with what it is and why."""
    for node in all_nodes(graph):
        if node.primitive in REFUSED:
            yield node.name, f"{node.primitive}: {REFUSED[node.primitive]}"
        elif node.dtype.kind not in "fiub" or node.dtype.itemsize > 8:
            yield node.name, f"{node.primitive}, holds {node.dtype}, and XLA computes in no more than 64 bits"


def require_lowered(graphs: Iterable[Graph]) -> None:
    """Raises SettingError if a node of some graph cannot be lowered: it names the first one, and says why."""
    for graph in graphs:
        for name, why in refused(graph):
            raise SettingError(f"engine='xla': node {name!r} cannot run there, {why}; take engine='numpy'")
