"""Convolution, pooling, normalization and attention against JAX; and explanations of networks made of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import distinct

import backpath as bp
from backpath.nets.blocks import attention, convolution, layer_norm, max_pool, mean_pool, residual

RNG = np.random.default_rng(0)


def assert_agree(ours, theirs, *operands):
    """Values and gradients of a weighted sum of them."""
    weights = np.random.default_rng(1).uniform(0.5, 1.5, np.shape(ours(*operands)))
    np.testing.assert_allclose(ours(*operands), theirs(*operands), rtol=1e-12, atol=1e-12)
    numbers = tuple(range(len(operands)))
    found = bp.grad(lambda *xs: np.sum(ours(*xs) * weights), numbers)(*operands)
    expected = jax.grad(lambda *xs: jnp.sum(theirs(*xs) * weights), numbers)(*operands)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-11)


def jax_convolution(stride, padding):
    def f(x, W, b):
        y = jax.lax.conv_general_dilated(
            x, W, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return y + b

    return f


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_convolution(data):
    stride, padding = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 2))
    rows, columns = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    height, width = data.draw(st.integers(3, 6)), data.draw(st.integers(3, 6))
    x, W, b = (
        RNG.standard_normal((2, height, width, 2)),
        RNG.standard_normal((rows, columns, 2, 3)),
        RNG.standard_normal(3),
    )
    assert_agree(
        lambda x, W, b: convolution(x, W, b, stride=stride, padding=padding), jax_convolution(stride, padding), x, W, b
    )


@pytest.mark.parametrize(("size", "stride"), [(2, None), (2, 1), (3, 2)])
def test_pooling(size, stride):
    x = distinct(RNG, (2, 6, 5, 3))
    window, steps = (1, size, size, 1), (1, stride or size, stride or size, 1)
    assert_agree(
        lambda x: max_pool(x, size, stride),
        lambda x: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, steps, "VALID"),
        x,
    )
    assert_agree(
        lambda x: mean_pool(x, size, stride),
        lambda x: jax.lax.reduce_window(x, 0.0, jax.lax.add, window, steps, "VALID") / size**2,
        x,
    )


def test_layer_norm():
    def theirs(x, gain, bias):
        return jax.nn.standardize(x, axis=-1, epsilon=1e-5) * gain + bias

    assert_agree(layer_norm, theirs, RNG.standard_normal((4, 6)), RNG.standard_normal(6), RNG.standard_normal(6))


def test_attention():
    def theirs(x, q, k, v):
        return jax.nn.softmax((x @ q) @ (x @ k).T / jnp.sqrt(5.0), axis=-1) @ (x @ v)

    assert_agree(attention, theirs, *(RNG.standard_normal(s) for s in [(4, 3), (3, 5), (3, 5), (3, 2)]))


def test_a_small_network_of_all_of_them_is_explained():
    K, W, A = (
        RNG.standard_normal((2, 2, 1, 2)),
        RNG.standard_normal((8, 4)),
        [RNG.standard_normal((4, 4)) / 2 for _ in range(3)],
    )

    def f(x):
        h = max_pool(bp.relu(convolution(x, K, padding=1)), 2)
        h = layer_norm(h.reshape(1, -1)[:, :8] @ W)
        return residual(lambda h: attention(h, *A), np.concatenate([h, 2 * h]))[0, 1]

    e = bp.explain(f, (RNG.standard_normal((1, 4, 4, 1)),))
    np.testing.assert_allclose(e.gradient["x"], bp.grad(f)(e.lin.values[0]), rtol=1e-12)
    assert e.verify() == dict.fromkeys(e.verify(), True)
    assert bp.check_grads(f, (e.lin.values[0],)).ok


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: residual(lambda x: x[:1], np.ones(3)), r"the branch makes \[1\] of \[3\]"),
        (
            lambda: convolution(np.ones((1, 4, 4, 2)), np.ones((2, 2, 3, 1))),
            r"x has shape \[1, 4, 4, 2\] and W \[2, 2, 3, 1\]",
        ),
        (lambda: convolution(np.ones((4, 4)), np.ones((2, 2, 1, 1))), r"x has shape \[4, 4\]"),
        (lambda: max_pool(np.ones((1, 2, 2, 1)), 3), "windows of 3 by 3 with stride 3 do not fit an image of 2 by 2"),
    ],
)
def test_shapes_that_do_not_fit(call, message):
    with pytest.raises(bp.ShapeError, match=message):
        call()
