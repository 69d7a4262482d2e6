"""Choices as one node: values and derivatives are JAX's, and one branch is computed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backpath as bp
from backpath.ops import leaves_of
from backpath.ops.primitive import PRIMITIVES

BRANCHES = [
    lambda xp, w, x: (xp.sin(x) * w, x.sum()),
    lambda xp, w, x: (x**3, (x * x).sum()),
    lambda xp, w, x: (w + 0.0 * x, w.sum() * w.sum()),
    lambda xp, w, x: (xp.tanh(x[::-1]), xp.exp(w).sum()),
]


def function_of(xp, cond, first, second):
    def f(w, x):
        y, s = cond(x.sum() > w[0], lambda x: BRANCHES[first](xp, w, x), lambda x: BRANCHES[second](xp, w * 2, x), x)
        return (y * w).sum() + s * s

    return f


def require_close(ours, theirs):
    for a, b in zip(leaves_of(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("first", "second"), [(0, 1), (2, 3), (3, 0)])
def test_derivatives_are_those_of_jax(first, second):
    ours, theirs = function_of(np, bp.cond, first, second), function_of(jnp, jax.lax.cond, first, second)

    @jax.jit
    def of_theirs(at, along):
        gradient = jax.grad(theirs, (0, 1))
        return theirs(*at), gradient(*at), jax.jvp(theirs, at, along)[1], jax.jvp(gradient, at, along)[1]

    compiled = bp.compile(bp.value_and_grad(ours, (0, 1)))
    rng = np.random.default_rng(0)
    taken = set()
    for _ in range(8):
        at, along = [tuple(rng.uniform(-1, 1, (2, 3))) for _ in range(2)]
        taken.add(bool(at[1].sum() > at[0][0]))
        value, gradient, tangent, product = of_theirs(at, along)
        require_close(ours(*at), value)
        require_close(bp.grad(ours, (0, 1))(*at), gradient)
        require_close(bp.jvp(ours, at, along)[1], tangent)
        require_close(bp.hvp(ours, at, along), product)
        require_close(compiled(*at), (value, gradient))
    assert taken == {True, False}


def test_one_branch_is_computed():
    """The other one would divide by zero, and warnings are errors here."""

    def f(x):
        return bp.cond(x > 0, lambda x: np.log(x) / x, lambda x: x * 0.0, x)

    both = bp.compile(bp.value_and_grad(f))
    for run in (bp.value_and_grad(f), both):
        assert run(0.0) == (0.0, 0.0)
        assert run(1.0) == (0.0, 1.0)


def test_a_known_predicate_is_a_plain_call():
    assert bp.cond(np.bool_(False), lambda x: 1 / 0, lambda x: float(x) + 1, 2.0) == 3.0
    graph = bp.trace(lambda x: bp.cond(3 > 2, np.sin, np.cos, x), 1.0)
    assert [node.primitive for node in graph.nodes] == ["input", "sin"]


def test_inside_a_loop():
    """Bisection: the branch that is taken changes from step to step."""

    def root(cond, scan, xp):
        def f(a):
            def halve(c, _):
                low, high = c
                middle = 0.5 * (low + high)
                return cond(middle**3 < a, lambda: (middle, high), lambda: (low, middle)), None

            (low, high), _ = scan(halve, (0.0 * a, 1.0 + a), None, length=40)
            x = 0.5 * (low + high)
            return x - (x**3 - a) / (3 * x**2)

        return f

    ours, theirs = root(bp.cond, bp.scan, np), root(jax.lax.cond, jax.lax.scan, jnp)
    assert ours(2.0) == pytest.approx(np.cbrt(2.0), rel=1e-14)
    expected = float(jax.jit(jax.grad(theirs))(2.0))
    assert bp.grad(ours)(2.0) == pytest.approx(expected, rel=1e-12)
    assert bp.compile(bp.grad(ours))(2.0) == pytest.approx(expected, rel=1e-12)


def test_results_of_several_kinds_in_trees():
    def f(x):
        return bp.cond(
            x > 1, lambda: {"n": np.floor(x).astype(int), "y": (x, x > 0)}, lambda: {"n": 7, "y": (-x, x > 5)}
        )

    for run in (bp.compile(f), lambda x: bp.linearize(f, x) and f(x)):
        found = run(2.5)
        assert (int(found["n"]), float(found["y"][0]), bool(found["y"][1])) == (2, 2.5, True)
        found = run(0.5)
        assert (int(found["n"]), float(found["y"][0]), bool(found["y"][1])) == (7, -0.5, False)


def test_there_is_no_edge_from_the_predicate():
    lin = bp.linearize(lambda p, x: bp.cond(p, np.sin, np.cos, x), np.array(True), 1.0)
    target = lin.find("cond_2")
    assert lin.edges_into(target) == [(1, 1)]
    assert lin.count_paths("p", lin.names[-1]) == 0


def test_the_kink_is_declared():
    assert "branch taken" in PRIMITIVES["cond"].kink
    f = bp.grad(lambda x: bp.cond(x > 0, lambda x: 3 * x, lambda x: -x, x))
    assert (f(0.0), f(1.0)) == (-1.0, 3.0)


@pytest.mark.parametrize(
    ("branches", "error", "message"),
    [
        ((lambda x: x, lambda x: x.sum()), bp.ShapeError, r"float64\[3\] where .* float64\[\]"),
        ((lambda x: x, lambda x: x > 0), bp.TraceError, r"float64\[3\] where .* bool\[3\].*astype"),
        (
            (lambda x: x, lambda x: (x, x)),
            bp.TraceError,
            r"true_fun returns result, false_fun result\[0\], result\[1\]",
        ),
    ],
)
def test_branches_that_are_not_alike(branches, error, message):
    with pytest.raises(error, match=message):
        bp.trace(lambda x: bp.cond(x.sum() > 0, *branches, x), np.ones(3))


@pytest.mark.parametrize("inside", [False, True])
def test_a_predicate_of_several_values(inside):
    def f(x):
        return bp.cond(x > 0, np.sin, np.cos, x)

    with pytest.raises(bp.ShapeError, match=r"pred has shape \[3\].*np.sum.*np.where"):
        (bp.compile(f) if inside else f)(np.ones(3))


def test_the_compiled_engine_names_the_branch():
    f = bp.compile(lambda x: bp.cond(x > 0, np.sin, np.cos, x), engine="compiled")
    with pytest.raises(bp.SettingError, match="node 'cond_3', cond, is not among the operations"):
        f(1.0)
