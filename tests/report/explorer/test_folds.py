"""Folds and their layout: every node once, left to right, the same each time, and in pieces that a page can show."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report.explorer.graphs import explanation, network, random_dag, residual

import backpath as bp
from backpath.ops import scope
from backpath.report.explorer.folds import MOST_CHILDREN, folds, nested


def weighted(what):
    return what.lin if isinstance(what, bp.Explanation) else what


def nodes_in(groups, number):
    found = []
    for member in groups[number]["members"]:
        found += nodes_in(groups, -1 - member) if member < 0 else [member]
    return found


def edges(graph):
    if isinstance(graph, bp.Dag):
        return [(i, j) for j in range(len(graph)) for _, i in graph.edges_into(j)]
    return [(i, j) for j, node in enumerate(graph.graph.nodes) for i in node.parents]


def assert_sound(graph):
    groups = folds(graph)
    assert sorted(nodes_in(groups, 0)) == list(range(len(graph)))
    holder = {k: number for number in range(len(groups)) for k in nodes_in(groups, number)}
    assert holder.keys() == set(range(len(graph)))
    for group in groups:
        assert len(group["members"]) <= MOST_CHILDREN
        places = [tuple(at) for at in group["at"]] + [tuple(p) for line in group["lines"] for p in line[2]]
        assert len(set(places)) == len(places)
        for a, b, through in group["lines"]:
            first = group["at"][a][0] + 1 if a >= 0 else 0
            assert [level for level, _ in through] == list(range(first, group["at"][b][0]))
    drawn = 0
    inside = [set(nodes_in(groups, number)) for number in range(len(groups))]
    for i, j in set(edges(graph)):
        common = [n for n in range(len(groups)) if i in inside[n] and j in inside[n]]
        group = groups[common[-1]] if len(common) == 1 else groups[min(common, key=lambda n: len(inside[n]))]
        a, b = (
            next(k for k, m in enumerate(group["members"]) if m == node or (m < 0 and node in inside[-1 - m]))
            for node in (i, j)
        )
        assert any(line[:2] == [a, b] for line in group["lines"])
        assert group["at"][a][0] < group["at"][b][0]
        drawn += 1
    assert drawn == len(set(edges(graph)))
    return groups


@pytest.mark.parametrize("make", [network, explanation, residual, lambda: random_dag(700, reach=30)])
def test_every_node_and_every_edge_has_its_place(make):
    graph = weighted(make())
    assert assert_sound(graph) == folds(graph)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 160), st.integers(0, 10**6), st.integers(1, 60))
def test_random_dags(nodes, seed, reach):
    assert_sound(random_dag(nodes, seed, reach))


def test_layers_and_residual_blocks_fold():
    groups = folds(residual())
    kinds = [(g["name"], g["kind"], groups[g["parent"]]["name"]) for g in groups[1:]]
    assert [k for k in kinds if k[1] == "residual"] == [(f"residual block {n}", "residual", "all") for n in (1, 2, 3)]
    assert ("layer 2", "layer", "residual block 2") in kinds
    lin = network()
    first = next(g for g in folds(lin) if g["name"] == "layer 1")
    assert {lin.names[k] for k in first["members"]} >= {"parameters.W1", "parameters.b1", "linear_8", "tanh_9"}


def test_modules_of_an_imported_model_fold_in_each_other():
    def block(x, W, name):
        with scope(f"{name}.first"):
            h = np.tanh(x @ W + 1.0)
        with scope(f"{name}.second"):
            h = (h @ W) * 2.0
        with scope(name):
            return x + h if name == "layers.0" else np.tanh(x + h)

    def net(x, W, V):
        with scope("stem"):
            x = np.tanh(x @ V)
        for name in ("layers.0", "layers.1"):
            x = block(x, W, name)
        return np.sum(x)

    lin = bp.linearize(net, np.ones((2, 3)), np.full((3, 3), 0.1), np.full((3, 3), 0.2))
    groups = folds(lin)
    modules = {g["name"]: groups[g["parent"]]["name"] for g in groups if g["kind"] == "module"}
    assert modules == {
        "stem": "all",
        "layers": "all",
        "layers.0": "layers",
        "layers.0.first": "layers.0",
        "layers.0.second": "layers.0",
        "layers.1": "layers",
        "layers.1.first": "residual block 2",
        "layers.1.second": "residual block 2",
    }
    assert_sound(lin)


def test_weights_stand_beside_their_layer():
    lin = bp.linearize(lambda x, W, V: np.tanh(x @ W) * 2.0 - V, np.ones(2), np.ones((2, 2)), np.ones(2))
    (root, *_) = folds(lin)
    level = {lin.names[m]: at[0] for m, at in zip(root["members"], root["at"], strict=True) if m >= 0}
    (output,) = (name for name in level if name.startswith("subtract"))
    assert level["V"] == level[output] - 1


def test_groups_that_cross_are_left_out():
    assert [i[2] for i in nested([(0, 5, "a", ""), (1, 3, "b", ""), (2, 4, "c", ""), (6, 7, "d", "")])] == [
        "a",
        "b",
        "d",
    ]
