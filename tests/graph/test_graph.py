"""Graphs: what is malformed is refused by name, what is well formed is printed, and a million nodes are no trouble."""

import sys
from dataclasses import FrozenInstanceError

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.graph import NO_PARAMS, Edge, Graph, GraphError, Node, ShapeError, ancestors
from backpath.ops import shape_rule

F8 = np.dtype(float)


def node(name, primitive="input", *parents, shape=(), **params):
    return Node(name, primitive, parents, shape, F8, params or NO_PARAMS)


def constant(name, value):
    return node(name, "constant", shape=np.shape(value), value=np.asarray(value))


W = node("w")

MALFORMED = {
    "use before definition": (
        ([W, node("a", "sin", 2), node("b", "sin", 1)], [0], [2]),
        "node 'a' at position 1 uses position 2: a node may use only earlier ones",
    ),
    "use of itself": (([W, node("loop", "sin", 1)], [0], [1]), "node 'loop' at position 1 uses position 1"),
    "use of a position that does not exist": (([W, node("a", "sin", 9)], [0], [1]), "node 'a' at position 1 uses posi"),
    "use of a negative position": (([W, node("a", "sin", -1)], [0], [1]), "node 'a' at position 1 uses position -1"),
    "duplicate name": (([W, node("a", "sin", 0), node("a", "cos", 0)], [0], [2]), "two nodes are named 'a'"),
    "input's name again": (([W, node("w", "sin", 0)], [0], [1]), "two nodes are named 'w': names must be unique"),
    "input outside": (([W], [1], [0]), "position 1 is outside the graph's 1 nodes"),
    "negative input": (([W], [-1], [0]), "position -1 is outside"),
    "output outside": (([W, node("a", "sin", 0)], [0], [7]), "position 7 is outside the graph's 2 nodes"),
    "negative output": (([W], [0], [-1]), "position -1 is outside"),
    "output of nothing": (([], [], [0]), "position 0 is outside the graph's 0 nodes"),
    "input listed twice": (([W, node("v")], [0, 1, 1], [0]), "input 'v' is listed twice"),
    "input not listed": (([W, node("v")], [0], [0]), "node 'v': exactly the nodes with primitive 'input' are the inpu"),
    "listed and no input": (([W, node("a", "sin", 0)], [0, 1], [1]), "node 'a': exactly the nodes with primitive"),
    "constant listed": (([constant("c", 1.0)], [0], [0]), "node 'c': exactly the nodes"),
    "input with a parent": (
        ([W, node("v", "input", 0)], [0, 1], [1]),
        "node 'v' of primitive 'input' can have no parents",
    ),
    "constant with a parent": (
        ([W, node("c", "constant", 0)], [0], [1]),
        "node 'c' of primitive 'constant' can have no",
    ),
    "negative size": (([node("w", shape=(3, -1))], [0], [0]), r"node 'w' has a negative size in its shape (3, -1)"),
}


@pytest.mark.parametrize("rule", MALFORMED)
def test_malformed_graphs_are_refused_by_name(rule):
    (nodes, inputs, outputs), message = MALFORMED[rule]
    with pytest.raises(GraphError) as caught:
        Graph(tuple(nodes), tuple(inputs), tuple(outputs))
    assert message in str(caught.value)
    assert isinstance(caught.value, bp.BackpathError)


def test_each_malformed_graph_is_well_formed_but_for_its_rule():
    """So that it is that rule which refuses it."""
    Graph((W, node("a", "sin", 0), node("b", "sin", 1)), (0,), (2,))
    Graph((W, node("v")), (1, 0), (0, 0))
    Graph((node("w", shape=(3, 0)),), (0,), (0,))
    Graph((constant("c", 1.0),), (), (0,))
    Graph((), (), ())


