"""Paths one by one: all of them, once each, with their nodes, local derivatives and products."""

from collections import Counter
from itertools import islice

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.ops import Composition
from backpath.paths import Dag, linearize


def as_networkx(dag):
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(dag.names)
    graph.add_weighted_edges_from(dag.edges())
    return graph


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_paths_are_those_of_networkx(dags, data):
    dag = data.draw(dags(st.integers(1, 3)))
    source, output = data.draw(st.permutations(dag.names))[:2]
    ours = Counter(path.nodes for path in dag.paths(source, output))
    assert ours == Counter(map(tuple, nx.all_simple_paths(as_networkx(dag), source, output)))
    assert dag.count_paths(source, output) == ours.total()


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_path_knows_its_edges(dags, data):
    dag = data.draw(dags(st.integers(-5, 5)))
    weights = Counter(dag.edges())
    for path in dag.paths(dag.names[0], dag.names[-1]):
        z = [local.z for local in path.locals]
        assert len(path) == len(z) == len(path.nodes) - 1
        assert all(weights[edge] for edge in zip(path.nodes, path.nodes[1:], z, strict=False))
        assert path.product == np.prod(z, dtype=object)


def test_parallel_edges_make_different_paths():
    dag = Dag.from_edges([("x", "y", 2), ("x", "y", 3), ("y", "o", 5)])
    paths = list(dag.paths("x", "o"))
    assert [path.nodes for path in paths] == [("x", "y", "o")] * 2
    assert sorted(path.product for path in paths) == [10, 15]


def test_the_empty_path_leads_from_a_node_to_itself():
    dag = Dag.from_edges([("x", "o", 2)])
    (path,) = dag.paths("x", "x")
    assert (path.nodes, len(path), path.locals, path.product) == (("x",), 0, (), 1)
    assert dag.count_paths("x", "x") == 1
    assert list(dag.paths("o", "x")) == []


def test_enumeration_is_lazy():
    dag = Dag.from_edges([(k, k + 1, z) for k in range(300) for z in (1, 2)])
    assert dag.count_paths(0, 300) == 2**300
    assert [path.product for path in islice(dag.paths(0, 300), 3)] == [1, 2, 2]


def test_dead_ends_are_never_entered():
    """Beside one path to the output stands a thicket of 2**60 that leads nowhere."""
    thicket = [(("t", k), ("t", k + 1), z) for k in range(60) for z in (1, 2)]
    dag = Dag.from_edges([("x", ("t", 0), 1), *thicket, ("x", "o", 7)])
    assert [path.product for path in dag.paths("x", "o")] == [7]


def test_paths_of_arrays_count_an_array_as_one_node():
    p = linearize(lambda x, w: np.sum(np.tanh(x @ w)), np.ones(2), np.ones((2, 3)))
    output = p.names[p.outputs[0]]
    (path,) = p.paths("x", output)
    assert isinstance(path.product, Composition)
    assert path.nodes[0] == "x"
    assert p.count_paths("x", output) == 2 * 3
