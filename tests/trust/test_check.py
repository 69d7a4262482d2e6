"""Check: every method agrees on right rules, and a wrong rule is named."""

from dataclasses import replace

import numpy as np
import pytest

import backpath as bp
from backpath.ops import PRIMITIVES, Scale
from backpath.paths import linearize
from backpath.trust import check, wrong_edges

X = np.random.default_rng(0).standard_normal((5, 3))
Y = np.array([0, 1, 1, 0, 1])
NET = bp.Network([3, 4, 2], activation="tanh")


def names(found):
    return [route.name for route in found.routes]


def test_a_function_is_computed_in_every_way():
    found = check(lambda w, x: (np.tanh(x @ w) ** 2).sum(), np.ones((3, 2)), X)
    assert found.ok
    assert found.wrong_edge is None
    methods = ["reverse sweep", "forward sweep", "elimination", "paths", "complex step", "central differences"]
    methods.append("50-digit arithmetic")
    assert names(found) == methods
    assert all(route.error < 1e-12 for route in found.routes if route.name != "central differences")
    assert 0 < found.routes[5].error < 1e-5
    assert len(str(found).splitlines()) == len(methods) + 1


@pytest.mark.parametrize("options", [{"norm": "layer"}, {"ntk": True, "input_scale": True}, {"dropout": 0.5}])
def test_a_network_of_more_than_plain_layers_is_checked_without_the_recursions(options):
    net = bp.Network([3, 4, 2], activation="tanh", **options)
    found = bp.check(net, net.init(0, float), np.random.default_rng(0).normal(size=(5, 3)), np.array([0, 1, 1, 0, 1]))
    assert found.ok
    methods = set(names(found))
    assert "complex step" in methods
    assert "Delta recursion" not in methods


def test_a_network_is_checked_against_the_textbooks_recursions():
    found = check(NET, NET.init(0), X, Y)
    assert found.ok
    assert {"Delta recursion", "delta recursion", "reverse, post-activations"} <= set(names(found))


def test_several_outputs():
    assert check(lambda w: (np.sin(w), w @ w), np.array([0.3, 0.4])).ok


@pytest.mark.parametrize(("primitive", "source"), [("tanh", "linear"), ("softmax_cross_entropy", "linear")])
def test_a_wrong_rule_is_named(monkeypatch, primitive, source):
    right = PRIMITIVES[primitive]

    def wrong(y, *operands, **params):
        return Scale(0.5 * np.ones(np.shape(operands[0]))) if primitive == "tanh" else doubled(y, *operands, **params)

    def doubled(y, *operands, **params):
        local = right.local[0](y, *operands, **params)
        return replace(local, maps=(Scale(2.0), *local.maps))

    monkeypatch.setitem(PRIMITIVES, primitive, replace(right, local=(wrong, *right.local[1:])))
    found = check(NET, NET.init(0), X, Y)
    assert not found.ok
    assert found.wrong_edge.primitive == primitive
    assert found.wrong_edge.source.startswith(source)
    assert f"the first wrong edge is z({found.wrong_edge.source}" in str(found)


def test_no_edge_of_a_right_graph_is_wrong():
    lin = linearize(lambda w: np.abs(np.where(w > 0, w, bp.softmax(w))).max() + np.hypot(w, 2.0).sum(), X)
    assert list(wrong_edges(lin)) == []


def test_what_costs_too_much_is_left_out_with_the_reason():
    found = check(lambda w: np.exp(np.outer(w, w)).sum(), np.full(400, 1e-3))
    assert found.ok
    assert dict(found.left_out).keys() == {"forward sweep", "elimination", "paths"}
    assert "scalar edges" in str(found)


def test_nothing_to_differentiate_by_is_refused():
    with pytest.raises(bp.TraceError, match=r"3\.0 in place of 3"):
        check(lambda n: n, 3)
