"""Derivatives of functions: values, nesting, dtypes and errors, against JAX."""

from collections import namedtuple
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import backpath as bp

Layer = namedtuple("Layer", "W b")
rng = np.random.default_rng(0)


def assert_same(ours, theirs, tolerance=1e-11):
    """The same nesting, shapes and dtypes, and entries within ``tolerance`` of the largest one."""
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        assert np.isfinite(b).all()
        assert np.abs(a - b).max(initial=0.0) <= tolerance * max(1.0, np.abs(b).max(initial=0.0))


# Functions are written once for either library, which is their first argument.


def perceptron(xp, p, x):
    return xp.mean(xp.logaddexp(0.0, xp.tanh(x @ p["first"]["W"] + p["first"]["b"]) @ p["second"][0] + p["second"][1]))


def quadratic(xp, x, A, y):
    return (x @ A) @ y + xp.sum(xp.exp(x) * 0.1) ** 2


def nested_lists(xp, x):
    return xp.sum(xp.sin(x[0]) * x[1][0]) / (1.0 + x[1][1][0] ** 2)


def named(xp, layer, x):
    return xp.sum(xp.sqrt(1.0 + (xp.einsum("ij,i->j", layer.W, x) + layer.b) ** 2))


def gathered(xp, x):
    picked = xp.concatenate([x[::2], x[xp.array([1, 1, 0])]])
    return xp.sum(xp.where(picked > 0, picked**3, xp.cos(picked)) * xp.arange(1.0, 1.0 + picked.shape[0]))


def scalars(xp, a, b):
    return xp.arctan2(a, b) * xp.log1p(a * a) - a**b


SCALAR = {
    "dict of dict and tuple": (
        perceptron,
        {
            "first": {"W": rng.normal(size=(3, 4)), "b": rng.normal(size=4)},
            "second": (rng.normal(size=(4, 2)), rng.normal(size=2)),
        },
        rng.normal(size=(5, 3)),
    ),
    "three arrays": (quadratic, rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=2)),
    "nested list": (nested_lists, [rng.normal(size=(2, 1)), [rng.normal(size=3), (np.float64(0.7),)]]),
    "named tuple": (named, Layer(rng.normal(size=(3, 2)), rng.normal(size=2)), rng.normal(size=3)),
    "index, concatenate, where": (gathered, np.array([0.3, -0.4, 1.2, -1.7, 0.6])),
    "two scalars": (scalars, 0.8, 1.7),
}


def triple(xp, x, p):
    return {"a": xp.outer(x, p["w"]), "b": [xp.sum(x * x), (x[::-1], xp.stack([x[0], p["w"][1]]))]}


def to_scalar_and_matrix(xp, x, y):
    return xp.tanh(x @ y), x[:, None] * xp.exp(y)[None, :] * xp.ones((3, 3))


def widened(xp, x):
    return xp.concatenate([x, x * x, xp.cos(x), xp.ones(2)])


VECTOR = {
    "dict of lists": (triple, np.array([0.5, -1.0, 2.0]), {"w": np.array([0.2, 0.9])}),
    "tuple": (to_scalar_and_matrix, np.array([0.5, -1.0, 2.0]), np.array([0.1, 0.2, -0.3])),
    "more outputs than inputs": (widened, np.array([0.4, -0.8])),
    "one scalar of two": (scalars, 0.8, 1.7),
}


def choices(name, count):
    """The first, and all in the other order, counted from the end; for one function of each kind others besides."""
    some = [0, tuple(range(-1, -count - 1, -1))]
    return [*some, -1, (count - 1,), (0, -1)] if name in ("three arrays", "dict of lists") else some


WITH_ARGNUMS = [(name, n) for name, (_, *args) in SCALAR.items() for n in choices(name, len(args))]
HESSIANS = [
    *[("three arrays", n) for n in (1, (0, 2), (-1, 0))],
    *[("two scalars", n) for n in (-1, (0, 1))],
    *[(name, 0) for name in ("nested list", "named tuple", "index, concatenate, where")],
]
VECTOR_WITH_ARGNUMS = [(name, n) for name, (_, *args) in VECTOR.items() for n in choices(name, len(args))]


