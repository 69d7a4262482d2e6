"""Large products block by block, and an optimizer's step that follows where its gradient is made."""

import numpy as np
import pytest

from backpath.engines import compile_graph
from backpath.engines.compiled.engine import Machine
from backpath.ops import trace

DTYPES = [np.float32, np.float64]
SHAPES = [(512, 512, 512), (700, 333, 801), (601, 515, 600), (300, 1000, 450)]


def product_of(a_turned, b_turned):
    return lambda a, b: (a.T if a_turned else a) @ (b.T if b_turned else b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("a_turned", [False, True])
@pytest.mark.parametrize("b_turned", [False, True])
@pytest.mark.parametrize(("m", "n", "k"), SHAPES)
def test_products_of_whole_numbers_are_exact(dtype, a_turned, b_turned, m, n, k):
    rng = np.random.default_rng(m)
    a = rng.integers(-9, 10, (k, m) if a_turned else (m, k)).astype(dtype)
    b = rng.integers(-9, 10, (n, k) if b_turned else (k, n)).astype(dtype)
    f = product_of(a_turned, b_turned)
    for threads in (1, 3):
        around = np.full((m + 2, n), 77, dtype)
        out = around[1:-1]
        out[...] = np.nan
        Machine([(compile_graph(trace(f, a, b)), [a, b], [out])], np.dtype(dtype), threads=threads)(2)
        np.testing.assert_array_equal(out, f(a, b))
        assert (around[[0, -1]] == 77).all()


def descent(threads, dtype, steps, updates=True):
    """A machine that has made so many steps of momentum, and what it changed."""
    rng = np.random.default_rng(5)
    X, D, E = (rng.standard_normal((512, n)).astype(dtype) for n in (530, 520, 100))
    sizes = [(530, 520), (7,), (530, 100), (520, 100)]
    flat = rng.standard_normal(sum(int(np.prod(s)) for s in sizes)).astype(dtype)
    momentum, gradient = np.zeros_like(flat), np.full_like(flat, np.nan)
    views = np.split(gradient, np.cumsum([int(np.prod(s)) for s in sizes]))[:-1]
    views = [view.reshape(size) for view, size in zip(views, sizes, strict=True)]

    def made(X, D, E):
        return X.T @ D, D[:7, 0] * 2, X.T @ E, D.T @ E

    def changed(gradient, flat, momentum):
        momentum = 0.9 * momentum + gradient
        return flat - 0.001 * momentum, momentum

    first = compile_graph(trace(made, X, D, E))
    second = compile_graph(trace(changed, gradient, flat, momentum), {0: 1, 1: 2})
    parts = [(first, [X, D, E], views), (second, [gradient, flat, momentum], [flat, momentum])]
    before = flat.copy()
    machine = Machine(parts[: 1 + updates], np.dtype(dtype), threads=threads)
    machine(steps)
    return machine, before, np.concatenate([g.ravel() for g in made(*(x.astype(float) for x in (X, D, E)))]), flat


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_step_follows_where_a_gradient_is_made_and_needs_no_meeting_more(dtype):
    one, *others = (descent(threads, dtype, 3) for threads in (1, 2, 3))
    _, before, gradient, after = one
    expected = before - 0.001 * gradient * (1 + 1.9 + 2.71)
    np.testing.assert_allclose(after, expected, rtol=0, atol=2e3 * np.finfo(dtype).eps)
    assert all(np.array_equal(after, other[3]) for other in others)
    alone = descent(2, dtype, 1, updates=False)[0]
    assert len(others[0][0].stretches) == len(alone.stretches)
    assert len(others[0][0].code) == len(alone.code) + 4
