"""Fresh arrays that a traced function writes into: NumPy's own code, with JAX's ``.at[].set`` and NumPy as oracles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp

X = np.array([0.3, -1.2, 2.0, 0.7])


def entry_by_entry(x):
    res = np.zeros_like(x)
    for k in range(len(x)):
        res[k] = np.sin(x[k]) * k
    return res


def entry_by_entry_jax(x):
    res = jnp.zeros_like(x)
    for k in range(len(x)):
        res = res.at[k].set(jnp.sin(x[k]) * k)
    return res


def rows(x):
    res = np.zeros((3, 4), like=x)
    for i in range(3):
        res[i, :] += x * (i + 1)
        res[i, i] *= x[0]
    return res


def rows_jax(x):
    res = jnp.zeros((3, 4))
    for i in range(3):
        res = res.at[i, :].add(x * (i + 1))
        res = res.at[i, i].multiply(x[0])
    return res


def masked(x):
    out = x.copy()
    out[X < 0.5] = 0.0
    out[[0, 2]] -= x[3] ** 2
    return out * out


def masked_jax(x):
    out = jnp.asarray(x).at[np.flatnonzero(X < 0.5)].set(0.0)
    out = out.at[jnp.array([0, 2])].add(-(x[3] ** 2))
    return out * out


def reading_after_writing(x):
    y = np.empty_like(x)
    y[0] = x[0]
    for k in range(1, 4):
        y[k] = y[k - 1] * x[k] + 0.5 * y[0]
    y[0] = y[3]
    return y


def reading_after_writing_jax(x):
    y = jnp.empty_like(x)
    y = y.at[0].set(x[0])
    for k in range(1, 4):
        y = y.at[k].set(y[k - 1] * x[k] + 0.5 * y[0])
    return y.at[0].set(y[3])


def scattered(x):
    res = np.full(3, x[0], like=x)
    np.add.at(res, [0, 2, 0, 1], x**2)
    return res


def scattered_jax(x):
    return jnp.full(3, x[0]).at[jnp.array([0, 2, 0, 1])].add(x**2)


def through_views(x):
    grid = np.zeros((2, 4), like=x)
    first, columns = grid[0], grid.T
    first[1:] = x[:-1]
    columns[3] = x[1] * x[2]
    grid.reshape(4, 2)[1] += x[:2]
    return grid


def through_views_jax(x):
    grid = jnp.zeros((2, 4)).at[0, 1:].set(x[:-1]).at[:, 3].set(x[1] * x[2])
    return grid.at[0, 2:].add(x[:2])


def into_out(x):
    out = np.zeros(4, like=x)
    np.multiply(x, x, out=out)
    np.sum(np.outer(x, x), axis=0, out=out[:])
    out += x
    return out


def into_out_jax(x):
    return jnp.sum(jnp.outer(x, x), axis=0) + x


PAIRS = {
    "entry by entry": (entry_by_entry, entry_by_entry_jax),
    "rows": (rows, rows_jax),
    "masked": (masked, masked_jax),
    "reading after writing": (reading_after_writing, reading_after_writing_jax),
    "scattered": (scattered, scattered_jax),
    "through views": (through_views, through_views_jax),
    "into out": (into_out, into_out_jax),
    "stacked": (
        lambda x: np.array([x, [1.0, x[0], 2, x[3]]], like=x),
        lambda x: jnp.stack([x, jnp.array([1.0, x[0], 2, x[3]])]),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_values_and_derivatives_are_those_of_jax(name):
    ours, theirs = PAIRS[name]
    scalar = lambda x: np.sum(np.sin(ours(x)) * np.arange(1.0, 1 + ours(x).size).reshape(ours(x).shape))  # noqa: E731
    expected = lambda x: jnp.sum(jnp.sin(theirs(x)) * jnp.arange(1.0, 1 + theirs(x).size).reshape(theirs(x).shape))  # noqa: E731
    np.testing.assert_allclose(bp.jacobian(ours)(X), jax.jacobian(theirs)(X), rtol=1e-13, atol=1e-15)
    value, gradient = bp.value_and_grad(scalar)(X)
    np.testing.assert_allclose(value, expected(X), rtol=1e-13)
    np.testing.assert_allclose(gradient, jax.grad(expected)(X), rtol=1e-12)
    second = jax.jvp(jax.grad(expected), (X,), (X,))[1]
    np.testing.assert_allclose(bp.hvp(scalar, (X,), (X,))[0], second, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(bp.hessian(scalar)(X) @ X, second, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("name", "engine"), [*((n, "numpy") for n in PAIRS), *((n, "compiled") for n in PAIRS if n != "scattered")]
)
def test_programs_write_the_same(name, engine):
    ours, theirs = PAIRS[name]
    gradient = bp.compile(bp.grad(lambda x: np.sum(np.cos(ours(x)))), engine=engine)
    for x in (X, 2.0 * X[::-1].copy()):
        np.testing.assert_allclose(bp.compile(ours, engine=engine)(x), ours(x), rtol=1e-14)
        np.testing.assert_allclose(gradient(x), jax.grad(lambda x: jnp.sum(jnp.cos(theirs(x))))(x), rtol=1e-12)


@pytest.mark.parametrize("name", PAIRS)
def test_path_quantities_agree(name):
    ours, _ = PAIRS[name]
    explained = bp.explain(lambda x: np.sum(ours(x)), (X,))
    assert all(explained.verify().values())
    np.testing.assert_allclose(explained.gradient["x"], bp.jacobian(lambda x: np.sum(ours(x)))(X), rtol=1e-13)


# Whatever is written and read, in views of views: NumPy itself on complex numbers is the oracle.

INDICES = [
    0,
    -1,
    slice(None),
    slice(1, None),
    slice(None, None, -1),
    Ellipsis,
    [0, 2, 0],
    np.array([True, False, True]),
    (slice(None), 1),
    (0, 2),
    (slice(None), [2, 0]),
    (Ellipsis, slice(0, 2)),
    None,
]
VIEWS = [
    lambda a: a,
    lambda a: a.T,
    lambda a: a.reshape(-1),
    lambda a: a[::-1],
    lambda a: np.swapaxes(a, 0, 1),
    np.ravel,
    lambda a: a[1],
    lambda a: a[:, 0],
    lambda a: np.flip(a, 0),
    lambda a: a.copy(),
    lambda a: np.expand_dims(a, 0),
]


@st.composite
def programs(draw):
    steps = st.tuples(
        st.integers(0, 9),
        st.integers(0, len(VIEWS) - 1),
        st.integers(0, len(INDICES) - 1),
        st.integers(0, 2),
        st.integers(0, 8),
    )
    return draw(st.lists(steps, min_size=1, max_size=8))


def written(program, x):
    """Writes into a 3 x 3 array and views of it; steps that NumPy refuses are left out."""
    arrays = [np.zeros_like(x)]
    for base, view, index, how, entry in program:
        target = arrays[base % len(arrays)]
        try:
            target = VIEWS[view](target)
            part = target[INDICES[index]]
        except (IndexError, ValueError):
            continue
        if np.ndim(target) == 0:
            continue  # a scalar, which NumPy does not write into either
        arrays.append(target)
        number = x[entry // 3, entry % 3] * (1 + entry)
        if how == 0:
            target[INDICES[index]] = number
        elif how == 1:
            target[INDICES[index]] += number * np.sin(part) + number
        else:
            target[INDICES[index]] = part[..., ::-1] * number if np.ndim(part) else part - number
    return [np.sum(np.sin(a)) for a in arrays]


@settings(max_examples=60, deadline=None)
@given(program=programs())
def test_any_program_of_views_and_writes_does_what_numpy_does(program):
    x = np.linspace(-1.0, 1.5, 9).reshape(3, 3)
    value, pull = bp.vjp(lambda x: np.stack(written(program, x)), x)
    np.testing.assert_allclose(value, written(program, x), rtol=1e-13, atol=1e-14)
    weights = np.arange(1.0, 1 + len(value))
    (gradient,) = pull(weights)
    for k in range(9):
        moved = x.astype(complex)
        moved.flat[k] += 1e-30j
        expected = np.imag(weights @ np.stack(written(program, moved))) / 1e-30
        np.testing.assert_allclose(gradient.flat[k], expected, rtol=1e-11, atol=1e-12)


def test_a_buffer_that_holds_known_numbers_is_an_array():
    def f(x):
        mask = np.zeros_like(x, dtype=bool)
        mask[1:3] = True
        count = np.zeros_like(x, shape=())
        count[...] = 2
        scale = 2.0 if mask[1] and float(count) == 2 and mask.sum() == 2 else np.nan
        return np.sum(x[mask]) * scale * len(range(int(count))) + np.ones_like(x)[0]

    assert f(X) == pytest.approx(bp.value_and_grad(f)(X)[0])
    np.testing.assert_array_equal(bp.grad(f)(X), [0, 4, 4, 0])


def test_what_is_overwritten_leaves_no_trace():
    def f(x):
        out = np.empty_like(x)
        out[:] = np.log(x - 1)
        out[...] = x
        return np.sum(out)

    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(bp.grad(f)(X), 1.0)
    assert [n.primitive for n in bp.trace(f, X).nodes][-1] == "sum"
    assert bp.trace(f, X).nodes[-1].parents == (0,)


def test_a_written_loop_is_linear_in_the_graph():
    def f(x, n):
        out = np.zeros(n, like=x)
        for k in range(n):
            out[k] = x * k
        return np.sum(out)

    small, large = (len(bp.trace(lambda x, n=n: f(x, n), 2.0).nodes) for n in (50, 100))
    assert large < 2.1 * small


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda x: np.zeros(4).__setitem__(0, x[0]), bp.TraceError, "traced value"),
        (lambda x: x.__setitem__(0, 1.0), bp.TraceError, r"x\.copy\(\), np\.zeros_like\(x\)"),
        (lambda x: np.zeros_like(x).__setitem__(slice(3), x), bp.ShapeError, r"a write of shape \[4\] into"),
        (lambda x: np.zeros_like(x).__setitem__(7, 1.0), bp.ShapeError, "index 7 is out of bounds"),
        (lambda x: np.zeros_like(x)[7], bp.ShapeError, "index 7 is out of bounds"),
        (lambda x: np.zeros_like(x, dtype=int).__setitem__(0, x[0]), bp.TraceError, "dtype=float64"),
        (
            lambda x: np.zeros_like(x).__setitem__(0, 1j),
            bp.TraceError,
            "complex128 cannot be kept in an array of float64",
        ),
        (
            lambda x: np.zeros_like(x).__setitem__(np.sum(x).astype(int), 1.0),
            bp.TraceError,
            "a write at a traced position",
        ),
        (lambda x: np.broadcast_to(np.zeros_like(x), (2, 4)).__setitem__(0, 1.0), bp.ShapeError, "read-only"),
        (lambda x: np.copyto(np.zeros(4), x), bp.TraceError, "copyto cannot be traced"),
        (lambda x: np.multiply.at(x.copy(), [0], 2.0), bp.TraceError, r"multiply\.at cannot be traced"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_cure(f, error, message):
    with pytest.raises(error, match=message):
        bp.trace(f, X)


@pytest.mark.parametrize(
    "store", ["res[0] = x[0]", "res[1:3] = x[1:3]", "res[[0, 1]] = x[0]", "res[0] += x[0]", "res += x"]
)
def test_an_array_of_numpys_own_is_refused_with_the_cure(store):
    def f(x):
        res = np.zeros(4)
        exec(store, {"res": res, "x": x})
        return res

    with pytest.raises(bp.TraceError, match=r"np\.zeros\(n, like=x\)"):
        bp.trace(f, X)


def test_numpys_other_writers_write():
    def f(x):
        grid = np.zeros((4, 4), like=x)
        np.fill_diagonal(grid, x)
        np.copyto(grid[0], x[::-1], where=np.array([False, True, True, False]))
        np.put(grid, [4, 8], x[:2])
        np.putmask(grid[3], np.arange(4) < 2, np.stack([x[2]] * 4))
        return grid

    np.testing.assert_array_equal(bp.jvp(f, (X,), (X,))[1], f(X))
    np.testing.assert_array_equal(bp.compile(f)(X), f(X))


def test_a_buffer_of_an_outer_trace_is_written_inside_an_inner_one():
    def f(x):
        out = np.zeros_like(x)
        out[:2] = bp.grad(lambda y: np.sum(np.sin(y) * x[:2]))(x[:2])
        return np.sum(out * x)

    np.testing.assert_allclose(
        bp.grad(f)(X)[:2], jax.grad(lambda x: jnp.sum(jnp.cos(x[:2]) * x[:2] ** 2))(X)[:2], rtol=1e-13
    )