@pytest.mark.parametrize(("name", "argnums"), WITH_ARGNUMS)
def test_grad_and_value_and_grad(name, argnums):
    f, *args = SCALAR[name]
    theirs = jax.value_and_grad(partial(f, jnp), argnums)(*args)
    assert_same(bp.value_and_grad(partial(f, np), argnums)(*args), theirs)
    assert_same(bp.grad(partial(f, np), argnums)(*args), theirs[1])


@pytest.mark.parametrize(("name", "argnums"), VECTOR_WITH_ARGNUMS)
def test_jacobian(name, argnums):
    f, *args = VECTOR[name]
    assert_same(bp.jacobian(partial(f, np), argnums)(*args), jax.jacobian(partial(f, jnp), argnums)(*args))


@pytest.mark.parametrize(("name", "argnums"), HESSIANS)
def test_hessian(name, argnums):
    f, *args = SCALAR[name]
    assert_same(bp.hessian(partial(f, np), argnums)(*args), jax.hessian(partial(f, jnp), argnums)(*args))


@pytest.mark.parametrize("name", VECTOR)
def test_vjp_and_jvp(name):
    f, *args = VECTOR[name]
    draw = np.random.default_rng(1)
    tangents = jax.tree.map(lambda x: draw.normal(size=np.shape(x)), args)
    theirs = jax.jvp(partial(f, jnp), tuple(args), tuple(tangents))
    assert_same(bp.jvp(partial(f, np), args, tangents), theirs)
    value, pull = bp.vjp(partial(f, np), *args)
    assert_same(value, theirs[0])
    adjoint = jax.tree.map(lambda y: draw.normal(size=np.shape(y)), theirs[0])
    pulled = pull(adjoint)
    assert_same(pulled, jax.vjp(partial(f, jnp), *args)[1](adjoint))
    # Each is the other's transpose.
    forth = sum(np.sum(a * b) for a, b in zip(jax.tree.leaves(adjoint), jax.tree.leaves(theirs[1]), strict=True))
    back = sum(np.sum(a * b) for a, b in zip(jax.tree.leaves(pulled), jax.tree.leaves(tuple(tangents)), strict=True))
    assert back == pytest.approx(float(forth), rel=1e-10)
    assert_same(pull(adjoint), pulled)  # as often as one likes


@pytest.mark.parametrize("name", ["three arrays", "nested list", "two scalars"])
def test_jacobian_of_grad_and_of_jvp_is_hessian(name):
    f, *args = SCALAR[name]
    ours, numbers = partial(f, np), tuple(range(len(args)))
    hessian = bp.hessian(ours, numbers)(*args)
    assert_same(bp.jacobian(bp.grad(ours, numbers), numbers)(*args), hessian)
    directions = jax.tree.map(np.ones_like, tuple(args))

    def along(*xs):
        return bp.jvp(ours, xs, directions)[1]

    def along_in_jax(*xs):
        return jax.jvp(partial(f, jnp), xs, directions)[1]

    assert_same(bp.grad(along, numbers)(*args), jax.grad(along_in_jax, numbers)(*args))


# One number, to the fourth order, in every nesting of the two directions.


def by_grad(f):
    return bp.grad(f)


def by_jvp(f):
    return lambda x: bp.jvp(f, (x,), (1.0,))[1]


def by_vjp(f):
    return lambda x: bp.vjp(f, x)[1](1.0)[0]


def by_jacobian(f):
    return bp.jacobian(f)


DIRECTIONS = [by_grad, by_jvp, by_vjp, by_jacobian]
FOURTH = {
    "sixth power": (lambda x: x**6, lambda x: 360 * x**2),
    "reciprocal": (lambda x: 1 / x, lambda x: 24 / x**5),
    "x exp 2x": (lambda x: x * np.exp(2 * x), lambda x: (16 * x + 32) * np.exp(2 * x)),
    "sine of a product": (lambda x: np.sin(3 * x), lambda x: 81 * np.sin(3 * x)),
    "logarithm": (np.log, lambda x: -6 / x**4),
}


