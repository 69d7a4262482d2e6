"""Argument forms drawn at random: shapes with sizes of 0, negative and several axes, against JAX to second order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.paths import linearize

OF_AXES = "sum prod mean max min std var nansum nanmean nanprod nanmax nanmin ptp median average".split()
OF_AN_AXIS = (
    "cumsum cumprod sort diff flip nancumsum nancumprod cumulative_sum trapezoid unstack argsort argmin".split()
)
OF_TWO = "logaddexp2 copysign fmax fmin remainder fmod hypot arctan2 kron heaviside float_power".split()
NEED_ENTRIES = set("mean max min std var nanmean nanmax nanmin ptp median average argmin".split())
MOST = 1e-12


@pytest.fixture(autouse=True, scope="module")
def quick_to_compile():
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


def distinct(shape, seed):
    size = int(np.prod(shape))
    return (np.random.default_rng(seed).permutation(size).reshape(shape) + 1.37) * 0.31 - 1.02


@st.composite
def forms(draw):
    """A function of arrays that is written with either library, its operands, and its name."""
    kind = draw(st.sampled_from(["axes", "axes", "axis", "two", "where"]))
    ndim = draw(st.integers(1, 3))
    shape = tuple(draw(st.sampled_from([0, 1, 2, 3, 3])) for _ in range(ndim))
    seed = draw(st.integers(0, 99))
    if kind == "two":
        name = draw(st.sampled_from(OF_TWO))
        other = tuple(n if draw(st.booleans()) else 1 for n in shape)[draw(st.integers(0, ndim)) :]
        operands = [distinct(shape, seed), distinct(other, seed + 1) + 0.123]
        operands = [np.abs(x) + 0.1 for x in operands] if name == "float_power" else operands
        return name, lambda np_, a, b: getattr(np_, name)(a, b), operands
    if kind == "axis":
        name, axis = draw(st.sampled_from(OF_AN_AXIS)), draw(st.integers(-ndim, ndim - 1))
        shape = tuple(max(n, 1) for n in shape) if name in NEED_ENTRIES else shape
        return f"{name}({axis})", lambda np_, x: getattr(np_, name)(x, axis=axis), [distinct(shape, seed)]
    name = draw(st.sampled_from(OF_AXES))
    axes = draw(st.lists(st.integers(0, ndim - 1), min_size=1, max_size=ndim, unique=True))
    axes = [k - ndim if draw(st.booleans()) else k for k in axes]
    axis = draw(st.sampled_from([None, axes[0], tuple(axes)]))
    shape = tuple(max(n, 1) for n in shape) if name in NEED_ENTRIES else shape
    # A deviation of one entry is 0, where its root has no derivative.
    shape = tuple(max(n, 2) for n in shape) if name == "std" else shape
    how = {"axis": axis, "keepdims": draw(st.booleans())}
    if kind == "where" and name in ("sum", "prod", "nansum", "nanprod"):
        how |= {"where": np.arange(int(np.prod(shape))).reshape(shape) % 2 == 0, "initial": 1.7}
    return f"{name}({how})", lambda np_, x: getattr(np_, name)(x, **how), [distinct(shape, seed)]


def leaves(y):
    return [leaf for part in y for leaf in leaves(part)] if isinstance(y, (tuple, list)) else [y]


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(forms())
def test_a_form_drawn_at_random(form):
    _, f, operands = form
    expected = [np.asarray(y) for y in leaves(f(np, *operands))]
    p = linearize(lambda *xs: f(np, *xs), *operands)
    for o, y in zip(p.outputs, expected, strict=True):
        value = np.asarray(p.values[o])
        assert (value.shape, value.dtype) == (y.shape, y.dtype)
        np.testing.assert_allclose(value, y, rtol=1e-13, atol=1e-14)

    def total(np_):
        def of(*xs):
            parts = [y for y in leaves(f(np_, *xs)) if y.dtype.kind == "f"]
            weights = [np.cos(np.arange(float(np.prod(y.shape)))).reshape(y.shape) for y in parts]
            return sum((y * a).sum() for y, a in zip(parts, weights, strict=True)) + 0.0 * xs[0].sum()

        return of

    numbers = tuple(range(len(operands)))
    along = [np.sin(1.0 + np.arange(float(x.size))).reshape(x.shape) for x in operands]
    gradient = jax.grad(total(jnp), numbers)
    theirs = jax.jit(lambda xs, ds: jax.jvp(lambda *ys: gradient(*ys), tuple(xs), tuple(ds)))(operands, along)
    ours = bp.grad(total(np), numbers)(*operands), bp.hvp(total(np), operands, along)
    for a, b in zip([*ours[0], *ours[1]], [*theirs[0], *theirs[1]], strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=0, atol=MOST * max(np.abs(b).max(initial=0.0), 1e-2))
