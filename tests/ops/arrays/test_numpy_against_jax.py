"""Every call of the table: NumPy's value, shape and type, and JAX's first and second derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy_cases import ARRAYS, CONSTANT_CALLS, DIFFERENTIABLE_CALLS, KNOWN, METHOD_CALLS

import backpath as bp
from backpath.paths import linearize

TOLERANCE = 1e-12


@pytest.fixture(autouse=True)
def quick_to_compile():
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


def leaves(value):
    """The arrays of real numbers in what a call returned."""
    parts = [leaf for part in value for leaf in leaves(part)] if isinstance(value, (tuple, list)) else [value]
    return [part for part in parts if getattr(part, "dtype", np.dtype(int)).kind == "f"]


def weighted(function):
    """The sum of all entries of all arrays, each with a weight of its own."""

    def total(*arrays):
        parts = leaves(function(*arrays))
        weights = [np.cos(1.0 + np.arange(float(np.prod(x.shape)))).reshape(x.shape) for x in parts]
        return sum((x * a).sum() for x, a in zip(parts, weights, strict=True)) + 0.0 * sum(x.sum() for x in arrays)

    return total


def directions(operands):
    return [np.sin(2.0 + np.arange(float(x.size))).reshape(x.shape) for x in operands]


def of_jax(call):
    """A function that gives JAX's gradient and the Hessian times a direction."""
    total = weighted(call.function(jnp, jax=True))
    gradient = jax.grad(total, tuple(range(len(call.names))))

    def both(operands, along):
        return jax.jvp(lambda *xs: gradient(*xs), tuple(operands), tuple(along))

    return both


def close(ours, theirs):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    scale = max(np.abs(theirs).max(initial=0.0), 1e-3)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE * scale)


def assert_as_numpy(call, dtype):
    names = call.names or call.whole
    operands = [np.asarray(ARRAYS[name], dtype) if name in ARRAYS else KNOWN[name] for name in names]
    expected = call.function(np, names=names)(*operands)
    traced = linearize(call.function(np, names=names), *operands)
    found = [traced.values[o] for o in traced.outputs]
    # A flag by itself is what a test gives here; in a tree of arguments it would be static.
    expected = [expected] if isinstance(expected, bool | np.bool) else bp.ops.leaves_of(expected)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        if "partition" not in call.text:
            relative, absolute = (1e-13, 1e-13) if dtype is np.float64 else (1e-5, 3e-6)
            np.testing.assert_allclose(ours, theirs, rtol=relative, atol=absolute)


ROWS = [(name, calls) for table in (DIFFERENTIABLE_CALLS, METHOD_CALLS) for name, calls in table.items()]


@pytest.mark.parametrize(("name", "calls"), ROWS, ids=[name for name, _ in ROWS])
def test_derivatives(name, calls):
    calls = [call for call in calls if call.names]
    operands = [[np.asarray(ARRAYS[n]) for n in call.names] for call in calls]
    along = [directions(arrays) for arrays in operands]
    theirs = jax.jit(lambda xs, ds: [of_jax(call)(x, d) for call, x, d in zip(calls, xs, ds, strict=True)])(
        operands, along
    )
    for call, xs, ds, (gradient, product) in zip(calls, operands, along, theirs, strict=True):
        total = weighted(call.function(np))
        numbers = tuple(range(len(xs)))
        for ours, expected in zip(bp.grad(total, numbers)(*xs), gradient, strict=True):
            close(ours, expected)
        for ours, expected in zip(bp.hvp(total, xs, ds), product, strict=True):
            close(ours, expected)


TABLES = (DIFFERENTIABLE_CALLS, CONSTANT_CALLS, METHOD_CALLS)
ALL = [call for table in TABLES for calls in table.values() for call in calls]


UNASKED = {
    ("np.full((2, 3), s, like=x)", "s"),
    ("np.full_like(x, s)", "s"),
    ("np.full_like(x, s, shape=(2, 2))", "s"),
    ("np.interp(z, r, u[:5], left=s, right=3.0)", "s"),
    ("np.nan_to_num(g, nan=s)", "s"),
    ("np.select([z > 0.5], [x * x], default=s)", "s"),
    ('(x * 3).astype(int).choose([x, y, z], mode="wrap")', "y"),
    ('(x * 3).astype(int).choose([x, y, z], mode="wrap")', "z"),
    ("x.dot(v)", "v"),
    ("r.searchsorted(z)", "z"),
}
"""Operands that NumPy does not ask whether they know better, where all others are known: it asks them for numbers."""


@pytest.mark.parametrize("call", [call for call in ALL if len(call.names) > 1], ids=lambda call: call.text)
def test_values_where_one_operand_is_traced_and_the_others_are_known(call):
    operands = [np.asarray(ARRAYS[name]) for name in call.names]
    expected = leaves(call.function(np)(*operands))
    for k, operand in enumerate(operands):
        with_one = lambda x, k=k: call.function(np)(*operands[:k], x, *operands[k + 1 :])  # noqa: E731
        if (call.text, call.names[k]) in UNASKED:
            with pytest.raises(bp.TraceError, match="write np"):
                linearize(with_one, operand)
            continue
        traced = linearize(with_one, operand)
        found = leaves([traced.values[o] for o in traced.outputs])
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("call", ALL, ids=[call.text for call in ALL])
def test_values(call):
    assert_as_numpy(call, np.float64)
    # In float32 what NumPy cuts from a remainder depends on how it was rounded.
    if "polydiv" not in call.text:
        assert_as_numpy(call, np.float32)
