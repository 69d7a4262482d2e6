"""A graph at a point: values, local derivatives, tables, and the strongest path."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.paths import linearize_graph
from backpath.paths.strongest import strongest_path
from backpath.paths.table import brief

X, W = np.array([1.0, 2.0, 3.0]), np.array([[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]])


def test_values_are_those_of_the_forward_phase():
    p = bp.linearize(lambda x, W: np.tanh(x @ W).sum(), X, W)
    a = X @ W
    for name, expected in {"x": X, "matmul_2": a, "tanh_3": np.tanh(a), "sum_4": np.tanh(a).sum()}.items():
        np.testing.assert_allclose(p[name], expected, rtol=1e-15)
    with pytest.raises(bp.GraphError, match="no node named 'h'"):
        p["h"]


def test_every_local_derivative_is_the_derivative_of_its_node_alone():
    p = bp.parse("y = w**2; z = sin(y)*w; exp(z)/y").at(w=0.8)
    values = {"w": 0.8, "y": 0.64, "z": math.sin(0.64) * 0.8}
    found = {(p.names[i], p.names[j]): p.weight(j, slot) for j in range(len(p)) for slot, i in p.edges_into(j)}
    assert found["w", "y"] == pytest.approx(2 * values["w"], rel=1e-14)
    assert found["w", "z"] == pytest.approx(math.sin(0.64), rel=1e-14)
    last = p.names[p.outputs[0]]
    assert found["y", last] == pytest.approx(-math.exp(values["z"]) / 0.64**2, rel=1e-14)


def test_the_table_has_a_line_for_each_node_and_each_edge():
    p = bp.linearize(lambda x, W: np.tanh(x @ W).sum(), X, W)
    nodes, edges = str(p).split("\n\n")
    assert [line.split()[0] for line in nodes.splitlines()[1:]] == list(p.names)
    assert len(edges.splitlines()) == 1 + 4
    assert "[3,2] norm 0.9539" in nodes
    assert edges.splitlines()[1].split() == ["x", "matmul_2", "Contract"]


def test_gradient_by_name_and_as_a_dict():
    p = bp.linearize(lambda a, b: (a * b, a + b), 3.0, 4.0)
    first, second = p.names[p.outputs[0]], p.names[p.outputs[1]]
    assert p.gradient() == {first: {"a": 4.0, "b": 3.0}, second: {"a": 1.0, "b": 1.0}}
    assert p.gradient("a", first) == 4.0
    assert p.gradient(["a"], first) == {"a": 4.0}
    with pytest.raises(bp.GraphError, match="no method is called 'backward'; there are paths, reverse"):
        p.gradient(method="backward")


def test_weights_between_arrays_ask_to_unroll():
    p = bp.linearize(lambda x, W: x @ W, X, W)
    with pytest.raises(bp.GraphError, match=r"is an array: unroll\(\) the graph"):
        p.weight(2, 0)


def test_the_number_of_values_must_be_that_of_the_inputs():
    graph = bp.parse("a*b")
    with pytest.raises(bp.GraphError, match="the graph has 2 inputs, and 1 values were given"):
        linearize_graph(graph, [1.0])


def test_a_primitive_that_nobody_defined_is_named():
    graph = bp.Graph(
        (bp.Node("w", "input", (), (), np.dtype(float)), bp.Node("y", "warp", (0,), (), np.dtype(float))), (0,), (1,)
    )
    with pytest.raises(bp.GraphError, match="node 'y' has the primitive 'warp', which nobody defined"):
        graph.at(w=1.0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.23456789, "1.23457"),
        (np.array(0.5), "0.5"),
        (np.ones((2, 2)), "[2,2] norm 2"),
        (10**50, "1" + "0" * 36 + "..."),
        (3, "3"),
    ],
)
def test_values_are_shown_in_few_characters(value, shown):
    assert brief(value) == shown


@st.composite
def weighted_dags(draw):
    n = draw(st.integers(2, 7))
    pairs = st.tuples(st.integers(0, n - 2), st.integers(1, n - 1)).filter(lambda e: e[0] < e[1])
    return draw(st.lists(st.tuples(pairs, st.floats(-3, 3)), min_size=1, max_size=14))


@settings(max_examples=200, deadline=None)
@given(weighted_dags())
def test_the_strongest_path_is_the_largest_product(edges):
    dag = bp.Dag.from_edges([(i, j, z) for (i, j), z in edges])
    source, output = dag.inputs[0], dag.outputs[-1]
    paths = list(dag.paths(dag.names[source], dag.names[output]))
    found = strongest_path(dag, source, output)
    if not paths:
        assert found is None
    else:
        assert found.nodes in {p.nodes for p in paths}
        assert abs(found.product) == pytest.approx(max(abs(p.product) for p in paths), rel=1e-12)
