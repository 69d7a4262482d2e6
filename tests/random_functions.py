"""Functions made of random steps, for the tests of engines."""

import numpy as np
from hypothesis import strategies as st

import backpath as bp
from backpath.paths import evaluate

STEPS = [
    lambda a, b: np.tanh(a) * b,
    lambda a, b: a - b.mean(axis=0),
    lambda a, b: np.where(a > b, a, 0.5 * b),
    lambda a, b: bp.softmax(a) + bp.sigmoid(b),
    lambda a, b: (a @ b.T) @ b,
    lambda a, b: np.concatenate([a[:1], b[1:]]),
    lambda a, b: a.reshape(-1)[::-1].reshape(a.shape) + b,
    lambda a, b: np.einsum("ij,kj->ki", a, b)[:, [0, 0, 1]].sum(axis=1, keepdims=True) * b,
    lambda a, b: bp.gelu(a) + bp.elu(b),
    lambda a, b: np.abs(a) ** 2 - np.sqrt(1 + b * b),
    lambda a, b: np.pad(a, 1)[1:-1, 1:-1] + b.max(axis=1, keepdims=True),
    lambda a, b: np.stack([a, b]).sum(axis=0) * np.ones((1, 4)),
    lambda a, b: bp.logsumexp(a, axis=1, keepdims=True) + np.log1p(b * b).astype(a.dtype),
]


def function_of(choices):
    """A number from two arrays of four columns, by these steps."""

    def f(a, b):
        for choice in choices:
            a, b = STEPS[choice](a, b), a
        return (np.tanh(a) * np.cos(b)).sum()

    return f


def rounding(graph, inputs):
    """How far each output may lie from another order of the same sums: as far as inputs rounded otherwise move it."""
    values = evaluate(graph, inputs)
    moved = evaluate(graph, [np.nextafter(x, np.where(np.arange(x.size).reshape(x.shape) % 2, 9, -9)) for x in inputs])
    largest = max(float(np.abs(value).max(initial=1.0)) for value in map(np.asarray, values) if value.dtype.kind == "f")
    return [1e-12 * largest + 100 * np.abs(moved[o] - values[o]).max() for o in graph.outputs]


MOVES = [
    lambda x: x,
    lambda x: x[::-1],
    lambda x: x[:, ::-1],
    lambda x: x.T,
    lambda x: x[2],
    lambda x: x[:, 1:2],
    lambda x: x[1, 1],
    lambda x: x.mean(axis=0),
    lambda x: x.max(axis=1, keepdims=True),
    lambda x: x.reshape(2, -1)[::-1].reshape(x.shape),
    lambda x: np.broadcast_to(x[:1], x.shape),
    lambda x: np.tanh(x),
    lambda x: np.tanh(0.1 * x @ x),
]
JOINS = [
    lambda a, b: a + b,
    lambda a, b: np.sin(a) * b - 0.5,
    lambda a, b: 0.3 - np.cos(a) * b,
    lambda a, b: np.where(a > b, 0.5 * a, b),
    lambda a, b: np.maximum(a, b),
]


@st.composite
def functions(draw, n):
    """A function of three n x n matrices, each step a join of two moved values; and what its outputs overwrite."""
    moved = st.tuples(st.integers(0, 30), st.integers(0, len(MOVES) - 1))
    steps = draw(st.lists(st.tuples(st.integers(0, len(JOINS) - 1), moved, moved), min_size=1, max_size=8))
    outputs = draw(st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0, 0, 0, 1, 3])), min_size=1, max_size=4))
    targets = draw(st.permutations(range(3)))
    overwrites = {k: targets[k] for k in range(min(len(outputs), 3)) if draw(st.booleans())}

    def f(a, b, c):
        values = [a, b, c]
        for join, (p, move), (q, other) in steps:
            left, right = MOVES[move](values[-1 - p % len(values)]), MOVES[other](values[-1 - q % len(values)])
            values.append(np.broadcast_to(JOINS[join](left, right), (n, n)))
        return tuple(MOVES[move](values[-1 - p % len(values)]) for p, move in outputs)

    return f, overwrites
