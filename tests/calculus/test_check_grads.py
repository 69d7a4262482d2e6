"""check_grads: right derivatives pass, a wrong rule is found at its place, and what is shown is what was done."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.calculus.check_grads import CENTRAL_DIFFERENCES, COMPLEX_STEP
from backpath.ops import PRIMITIVES, Scale

rng = np.random.default_rng(0)
BOTH = [COMPLEX_STEP, CENTRAL_DIFFERENCES]


def rows(found, method):
    return [a for a in found.arguments if a.method == method]


HOLOMORPHIC = {
    "polynomial": (lambda w: w**3 - 2 * w, 1.7),
    "matrices": (lambda A, B: np.sum(np.tanh(A @ B) ** 2), rng.normal(size=(2, 3)), rng.normal(size=(3, 2))),
    "softmax": (lambda x: bp.softmax(x) @ np.arange(4.0), rng.normal(size=4)),
    "logsumexp": (lambda x: np.sum(bp.logsumexp(x, 1)), rng.normal(size=(3, 4))),
    "erf and gelu": (lambda x: np.sum(bp.erf(x) + bp.gelu(x)), rng.normal(size=5)),
    "kinks, away from them": (
        lambda x: np.sum(np.abs(x) + np.where(x > 0, x**2, x) + np.maximum(x, 0.1)) + np.max(x),
        np.array([0.5, -1.0, 2.0]),
    ),
    "division and power": (lambda x, p: np.sum(1 / (1 + x**p)), np.array([0.5, 1.5]), 2.5),
    "several outputs": (lambda x: {"a": np.sin(x), "b": (x @ x, np.outer(x, x))}, rng.normal(size=3)),
    "containers": (lambda p: np.sum(p["W"] @ p["layers"][0]), {"W": np.ones((2, 3)), "layers": [np.ones(3)]}),
    "a constant": (lambda x: 3.0, np.ones(2)),
}


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_right_derivatives_pass_both_methods(name):
    f, *args = HOLOMORPHIC[name]
    found = bp.check_grads(f, args)
    assert found.ok
    assert found.method == COMPLEX_STEP
    assert found.sharpest == tuple(rows(found, COMPLEX_STEP))
    assert len(rows(found, COMPLEX_STEP)) == len(rows(found, CENTRAL_DIFFERENCES)) > 0
    assert found.largest == max(a.error for a in rows(found, COMPLEX_STEP)) < 1e-13
    assert found.checked == found.total == sum(np.size(leaf) for leaf in bp.ops.leaves_of(args))
    assert all(a.error < 1e-6 for a in found.arguments)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.hypot(x, 2.0)),
        lambda x: np.sum(np.arctan2(x, 2.0)),
        lambda x: np.sum(np.logaddexp(x, 1.0)),
        lambda x: np.sum(np.cbrt(x) * np.sin(x)),
        lambda x: np.sum(np.sign(x) * x**2),
        lambda x: np.sum(np.floor(x) + x),
    ],
)
def test_where_numpy_takes_no_complex_numbers_differences_are_all(f):
    found = bp.check_grads(f, (np.array([0.5, -1.3, 2.2]),))
    assert found.ok
    assert found.method == CENTRAL_DIFFERENCES
    assert [a.method for a in found.arguments] == [CENTRAL_DIFFERENCES]
    assert found.largest < 1e-7


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 9999), size=st.integers(0, 6))
def test_random_functions_pass(seed, size):
    draw = np.random.default_rng(seed)
    A, x = draw.normal(size=(size, size)), draw.normal(size=size)
    found = bp.check_grads(lambda A, x: np.sum(np.sin(A @ x) * x) + x @ A @ x, (A, x))
    assert found.ok
    assert [a.total for a in found.arguments] == [size * size, size] * 2


# A wrong rule.


@pytest.fixture
def change_rule(monkeypatch):
    """Replaces the local derivative of a primitive of one operand."""

    def change(name, rule):
        monkeypatch.setitem(PRIMITIVES, name, replace(PRIMITIVES[name], local=(rule,)))

    return change


def test_one_wrong_entry_is_found_at_its_index(change_rule):
    def slope(y, x):
        right = np.cos(x)
        if np.shape(x) == (3, 4):
            right[1, 2] *= 1.001
        return Scale(right)

    change_rule("sin", slope)
    w = rng.uniform(0.2, 1.0, (3, 4))
    found = bp.check_grads(lambda v, w: np.sum(np.sin(v)) + np.sum(np.sin(w)), (rng.uniform(size=2), w))
    assert not found.ok
    assert [(a.name, a.ok) for a in found.arguments] == [("v", True), ("w", False)] * 2
    for row in found.arguments[1::2]:
        assert row.where == (1, 2)
        assert row.error == pytest.approx(0.001 / 1.001, rel=1e-3)
        assert row.ours == pytest.approx(1.001 * np.cos(w[1, 2]), rel=1e-12)
        assert row.theirs == pytest.approx(np.cos(w[1, 2]), rel=1e-8)
    assert found.largest == found.arguments[1].error


@pytest.mark.parametrize(("factor", "caught_by"), [(1 + 1e-8, [COMPLEX_STEP]), (1 + 1e-3, BOTH), (-1.0, BOTH)])
def test_how_small_an_error_each_method_sees(change_rule, factor, caught_by):
    change_rule("tanh", lambda y, x: Scale(factor * (1 - y * y)))
    found = bp.check_grads(lambda w: np.sum(np.tanh(w)), (np.array([0.1, 0.4]),))
    assert not found.ok
    assert [a.method for a in found.arguments if not a.ok] == caught_by


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 0.0])
def test_derivatives_that_are_no_numbers_or_missing_are_wrong(change_rule, wrong):
    change_rule("exp", lambda y, x: Scale(np.where(np.arange(len(x)) == 2, wrong, y)))
    found = bp.check_grads(lambda w: np.sum(np.exp(w)), (np.ones(4),))
    assert [a.ok for a in found.arguments] == [False, False]
    assert {a.where for a in found.arguments} == {(2,)}
    assert found.largest == (1.0 if wrong == 0 else np.inf)


def test_an_infinite_derivative_hides_no_other(change_rule):
    change_rule("tanh", lambda y, x: Scale(2.0 * (1 - y * y)))
    with np.errstate(all="ignore"):
        found = bp.check_grads(lambda w, v: np.sqrt(w) + np.tanh(v), (0.0, 0.5))
    verdicts = {(a.name, a.method): a.ok for a in found.arguments}
    assert not verdicts["v", COMPLEX_STEP]
    assert not found.ok


def test_a_wrong_rule_in_one_output_of_several_is_found(change_rule):
    change_rule("cos", lambda y, x: Scale(np.sin(x)))
    assert not bp.check_grads(lambda x: (x**2, np.exp(x), {"last": np.cos(x)}), (0.3,)).ok


def test_a_wrong_rule_that_needs_differences_is_found(change_rule):
    change_rule("cbrt", lambda y, x: Scale(1 / (2 * y * y)))
    found = bp.check_grads(lambda x: np.sum(np.cbrt(x)), (np.array([0.5, 2.0]),))
    assert found.method == CENTRAL_DIFFERENCES
    assert not found.ok
    assert found.largest == pytest.approx(1 / 3, rel=1e-6)


def test_cancelling_paths_are_not_taken_for_errors():
    """A shift leaves what is centred as it is: its derivative is rounding alone, beside that of the others."""

    def f(x, shift):
        centred = x + shift - np.mean(x + shift)
        return np.sum(centred**3)

    x = rng.normal(size=7)
    found = bp.check_grads(f, (x, 0.3))
    assert found.ok
    assert all(abs(a.ours) < 1e-13 for a in found.arguments if a.name == "shift")


# Which arguments, and how many entries.


def test_by_default_all_that_are_floating_point():
    args = (2.0, 3, np.arange(2), [np.ones(2), np.ones(1)], {"mixed": np.ones(1), "int": np.arange(1)})
    found = bp.check_grads(lambda a, n, k, c, m: a**n + np.sum(c[0] * k) + c[1][0] + m["mixed"][0], args)
    assert [a.name for a in found.sharpest] == ["a", "c[0]", "c[1]"]
    assert found.total == 4


@pytest.mark.parametrize(("argnums", "names"), [(1, ["y"]), (-1, ["z"]), ((2, 0), ["z", "x"])])
def test_argnums_choose(argnums, names):
    found = bp.check_grads(lambda x, y, z: x * y * z, (1.0, 2.0, 3.0), argnums=argnums)
    assert [a.name for a in found.sharpest] == names
    # The gradients are 6, 3 and 2: each is by the argument that it is named after.
    assert [a.theirs for a in found.sharpest] == [{"x": 6.0, "y": 3.0, "z": 2.0}[name] for name in names]


def test_no_floating_point_argument_is_refused():
    with pytest.raises(bp.TraceError, match=r"no argument holds real floating-point numbers; pass 3\.0 in place of 3"):
        bp.check_grads(lambda n: n, (3,))
    with pytest.raises(bp.TraceError, match="argument n is 3"):
        bp.check_grads(lambda n: n, (3,), argnums=0)


def test_big_arguments_are_sampled():
    calls = []

    def f(w, v):
        calls.append(1)
        return np.sum(w**3) + np.sum(v)

    args = np.full((300, 400), 0.5), np.full(80_000, 0.5)
    found = bp.check_grads(f, args, sample=40, seed=1)
    assert found.ok
    assert found.checked == 40
    assert found.total == 200_000
    assert [a.total for a in found.sharpest] == [120_000, 80_000]
    assert all(5 <= a.checked <= 35 for a in found.sharpest)  # drawn over all entries, whichever array holds them
    assert len(calls) == 1  # traced once, whatever the number of entries


def test_samples_are_the_seeds_and_differ_between_seeds(change_rule):
    change_rule("sin", lambda y, x: Scale(np.arange(1.0, 1 + np.size(x))))

    def place(seed):
        found = bp.check_grads(lambda w: np.sum(np.sin(w)), (np.zeros(1000),), sample=1, seed=seed)
        return found.arguments[0].where

    assert place(3) == place(3)
    places = {place(seed) for seed in range(8)}
    assert len(places) > 4
    assert all(0 <= k < 1000 for (k,) in places)


def test_a_sample_as_large_as_the_arguments_is_all_of_them():
    for sample in (None, 4, 5):
        assert bp.check_grads(lambda w: np.sum(w * w), (np.ones((2, 2)),), sample=sample).checked == 4


def test_every_entry_is_found_by_some_sample(change_rule):
    """Entries that are drawn are the ones compared: the only wrong one is seen by exactly the draws that hold it."""
    change_rule("exp", lambda y, x: Scale(np.where(np.arange(np.size(x)) == 3, 2 * y, y)))
    f = lambda w: np.sum(np.exp(w))  # noqa: E731
    verdicts = [bp.check_grads(f, (np.zeros(6),), sample=3, seed=seed) for seed in range(30)]
    wrong = [v for v in verdicts if not v.ok]
    assert 5 <= len(wrong) <= 25
    assert {v.arguments[0].where for v in wrong} == {(3,)}


def test_the_check_runs_in_float64_and_changes_nothing():
    w = np.array([0.25, 0.75], np.float32)
    found = bp.check_grads(lambda w: np.sum(np.exp(w) * 0.1), (w,))
    assert found.largest < 1e-14
    assert w.dtype == np.float32
    assert w.tolist() == [0.25, 0.75]


# Printing.


def test_the_table_has_a_line_an_array_and_method(change_rule):
    change_rule("tanh", lambda y, x: Scale(2.0 * (1 - y * y)))
    args = {"W": np.zeros((2, 2)), "long_name": np.ones(3)}, 1.0
    found = bp.check_grads(lambda p, t: np.sum(np.tanh(p["W"])) + np.sum(p["long_name"]) * t, args)
    lines = str(found).splitlines()
    assert len(lines) == 6
    assert [line.split()[0] for line in lines] == ["p.W", "p.long_name", "t"] * 2
    assert len({line.index(method) for line, method in zip(lines, np.repeat(BOTH, 3), strict=True)}) == 1
    assert lines[0].endswith("4 of 4 entries  largest relative error 5.0e-01 at [0, 0]  WRONG: ours 2, theirs 1")
    assert lines[1].endswith("3 of 3 entries  largest relative error 0.0e+00 at [0]  ok")
    assert lines[3].startswith("p.W          central differences  4 of 4 entries")
    assert "WRONG: ours 2, theirs 1" in lines[3]
    assert [line.endswith("ok") for line in lines] == [False, True, True] * 2


def test_the_result_is_frozen():
    found = bp.check_grads(lambda w: w**2, (1.0,))
    with pytest.raises(FrozenInstanceError):
        found.arguments = ()
    with pytest.raises(FrozenInstanceError):
        found.arguments[0].error = 0.0


@pytest.mark.parametrize(
    "f", [lambda x: np.sum(bp.softmax(x)), lambda x: np.sum(x - np.mean(x)), lambda x: x @ x - x @ x]
)
def test_derivatives_that_cancel_to_rounding_are_right(f):
    assert bp.check_grads(f, (np.random.default_rng(0).standard_normal(7),)).ok


@pytest.mark.parametrize("sample", [0, -1])
def test_a_check_of_nothing_is_refused(sample):
    with pytest.raises(ValueError, match="at least one entry must be compared"):
        bp.check_grads(np.sin, (1.0,), sample=sample)
