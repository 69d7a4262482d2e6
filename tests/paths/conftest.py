"""Random DAGs for the tests of the paths floor, and every way to differentiate them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from backpath.paths import Dag

ORDERS = ("forward", "reverse", "markowitz", "lowest-fill")


@st.composite
def _dags(draw: st.DrawFn, weights: st.SearchStrategy[Any], max_nodes: int = 9) -> Dag:
    nodes = draw(st.integers(2, max_nodes))
    pair = st.integers(1, nodes - 1).flatmap(lambda j: st.tuples(st.integers(0, j - 1), st.just(j), weights))
    return Dag.from_edges(draw(st.lists(pair, min_size=1, max_size=2 * nodes)))


@st.composite
def _ends(draw: st.DrawFn, dag: Dag) -> tuple[list[Any], list[Any]]:
    some = st.lists(st.sampled_from(dag.names), min_size=1, max_size=3, unique=True)
    return draw(some), draw(some)


def _flat(gradient: Any) -> list[Any]:
    if isinstance(gradient, dict):
        return [entry for key in gradient for entry in _flat(gradient[key])]
    return list(np.ravel(np.asarray(gradient, object)))


def _by_every_method(dag: Any, source: Any, output: Any) -> dict[str, list[Any]]:
    found = {method: _flat(dag.gradient(source, output, method=method)) for method in ("paths", "reverse", "forward")}
    for order in ORDERS:
        found[f"elimination, {order}"] = _flat(dag.gradient(source, output, method="elimination", order=order))
    return found


@pytest.fixture(scope="session")
def dags() -> Callable[..., st.SearchStrategy[Dag]]:
    """Strategy of DAGs on nodes 0, 1, ... with weights of a given strategy; some edges are parallel."""
    return _dags


@pytest.fixture(scope="session")
def ends() -> Callable[[Dag], st.SearchStrategy[tuple[list[Any], list[Any]]]]:
    """Strategy of sources and outputs of a DAG, which may lead to one another or be the same."""
    return _ends


@pytest.fixture(scope="session")
def by_every_method() -> Callable[[Any, Any, Any], dict[str, list[Any]]]:
    """All entries of the derivative by each method, and by elimination in each built-in order."""
    return _by_every_method
