"""Values and gradients of every layer against PyTorch's, at random shapes and settings; and in both engines."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional

import backpath as bp
from backpath.nets import layers


@pytest.fixture(autouse=True, scope="module")
def in_float64():
    """PyTorch makes new numbers in float64 here, and elsewhere as before."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def agree(layer, theirs, x, rng, spread=1.0):
    """Values, and gradients of a weighted sum of them by x and every parameter, agree to 1e-10."""
    draws = layer.parameters(x.shape[1:], "identity")
    p = {name: spread * rng.standard_normal(draw.shape) for name, draw in draws.items()}
    assert layer.outputs(x.shape[1:]) == np.shape(layer.apply(p, x))[1:]
    real = x.dtype.kind == "f"
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in p.items()}
    X = torch.tensor(x, requires_grad=real)
    expected = theirs(leaves, X)
    np.testing.assert_allclose(layer.apply(p, x), expected.detach().numpy(), rtol=1e-10, atol=1e-10)
    weights = rng.standard_normal(expected.shape)
    (expected * torch.tensor(weights)).sum().backward()
    found = bp.grad(lambda p, x: np.sum(layer.apply(p, x) * weights), (0, 1) if real else (0,))(p, x)
    for name, leaf in leaves.items():
        np.testing.assert_allclose(found[0][name], leaf.grad.numpy(), rtol=1e-10, atol=1e-10)
    if real:
        np.testing.assert_allclose(found[1], X.grad.numpy(), rtol=1e-10, atol=1e-10)


def first(x):
    """Channels first, as PyTorch has them."""
    return x.permute(0, 3, 1, 2)


def last(x):
    return x.permute(0, 2, 3, 1)


pairs = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))


def both(value):
    return (value, value) if isinstance(value, int) else value


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_convolutions(data):
    draw = data.draw
    groups, size, stride, dilation = draw(st.integers(1, 3)), draw(pairs), draw(pairs), draw(pairs)
    height, width, seen, made = (draw(st.integers(1, n)) for n in (8, 8, 2, 3))
    side = st.integers(0, 2)
    padding = draw(
        st.one_of(
            st.sampled_from(["same", "valid"]),
            side,
            st.tuples(side, side),
            st.tuples(st.tuples(side, side), st.tuples(side, side)),
        )
    )
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    layer = layers.Conv(made * groups, size, stride=stride, padding=padding, dilation=dilation, groups=groups)
    x = rng.standard_normal((2, height, width, seen * groups))
    spans = [d * (n - 1) + 1 for n, d in zip(both(size), both(dilation), strict=True)]
    sides = sides_of(padding, (height, width), spans, both(stride))
    assume(all(n + sum(s) >= span for n, s, span in zip((height, width), sides, spans, strict=True)))

    def theirs(p, X):
        padded = functional.pad(first(X), (*sides[1], *sides[0]))
        kernel = p["W"].permute(3, 2, 0, 1).clone(memory_format=torch.contiguous_format)
        return last(functional.conv2d(padded, kernel, p["b"], both(stride), 0, both(dilation), groups))

    agree(layer, theirs, x, rng)


