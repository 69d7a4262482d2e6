"""Places: outputs that take the memory of inputs, registers, and blocks; the values are those of the graph."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_functions import functions

import backpath as bp
from backpath.engines import Executable, compile_graph
from backpath.engines.numpy import engine as numpy_engine
from backpath.engines.program.planning import Kind, Place
from backpath.ops import trace
from backpath.paths import evaluate

rng = np.random.default_rng(0)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(numpy_engine, "BLOCK", 16)


def in_place(graph, inputs, overwrites):
    """Outputs of a program, where those in ``overwrites`` share the arrays of inputs, which are copies."""
    inputs = [np.array(x) for x in inputs]
    nodes = [graph.nodes[o] for o in graph.outputs]
    outputs = [inputs[overwrites[k]] if k in overwrites else np.full(n.shape, 77, n.dtype) for k, n in enumerate(nodes)]
    program = compile_graph(graph, overwrites)
    Executable(program, inputs, outputs)()
    return outputs, program


def check(f, inputs, overwrites):
    graph = trace(f, *inputs)
    values = evaluate(graph, inputs)
    outputs, program = in_place(graph, inputs, overwrites)
    for output, o in zip(outputs, graph.outputs, strict=True):
        np.testing.assert_allclose(output, values[o], rtol=1e-13, atol=1e-13)
    return program


def arrays(*shapes):
    return [rng.standard_normal(shape) for shape in shapes]


OVERWRITES = {
    "by itself": (lambda a: 2 * a, {0: 0}),
    "unchanged": (lambda a: a, {0: 0}),
    "reversed": (lambda a: a[::-1] + a, {0: 0}),
    "a reversed view": (lambda a: a[::-1], {0: 0}),
    "transposed": (lambda a: a.T * 2, {0: 0}),
    "a transposed view": (lambda a: a.T, {0: 0}),
    "a row broadcast": (lambda a: a * a[1], {0: 0}),
    "a column broadcast": (lambda a: a - a[:, :1], {0: 0}),
    "one entry": (lambda a: a - a[2, 2], {0: 0}),
    "a mean": (lambda a: a - a.mean(axis=0), {0: 0}),
    "a product": (lambda a: a @ a, {0: 0}),
    "read later": (lambda a, b: (np.exp(a), b @ a), {0: 0, 1: 1}),
    "read later through a view": (lambda a, b: (np.exp(a), b + a[::-1].T), {0: 0, 1: 1}),
    "read later in the same pass": (lambda a, b: (a + b, a - b), {0: 0, 1: 1}),
    "read in the same pass, reversed": (lambda a, b: (a + b, a[::-1] - b), {0: 0, 1: 1}),
    "not written over its operand": (lambda a, b: (np.where(a > b, b, a), np.where(a > b, a, b)), {0: 0, 1: 1}),
    "an exchange": (lambda a, b: (b, a), {0: 0, 1: 1}),
    "a cycle of three": (lambda a, b, c: (b, c, a), {0: 0, 1: 1, 2: 2}),
    "a row of moves": (lambda a, b, c: (a + b + c, a, b), {0: 0, 1: 1, 2: 2}),
    "a view of what is overwritten": (lambda a, b: (a + 1, a[::-1]), {0: 0, 1: 1}),
    "kept and overwritten": (lambda a: (a + 1, a), {0: 0}),
    "one value twice": (lambda a, b: (a + b, a + b), {0: 0, 1: 1}),
    "one value twice, with a reader of the first": (lambda a, b: (a + b, a + b, (a + b) @ a), {0: 0, 1: 1}),
    "a view of another output": (lambda a, b: (a + b, (a + b).T), {0: 0, 1: 1}),
    "a constant": (lambda a, b: (np.ones((4, 4)), a * b), {0: 0, 1: 1}),
    "a constant, and a reader": (lambda a, b: (np.ones((4, 4)), a @ b), {0: 1}),
    "crosswise": (lambda a, b: (b + 1, a + 2), {0: 0, 1: 1}),
    "crosswise products": (lambda a, b: (b @ a, a @ b), {0: 0, 1: 1}),
    "momentum": (lambda g, w, v: (w - 0.1 * (0.9 * v + g), 0.9 * v + g), {0: 1, 1: 2}),
}


@pytest.mark.parametrize("name", OVERWRITES)
def test_outputs_that_overwrite_inputs(name, small_blocks):
    f, overwrites = OVERWRITES[name]
    check(f, arrays(*[(4, 4)] * f.__code__.co_argcount), overwrites)


@pytest.mark.parametrize("name", ["by itself", "momentum"])
def test_a_pass_writes_over_its_inputs_at_once(name):
    f, overwrites = OVERWRITES[name]
    program = check(f, arrays(*[(4, 4)] * f.__code__.co_argcount), overwrites)
    assert len(program.instructions) == 1
    assert program.memory == 0
    assert program.copies == ()


@settings(max_examples=300, deadline=None)
@given(case=functions(4), block=st.sampled_from([3, 4, 8, 1000]))
def test_random_functions_that_overwrite_their_inputs(case, block):
    f, overwrites = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numpy_engine, "BLOCK", block)
        check(f, arrays((4, 4), (4, 4), (4, 4)), overwrites)


SHAPES = [
    [(2000, 30), (30,), (2000, 1), ()],
    [(3, 40_000), (40_000,), (3, 1), (1, 1)],
    [(50_000,), (1,), (), (50_000,)],
    [(5, 100, 60), (100, 60), (60,), (5, 1, 1)],
    [(5, 100, 60), (100, 1), (5, 1, 60), (1, 100, 60)],
    [(2, 3, 20_000), (3, 1), (2, 1, 20_000), (20_000,)],
    [(40, 1, 600), (40, 1, 1), (600,), (1,)],
    [(2, 3, 4, 2000), (4, 1), (3, 1, 1), (2, 1, 4, 2000)],
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blocks_of_large_arrays(shapes, dtype):
    """Several operations, some in registers, on operands of which all but the first are broadcast."""

    def f(a, b, c, d):
        x = np.where(a > b, a * c, d - a)
        y = np.tanh(x) + b
        return y * c, x - d

    inputs = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    assert np.prod(shapes[0]) > numpy_engine.BLOCK
    graph = trace(f, *inputs)
    outputs, program = in_place(graph, inputs, {0: 0})
    assert len(program.instructions) == 1
    values = evaluate(graph, inputs)
    for output, o in zip(outputs, graph.outputs, strict=True):
        np.testing.assert_allclose(output, values[o], rtol=1e-12 if dtype == np.float64 else 2e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.int64])
def test_blocks_of_other_types(dtype):
    x = (10 * rng.standard_normal(40_000)).astype(dtype)
    graph = trace(lambda x: (x + 1) * (x - 2) + x, x)
    (output,), _ = in_place(graph, [x], {})
    np.testing.assert_array_equal(output, (x + 1) * (x - 2) + x)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 4)])
def test_arrays_without_entries(shape):
    x = np.empty(shape)
    check(lambda x: (np.tanh(x) * 2 + x, x.sum(), x.sum(axis=0), x.T @ x if x.ndim == 2 else x), [x], {0: 0})


def test_registers_are_taken_again():
    """A chain in one pass needs one register, whatever its length; two values that both live need two."""

    def chain(x):
        for _ in range(20):
            x = np.tanh(x) * 1.5
        return x

    def fork(x):
        return np.sin(x) / np.cos(x) + np.exp(x)

    for f, most in ((chain, 1), (fork, 2)):
        program = compile_graph(trace(f, np.ones((3, 4))))
        numbers = [p.number for p in program.places if p.kind is Kind.REGISTER]
        assert len(program.instructions) == 1
        assert max(numbers) + 1 == most
        assert program.memory == 0


def test_a_register_of_another_type_is_not_taken_in_place():
    x = rng.standard_normal((6, 7)).astype(np.float32)
    graph = trace(lambda x: (x.astype(np.float64) + 1).astype(np.float32) * 2 + (x > 0).astype(np.float32), x)
    (output,), program = in_place(graph, [x], {})
    np.testing.assert_array_equal(output, (x.astype(float) + 1).astype(np.float32) * 2 + (x > 0))
    assert len(program.instructions) == 1


def test_a_plan_that_copies_over_what_is_copied_later_is_refused():
    program = compile_graph(trace(lambda a, b: (a @ b, a.T @ b, 2 * b), *arrays((4, 4), (4, 4))), {0: 0})
    program.check()
    places = list(program.places)
    places[program.graph.outputs[0]] = Place(Kind.OUTPUT, 0)
    with pytest.raises(bp.GraphError, match="overwritten before"):
        type(program)(program.graph, program.instructions, tuple(places), program.buffers, {0: 0}).check()