@pytest.mark.parametrize("name", FOURTH)
@pytest.mark.parametrize("inner", DIRECTIONS)
@pytest.mark.parametrize("outer", DIRECTIONS)
def test_fourth_derivatives_in_closed_form(name, inner, outer):
    f, fourth = FOURTH[name]
    for x in (0.7, 1.9):
        assert outer(inner(outer(inner(f))))(x) == pytest.approx(fourth(x), rel=1e-11)


@settings(max_examples=10, deadline=None)
@given(x=st.floats(-1.5, 1.5), orders=st.lists(st.sampled_from(range(4)), min_size=1, max_size=4))
def test_any_nesting_agrees_with_jax(x, orders):
    def f(xp, x):
        return xp.tanh(x) * xp.exp(-x * x / 2) + xp.cos(x) ** 3

    ours, theirs = partial(f, np), partial(f, jnp)
    for k in orders:
        ours, theirs = DIRECTIONS[k](ours), jax.grad(theirs)
    assert ours(x) == pytest.approx(float(theirs(x)), rel=1e-9, abs=1e-9)


def test_hessian_of_a_hessian():
    # The second derivatives of a^2 b^3 add up to 2 b^3 + 12 a b^2 + 6 a^2 b.
    a, b = x = np.array([0.3, -0.7])
    ours = bp.hessian(lambda x: np.sum(bp.hessian(lambda x: x[0] ** 2 * x[1] ** 3)(x)))(x)
    assert_same(ours, np.array([[12 * b, 24 * b + 12 * a], [24 * b + 12 * a, 12 * b + 24 * a]]))


# Perturbation confusion: derivatives by different variables are kept apart (Siskind and Pearlmutter, 2005).


@pytest.mark.parametrize("inner", DIRECTIONS)
@pytest.mark.parametrize("outer", DIRECTIONS)
def test_no_perturbation_confusion(inner, outer):
    # d/dx of x * d(x + y)/dy = x * 1
    assert outer(lambda x: x * inner(lambda y: x + y)(2.0))(3.0) == 1.0
    # d/dx of x * d(x y)/dy = x * x
    assert outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0) == 6.0
    # d/dx of [d(x y^2)/dy at y = x] = 2 x^2
    assert outer(lambda x: inner(lambda y: x * y * y)(x))(3.0) == 12.0
    # d/dx of [d/dy of (y d(x y z)/dz)] = 2 x y
    assert outer(lambda x: inner(lambda y: y * outer(lambda z: x * y * z)(1.0))(5.0))(3.0) == 10.0
    # the inner function does not use its own variable
    assert outer(lambda x: x + inner(lambda y: x * x)(2.0))(3.0) == 1.0


def test_an_adjoint_may_be_traced():
    def f(x):
        return bp.vjp(lambda y: y * y, np.array([1.0, 2.0]))[1](x)[0]

    assert_same(bp.jacobian(f)(np.array([3.0, 4.0])), np.diag([2.0, 4.0]))


# No path, no derivative.


def test_a_constant_output_has_zero_derivatives():
    x = np.array([1.0, 2.0])
    assert_same(bp.grad(lambda x: 3.0)(x), np.zeros(2))
    assert_same(bp.jacobian(lambda x: np.arange(3.0))(x), np.zeros((3, 2)))
    assert_same(bp.hessian(lambda x: 3.0)(x), np.zeros((2, 2)))
    assert_same(bp.hessian(lambda x: x @ np.ones(2))(x), np.zeros((2, 2)))
    value, tangent = bp.jvp(lambda x: np.ones((2, 2)), (x,), (x,))
    assert_same((value, tangent), (np.ones((2, 2)), np.zeros((2, 2))))
    value, pull = bp.vjp(lambda x: (np.float64(5.0), x), x)
    assert value[0] == 5.0
    assert_same(pull((7.0, np.zeros(2))), (np.zeros(2),))


def test_what_is_not_used_has_a_zero_of_its_shape():
    args = {"used": np.float64(2.0), "unused": np.ones((2, 3), np.float32)}, np.ones(4)
    expected = {"used": np.float64(4.0), "unused": np.zeros((2, 3), np.float32)}, np.zeros(4)
    assert_same(bp.grad(lambda p, x: p["used"] ** 2, (0, 1))(*args), expected)


