"""Functions of JAX as models of ours, beside JAX's own values and gradients."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import backpath as bp
from backpath.importers.jaxpr.running import pointwise, products, reductions, shapes
from backpath.importers.jaxpr.table import LAX

RNG = np.random.default_rng(0)
KEY = jax.random.key(0)


def normal(*shape: int) -> jnp.ndarray:
    return jnp.asarray(RNG.normal(size=shape))


def test_calls_are_inlined_and_loops_unrolled():
    @jax.jit
    def cell(h, x):
        return jax.checkpoint(lambda h: jnp.tanh(h + x))(h)

    def f(p, x):
        h, all_of_them = lax.scan(lambda h, x: (cell(h @ p, x), h.sum(-1)), x[:, 0], jnp.swapaxes(x, 0, 1))
        return h + all_of_them.mean() + lax.fori_loop(0, 3, lambda k, s: s * 0.5 + k, h)

    model = bp.from_jax(f, normal(3, 3), normal(2, 4, 3))
    assert model.agreement.agrees, str(model.agreement)


def test_a_loop_without_end_and_what_is_missing_stand_in_one_error():
    def f(p, x):
        y = lax.while_loop(lambda s: s.sum() < 9, lambda s: s + 1, x @ p)
        return y + jnp.linalg.eigh(p)[0] + jax.random.normal(KEY, (3,)) + jnp.linalg.eigh(p @ p)[0]

    with pytest.raises(bp.UnsupportedError) as caught:
        bp.from_jax(f, normal(3, 3), normal(2, 3))
    assert "while, a loop whose number of turns depends on values: once" in str(caught.value)
    assert "eigh: 2 times" in str(caught.value)


def test_float32_is_float32_and_runs_in_float64_too():
    w = normal(3, 2).astype(jnp.float32)
    model = bp.from_jax(lambda w, x: jax.nn.softmax(x @ w * 2.0), w, normal(4, 3).astype(jnp.float32))
    assert model.agreement.agrees
    x = RNG.normal(size=(2, 3))
    assert model.scores(model.first, x.astype(np.float32)).dtype == np.float32
    wide = {name: value.astype(float) for name, value in model.first.items()}
    assert model.scores(wide, x).dtype == np.float64
    e = bp.explain(model, (wide, x), output=(0, 1))
    np.testing.assert_allclose(
        e.gradient["X"], jax.grad(lambda x: jax.nn.softmax(x @ w.astype(float) * 2.0)[0, 1])(x), atol=1e-12
    )


def test_fit():
    X = RNG.normal(size=(80, 2)).astype(np.float32)
    f = lambda p, x: jnp.tanh(x @ p["W"] + p["b"]) @ p["V"]  # noqa: E731
    model = bp.from_jax(f, {"W": normal(2, 8), "b": normal(8), "V": normal(8, 2)}, X[:4])
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    fit = bp.fit(model, X, y, epochs=60, optimizer=bp.optimizers.adam(3e-2))
    assert np.mean(fit.network.predict(fit.parameters, X) == y) > 0.9


POSITIVE = np.abs(RNG.normal(size=(3, 4))) + 0.1
OTHER = np.abs(RNG.normal(size=(3, 4))) + 0.2
UNARY = """neg sign floor ceil exp exp2 log expm1 log1p tanh logistic sin cos tan asin acos atan sinh cosh asinh atanh
sqrt cbrt abs rsqrt square erf erfc erf_inv lgamma digamma round""".split()
BINARY = "add sub mul div rem pow max min atan2".split()


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one(name):
    f = getattr(lax, name)
    model = bp.from_jax(lambda p, x: f(x * p), jnp.asarray(0.5), POSITIVE / 3)
    assert model.agreement.agrees, str(model.agreement)


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two(name):
    f = {"max": lax.max, "min": lax.min}.get(name) or getattr(lax, name)
    model = bp.from_jax(lambda p, x: f(x * p, p + jnp.asarray(OTHER)), jnp.asarray(0.5), POSITIVE)
    assert model.agreement.agrees, str(model.agreement)


X = RNG.normal(size=(3, 4, 5))
WHOLE = np.array([2, 0, 1])
MOVES = {
    "cumsum": lambda x: lax.cumsum(x, 1, reverse=True),
    "cumprod": lambda x: lax.cumprod(x, 2),
    "cummax": lambda x: lax.cummax(x, 1),
    "cumlogsumexp": lambda x: lax.cumlogsumexp(x, 1),
    "sort": lambda x: lax.sort(x, dimension=1),
    "sort by a key": lambda x: lax.sort((x, x * 2.0), dimension=1, num_keys=1)[1],
    "top_k": lambda x: lax.top_k(x, 2)[0],
    "argmax": lambda x: x * jnp.argmax(x, 1, keepdims=True),
    "reduce_prod": lambda x: jnp.prod(x, 1),
    "rev": lambda x: lax.rev(x, (0, 2)),
    "pad": lambda x: lax.pad(x, 1.5, ((1, 0, 0), (0, 2, 1), (-1, 0, 0))),
    "interior pad": lambda x: lax.pad(x, 0.0, ((0, 0, 2), (0, 0, 0), (0, 0, 1))),
    "slice": lambda x: lax.slice(x, (0, 1, 0), (3, 4, 5), (2, 1, 3)),
    "dynamic slice": lambda x: lax.dynamic_slice(x, (0, jnp.argmax(x[0, :, 0]), 9), (2, 2, 3)),
    "dynamic update": lambda x: lax.dynamic_update_slice(x, 2.0 * x[:1, :2], (1, 3, 0)),
    "gather": lambda x: x[jnp.asarray(WHOLE), :, jnp.asarray([0, 4, 2])],
    "gather clipped": lambda x: jnp.take(x, jnp.asarray([0, 9, -1]), axis=1, mode="clip"),
    "gather at values": lambda x: jnp.take_along_axis(x, jnp.argsort(x, 1), 1),
    "scatter": lambda x: x.at[jnp.asarray(WHOLE[:2]), 1].set(x[:2, 0] * 3.0),
    "scatter-add": lambda x: x.at[jnp.asarray([0, 0, 2])].add(x * x),
    "dot_general": lambda x: jnp.einsum("abc,adc->bad", x, x),
    "select": lambda x: jnp.where(x > 0, x, jnp.sin(x)),
    "select of three": lambda x: lax.select_n((x > 0).astype(int) + (x > 1), x, 2 * x, x * x),
    "cond": lambda x: lax.cond(x.sum() > 0, lambda x: x * 2, jnp.tanh, x),
    "reduce window": lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 2, 3), (1, 2, 1), "SAME"),
    "least of windows": lambda x: lax.reduce_window(x, jnp.inf, lax.min, (2, 1, 2), (1, 1, 2), "VALID"),
    "convolution": lambda x: lax.conv_general_dilated(x, x[:, :, :3], (2,), [(1, 2)], (2,), (1,)),
    "groups": lambda x: lax.conv_general_dilated(x, x[:2, :2, :3], (1,), [(1, -1)], feature_group_count=2),
    "iota": lambda x: x * lax.broadcasted_iota(x.dtype, x.shape, 1),
    "stop_gradient": lambda x: x * lax.stop_gradient(x),
    "clamp": lambda x: lax.clamp(-0.5, x, 0.5),
    "integer_pow": lambda x: x**3 + (x + 5.0) ** -2,
    "logsumexp": lambda x: jax.nn.logsumexp(x, axis=1),
    "one hot": lambda x: jax.nn.one_hot(jnp.asarray(WHOLE), 4) @ x[0],
    "split": lambda x: sum(jnp.split(x, [1, 3], axis=1)[1::-1], 0.0)[:, :1],
}


@pytest.mark.parametrize("name", MOVES)
def test_moves_reductions_and_products(name):
    f = MOVES[name]
    model = bp.from_jax(lambda p, x: f(x * p), jnp.asarray(RNG.uniform(0.5, 1.5, X.shape)), X)
    assert model.agreement.agrees, str(model.agreement)
    assert model.agreement.gradients


def test_every_primitive_of_the_table_is_one_of_jax():
    assert {pointwise, products, reductions, shapes}
    assert len(LAX) > 100
