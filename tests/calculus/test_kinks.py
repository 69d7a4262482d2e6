"""Checks where there is no derivative: the kink is named, beside it all is as anywhere, what is wrong stays wrong."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import special

import backpath as bp
from backpath.ops import PRIMITIVES, Broadcast, Composition, Scale

ONE, TIE = np.array([1.0, -1.0, 2.0]), np.array([0.5, 2.0, 2.0, 2.0])

KINKS = {
    "relu": (bp.relu, 0.0),
    "abs": (np.abs, 0.0),
    "fabs": (np.fabs, 0.0),
    "leaky_relu": (bp.leaky_relu, 0.0),
    "elu": (lambda x: bp.elu(x, 0.7), 0.0),
    "selu": (bp.selu, 0.0),
    "maximum": (lambda x: np.maximum(x, 2.0), 2.0),
    "maximum with itself": (lambda x: np.maximum(x * 3.0, x + 2.0), 1.0),
    "minimum": (lambda x: np.minimum(np.sin(x), 0.0), 0.0),
    "clip, low end": (lambda x: np.clip(x, -1.0, 1.0), -1.0),
    "clip, high end": (lambda x: np.clip(x, -1.0, 1.0), 1.0),
    "max": (np.max, TIE),
    "min": (lambda x: np.min(-x), TIE),
    "sign": (lambda x: x * np.sign(x), 0.0),
    "floor": (lambda x: np.floor(x) + x, 2.0),
    "ceil": (np.ceil, -1.0),
    "rint": (np.rint, 0.5),
    "trunc": (np.trunc, 1.0),
    "power by its exponent": (lambda p: np.power(0.0, p), 0.0),
    "where": (lambda x: np.where(x > 0, x**2, x), 0.0),
    "sqrt": (np.sqrt, 0.0),
    "cbrt": (np.cbrt, 0.0),
    "arcsin": (np.arcsin, 1.0),
    "arccos": (np.arccos, -1.0),
    "arccosh": (np.arccosh, 1.0),
    "x ** 0.5": (lambda x: np.power(x, 0.5), 0.0),
    "two that cancel": (lambda x: bp.relu(x) - bp.relu(-x), 0.0),
    "inside": (lambda x: np.exp(3.0 * np.abs(np.sin(x)) + x), 0.0),
    "logaddexp at infinity": (lambda x: np.logaddexp(x, x), -np.inf),
    "logsumexp at infinity": (bp.logsumexp, np.full(3, -np.inf)),
    "softmax of infinite entries": (lambda x: bp.softmax(x) * np.arange(3.0), np.array([1.0, -np.inf, 2.0])),
    "log": (np.log, 0.0),
    "arctanh": (np.arctanh, 1.0),
    "reciprocal": (lambda x: 1.0 / x, 0.0),
    "hypot": (lambda x: np.hypot(x, 0.0 * x), 0.0),
    "std": (np.std, np.full(3, 2.0)),
    "norm": (lambda x: np.sqrt(np.sum(x**2)), np.zeros(2)),
    "cut": (lambda x: np.where(x > 0, np.sqrt(np.abs(x)), 0.0) + np.maximum(np.hypot(x, x), 1e-6), 0.0),
    "entr": (special.entr, 0.0),
    "rel_entr": (lambda x: special.rel_entr(x, 2.0), 0.0),
    "i0e": (special.i0e, 0.0),
    "norm by linalg": (np.linalg.norm, np.zeros(3)),
    "singular values": (lambda x: np.linalg.svd(x, compute_uv=False), np.diag([1.0, 0.0])),
    "sort": (lambda x: np.sort(x) * np.arange(4.0), TIE),
    "one of many": (lambda x: np.sum(bp.relu(x) * np.array([1.0, 2.0, 3.0])), np.array([1.0, 0.0, -2.0])),
}


def total(f):
    return lambda x: np.sum(f(x))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", KINKS)
def test_every_kink_is_named_and_is_no_error(name):
    f, point = KINKS[name]
    found = bp.check(total(f), np.asarray(point, float))
    assert found.ok, str(found)
    assert found.kinks
    assert found.kinks[0].node in str(found)
    assert found.kinks[0].convention in str(found)
    checked = bp.check_grads(total(f), (np.asarray(point, float),))
    assert checked.ok
    assert [k.node for k in checked.kinks] == [k.node for k in found.kinks]
    assert checked.kinks[0].node in str(checked)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("beside", [1e-7, -1e-7, 2e-8])
@pytest.mark.parametrize("name", KINKS)
def test_beside_a_kink_there_is_none(name, beside):
    f, point = KINKS[name]
    if np.ndim(point) == 2:
        point = point + np.array([[0.1, 0.3], [0.2, 0.0]])
    if not np.isfinite(point).all():
        point = np.where(np.isfinite(point), point, -30.0)
    tied = np.size(point) > 1
    x = np.asarray(point, float) + beside * (np.arange(np.size(point)).reshape(np.shape(point)) if tied else 1.0)
    if not np.isfinite(f(x)).all():
        x = 2.0 * np.asarray(point, float) - x
    found = bp.check(total(f), x)
    assert found.ok, str(found)
    assert not found.kinks


def change(monkeypatch, name, *rules):
    monkeypatch.setitem(PRIMITIVES, name, replace(PRIMITIVES[name], local=rules))


@pytest.mark.parametrize(
    ("name", "at", "wrong"),
    [("relu", 0.0, 7.0), ("relu", 0.0, -0.2), ("abs", 0.0, 1.5), ("sqrt", 0.0, 3.0), ("abs", 0.0, np.nan)],
)
def test_a_derivative_that_is_on_no_side_of_a_kink_is_wrong(monkeypatch, name, at, wrong):
    change(monkeypatch, name, lambda y, x: Scale(np.full(np.shape(x), wrong)))
    f = {"relu": bp.relu, "abs": np.abs, "sqrt": np.sqrt}[name]
    with np.errstate(all="ignore"):
        found = bp.check(lambda w: 2.0 * f(w) + np.cos(w), at)
        assert not found.ok
        assert (found.wrong_edge.primitive, found.kinks) == (name, ())
        assert not bp.check_grads(lambda w: 2.0 * f(w) + np.cos(w), (at,)).ok


def test_shares_of_a_tie_that_are_no_shares_are_wrong(monkeypatch):
    whole = lambda y, *_: Composition((Broadcast((), np.shape(y)),)) if np.shape(y) else Scale(1.0)  # noqa: E731
    change(monkeypatch, "maximum", whole, whole)
    assert not bp.check(np.maximum, 1.0, 1.0).ok


def test_another_error_at_a_point_with_a_kink_is_found(monkeypatch):
    change(monkeypatch, "cos", lambda y, x: Scale(np.sin(x)))
    found = bp.check(lambda w: np.sum(np.cos(w) * (1 + np.abs(w - 1.0))), ONE)
    assert not found.ok
    assert found.wrong_edge.primitive == "cos"
    assert [k.primitive for k in found.kinks] == ["abs"]


def test_a_step_that_is_none_is_wrong(monkeypatch):
    monkeypatch.setitem(PRIMITIVES, "sin", replace(PRIMITIVES["sin"], local=(None,)))
    found = bp.check(lambda w: np.sin(w) + w, 0.5)
    assert not found.ok
    assert not found.kinks


def test_an_infinite_derivative_hides_no_other_in_its_array(monkeypatch):
    change(monkeypatch, "tanh", lambda y, x: Scale(2.0 * (1 - y * y)))
    with np.errstate(all="ignore"):
        found = bp.check(lambda w: np.sum(np.sqrt(w) + np.tanh(w)), np.array([0.0, 0.5]))
    assert not found.ok


@pytest.mark.parametrize(("convention", "ok"), [(0.0, True), (1.0, True), (0.5, True), (2.0, False), (-1.0, False)])
def test_a_hand_written_gradient_may_have_another_convention(convention, ok):
    w = np.array([1.0, 0.0, -2.0])
    found = bp.debug_gradient(
        lambda w: np.sum(3.0 * bp.relu(w)), lambda w: 3.0 * np.where(w == 0, convention, w > 0), (w,)
    )
    assert found.ok is ok
    assert ("relu_1" in str(found)) == (ok and convention != 0)


def test_a_wrong_entry_beside_one_at_a_kink_is_found():
    found = bp.debug_gradient(
        lambda w: np.sum(np.abs(w)), lambda w: np.array([1.0, 1.0, 1.0]), (np.array([1.0, 0.0, -2.0]),)
    )
    assert (found.arrays[0].wrong, found.arrays[0].where) == (1, (2,))


def test_a_network_on_rows_of_zeros_is_right():
    net = bp.Network([3, 4, 2])
    found = bp.check(net, net.init(0), np.zeros((2, 3)), np.array([0, 1]))
    assert found.ok
    assert [k.primitive for k in found.kinks] == ["relu"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_outside_its_domain_and_not_chosen_is_said():
    found = bp.check(lambda x: np.where(x > 0, np.log(x), x**2), -1.0)
    assert found.ok
    assert "log_3 is at a kink of log (the point is outside its domain)" in str(found)
    with pytest.raises(bp.NonFiniteError, match="node 'log_1' is nan: the point is outside its domain"):
        bp.check(lambda x: np.log(x) * 2.0, -1.0)
