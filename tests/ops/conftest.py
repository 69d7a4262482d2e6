"""Derivatives of first and second order, ours and JAX's, of a weighted sum of a function's entries."""

import jax
import numpy as np
import pytest

import backpath as bp


def relative_error(ours, theirs):
    """The largest difference, relative to the largest entry."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    scale = max(np.abs(theirs).max(initial=0.0), 1e-3)
    return np.abs(ours - theirs).max(initial=0.0) / scale


@pytest.fixture
def agree():
    """Assert that value, gradient and the gradient of a projected gradient agree with JAX for every operand."""

    def check(ours, theirs, operands, rng, tolerance=1e-10):
        operands = [np.asarray(x) for x in operands]
        value = ours(*operands)
        expected = theirs(*operands)
        assert relative_error(value, expected) < tolerance
        weights = rng.uniform(0.5, 1.5, np.shape(value))
        directions = [rng.uniform(0.5, 1.5, x.shape) for x in operands]
        numbers = tuple(range(len(operands)))

        def total(f):
            return lambda *xs: (f(*xs) * weights).sum()

        def along(gradient):
            return lambda *xs: sum((g * d).sum() for g, d in zip(gradient(*xs), directions, strict=True))

        first = bp.grad(total(ours), numbers)
        first_of_jax = jax.grad(total(theirs), numbers)
        for a, b in zip(first(*operands), first_of_jax(*operands), strict=True):
            assert relative_error(a, b) < tolerance
        second = bp.grad(along(first), numbers)(*operands)
        second_of_jax = jax.grad(along(first_of_jax), numbers)(*operands)
        for a, b in zip(second, second_of_jax, strict=True):
            assert relative_error(a, b) < tolerance

    return check