def test_locally_constant_functions_have_zero_derivatives():
    assert_same(bp.grad(lambda x: np.sum(np.sign(x) + np.floor(x)))(np.array([0.5, -1.5])), np.zeros(2))


def test_an_output_that_is_an_input_or_is_there_twice():
    value, pull = bp.vjp(lambda x: (x, x, 2 * x), 3.0)
    assert value == (3.0, 3.0, 6.0)
    assert pull((1.0, 10.0, 100.0)) == (211.0,)
    assert bp.jvp(lambda x: (x, x, 2 * x), (3.0,), (5.0,))[1] == (5.0, 5.0, 10.0)
    assert bp.jacobian(lambda x: (x, x, 2 * x))(3.0) == (1.0, 1.0, 2.0)
    assert bp.grad(lambda x: x)(3.0) == 1.0


# Dtypes and arrays.


@pytest.mark.parametrize("first", [np.float32, np.float64])
@pytest.mark.parametrize("second", [np.float32, np.float64])
def test_each_gradient_has_its_arguments_dtype(first, second):
    x, y = (rng.uniform(0.5, 2, (2, 3)).astype(dtype) for dtype in (first, second))

    def f(xp, x, y):
        return xp.sum(xp.sin(x) * 2.0 + x * xp.exp(y))

    theirs = jax.grad(partial(f, jnp), (0, 1))(x, y)
    assert [g.dtype for g in theirs] == [x.dtype, y.dtype]
    assert_same(bp.grad(partial(f, np), (0, 1))(x, y), theirs, 1e-5)


def test_float32_stays_float32_in_every_derivative():
    x = np.array([0.5, 1.5], np.float32)

    def f(x):
        return np.sum(np.tanh(x) ** 2 / 3.0 + 0.5 * x**3)

    value, gradient = bp.value_and_grad(f)(x)
    assert value.dtype == gradient.dtype == np.float32
    assert bp.hessian(f)(x).dtype == np.float32
    assert bp.jacobian(np.sin)(x).dtype == np.float32
    assert bp.jacobian(lambda x: np.concatenate([x, x * 2.0]))(x).dtype == np.float32
    # Python numbers and float64 arrays as directions take the dtype of what they are directions of.
    for direction in (np.ones(2), np.ones(2, np.float32), np.array([1, 1])):
        assert [y.dtype for y in bp.jvp(np.sin, (x,), (direction,))] == [np.float32] * 2
        assert bp.vjp(np.sin, x)[1](direction)[0].dtype == np.float32
    assert bp.vjp(np.sum, x)[1](1.0)[0].dtype == np.float32


def test_integer_directions_of_floats_are_taken_as_floats():
    assert bp.jvp(lambda x: x / 2, (3.0,), (1,))[1] == 0.5
    assert bp.vjp(lambda x: x / 2, 3.0)[1](1)[0] == 0.5


def test_results_may_be_changed_in_place():
    ones = np.ones(3)
    a, b = bp.grad(lambda a, b: np.sum((a + b) ** 2), (0, 1))(ones, ones)
    a *= 10
    assert b.tolist() == [4.0, 4.0, 4.0]
    gradient = bp.grad(np.sum)(ones)
    gradient *= 2  # not a read-only view of one number
    assert gradient.tolist() == [2.0, 2.0, 2.0]
    (pulled,) = bp.vjp(lambda x: x, np.zeros(3))[1](ones)
    tangent = bp.jvp(lambda x: x.reshape(3, 1), (np.zeros(3),), (ones,))[1]
    pulled += 5
    tangent += 5
    assert ones.tolist() == [1.0, 1.0, 1.0]


