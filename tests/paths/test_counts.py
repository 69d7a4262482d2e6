"""Path counts as exact Python integers, against networkx and closed forms; operations counted exactly."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.paths import SUM_PRODUCT, Counted, Dag, eliminate, linearize, pull_back


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_those_of_the_adjacency_matrix(seed):
    """In a DAG, (I - A)^-1 = I + A + A^2 + ... counts all paths; with integers of any size."""
    random = np.random.default_rng(seed)
    nodes = 90
    adjacency = np.triu(random.integers(0, 3, (nodes, nodes)), 1)
    dag = Dag.from_edges([(i, j, 1) for i, j in zip(*adjacency.nonzero(), strict=True) for _ in range(adjacency[i, j])])
    graph = nx.MultiDiGraph([(i, j) for i, j, _ in dag.edges()])
    power = total = np.eye(nodes, dtype=int).astype(object)
    matrix = nx.to_numpy_array(graph, nodelist=range(nodes), dtype=int).astype(object)
    for _ in range(nodes):
        power = power.dot(matrix)
        total = total + power
    assert total[0, nodes - 1] > 2**64
    assert [dag.count_paths(0, k) for k in range(0, nodes, 7)] == [total[0, k] for k in range(0, nodes, 7)]


@pytest.mark.parametrize(("layers", "width"), [(1, 1), (3, 4), (7, 2), (200, 512)])
def test_a_network_has_width_to_the_layers_many_paths(layers, width):
    """From one input to one output neuron, through ``layers`` hidden layers of ``width``."""

    def network(x, first, hidden, last):
        h = x @ first
        for w in [hidden] * (layers - 1):
            h = np.tanh(h) @ w
        return np.tanh(h) @ last

    weights = [np.zeros((1, width)), np.zeros((width, width)), np.zeros((width, 1))]
    p = linearize(network, np.ones((1, 1)), *weights)
    count = p.count_paths("x", p.names[p.outputs[0]])
    assert type(count) is int
    assert count == width**layers


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_reverse_mode_takes_one_multiplication_an_edge(dags, data):
    """Multiplications are the edges between source and output; additions are those less the nodes with an out-edge."""
    dag = data.draw(dags(st.integers(1, 9)))
    graph = nx.MultiDiGraph([(i, j) for i, j, _ in dag.edges()])
    source, output = dag.names[0], dag.names[-1]
    between = ({source} | nx.descendants(graph, source)) & ({output} | nx.ancestors(graph, output))
    edges = [(i, j) for i, j, _ in dag.edges() if i in between and j in between]
    counted = Counted(SUM_PRODUCT)
    pull_back(dag, {dag.find(output): 1}, [dag.find(source)], counted)
    assert counted.multiplications == len(edges)
    assert counted.additions == len(edges) - len({i for i, _ in edges})


def layered(layers, width):
    """The DAG of o(k+1, j) = product over i of o(k, i), from one source to one output."""
    edges = [("w", (0, j), 1) for j in range(width)]
    for k in range(layers - 1):
        edges += [((k, i), (k + 1, j), 1) for i in range(width) for j in range(width)]
    return Dag.from_edges([*edges, *(((layers - 1, i), "o", 1) for i in range(width))])


def products_along_paths(dag):
    """Multiplications of the sum over paths: one an edge of each path (the first is by one)."""
    return sum(len(path) for path in dag.paths("w", "o"))


@pytest.mark.parametrize("layers", [1, 2, 4, 8])
def test_costs_grow_with_edges_and_with_paths(layers):
    dag = layered(layers, 2)
    edges = sum(1 for _ in dag.edges())
    assert edges == 4 * layers
    by_reverse = Counted(SUM_PRODUCT)
    assert dag.gradient("w", "o", "reverse", semiring=by_reverse) == 2**layers
    assert by_reverse.multiplications == edges
    assert dag.count_paths("w", "o") == 2**layers
    assert products_along_paths(dag) == 2**layers * (layers + 1)


def test_forward_mode_sweeps_once_for_each_source_and_reverse_once_for_each_output():
    """Three sources into one vertex and two outputs out of it."""
    dag = Dag.from_edges([(f"x{k}", "v", 2) for k in range(3)] + [("v", f"o{k}", 3) for k in range(2)])
    sources, outputs = dag.inputs, dag.outputs
    forward, reverse = Counted(SUM_PRODUCT), Counted(SUM_PRODUCT)
    dag.gradient(method="forward", semiring=forward)
    dag.gradient(method="reverse", semiring=reverse)
    assert forward.multiplications == 3 * (1 + 2)
    assert reverse.multiplications == 2 * (1 + 3)
    assert eliminate(dag, sources, outputs).multiplications == 3 * 2
