"""Four times the graph takes four times the work, in every pass: counted in calls, of Python's functions and of C's."""

import sys

import numpy as np
import pytest

import backpath as bp


def chain(n):
    def f(x):
        for _ in range(n // 2):
            x = np.sin(x) * 0.5
        return x

    return f, (0.3,)


def recurrent(n):
    def f(w, h):
        for _ in range(n // 2):
            h = np.tanh(w @ h)
        return h.sum()

    return f, (0.5 * np.eye(3), np.ones(3))


def rows(n):
    """A recurrent network over the rows of an array, all of whose results are read in the end."""

    def f(w, h, xs):
        results = []
        for k in range(n // 6):
            h = np.tanh(w @ h + xs[k])
            results.append(h * 2.0)
        return np.concatenate(results).sum()

    return f, (0.5 * np.eye(3), np.ones(3), np.ones((n // 6, 3)))


def entries(n):
    """A long sum over the entries of an array."""

    def f(x):
        total = 0.0
        for k in range(n // 3):
            total = total + x[k] * 2.0
        return total

    return f, (np.ones(n // 3),)


def windows(n):
    """A convolution written out: slices that overlap."""

    def f(x, w):
        return np.stack([(x[k : k + 3] * w).sum() for k in range(n // 4)]).sum()

    return f, (np.ones(n // 4 + 3), np.ones(3))


def fan(n):
    """Many functions of one number, all alive at once."""

    def f(x):
        results = [np.sin(x + float(k)) for k in range(n // 3)]
        total = results[-1]
        for y in results:
            total = total * y
        return total

    return f, (0.3,)


def arguments(n):
    def f(*xs):
        total = 0.0
        for x in xs:
            total = total + x * x
        return total

    return f, tuple([1.0 + k for k in range(n // 3)])


def views(n):
    """A view of a view of a view."""

    def f(x):
        for _ in range(n // 2):
            x = x[::-1].T
        return x * 2.0

    return f, (np.ones((3, 3)),)


def batches(n):
    """Layers over one batch, whose threads never meet on the way forward."""

    def f(x, w):
        for _ in range(n // 2):
            x = np.tanh(x @ w)
        return x

    return f, (np.ones((8, 3)), 0.5 * np.eye(3))


CASES = [chain, recurrent, rows, entries, windows, fan, arguments, views, batches]
SMALL, LARGE = 240, 960
MOST = 4.6
"""Times the work for 4 times the nodes: sorting takes n log n."""


def calls(run):
    """How many functions are called, Python's and C's."""
    count = 0

    def note(frame, event, arg):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


def growth(make):
    make(SMALL)()
    small, large = calls(make(SMALL)), calls(make(LARGE))
    return large / small


def numbers(f):
    """A number from whatever a case gives."""
    return lambda *args: np.sum(f(*args))


PASSES = {
    "trace": lambda f, args: bp.trace(f, *args),
    "linearize": lambda f, args: bp.linearize(f, *args),
    "gradient": lambda f, args: bp.grad(numbers(f), tuple(range(len(args))))(*args),
    "tangent": lambda f, args: bp.jvp(f, args, args),
    "program": lambda f, args: bp.compile(f).program(*args),
    "program of a gradient": lambda f, args: bp.compile(bp.value_and_grad(numbers(f), tuple(range(len(args)))))(*args),
    "lowering": lambda f, args: bp.compile(f, engine="compiled")(*args),
}


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_work_grows_with_the_graph_and_no_faster(case, name):
    def make(n):
        f, args = case(n)
        return lambda: PASSES[name](f, args)

    assert growth(make) < MOST


@pytest.mark.parametrize("case", [chain, recurrent, windows], ids=lambda case: case.__name__)
def test_the_machine_is_told_of_a_gradient_in_linear_time(case):
    def make(n):
        f, args = case(n)
        return lambda: bp.compile(bp.value_and_grad(numbers(f), tuple(range(len(args)))), engine="compiled")(*args)

    assert growth(make) < MOST


@pytest.mark.parametrize(
    "derive", [lambda f: f, bp.grad, lambda f: bp.hessian(f)], ids=["value", "gradient", "hessian"]
)
def test_a_scan_takes_as_long_to_make_as_one_step(derive):
    def f(h, xs):
        return bp.scan(lambda h, x: (np.tanh(h * x), None), h, xs)[0].sum()

    def make(n):
        return lambda: bp.compile(derive(f)).program(np.ones(2), np.ones((n, 2)))

    assert growth(make) < 1.01


def test_registers_run_out_before_the_machine_has_no_more():
    """Values that are all alive at once in one pass: beyond some number they lie in buffers."""
    f, args = fan(900)
    program = bp.compile(f).program(*args)
    assert max(len(instruction) for instruction in program.instructions) > 500
    np.testing.assert_allclose(bp.compile(f)(*args), f(*args), rtol=1e-10)


def test_sums_of_slices_are_put_together():
    f, args = windows(80)
    gradient = bp.grad(f, (0, 1))
    program = bp.compile(gradient).program(*args)
    used = [program.graph.nodes[n].primitive for instruction in program.instructions for n in instruction]
    assert used.count("concatenate") == 3
    assert "scatter" not in used
    for ours, theirs in zip(bp.compile(gradient)(*args), gradient(*args), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)
