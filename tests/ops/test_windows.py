"""Windows over images: unroll, fold and the largest entries, in every semiring and as many times as one likes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.nets import convolution
from backpath.ops import Windows, max_in_windows, unroll
from backpath.ops.windows import fold
from backpath.paths import (
    ACTIVE_COUNT,
    MASS,
    MAX_PRODUCT,
    PATH_COUNT,
    REACHABILITY,
    SUM_PRODUCT,
    linearize,
    pull_back,
    push_forward,
)

small = st.integers(1, 3)


@st.composite
def windows(draw, length, pads=True):
    span = st.integers(0, 2) if pads else st.just(0)
    padding = draw(span), draw(span)
    size = draw(st.integers(1, min(3, length)))
    dilation = draw(st.integers(1, 2 if 2 * (size - 1) < length else 1))
    return Windows.over(length, size, draw(small), dilation, padding)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_unroll_and_fold_are_each_others_transpose(data):
    height, width, channels = (data.draw(st.integers(1, 5)) for _ in range(3))
    rows, columns = data.draw(windows(height)), data.draw(windows(width))
    middle = data.draw(st.sampled_from([(), (2,)]))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, height, width, *middle, channels))
    y = unroll(x, rows, columns)
    padded = np.pad(x, ((0, 0), (rows.before, rows.after), (columns.before, columns.after), *((0, 0),) * (x.ndim - 3)))
    for k in range(rows.size):
        for m in range(columns.size):
            part = (k * columns.size + m) * channels
            expected = padded[:, rows.at(k), columns.at(m)]
            np.testing.assert_array_equal(y[..., part : part + channels], expected)
    s = rng.standard_normal(y.shape)
    assert np.sum(y * s) == pytest.approx(np.sum(x * fold(s, rows, columns, x.shape)), rel=1e-12, abs=1e-12)
    bp.check_grads(lambda x: np.sum(np.tanh(unroll(x, rows, columns)) * s), (x,))
    bp.check_grads(lambda s: np.sum(np.tanh(fold(s, rows, columns, x.shape)) * x), (s,))


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_largest_entries(data):
    height, width = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    rows, columns = data.draw(windows(height, False)), data.draw(windows(width, False))
    x = np.random.default_rng(0).permutation(2 * height * width * 3).reshape(2, height, width, 3) / 7
    y = max_in_windows(x, rows, columns)
    np.testing.assert_array_equal(y, np.max(unroll(x, rows, columns).reshape(*y.shape[:3], -1, 3), axis=3))

    def f(x):
        return np.sum(np.sin(max_in_windows(x, rows, columns)) ** 2)

    def spelled_out(x):
        return np.sum(np.sin(np.max(np.reshape(unroll(x, rows, columns), (*y.shape[:3], -1, 3)), axis=3)) ** 2)

    np.testing.assert_allclose(bp.grad(f)(x), bp.grad(spelled_out)(x), rtol=1e-12)
    ties = np.round(x / 8)
    np.testing.assert_allclose(bp.grad(f)(ties), bp.grad(spelled_out)(ties), rtol=1e-12)
    np.testing.assert_allclose(bp.jvp(f, (x,), (ties,))[1], np.sum(bp.grad(f)(x) * ties), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        bp.grad(lambda x: np.sum(bp.grad(f)(x) * ties))(x),
        bp.grad(lambda x: np.sum(bp.grad(spelled_out)(x) * ties))(x),
        rtol=1e-9, atol=1e-9,
    )  # fmt: skip


def path_sums(f, x, semiring):
    lin = linearize(f, x)
    (output,), (source,) = lin.outputs, lin.inputs
    pulled = pull_back(lin, {output: semiring.one((), x.dtype)}, [source], semiring)[source]
    pushed = push_forward(lin, {source: semiring.one(x.shape, x.dtype)}, semiring)[output]
    return np.asarray(pulled, float), np.asarray(pushed, float)


def test_path_sums_of_a_convolution_and_a_pool_in_any_semiring():
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((1, 4, 4, 1)), rng.standard_normal((2, 2, 1, 2))
    rows = columns = Windows.over(5, 2, 2, 1, (0, 0))

    def f(x):
        return np.sum(max_in_windows(convolution(x, W, padding=1), rows, columns))

    def spelled_out(x):
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        y = np.stack([
            np.stack([np.sum(padded[:, i : i + 2, j : j + 2, :, None] * W, axis=(1, 2, 3)) for j in range(5)], 1)
            for i in range(5)
        ], 1)  # fmt: skip
        parts = [[y[:, i : i + 2, j : j + 2] for j in (0, 2)] for i in (0, 2)]
        return sum(np.sum(np.max(np.reshape(part, (1, 4, 2)), axis=1)) for row in parts for part in row)

    for semiring in (SUM_PRODUCT, PATH_COUNT, MASS, ACTIVE_COUNT, MAX_PRODUCT, REACHABILITY):
        for one, other in zip(path_sums(f, x, semiring), path_sums(spelled_out, x, semiring), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12, err_msg=semiring.name)