def sides_of(padding, lengths, spans, strides):
    """Zeros before and after each axis, worked out anew."""
    if padding == "same":
        sides = []
        for n, span, stride in zip(lengths, spans, strides, strict=True):
            total = max(((n + stride - 1) // stride - 1) * stride + span - n, 0)
            sides.append((total // 2, total - total // 2))
        return sides
    if padding == "valid":
        return [(0, 0), (0, 0)]
    return [both(part) for part in both(padding)]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_pools(data):
    draw = data.draw
    size, stride = draw(pairs), draw(st.one_of(st.none(), pairs))
    height, width = draw(st.integers(3, 8)), draw(st.integers(3, 8))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.permutation(2 * height * width * 3).reshape(2, height, width, 3) / 7
    step = both(size if stride is None else stride)
    agree(layers.MaxPool(size, stride), lambda p, X: last(functional.max_pool2d(first(X), both(size), step)), x, rng)
    agree(layers.MeanPool(size, stride), lambda p, X: last(functional.avg_pool2d(first(X), both(size), step)), x, rng)
    agree(layers.GlobalMeanPool(), lambda p, X: X.mean((1, 2)), x, rng)


def test_pools_share_ties_equally():
    x = np.zeros((1, 2, 2, 1))
    assert bp.grad(lambda x: np.sum(layers.MaxPool(2).apply({}, x)))(x).ravel().tolist() == [0.25] * 4
    x[0, 1, 1] = -1
    assert bp.grad(lambda x: np.sum(layers.MaxPool(2).apply({}, x)))(x).ravel() == pytest.approx([1 / 3] * 3 + [0])


shapes = st.lists(st.integers(1, 4), min_size=1, max_size=3)


@settings(max_examples=25, deadline=None)
@given(shapes, st.integers(0, 99))
def test_layers_of_any_shape(shape, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((3, *shape))
    agree(layers.Dense(3), lambda p, X: X @ p["W"] + p["b"], x, rng)
    agree(layers.Dense(2, bias=False), lambda p, X: X @ p["W"], x, rng)
    agree(layers.Flatten(), lambda p, X: X.flatten(1), x, rng)
    agree(layers.Affine(), lambda p, X: X * p["gain"] + p["shift"], x, rng)
    if shape[-1] > 1:
        agree(layers.LayerNorm(), lambda p, X: functional.layer_norm(X, shape[-1:], p["gain"], p["shift"]), x, rng)

    def batch_norm(p, X):
        flat = X.reshape(-1, shape[-1])
        return functional.batch_norm(flat, None, None, p["gain"], p["shift"], training=True).reshape(X.shape)

    agree(layers.BatchNorm(), batch_norm, x, rng)


THEIRS = {
    "identity": lambda x: x,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "mish": functional.mish,
    "softplus": functional.softplus,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


@pytest.mark.parametrize("name", list(bp.nets.ACTIVATIONS))
def test_activations(name):
    rng = np.random.default_rng(0)
    agree(layers.Activation(name), lambda p, X: THEIRS[name](X), rng.standard_normal((4, 3, 2)) * 2, rng)


def attend(p, X, heads, causal):
    """PyTorch's attention, with biases of keys that change nothing."""
    n, length, width = X.shape

    def parted(name):
        made = X @ p[f"W_{name}"] + p.get(f"b_{name}", torch.tensor(3.0))
        return made.reshape(n, length, heads, width // heads).transpose(1, 2)

    y = functional.scaled_dot_product_attention(*map(parted, ("query", "key", "value")), is_causal=causal)
    return y.transpose(1, 2).reshape(n, length, width) @ p["W_output"] + p["b_output"]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 5), st.booleans(), st.integers(0, 99))
def test_attention(heads, each, length, causal, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, length, heads * each))
    agree(layers.SelfAttention(heads, causal), lambda p, X: attend(p, X, heads, causal), x, rng)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 2), st.integers(2, 4), st.booleans(), st.integers(0, 99))
def test_transformer_blocks_and_residuals(heads, length, causal, seed):
    rng = np.random.default_rng(seed)
    width = 4
    x = rng.standard_normal((2, length, width))

    def normed(p, name, X):
        return functional.layer_norm(X, (width,), p[f"{name}.gain"], p[f"{name}.shift"])

    def theirs(p, X):
        one, two = "residual_1", "residual_2"
        own = {k.removeprefix(f"{one}.self_attention_2."): v for k, v in p.items() if "self_attention" in k}
        X = X + attend(own, normed(p, f"{one}.layer_norm_1", X), heads, causal)
        h = functional.gelu(normed(p, f"{two}.layer_norm_1", X) @ p[f"{two}.dense_2.W"] + p[f"{two}.dense_2.b"])
        return X + h @ p[f"{two}.dense_4.W"] + p[f"{two}.dense_4.b"]

    agree(layers.TransformerBlock(heads, 5, causal=causal), theirs, x, rng, 0.5)
    residual = layers.Residual([layers.Dense(3), layers.Activation("tanh"), layers.Dense(width)])

    def skipped(p, X):
        return X + torch.tanh(X @ p["dense_1.W"] + p["dense_1.b"]) @ p["dense_3.W"] + p["dense_3.b"]

    agree(residual, skipped, x, rng)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), shapes, st.integers(0, 99))
