"""What a trace records: nodes, names, types, constants and captured values."""

import numpy as np
import pytest

import backpath as bp
from backpath.ops import record
from backpath.paths import evaluate, linearize

X = np.array([[1.0, -2.0, 3.0]])


def primitives(f, *args):
    return [node.primitive for node in bp.trace(f, *args).nodes]


def test_a_layer_is_the_graph_that_one_draws():
    graph = bp.trace(lambda x, W, b: np.tanh(x @ W + b).sum(), X, np.ones((3, 2)), np.ones(2))
    assert [n.primitive for n in graph.nodes] == [
        "input",
        "input",
        "input",
        "matmul",
        "add",
        "tanh",
        "sum",
    ]
    assert [graph.nodes[i].name for i in graph.inputs] == ["x", "W", "b"]
    assert [n.shape for n in graph.nodes] == [(1, 3), (3, 2), (2,), (1, 2), (1, 2), (1, 2), ()]


def test_names_say_the_path_into_an_argument():
    graph = bp.trace(lambda p, q: p["W"] + p["layers"][1][0] + q[1], {"W": 1.0, "layers": [2.0, (3.0,)]}, (4.0, 5.0))
    names = [graph.nodes[i].name for i in graph.inputs]
    assert names == ["p.W", "p.layers[0]", "p.layers[1][0]", "q[0]", "q[1]"]


def test_generated_names_stay_clear_of_the_inputs():
    graph = bp.trace(lambda x, exp_2: np.exp(x) * exp_2, 1.0, 2.0)
    assert len({n.name for n in graph.nodes}) == len(graph)


def test_arrays_from_outside_are_constants_and_the_same_one_is_recorded_once():
    A = np.arange(3.0)
    graph = bp.trace(lambda x: (x + A) * A, X)
    constants = [n for n in graph.nodes if n.primitive == "constant"]
    assert len(constants) == 1
    value = constants[0].params["value"]
    assert value is not A
    assert not value.flags.writeable
    np.testing.assert_array_equal(value, A)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_python_numbers_take_the_type_of_the_arrays_they_meet(dtype):
    graph = bp.trace(lambda x: bp.sigmoid(2 * x + 1.5) / 3 - x**2 + np.maximum(x, 0.1), X.astype(dtype))
    assert {n.dtype for n in graph.nodes} == {np.dtype(dtype)}


def test_integers_and_truth_values_keep_their_types():
    graph = bp.trace(lambda n: (n + 1, n > 2, n / 2), np.array([0, 1]))
    assert [graph.nodes[o].dtype for o in graph.outputs] == [np.int64, np.bool_, np.float64]


def test_outputs_are_nested_as_the_function_returns_them():
    traced = record(lambda x: {"a": x, "b": [x + 1, (x,)]}, X)
    assert len(traced.graph.outputs) == 3
    assert traced.graph.outputs[0] == traced.graph.outputs[2] == 0


def test_an_inner_trace_captures_the_values_around_it():
    seen = {}

    def outer(x):
        y = x * 2

        def inner(w):
            return np.sin(w) * y

        seen["inner"] = record(inner, 1.0)
        return np.sum(bp.grad(lambda w: np.sum(w * y))(x))

    value = linearize(outer, X)
    assert float(value.values[value.outputs[0]]) == pytest.approx(2 * X.sum())
    inner = seen["inner"]
    assert [inner.graph.nodes[i].name for i in inner.graph.inputs] == ["w", "captured_0"]
    assert [v.shape for v in inner.captured] == [(1, 3)]


def test_a_graph_is_evaluated_again_at_other_values():
    graph = bp.trace(lambda x: np.exp(x).sum(axis=0), X)
    again = evaluate(graph, [2 * X])[graph.outputs[0]]
    np.testing.assert_array_equal(again, np.exp(2 * X).sum(axis=0))


def test_tracing_reads_shapes_alone():
    nothing = np.full((4, 2), np.nan)
    assert str(bp.trace(np.tanh, nothing)) == str(bp.trace(np.tanh, np.ones((4, 2))))


def test_the_fused_loss_is_one_node():
    assert primitives(bp.softmax_cross_entropy, X, X)[-1] == "softmax_cross_entropy"
    assert primitives(lambda x: np.sum(bp.softmax(x)), X) == ["input", "softmax", "sum"]


def test_functions_without_a_signature_have_numbered_arguments():
    graph = bp.trace(np.maximum, 1.0, 2.0)
    assert len(graph.inputs) == 2
    assert len({graph.nodes[i].name for i in graph.inputs}) == 2