@pytest.mark.parametrize(
    ("nodes", "name", "declared", "follows"),
    [
        ([W, node("a", "sin", 0, shape=(2,))], "a", (2,), ()),
        ([node("w", shape=(2, 3)), node("v", shape=(3,)), node("y", "matmul", 0, 1, shape=(3,))], "y", (3,), (2,)),
        ([node("w", shape=(2, 1)), node("v", shape=(3,)), node("y", "add", 0, 1, shape=(2, 1))], "y", (2, 1), (2, 3)),
        ([node("c", "constant", shape=(2,), value=np.ones(3))], "c", (2,), (3,)),
    ],
)
def test_a_wrong_shape_is_refused_by_name(nodes, name, declared, follows):
    graph = Graph(tuple(nodes), tuple(k for k, n in enumerate(nodes) if n.primitive == "input"), (len(nodes) - 1,))
    with pytest.raises(ShapeError) as caught:
        graph.check(shape_rule)
    assert str(caught.value) == f"node {name!r} is declared {declared}, but its operands give {follows}"


def test_operands_that_do_not_fit_one_another_are_refused():
    nodes = node("w", shape=(2,)), node("v", shape=(3,)), node("y", "add", 0, 1, shape=(3,))
    with pytest.raises(ShapeError, match=r"\[2\] and \[3\]"):
        Graph(nodes, (0, 1), (2,)).check(shape_rule)


def test_the_graph_of_a_function_passes_its_own_check():
    bp.trace(lambda x, W: np.tanh(x @ W).sum(0), np.ones((4, 3)), np.ones((3, 2))).check(shape_rule)


# What cannot be changed.


def test_nodes_edges_and_graphs_are_frozen():
    graph = Graph((W,), (0,), (0,))
    for thing, field in ((W, "name"), (W, "parents"), (Edge(0, 1, 0), "target"), (graph, "nodes"), (graph, "outputs")):
        before = getattr(thing, field)
        with pytest.raises(FrozenInstanceError):
            setattr(thing, field, None)
        with pytest.raises(FrozenInstanceError):
            delattr(thing, field)
        assert getattr(thing, field) is before
        assert not hasattr(thing, "__dict__")
    with pytest.raises(TypeError, match="does not support item assignment"):
        W.params["value"] = 1.0


def test_edges_are_equal_by_value_and_nodes_by_identity():
    assert {Edge(0, 1, 0), Edge(0, 1, 0), Edge(0, 1, 1)} == {Edge(0, 1, 1), Edge(0, 1, 0)}
    assert node("w") != node("w")


# Looking.


def test_edges_are_ordered_by_target_and_slot():
    graph = bp.trace(lambda x, y: (y - x) * y, 1.0, 2.0)
    assert list(graph.edges()) == [Edge(1, 2, 0), Edge(0, 2, 1), Edge(2, 3, 0), Edge(1, 3, 1)]
    assert len(graph) == 4


def test_printing():
    nodes = (
        node("weights", shape=(2, 3)),
        constant("c", np.ones(3)),
        constant("half", 0.5),
        node("y", "multiply", 0, 1, shape=(2, 3)),
        Node("s", "sum", (3,), (), np.dtype(np.float32), {"axis": (0, 1), "keepdims": False}),
    )
    assert str(Graph(nodes, (0,), (4, 3))).splitlines() == [
        "weights = input                                float64[2,3]",
        "c = constant(value=array[3])                   float64[3]",
        "half = constant(value=0.5)                     float64[]",
        "y = multiply(weights, c)                       float64[2,3]   -> output",
        "s = sum(y, axis=(0, 1), keepdims=False)        float32[]   -> output",
    ]
    assert str(Graph((), (), ())) == ""


def test_find():
    graph = bp.parse("y = w*v; cos(y)")
    assert [graph.nodes[graph.find(name)].name for name in ("w", "v", "y")] == ["w", "v", "y"]
    with pytest.raises(GraphError, match="no node named 'z'"):
        graph.find("z")


@st.composite
def random_graphs(draw):
    """Graphs of up to 12 nodes with any number of parents each, the same one twice now and then."""
    count = draw(st.integers(1, 12))
    nodes = [W]
    for k in range(1, count):
        parents = draw(st.lists(st.integers(0, k - 1), max_size=3))
        nodes.append(node(f"n{k}", "some" if parents else "input", *parents))
    inputs = tuple(k for k, n in enumerate(nodes) if n.primitive == "input")
    return Graph(tuple(nodes), inputs, (count - 1,))