def test_arguments_are_not_changed():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    for f in (bp.grad(lambda x: np.sum(x @ x)), bp.hessian(lambda x: np.sum(x @ x)), bp.jacobian(np.exp)):
        f(x)
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def spread(slopes, shape):
    """The Jacobian of an elementwise function with these slopes, by an operand that is broadcast from ``shape``."""
    read = np.broadcast_to(np.arange(np.prod(shape, dtype=int)).reshape(shape), slopes.shape).ravel()
    matrix = np.zeros((slopes.size, np.prod(shape, dtype=int)))
    matrix[np.arange(slopes.size), read] = slopes.ravel()
    return matrix.reshape((*slopes.shape, *shape))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 999),
    shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0),
)
def test_any_shapes(seed, shapes):
    """Empty ones too, whose derivatives are empty."""
    draw = np.random.default_rng(seed)
    x, y = (draw.normal(size=shape) for shape in shapes.input_shapes)

    def f(x, y):
        return np.sin(x) * np.exp(y) + x

    by_x, by_y = (spread(s, v.shape) for s, v in ((np.cos(x) * np.exp(y) + 1, x), (np.sin(x) * np.exp(y), y)))
    assert_same(bp.jacobian(f, (0, 1))(x, y), (by_x, by_y))
    u, v = draw.normal(size=x.shape), draw.normal(size=y.shape)
    pushed = np.tensordot(by_x, u, u.ndim) + np.tensordot(by_y, v, v.ndim)
    assert_same(bp.jvp(f, (x, y), (u, v)), (f(x, y), pushed))
    w = draw.normal(size=shapes.result_shape)
    pulled = tuple(np.tensordot(w, J, w.ndim) for J in (by_x, by_y))
    assert_same(bp.vjp(f, x, y)[1](w), pulled)
    assert_same(bp.grad(lambda x, y: np.sum(f(x, y) * w), (0, 1))(x, y), pulled)
    # By y the weighted sum has the second derivatives of exp: those on the diagonal are the first.
    second = np.diag(np.ravel(pulled[1])).reshape(y.shape * 2)
    assert_same(bp.hessian(lambda x, y: np.sum(f(x, y) * w), 1)(x, y), second)


def test_jacobians_with_an_empty_side():
    for f, x, shape in [
        (lambda x: x[:0], np.ones(2), (0, 2)),
        (lambda x: np.sum(x) * np.ones(2), np.ones(0), (2, 0)),
        (lambda x: x, np.ones((2, 0)), (2, 0, 2, 0)),
    ]:
        assert bp.jacobian(f)(x).shape == shape


# Calls.


def test_keywords_are_passed_on_and_not_differentiated():
    assert bp.grad(lambda x, n=2: x**n)(3.0, n=3) == 27.0
    assert bp.jacobian(lambda x, *, y: x * y)(3.0, y=np.array([4.0, 5.0])).tolist() == [4.0, 5.0]


def test_arguments_that_are_not_differentiated_may_be_anything():
    assert bp.grad(lambda x, mode, n: x**n if mode == "power" else x)(3.0, "power", 3) == 27.0


def test_directions_go_by_key_and_not_by_order():
    primals = ({"a": 1.0, "b": 1.0},)
    assert bp.jvp(lambda p: p["a"] + 2 * p["b"], primals, ({"b": 1.0, "a": 0.0},))[1] == 2.0
    pull = bp.vjp(lambda x: {"a": x, "b": 2 * x}, 1.0)[1]
    assert pull({"b": 1.0, "a": 0.0}) == (2.0,)


def test_the_name_and_docstring_are_the_functions():
    def loss(x):
        """The loss."""
        return x

    for derivative in (bp.grad(loss), bp.value_and_grad(loss), bp.jacobian(loss), bp.hessian(loss)):
        assert (derivative.__name__, derivative.__doc__) == ("loss", "The loss.")


# Errors.


