"""Unrolled graphs: the same derivatives and paths, neuron by neuron."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.paths import linearize


def network(x, w, b, v):
    return np.tanh(x @ w + b) @ v


def curved(x, w, b, v):
    h = np.exp(-((x[:, None] - w) ** 2) + b)
    return np.sum(h @ v / (1 + np.sum(h)))


def moved(x, w, b, v):
    return np.concatenate([(x @ w)[::-1] * b, np.max(w, axis=0)]).reshape(2, -1) @ v[:, :1]


FUNCTIONS = (network, curved, moved)


@settings(max_examples=60, deadline=None)
@given(function=st.sampled_from(FUNCTIONS), seed=st.integers(0, 2**32 - 1))
def test_every_method_gives_the_array_graphs_derivative(by_every_method, function, seed):
    random = np.random.default_rng(seed)
    p = linearize(function, *(random.normal(size=shape) for shape in ((2,), (2, 3), (3,), (3, 2))))
    dag = p.unroll()
    (output,) = p.outputs
    rows = entries(p, output)
    for source in p.inputs:
        columns = entries(p, source)
        known = [name for name in columns if name in dag.names]
        block = np.reshape(p.gradient(p.names[source], p.names[output]), (len(rows), len(columns)))
        expected = block[:, [columns.index(name) for name in known]].ravel()
        for method, found in by_every_method(dag, known, rows).items():
            np.testing.assert_allclose(np.array(found, float), expected, rtol=0, atol=1e-12, err_msg=method)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_paths_are_counted_alike(function):
    p = linearize(function, np.ones(2), np.arange(6.0).reshape(2, 3), np.ones(3), np.ones((3, 2)))
    dag = p.unroll()
    (output,) = p.outputs
    for source in p.inputs:
        counts = [
            dag.count_paths(column, row)
            for column in entries(p, source)
            for row in entries(p, output)
            if {column, row} <= set(dag.names)
        ]
        assert sum(counts) == p.count_paths(p.names[source], p.names[output]) > 0


def test_entries_are_named_by_their_index():
    p = linearize(lambda x: np.sum(x * x), np.array([2.0, 3.0]))
    dag = p.unroll()
    assert {"x[0]", "x[1]"} <= set(dag.names)
    assert dag.gradient(["x[0]", "x[1]"], p.names[p.outputs[0]]) == {"x[0]": 4, "x[1]": 6}


def test_scalars_keep_their_names():
    p = linearize(lambda w: np.cos(w * w), 1.2)
    assert set(p.unroll().names) == set(p.names)


def entries(p, position):
    """Names of the scalar nodes of an array node."""
    name, shape = p.names[position], p.shape(position)
    return [name] if shape == () else [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(*shape)]


def test_constants_and_dead_ends_are_left_out():
    """They would stand among the inputs and outputs that methods take by default."""

    def f(x, y):
        np.exp(x * y)
        return 2.0 * x + np.sin(y) - 3.0

    p = linearize(f, 0.5, 0.25)
    dag = p.unroll()
    assert [dag.names[k] for k in dag.inputs] == ["x", "y"]
    assert [dag.names[k] for k in dag.outputs] == [p.names[k] for k in p.outputs]
    assert dag.gradient() == pytest.approx({"x": 2, "y": np.cos(0.25)})


def test_entries_that_lead_nowhere_are_left_out():
    p = linearize(lambda x: np.exp(x)[0] * x[1], np.array([0.5, 2.0, 3.0]))
    dag = p.unroll()
    assert [dag.names[k] for k in dag.inputs] == ["x[0]", "x[1]"]
    assert [dag.names[k] for k in dag.outputs] == [p.names[k] for k in p.outputs]
