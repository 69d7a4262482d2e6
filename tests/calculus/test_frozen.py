"""Arrays are read once: what changes later, inside the function or outside, is never half seen."""

import numpy as np
import pytest

import backpath as bp

X = np.array([1.0, 2.0])


def refilled(x):
    """A buffer of one's own, filled anew at each turn."""
    buffer, total = np.empty(2), 0.0
    for k in range(1, 4):
        buffer[:] = k
        total = total + np.sum(x * buffer) * k
    return total


def refilled_index(x):
    index, total = np.zeros(2, int), 0.0
    for k in range(2):
        index[:] = k
        total = total + np.sum(x[index]) * (k + 1)
    return total


def stretched(x):
    """A view of it, another shape of it, another order of it."""
    buffer = np.arange(4.0)
    view = buffer[::2]
    first = np.sum(x * view)
    buffer *= 10
    second = np.sum(x * view)
    buffer.shape = (2, 2)
    return first + second + np.sum(x @ buffer) + np.sum(x @ buffer.T)


CASES = {
    "refilled": (refilled, [14.0, 14.0]),
    "index": (refilled_index, [2.0, 4.0]),
    "stretched": (stretched, [30.0, 112.0]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_buffer_that_is_filled_again_counts_as_it_was_each_time(name):
    f, gradient = CASES[name]
    expected = float(f(X))
    value, found = bp.value_and_grad(f)(X)
    assert value == expected
    np.testing.assert_array_equal(found, gradient)
    lin = bp.linearize(f, X)
    np.testing.assert_array_equal(lin.gradient("x"), gradient)
    assert bp.compile(f)(X) == expected
    np.testing.assert_array_equal(bp.compile(bp.grad(f))(X), gradient)
    assert bp.check(f, X).ok
    assert bp.check_grads(f, (X,)).ok
    assert not bp.debug_gradient(f, lambda x: np.array(gradient) + 1, (X,)).ok
    assert bp.debug_gradient(f, lambda x: np.array(gradient), (X,)).ok


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_a_compiled_function_keeps_what_it_captured(engine):
    A, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, -1.0])
    fast = bp.compile(lambda x: np.sum(np.tanh(x @ A) * b + (b + 1.0) ** 2 * 3.0 + x), engine=engine)
    before = fast(X)
    A[:] = 0.0
    b += 5.0
    assert fast(X) == before


def test_a_linearization_keeps_its_point():
    x, A = X.copy(), np.array([2.0, 3.0])
    lin = bp.linearize(lambda x: np.sum(x**2 * A), x)
    value, pull = bp.vjp(lambda x: x**2 * A, x)
    explained = bp.explain(lambda x: np.sum(x**2 * A), (x,))
    x[:], A[:] = 100.0, 100.0
    np.testing.assert_array_equal(lin.gradient("x"), [4.0, 12.0])
    np.testing.assert_array_equal(lin["x"], X)
    np.testing.assert_array_equal(pull(np.ones(2))[0], [4.0, 12.0])
    np.testing.assert_array_equal(value, [2.0, 12.0])
    np.testing.assert_array_equal(explained.gradient["x"], [4.0, 12.0])


def test_an_argument_that_the_function_changes_meanwhile_counts_as_it_was():
    x = X.copy()

    def f(v):
        x[:] = 7.0
        return np.sum(v * v)

    np.testing.assert_array_equal(bp.grad(f)(x), 2.0 * X)


def test_what_is_returned_may_be_changed_and_changes_nothing():
    A = np.array([2.0, 3.0])
    fast = bp.compile(lambda x: (x, A, x * A))
    for f in (fast, lambda x: bp.vjp(lambda x: (x, A, x * A), x)[0]):
        first = f(X)
        for array in first:
            array[:] = -1.0
        for array, expected in zip(f(X), (X, A, X * A), strict=True):
            np.testing.assert_array_equal(array, expected)
    assert A.tolist() == [2.0, 3.0]


def constants(f):
    return [n.params["value"] for n in bp.trace(f, X).nodes if n.primitive == "constant"]


def test_what_nobody_can_change_is_not_copied():
    A = np.array([2.0, 3.0])
    A.flags.writeable = False
    assert constants(lambda x: x * A + A) == [A]
    assert constants(lambda x: x * A)[0] is A
    view = A[::-1]
    assert constants(lambda x: x * view)[0] is view
    behind = np.array([2.0, 3.0])
    locked = behind[:]
    locked.flags.writeable = False
    assert not np.shares_memory(constants(lambda x: x * locked)[0], behind)


def test_an_array_read_again_unchanged_is_one_constant_and_signs_of_zero_count():
    zero = np.zeros(2)

    def f(x):
        first = x * zero
        np.negative(zero, out=zero)
        return first + x * zero

    assert [np.signbit(c).tolist() for c in constants(f)] == [[False] * 2, [True] * 2]
    A = np.asfortranarray(np.arange(4.0).reshape(2, 2))
    assert len(constants(lambda x: x @ A + x @ A)) == 1


def test_an_argument_that_is_not_differentiated_is_not_copied():
    X, seen = np.ones((300, 2)), []

    def f(w, X, scale):
        seen.extend([X, X.T, X[1:]])
        return np.sum((X @ w) ** 2) + np.sum(X.T[0]) * np.sum(w * scale)

    gradient = bp.grad(f)(np.ones(2), X, scale=np.ones(2))
    np.testing.assert_array_equal(gradient, bp.grad(lambda w: f(w, X, np.ones(2)))(np.ones(2)))
    assert all(np.shares_memory(a, X) and not a.flags.writeable for a in seen[:3])
    assert X.flags.writeable
    inside = bp.linearize(lambda w: bp.grad(f)(w, X, np.ones(2)), np.ones(2))
    assert not any(np.shares_memory(v, X) for v in inside.values)
    scale = np.ones(2)
    value, pull = bp.vjp(lambda w, scale: w * scale, np.ones(2), scale=scale)
    scale[:] = 9.0
    np.testing.assert_array_equal(pull(value)[0], 1.0)


def test_a_function_may_write_into_an_argument():
    def f(x, buffer):
        total = 0.0
        for k in range(1, 4):
            buffer[:] = k
            total = total + np.sum(x * buffer) * k
        return total

    np.testing.assert_array_equal(bp.grad(f)(X, np.zeros(2)), [14.0, 14.0])
