"""Loops as one node: values and derivatives are JAX's and those of the loop written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.ops import leaves_of
from backpath.ops.control.loop import Loop

OPERATIONS = [
    lambda xp, w, h, s, i, x: (xp.tanh(w @ h + x), s),
    lambda xp, w, h, s, i, x: (h * xp.cos(s), s),
    lambda xp, w, h, s, i, x: (h, s + (h * x).sum()),
    lambda xp, w, h, s, i, x: (h + 0.1 * i, s),
    lambda xp, w, h, s, i, x: (h, xp.exp(-s * s) * x[0]),
    lambda xp, w, h, s, i, x: (x * h, s),
    lambda xp, w, h, s, i, x: (xp.where(i > 1, h, 2.0 * h), s),
    lambda xp, w, h, s, i, x: (w @ x, s),
]


def function_of(xp, scan, operations, reverse):
    """A number from a loop whose carry is a dict with a tuple and a counter in it."""

    def f(w, h, s, xs):
        def step(carry, x):
            (h, s), i = carry["state"], carry["count"]
            before = h
            for k in operations:
                h, s = OPERATIONS[k](xp, w, h, s, i, x["x"])
            return {"state": (h, s), "count": i + 1}, [before * h, (s, h)]

        last, (products, (ss, hs)) = scan(step, {"state": (h, s), "count": 0}, {"x": xs}, reverse=reverse)
        weight = xp.arange(1.0, len(xs) + 1)
        outputs = (
            (last["state"][0] ** 2).sum() + last["state"][1] * last["count"] + (products.sum(axis=1) * weight).sum()
        )
        return outputs + (ss * weight[::-1]).sum() + (xp.sin(hs) * xs).sum()

    return f


def unrolled(step, init, xs, length=None, reverse=False):
    """What a scan is, step by step."""
    steps = len(leaves_of(xs)[0]) if xs is not None else length
    carry, kept = init, [None] * steps
    for t in range(steps)[:: -1 if reverse else 1]:
        carry, kept[t] = step(carry, jax.tree.map(lambda x, t=t: x[t], xs, is_leaf=lambda x: hasattr(x, "dtype")))
    return carry, jax.tree.map(lambda *ys: np.stack(ys), *kept, is_leaf=lambda x: hasattr(x, "dtype"))


def point(steps, seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    shapes = [(3, 3), (3,), (), (steps, 3)]
    return tuple(np.asarray(rng.uniform(-1, 1, shape), dtype) for shape in shapes)


def require_close(ours, theirs, rtol=1e-11):
    for a, b in zip(leaves_of(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1.0, np.abs(b).max(initial=0.0)))


operations = st.lists(st.integers(0, len(OPERATIONS) - 1), min_size=1, max_size=4)
ARGUMENTS = (0, 1, 2, 3)


@settings(max_examples=25)
@given(operations, st.integers(1, 5), st.booleans(), st.integers(0, 99))
def test_first_derivatives_are_those_of_the_loop_written_out(operations, steps, reverse, seed):
    at, along = point(steps, seed), point(steps, seed + 1)
    ours, theirs = (function_of(np, scan, operations, reverse) for scan in (bp.scan, unrolled))
    require_close(ours(*at), theirs(*at))
    gradients = bp.grad(theirs, ARGUMENTS)(*at)
    require_close(bp.grad(ours, ARGUMENTS)(*at), gradients)
    require_close(bp.jvp(ours, at, along), bp.jvp(theirs, at, along))
    compiled = bp.compile(bp.value_and_grad(ours, ARGUMENTS))
    compiled(*along)
    require_close(compiled(*at), (theirs(*at), gradients))


@settings(max_examples=10)
@given(operations, st.integers(1, 4), st.booleans(), st.integers(0, 99))
def test_second_derivatives_are_those_of_the_loop_written_out(operations, steps, reverse, seed):
    at, along = point(steps, seed), point(steps, seed + 1)
    ours, theirs = (function_of(np, scan, operations, reverse) for scan in (bp.scan, unrolled))
    expected = bp.hessian(theirs, (1, 3))(*at)
    require_close(bp.hessian(ours, (1, 3))(*at), expected)
    require_close(bp.compile(bp.hessian(ours, (1, 3)))(*at), expected)
    require_close(bp.hvp(ours, at, along), bp.hvp(theirs, at, along))


@pytest.mark.parametrize("operations", [[0, 2, 1], [3, 4, 5, 6], [7, 2, 0]])
@pytest.mark.parametrize("reverse", [False, True])
def test_derivatives_are_those_of_jax(operations, reverse):
    ours, theirs = function_of(np, bp.scan, operations, reverse), function_of(jnp, jax.lax.scan, operations, reverse)

    @jax.jit
    def of_theirs(at, along):
        gradient = jax.grad(theirs, ARGUMENTS)
        return theirs(*at), *jax.jvp(gradient, at, along)

    at, along = point(4, 5), point(4, 6)
    require_close((ours(*at), bp.grad(ours, ARGUMENTS)(*at), bp.hvp(ours, at, along)), of_theirs(at, along))


def test_third_derivatives():
    def ours(x):
        return bp.scan(lambda c, _: (np.sin(c * x), None), x, length=4)[0]

    def theirs(x):
        return jax.lax.scan(lambda c, _: (jnp.sin(c * x), None), x, length=4)[0]

    third = bp.grad(bp.grad(bp.grad(ours)))(0.7)
    assert third == pytest.approx(float(jax.jit(jax.grad(jax.grad(jax.grad(theirs))))(0.7)), rel=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
def test_float32_stays_float32(reverse):
    at = point(4, 0, np.float32)
    ours = function_of(np, bp.scan, [0, 2, 1], reverse)
    gradients = bp.grad(ours, ARGUMENTS)(*at)
    assert {g.dtype for g in gradients} == {np.dtype(np.float32)}
    require_close(gradients, bp.grad(ours, ARGUMENTS)(*(x.astype(float) for x in at)), 1e-5)


def test_carries_of_two_precisions():
    def f(scan, xp):
        def step(carry, x):
            a, b = carry
            return (a * x.astype(xp.float32), b + a.astype(xp.float64) * x), a

        def loss(a, b, xs):
            (a, b), ys = scan(step, (a, b), xs)
            return b * b + (a.sum() + ys.sum()).astype(xp.float64)

        return loss

    at = np.float32([1, 2]), np.float64([0.5, 3]), np.array([1.5, -0.5, 2])
    ours = bp.grad(lambda *args: f(bp.scan, np)(*args).sum(), ARGUMENTS[:3])(*at)
    theirs = jax.grad(lambda *args: f(jax.lax.scan, jnp)(*args).sum(), ARGUMENTS[:3])(*at)
    assert [g.dtype for g in ours] == [np.float32, np.float64, np.float64]
    require_close(ours, theirs, 1e-6)


def test_loops_in_loops():
    def f(scan, xp):
        def loss(w, xs):
            def outer(c, x):
                return scan(lambda d, k: (xp.tanh(w * d + k * x), d * x), c, xp.arange(3.0))

            last, ys = scan(outer, w, xs)
            return last + (ys**2).sum()

        return loss

    at = np.float64(0.4), np.array([0.3, -0.2])
    require_close(bp.grad(f(bp.scan, np), (0, 1))(*at), jax.jit(jax.grad(f(jax.lax.scan, jnp), (0, 1)))(*at))
    require_close(bp.hessian(f(bp.scan, np), 1)(*at), bp.hessian(f(unrolled, np), 1)(*at))


def test_outside_a_trace_it_is_a_plain_loop():
    seen = []

    def step(carry, x):
        seen.append(float(x))
        return carry + int(x), x

    last, ys = bp.scan(step, 0, np.array([1.0, 2.0, 4.0]), reverse=True)
    assert (last, seen) == (7, [4.0, 2.0, 1.0])
    np.testing.assert_array_equal(ys, [1, 2, 4])


def test_steps_without_entries_or_results():
    assert bp.scan(lambda c, x: (c * 2, None), 1.0, length=10) == (1024.0, None)
    assert bp.grad(lambda c: bp.scan(lambda c, x: (c * 2, None), c, length=10)[0])(3.0) == 1024.0


@pytest.mark.parametrize("inside", [False, True])
def test_no_steps(inside):
    def f(init, xs):
        return bp.scan(lambda c, x: (c + x, {"y": np.outer(x, x)}), init, xs)

    run = bp.compile(f) if inside else f
    last, ys = run(np.ones(2), np.empty((0, 2)))
    np.testing.assert_array_equal(last, [1, 1])
    assert ys["y"].shape == (0, 2, 2)


def test_integers_beyond_the_floats_stay_exact():
    def f(x):
        (number, last), _ = bp.scan(lambda c, _: ((c[0] * 3 + 1, c[1] * x), None), (2**40 + 1, x), length=12)
        return number, last

    number, _ = bp.compile(f)(1.5)
    expected = 2**40 + 1
    for _ in range(12):
        expected = expected * 3 + 1
    assert int(number) == expected > 2**53


def loops_of(graph):
    return [node for node in graph.nodes if node.primitive == "scan"]


@pytest.mark.parametrize("steps", [10, 1000])
def test_the_graph_does_not_grow_with_the_steps(steps):
    def f(w, xs):
        return bp.scan(lambda h, x: (np.tanh(w @ h + x), h.sum()), np.zeros(3), xs)[0].sum()

    at = np.eye(3), np.ones((steps, 3))
    graph = bp.trace(f, *at)
    (node,) = loops_of(graph)
    loop = node.params["loop"]
    assert isinstance(loop, Loop)
    assert (len(graph), len(loop.body), loop.length) == (7, 7, steps)
    assert len(bp.trace(bp.grad(f, (0, 1)), *at)) == 22
    assert str(loop) == f"{steps} steps of 7 nodes"
    assert f"scan(constant_2, xs, w, loop={steps} steps of 7 nodes)" in str(graph)


def test_the_gradient_of_a_scan_is_a_scan_in_reverse():
    def f(h, xs):
        return bp.scan(lambda h, x: (np.sin(h * x), None), h, xs)[0]

    forward, backward = (n.params["loop"] for n in loops_of(bp.trace(bp.grad(f), 1.0, np.ones(5))))
    assert not forward.reverse
    assert backward.reverse
    assert backward.length == 5


def test_a_tangent_by_all_operands_is_one_loop_more():
    def f(w, h, xs):
        return bp.scan(lambda h, x: (np.tanh(w * h + x), h), h, xs)[0]

    at = 0.5, 1.0, np.ones(5)
    assert len(loops_of(bp.trace(lambda *args: bp.jvp(f, args, args), *at))) == 2


def test_a_complex_step_goes_through_loops():
    def f(w, xs):
        return bp.scan(lambda h, x: (np.tanh(w * h + x), h), w, xs)[0]

    check = bp.check_grads(f, (0.5, np.ones(5)))
    assert check.ok
    assert check.method == "complex step"
    assert bp.check_grads(lambda w: bp.scan(lambda h, _: (np.cbrt(h), None), w, length=3)[0], (2.0,)).ok


def test_a_loop_stays_one_where_paths_outside_may_be_cut():
    """A slope that may be infinite and a choice, around a loop: derivatives carry along where paths are open."""

    def f(x, xs):
        last, _ = bp.scan(lambda h, x: (np.tanh(h + x), None), np.sqrt(np.maximum(x, 1e-6)), xs)
        return np.maximum(last, 0.0) + np.where(x > 0, np.sqrt(x), 0.0)

    at = 0.0, np.ones(50)
    assert len(loops_of(bp.trace(bp.grad(f, (0, 1)), *at))) == 2
    with np.errstate(divide="ignore", invalid="ignore"):
        assert bp.grad(f)(*at) == bp.compile(bp.grad(f))(*at) == 0.0
        assert np.isfinite(bp.grad(f, 1)(*at)).all()
        assert bp.jvp(f, at, (1.0, np.zeros(50)))[1] == 0.0


MISUSES = {
    "a carry that grows": (
        lambda c, x: (np.concatenate([c, c]), x),
        bp.ShapeError,
        r"carry is .*\[2\] in init, .*\[4\]",
    ),
    "a carry that changes its type": (lambda c, x: (c > 0, x), bp.TraceError, r"makes it bool.*\.astype\('float64'\)"),
    "a carry that is nested otherwise": (
        lambda c, x: ((c, c), x),
        bp.TraceError,
        "made of carry, .* carry.0., carry.1.",
    ),
    "no pair": (lambda c, x: c, bp.TraceError, r"must return a pair \(carry, y\)"),
    "three values": (lambda c, x: (c, x, x), bp.TraceError, "a tuple of 3: write return carry, None"),
    "nothing": (lambda c, x: None, bp.TraceError, "returned a NoneType"),
}


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("name", MISUSES)
def test_steps_that_break_the_contract(name, inside):
    step, error, message = MISUSES[name]

    def f(c, xs):
        return bp.scan(step, c, xs)

    with pytest.raises(error, match=message):
        (bp.compile(f) if inside else f)(np.ones(2), np.ones(3))


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    ("xs", "length", "message"),
    [
        ({"a": np.ones(3), "b": np.ones((4, 2))}, None, "x.a 3, x.b 4"),
        (np.ones(3), 4, "x 3, length= 4"),
        (np.float64(1.0), None, "x is a scalar"),
        ([1.0, 2.0], None, r"x\[0\] is a scalar.*np.array\(xs\)"),
        (None, None, "give length="),
        (None, -1, "not negative"),
    ],
)
def test_sequences_that_do_not_fit(xs, length, message, inside):
    def f(c, xs):
        return bp.scan(lambda c, x: (c, None), c, xs, length)

    with pytest.raises(bp.ShapeError, match=message):
        f(1.0, xs) if not inside or xs is None else bp.compile(f)(1.0, xs)


def test_the_compiled_engine_names_the_loop():
    f = bp.compile(lambda x: bp.scan(lambda c, _: (c * x, None), x, length=3)[0], engine="compiled")
    with pytest.raises(bp.SettingError, match="node 'scan_1', scan, is not among the operations"):
        f(1.0)


def test_a_forward_program_keeps_no_carries():
    def f(c, xs):
        return bp.scan(lambda c, x: (np.sin(c) + x, None), c, xs)[0]

    at = np.ones(8), np.ones((100, 8))
    assert bp.compile(f).program(*at).memory < 1000
    assert bp.compile(bp.grad(lambda *a: f(*a).sum())).program(*at).memory > 100 * 8 * 8
