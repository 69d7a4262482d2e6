"""Instructions: nothing is read before it is computed, and what can share a pass does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_functions import STEPS, function_of, functions

import backpath as bp
from backpath.calculus import value_and_grad
from backpath.engines import compile_graph
from backpath.engines.program.schedule import FUSABLE, IN_PLACE, root, schedule, views
from backpath.graph import CONSTANT, INPUT
from backpath.ops import PRIMITIVES, trace

A = np.ones((3, 4))


def names_of(f, *inputs):
    """The primitives of each instruction."""
    program = compile_graph(trace(f, *inputs))
    return [[program.graph.nodes[n].primitive for n in instruction] for instruction in program.instructions]


@settings(max_examples=100, deadline=None)
@given(choices=st.lists(st.integers(0, len(STEPS) - 1), min_size=1, max_size=8))
def test_instructions_of_gradients_keep_dependencies_and_shapes(choices):
    check(trace(value_and_grad(function_of(choices), (0, 1)), A, A))


@settings(max_examples=200, deadline=None)
@given(functions(4))
def test_instructions_of_functions_keep_dependencies_and_shapes(case):
    check(trace(case[0], *[np.ones((4, 4))] * 3))


def check(graph):
    graph = compile_graph(graph).graph
    seen_through = views(graph)
    computed = {n for n, node in enumerate(graph.nodes) if node.primitive in (INPUT, CONSTANT)}
    for instruction in schedule(graph, seen_through):
        assert list(instruction) == sorted(instruction)
        for n in instruction:
            assert n not in computed
            assert n not in seen_through
            assert {root(p, seen_through) for p in graph.nodes[n].parents} <= computed
            computed.add(n)
        if len(instruction) > 1:
            assert {graph.nodes[n].primitive for n in instruction} <= FUSABLE
            assert len({graph.nodes[n].shape for n in instruction}) == 1
            # What is seen through a view is all there before a pass begins: another block of it would not be.
            read = {p for n in instruction for p in graph.nodes[n].parents}
            assert not {root(p, seen_through) for p in read & seen_through.keys()} & set(instruction)
    assert computed | seen_through.keys() == set(range(len(graph)))


def test_a_chain_of_elementwise_operations_is_one_pass():
    assert names_of(lambda a, b: np.tanh(a * b + 1) - a, A, A) == [["multiply", "add", "tanh", "subtract"]]


def test_two_readers_of_one_value_are_one_pass():
    def f(a, b):
        c = a @ b
        return np.sin(c), np.cos(c), c.sum()

    found = names_of(f, np.ones((4, 4)), np.ones((4, 4)))
    assert sorted(map(sorted, found)) == [["cos", "sin"], ["matmul"], ["sum"]]


def test_passes_of_different_shapes_stay_apart():
    assert names_of(lambda a, b: (np.sin(a), np.cos(b)), A, np.ones((4, 3))) == [["sin"], ["cos"]]


def test_what_a_view_looks_into_is_computed_before():
    assert names_of(lambda a: np.exp(np.sin(a)[::-1]), A) == [["sin"], ["exp"]]


@pytest.mark.parametrize("before", range(10))
def test_what_is_read_as_it_is_and_through_a_view_is_computed_before(before):
    """At whichever position it stands."""

    def f(a):
        for _ in range(before):
            a = a @ a
        return np.sin(a) + np.sin(a)[::-1]

    assert names_of(f, np.ones((3, 3))) == [["matmul"]] * before + [["sin"], ["add"]]


def test_reductions_cut_passes():
    found = names_of(lambda a: bp.softmax(a), A)
    assert found == [["max"], ["equal", "subtract", "where", "exp"], ["sum"], ["divide"]]


def test_a_slice_of_a_reshape_of_a_transpose_is_no_view_of_it():
    graph = trace(lambda a: a.T.reshape(-1)[::2], A)
    kinds = [graph.nodes[n].primitive for n in views(graph)]
    assert kinds == ["transpose", "index"]


@pytest.mark.parametrize("name", sorted(FUSABLE))
def test_fusable_primitives_are_elementwise(name):
    """Entry by entry: a part of the operands gives that part of the value."""
    primitive = PRIMITIVES[name]
    rng = np.random.default_rng(0)
    operands = [
        rng.uniform(1.1, 1.9, (5, 4)) - 1.0 * (name in ("arcsin", "arccos", "arctanh")) for _ in primitive.local
    ]
    params = {"n": 3} if name == "integer_power" else {"dtype": np.dtype(np.float32)} if name == "astype" else {}
    whole = primitive.value(*operands, **params)
    part = primitive.value(*[x[1:3, ::2] for x in operands], **params)
    np.testing.assert_array_equal(part, whole[1:3, ::2])
    assert name not in IN_PLACE or whole.dtype == operands[0].dtype
