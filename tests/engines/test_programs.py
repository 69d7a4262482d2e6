"""Programs: the same values as the graph, planned buffers, no allocation."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_functions import STEPS, function_of, rounding

import backpath as bp
from backpath.calculus import value_and_grad
from backpath.engines import Executable, compile_graph
from backpath.engines.program.planning import Kind
from backpath.ops import trace
from backpath.paths import evaluate


def executed(graph, inputs):
    outputs = [np.full(graph.nodes[o].shape, np.nan, graph.nodes[o].dtype) for o in graph.outputs]
    program = compile_graph(graph)
    run = Executable(program, inputs, outputs)
    run()
    run()
    return outputs, program


@settings(max_examples=60, deadline=None)
@given(choices=st.lists(st.integers(0, len(STEPS) - 1), min_size=1, max_size=6), seed=st.integers(0, 2**31))
def test_a_program_computes_what_its_graph_says(choices, seed):
    rng = np.random.default_rng(seed)
    inputs = [rng.standard_normal((3, 4)), rng.standard_normal((3, 4))]
    graph = trace(value_and_grad(function_of(choices), (0, 1)), *inputs)
    outputs, program = executed(graph, inputs)
    values = evaluate(graph, inputs)
    for output, position, atol in zip(outputs, graph.outputs, rounding(graph, inputs), strict=True):
        np.testing.assert_allclose(output, values[position], rtol=0, atol=atol)
    assert len(program.instructions) <= len(program.graph)


def test_inputs_are_read_at_every_call():
    x, y = np.array([1.0, 2.0]), np.empty(2)
    run = Executable(compile_graph(trace(lambda x: x * x + 1, x)), [x], [y])
    run()
    x[:] = 3
    run()
    assert np.array_equal(y, [10, 10])


def test_outputs_that_are_inputs_constants_views_or_repeated():
    x = np.arange(6.0).reshape(2, 3)
    graph = trace(lambda x: (x, np.ones(2), (2 * x).T, 2 * x, 2 * x), x)
    outputs, _ = executed(graph, [x])
    expected = [x, np.ones(2), 2 * x.T, 2 * x, 2 * x]
    assert all(np.array_equal(a, b) for a, b in zip(outputs, expected, strict=True))


def test_equal_subexpressions_are_computed_once():
    program = compile_graph(trace(lambda x: np.exp(x).sum() + np.exp(x).sum(), np.ones(3)))
    assert [program.graph.nodes[k].primitive for (k,) in program.instructions] == ["exp", "sum", "multiply"]


def test_constants_are_folded():
    program = compile_graph(trace(lambda x: x * (np.ones(3) * 1.0) + np.sum(np.zeros(3)), np.ones(3)))
    assert program.instructions == ()


def test_buffers_are_used_again():
    def chain(x):
        for _ in range(50):
            x = np.sin(x) @ np.eye(8)
        return x

    program = compile_graph(trace(chain, np.ones((8, 8))))
    assert program.memory == 2 * 8 * 8 * 8


def test_a_plan_that_loses_a_value_is_refused():
    program = compile_graph(trace(lambda a: np.sin(a) @ np.cos(a) @ np.sin(a), np.ones((4, 4))))
    buffers = [k for i in program.instructions for k in i if program.places[k].kind is Kind.BUFFER]
    places = list(program.places)
    places[buffers[1]] = places[buffers[0]]
    with pytest.raises(bp.GraphError, match="overwritten before"):
        replace(program, places=tuple(places)).check()


def test_a_program_prints_one_line_an_instruction():
    program = compile_graph(trace(lambda a: np.tanh(a @ a), np.ones((4, 4))))
    lines = str(program).splitlines()
    assert len(lines) == 3
    assert "float64[4,4]" in lines[0]
    assert "matmul(a, a)" in lines[0]
    assert "128 op" in lines[0]
    assert lines[2] == "2 instructions, 144 operations, 512 bytes moved, 128 bytes of buffers"


@pytest.mark.parametrize("bad", [np.ones(3), np.ones(2, np.float32), np.ones(4)[::2]])
def test_arrays_that_do_not_fit_are_refused(bad):
    program = compile_graph(trace(lambda x: x * 2, np.ones(2)))
    with pytest.raises(bp.ShapeError, match="'x' needs"):
        Executable(program, [bad], [np.empty(2)])


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu", "selu", "softplus"])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error", "hinge", "huber", "poisson"])
def test_running_a_network_allocates_no_array_of_values(activation, loss):
    net = bp.Network([8, 4000, 5], activation, loss)
    inputs = [*net.init(0).values(), np.zeros((64, 8), np.float32), np.zeros((64, 5), np.float32)]
    names = list(net.parameter_shapes)
    graph = trace(
        value_and_grad(lambda p, X, y: net.loss_value(p, X, y)),
        dict(zip(names, inputs, strict=False)),
        *inputs[-2:],
    )
    outputs = [np.empty(graph.nodes[o].shape, graph.nodes[o].dtype) for o in graph.outputs]
    run = Executable(compile_graph(graph), inputs, outputs)
    run()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        run()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    # A hidden layer's values are 1 MB. NumPy's iterator takes 32 kB of its own for a broadcast, whatever the sizes.
    assert peak < 40_000


def test_auto_takes_what_can_run_it_and_threads_give_the_same_bits():
    x = np.random.default_rng(0).standard_normal((8, 64, 64))
    largest = bp.compile(lambda x: np.argmax(x[0], axis=0), "auto")
    np.testing.assert_array_equal(largest(x), np.argmax(x[0], axis=0))
    with pytest.raises(bp.SettingError, match="argmax"):
        bp.compile(largest.function, "compiled")(x)
    f = bp.compile(lambda x: np.sum(np.tanh(x @ x), axis=0), "auto", threads=2)
    alone = bp.compile(lambda x: np.sum(np.tanh(x @ x), axis=0), "compiled")
    np.testing.assert_allclose(f(x), alone(x), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(bp.compile(alone.function, "compiled", threads=3)(x), alone(x))
    with pytest.raises(bp.SettingError, match="threads=0"):
        bp.compile(np.sum, threads=0)
