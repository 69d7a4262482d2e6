"""What layers are made of, by the compiled engine: against PyTorch, and the same bits in any order of the pieces."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import bound
from torch.nn import functional

import backpath as bp
from backpath.calculus import value_and_grad
from backpath.nets import attention, convolution, max_pool, mean_pool
from backpath.ops import log_softmax, softmax, softmax_cross_entropy, standardize, take_rows, trace
from backpath.paths import evaluate

small = st.integers(1, 3)
sides = st.tuples(st.integers(0, 3), st.integers(0, 3))


def agrees(f, inputs, order, expected=None):
    """With the expected values, or those of the graph; and three threads with one, in every order, to the bit."""
    graph = trace(f, *inputs)
    with pytest.MonkeyPatch.context() as patch:
        run, outputs, program = bound(graph, inputs, None, patch, threads=len(order))
    run.by_turns(order)
    alone, same, _ = bound(graph, inputs)
    alone()
    expected = [evaluate(graph, inputs)[o] for o in graph.outputs] if expected is None else expected
    for ours, one, theirs in zip(outputs, same, expected, strict=True):
        np.testing.assert_array_equal(ours, one)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12 * np.abs(theirs).max(initial=1.0))
    return program


def by_torch(f, *inputs):
    """Value and gradients of the sum of f times fixed numbers."""
    leaves = [torch.from_numpy(x).requires_grad_() for x in inputs]
    value = f(*leaves)
    return [value.item(), *(gradient.numpy() for gradient in torch.autograd.grad(value, leaves))]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.permutations(range(3)))
def test_convolutions(data, order):
    draw = data.draw
    size, stride, dilation = (draw(st.tuples(small, small)) for _ in range(3))
    padding, groups = draw(st.tuples(sides, sides)), draw(st.sampled_from([1, 1, 2]))
    inputs, outputs = draw(st.sampled_from([1, 3, 5])) * groups, draw(st.sampled_from([1, 4, 9, 40])) * groups
    spans = [d * (n - 1) + 1 for n, d in zip(size, dilation, strict=True)]
    height, width = (max(s - sum(p), 1) + draw(st.integers(0, 6)) for s, p in zip(spans, padding, strict=True))
    batch = draw(st.sampled_from([1, 2, 3, 17]))
    rng = np.random.default_rng(0)
    x, W, b = (
        rng.standard_normal(shape)
        for shape in ((batch, height, width, inputs), (*size, inputs // groups, outputs), (outputs,))
    )
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    c = rng.standard_normal(convolution(x, W, **options).shape)

    def theirs(x, W, b):
        (above, below), (left, right) = padding
        x = functional.pad(x.permute(0, 3, 1, 2), (left, right, above, below))
        y = functional.conv2d(x.contiguous(), W.permute(3, 2, 0, 1).contiguous(), b, stride, 0, dilation, groups)
        return (y.permute(0, 2, 3, 1) * torch.from_numpy(c)).sum()

    def f(x, W, b):
        value, gradients = value_and_grad(lambda *p: np.sum(convolution(*p, **options) * c), (0, 1, 2))(x, W, b)
        return value, *gradients

    program = agrees(f, [x, W, b], order, by_torch(theirs, x, W, b))
    primitives = [node.primitive for node in program.graph.nodes]
    if groups == 1 and dilation[1] == 1:
        assert primitives.count("convolve_by_kernel") == 1
        assert "unroll" not in primitives
        fits = all(d * (n - 1) >= p[0] and d * (n - 1) >= p[1] for n, d, p in zip(size, dilation, padding, strict=True))
        assert primitives.count("convolve") == (2 if stride == (1, 1) and fits else 1)


@settings(max_examples=30, deadline=None)
@given(st.data(), st.permutations(range(3)))
def test_pools(data, order):
    size, stride = data.draw(st.tuples(small, small)), data.draw(st.tuples(small, small))
    batch, height, width = data.draw(small), size[0] + data.draw(st.integers(0, 5)), size[1] + data.draw(small)
    channels = data.draw(st.sampled_from([1, 3, 20]))
    x = np.random.default_rng(0).permutation(batch * height * width * channels) / 7
    x = x.reshape(batch, height, width, channels)
    for ours, theirs in ((max_pool, functional.max_pool2d), (mean_pool, functional.avg_pool2d)):
        expected = by_torch(lambda x, f=theirs: (f(x.permute(0, 3, 1, 2), size, stride) ** 2).sum(), x)
        agrees(value_and_grad(lambda x, f=ours: np.sum(f(x, size, stride) ** 2)), [x], order, expected)
    ties = np.round(x / 5)
    agrees(bp.grad(lambda x: np.sum(max_pool(x, size, stride) ** 2)), [ties], order)


NORMALIZED = {
    "softmax": lambda x: softmax(x),
    "softmax along the first axis": lambda x: softmax(x, 0),
    "log-softmax": lambda x: log_softmax(x),
    "layer norm": lambda x: standardize(x),
    "batch norm": lambda x: standardize(np.reshape(x, (-1, np.shape(x)[-1])), 0),
    "cross-entropy": lambda x: softmax_cross_entropy(x, np.zeros(np.shape(x)) + 0.25),
}


@pytest.mark.parametrize("name", NORMALIZED)
@pytest.mark.parametrize("shape", [(4, 6), (3, 8, 8), (2, 5, 7, 12), (700, 6), (64, 33, 4)])
def test_normalized(name, shape):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    c = rng.standard_normal(np.shape(NORMALIZED[name](x)))
    agrees(value_and_grad(lambda x: np.sum(NORMALIZED[name](x) * c)), [x], [2, 0, 1])


@pytest.mark.parametrize(("heads", "causal"), [(1, False), (2, True), (4, False)])
def test_attention_of_rows_that_are_taken(heads, causal):
    rng = np.random.default_rng(0)
    table, *weights = (rng.standard_normal(shape) for shape in ((9, 8), (8, 8), (8, 8), (8, 8)))
    tokens = rng.integers(9, size=(3, 5))

    def f(table, a, b, c, tokens):
        def loss(table, a, b, c):
            return np.sum(attention(take_rows(table, tokens), a, b, c, heads=heads, causal=causal) ** 2)

        value, gradients = value_and_grad(loss, (0, 1, 2, 3))(table, a, b, c)
        return value, *gradients

    def theirs(table, *weights):
        x = table[torch.from_numpy(tokens)]
        q, k, v = ((x @ w).unflatten(-1, (heads, -1)).transpose(1, 2) for w in weights)
        return (functional.scaled_dot_product_attention(q, k, v, is_causal=causal) ** 2).sum()

    agrees(f, [table, *weights, tokens], [1, 2, 0], by_torch(theirs, table, *weights))


def test_rows_that_are_not_there_are_nan_and_take_nothing():
    def f(x, rows):
        return np.sum(bp.grad(lambda x: np.sum(take_rows(x, rows)[:1]))(x)), take_rows(x, rows)

    run, (total, taken), _ = bound(trace(f, np.ones((3, 2)), np.array([0, 5])), [np.ones((3, 2)), np.array([0, 5])])
    run()
    assert total == 2
    np.testing.assert_array_equal(taken, [[1, 1], [np.nan, np.nan]])