@settings(max_examples=200, deadline=None)
@given(graph=random_graphs(), data=st.data())
def test_ancestors_are_networkx_ancestors(graph, data):
    theirs = networkx.DiGraph()
    theirs.add_nodes_from(range(len(graph)))
    theirs.add_edges_from((parent, k) for k, n in enumerate(graph.nodes) for parent in n.parents)
    positions = data.draw(st.lists(st.integers(0, len(graph) - 1), max_size=3))
    expected = set(positions).union(*(networkx.ancestors(theirs, k) for k in positions))
    assert ancestors(graph, positions) == expected
    assert {(e.source, e.target) for e in graph.edges()} == set(theirs.edges)


# At a point.


def test_a_graph_at_a_point_has_values_and_derivatives():
    p = bp.parse("o = w**2 * v").at(v=5.0, w=3.0)
    assert p["o"] == 45.0
    assert (p.gradient("w"), p.gradient("v")) == (30.0, 9.0)


@pytest.mark.parametrize(
    ("values", "given"), [({}, "none"), ({"w": 1.0}, "w"), ({"w": 1.0, "v": 2.0, "z": 3.0}, "w, v, z"), ({"W": 1}, "W")]
)
def test_missing_and_unknown_names_are_refused(values, given):
    with pytest.raises(GraphError) as caught:
        bp.parse("w * v").at(**values)
    assert str(caught.value) == f"the graph's inputs are w, v; values were given for {given}"


def test_an_input_may_have_any_name():
    assert bp.parse("self**2").at(self=3.0).gradient("self") == 6.0


def test_whole_numbers_are_taken_in_the_inputs_dtype():
    p = bp.parse("w**(-2)").at(w=2)
    assert p["w"].dtype == F8
    assert p.gradient("w") == -0.25
    graph = bp.trace(lambda w: np.sum(w / 2), np.ones(3, np.float32))
    assert graph.at(w=[1, 2, 3]).gradient("w").dtype == np.float32
    assert graph.at(w=np.ones(3))["w"].dtype == np.float32


@pytest.mark.parametrize("value", [np.ones(3), np.ones((2, 1)), 1.0, [[1.0, 2.0]]])
def test_a_value_of_another_shape_is_refused_by_name(value):
    graph = bp.trace(lambda v, w: v * w, 1.0, np.ones(2))
    with pytest.raises(ShapeError) as caught:
        graph.at(v=1.0, w=value)
    assert str(caught.value) == f"input 'w' has shape (2,), and its value has {np.shape(value)}"


# A million nodes.

MANY = 1_000_000
TRACED = 200_000
FACTOR = 1.000001


@pytest.fixture(autouse=True)
def recursion_limit():
    """Nothing here recurses, and nothing raises the limit in order to."""
    before = sys.getrecursionlimit()
    yield
    assert sys.getrecursionlimit() == before < MANY / 100


def test_a_chain_of_a_million_nodes():
    chain = [Node(f"y{k}", "multiply", (k and k + 1, 1), (), F8) for k in range(MANY)]
    graph = Graph((W, constant("c", FACTOR), *chain), (0,), (MANY + 1,))
    graph.check(shape_rule)
    assert len(ancestors(graph, graph.outputs)) == MANY + 2
    p = graph.at(w=2.0)
    assert p[f"y{MANY - 1}"] == pytest.approx(2 * FACTOR**MANY, rel=1e-9)
    assert p.gradient("w") == pytest.approx(FACTOR**MANY, rel=1e-9)


def test_a_traced_loop_of_many_steps():
    def f(w):
        for _ in range(TRACED):
            w = w * FACTOR
        return w

    value, gradient = bp.value_and_grad(f)(2.0)
    assert value == pytest.approx(2 * FACTOR**TRACED, rel=1e-9)
    assert gradient == pytest.approx(FACTOR**TRACED, rel=1e-9)