def test_embeddings(vocabulary, width, shape, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, vocabulary, (2, *shape))
    agree(layers.Embedding(vocabulary, width), lambda p, X: functional.embedding(X, p["table"]), x, rng)


def test_positions_are_sines_and_cosines():
    found = layers.PositionalEncoding().apply({}, np.zeros((1, 50, 6)))[0]
    for place in (0, 7, 49):
        for k in range(3):
            angle = place / 10_000 ** (2 * k / 6)
            assert found[place, 2 * k : 2 * k + 2] == pytest.approx([np.sin(angle), np.cos(angle)], abs=1e-12)


def test_noise_is_what_it_says():
    rng = np.random.default_rng(0)
    x, u = rng.standard_normal((5, 6, 7, 2)), {}
    for layer in (layers.Dropout(0.4), layers.RandomFlip(), layers.RandomShift(2)):
        u[layer] = {k: rng.random((5, *shape)) for k, shape in layer.noise(x.shape[1:]).items()}
        assert np.array_equal(layer.apply({}, x), x)
    kept = u[layers.Dropout(0.4)]["kept"] >= 0.4
    np.testing.assert_allclose(
        layers.Dropout(0.4).apply({}, x, u[layers.Dropout(0.4)]), np.where(kept, x / 0.6, 0), rtol=1e-15
    )
    flipped = layers.RandomFlip().apply({}, x, u[layers.RandomFlip()])
    shifted = layers.RandomShift(2).apply({}, x, u[layers.RandomShift(2)])
    for k in range(5):
        turn = u[layers.RandomFlip()]["side"][k].item() < 0.5
        assert np.array_equal(flipped[k], x[k, :, ::-1] if turn else x[k])
        wide = np.pad(x[k], ((2, 2), (2, 2), (0, 0)))
        down, across = (int(5 * u[layers.RandomShift(2)][name][k].item()) for name in ("down", "across"))
        assert np.array_equal(shifted[k], wide[down : down + 6, across : across + 7])


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_second_derivatives_and_programs_of_a_convolution(engine):
    rng = np.random.default_rng(0)
    x, W, v = (rng.standard_normal(s) for s in ((2, 5, 5, 2), (3, 3, 2, 3), (3, 3, 2, 3)))

    def f(W):
        return np.sum(np.tanh(bp.nets.max_pool(bp.nets.convolution(x, W, stride=2, padding="same"), 2)))

    def theirs(W):
        h = functional.conv2d(
            functional.pad(first(torch.tensor(x)), (1, 1, 1, 1)),
            W.permute(3, 2, 0, 1).clone(memory_format=torch.contiguous_format),
            stride=2,
        )
        return torch.tanh(functional.max_pool2d(h, 2)).sum()

    grad, product = torch.autograd.functional.vhp(theirs, torch.tensor(W), torch.tensor(v))
    value, slope = bp.compile(bp.value_and_grad(f), engine=engine)(W)
    expected = torch.autograd.functional.jacobian(theirs, torch.tensor(W))
    np.testing.assert_allclose(value, float(grad), rtol=1e-12)
    np.testing.assert_allclose(slope, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(bp.hvp(f, (W,), (v,))[0], product, rtol=1e-10, atol=1e-10)