@pytest.mark.parametrize("of", [bp.grad, bp.value_and_grad, bp.hessian])
@pytest.mark.parametrize(
    ("f", "shown"),
    [
        (lambda x: x, r"float64\[3\]"),
        (lambda x: x[:1], r"float64\[1\]"),
        (lambda x: (x[0], x), r"float64\[\], float64\[3\]"),
        (lambda x: (), "nothing"),
        (lambda x: (x[0],), r"float64\[\] in a tuple, list or dict"),
        (lambda x: 3, r"int64\[\]"),
        (lambda x: x[0] > 0, r"bool\[\]"),
    ],
)
def test_a_gradient_of_no_single_real_number_is_refused(of, f, shown):
    with pytest.raises(bp.TraceError, match=rf"returned {shown}: sum or average it, or use jacobian"):
        of(f)(np.ones(3))


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        (3, r"x is 3;"),
        (True, r"x is True;"),
        (1j, r"x is 1j;"),
        (np.arange(3), "x is an array of int64"),
        ({"W": 1.0, "labels": [np.arange(3)]}, r"x\.labels\[0\] is an array of int64"),
    ],
)
def test_only_real_floating_point_arguments_are_differentiated(argument, shown):
    with pytest.raises(bp.TraceError, match=rf"{shown}.*pass 3\.0 in place of 3, or x\.astype"):
        bp.grad(lambda x: 1.0)(argument)
    for call in (
        lambda: bp.jacobian(lambda x: 1.0)(argument),
        lambda: bp.vjp(lambda x: 1.0, argument),
        lambda: bp.jvp(lambda x: 1.0, (argument,), (argument,)),
    ):
        with pytest.raises(bp.TraceError, match=shown):
            call()


@pytest.mark.parametrize(("argnums", "asked"), [(2, 2), (-3, -3), ((0, 5), 5), ([1, -4], -4)])
def test_wrong_argnums_are_refused(argnums, asked):
    with pytest.raises(bp.TraceError, match=rf"asks for argument {asked}, but 2 were given \(counted from 0\)"):
        bp.grad(lambda x, y: x * y, argnums)(1.0, 2.0)


@pytest.mark.parametrize(
    ("tangents", "message"),
    [
        ((np.ones(3), 1.0), r"the tangent has shapes \[\(3,\), \(\)\], and those of the values are \[\(2,\), \(\)\]"),
        ((1.0, 1.0), r"the tangent has shapes \[\(\), \(\)\]"),
        ((np.ones((2, 1)), 1.0), r"the tangent has shapes \[\(2, 1\), \(\)\]"),
        ((np.ones(2),), r"made of tangent\[0\], and must be of tangent\[0\], tangent\[1\]"),
        ((), "made of nothing, and must be of"),
        (([1.0, 1.0], 1.0), r"made of tangent\[0\]\[0\], tangent\[0\]\[1\], tangent\[1\]"),
        (([np.ones(2), 1.0],), r"made of tangent\[0\]\[0\], tangent\[0\]\[1\], and must be"),
    ],
)
def test_tangents_that_do_not_fit_are_refused(tangents, message):
    with pytest.raises(bp.ShapeError, match=message):
        bp.jvp(lambda x, y: x * y, (np.ones(2), 2.0), tangents)


@pytest.mark.parametrize(
    ("adjoint", "message"),
    [
        ({"a": np.ones(3), "b": 1.0}, r"the adjoint has shapes \[\(3,\), \(\)\].*\[\(2,\), \(\)\]"),
        ({"a": np.ones(2), "c": 1.0}, r"made of adjoint\.a, adjoint\.c, and must be of adjoint\.a, adjoint\.b"),
        ((np.ones(2), 1.0), r"made of adjoint\[0\], adjoint\[1\], and must be of adjoint\.a"),
        (np.ones(2), r"made of adjoint, and must be of adjoint\.a, adjoint\.b"),
    ],
)
def test_adjoints_that_do_not_fit_are_refused(adjoint, message):
    pull = bp.vjp(lambda x: {"a": x, "b": np.sum(x)}, np.ones(2))[1]
    with pytest.raises(bp.ShapeError, match=message):
        pull(adjoint)


@pytest.mark.parametrize("f", [lambda x: x, lambda x: 2.0 * x, np.sin, lambda x: 3.0])
def test_derivatives_of_numbers_are_numbers(f):
    assert type(bp.grad(lambda x: f(x) + 0.0 * x)(3.0)) is np.float64


def test_argnums_are_any_integers_each_once():
    assert bp.grad(lambda a, b: a * b, np.int64(1))(3.0, 4.0) == 3.0
    with pytest.raises(bp.TraceError, match="names an argument twice"):
        bp.grad(lambda a, b: a * b, (0, -2))(3.0, 4.0)
