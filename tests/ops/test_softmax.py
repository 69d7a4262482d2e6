"""The softmax family and the cross-entropies beside mpmath: large offsets, infinite logits, masked rows."""

import re

import mpmath
import numpy as np
import pytest

import backpath as bp
from backpath.nets import LOSSES

INF = np.inf
MP = mpmath.mp.clone()
MP.prec = 300
RNG = np.random.default_rng(0)
ROWS = [
    [0.3, -1.2, 2.5, 0.0],
    [40.0, 0.0, 1.0, -3.0],
    [800.0, 0.0, -900.0, 5.0],
    [1e15, 1e15 + 1, 1e15 - 2, 1e15],
    [-1e15, -1e15 + 1, -1e15 - 3, -1e15],
    [2.0, -INF, 1.0, -INF],
    [INF, 3.0, -INF, 0.0],
    [1.5, 1.5, -700.0, 1.5],
    [1e-12, 0.0, -1e-12, 1e-300],
    list(RNG.uniform(-3, 3, 4)),
    list(RNG.uniform(-60, 60, 4)),
]
ALL_MASKED = [-INF] * 4
TARGETS = [np.eye(4)[0], np.eye(4)[2], np.array([0.25, 0.0, 0.5, 0.25])]


def exact_softmax(row):
    """Probabilities p and what they lack to 1, of numbers whose largest may be infinite."""
    top = max(row)
    e = [MP.mpf(1) if x == top else MP.exp(MP.mpf(x) - MP.mpf(top)) for x in row]
    total = sum(e)
    return [x / total for x in e], [sum(e[:k] + e[k + 1 :]) / total for k in range(len(e))]


def exact_log_softmax(row):
    top = max(row)
    shifted = [MP.mpf(0) if x == top else MP.mpf(x) - MP.mpf(top) for x in row]
    return [x - MP.log1p(sum(MP.exp(s) for s in shifted) - 1) for x in shifted]


def in_ulp(y, exact, size=None):
    """The largest error, in the last place of the exact values or of ``size``."""
    y, exact = np.ravel(y), np.ravel(np.array(exact, object))
    worst = 0.0
    for k, (ours, right) in enumerate(zip(y, exact, strict=True)):
        if MP.isinf(right) or not np.isfinite(ours):
            assert float(ours) == float(right), (ours, right)
            continue
        unit = np.spacing(max(abs(float(right)), 0.0 if size is None else float(np.ravel(size)[k]), 2.0**-1022))
        worst = max(worst, abs(float((MP.mpf(float(ours)) - right) / unit)))
    return worst


@pytest.mark.parametrize("row", ROWS)
def test_softmax_logsumexp_and_log_softmax(row):
    x, (p, _), logs = np.array(row), exact_softmax(row), exact_log_softmax(row)
    assert in_ulp(bp.softmax(x), p) <= 8
    assert in_ulp(bp.log_softmax(x), logs) <= 8
    top = max(row)
    value = MP.mpf(top) if np.isinf(top) else MP.mpf(top) - logs[row.index(top)]
    assert in_ulp(bp.logsumexp(x), [value], [max(1.0, abs(min(top, 1e300)))]) <= 4
    assert in_ulp(bp.grad(bp.logsumexp)(x), p) <= 8
    assert in_ulp(bp.compile(bp.grad(bp.logsumexp), engine="compiled")(x), p) <= 8


@pytest.mark.parametrize("targets", TARGETS)
@pytest.mark.parametrize("row", ROWS)
def test_softmax_cross_entropy(row, targets):
    (p, lacking), logs = exact_softmax(row), exact_log_softmax(row)
    t = [MP.mpf(float(v)) for v in targets]
    value = -sum((a * b for a, b in zip(t, logs, strict=True) if a), MP.mpf(0))
    slopes = [p[k] * (1 - t[k]) - t[k] * lacking[k] for k in range(4)]
    sizes = [max(abs(s), p[k] * (1 - t[k]) + t[k] * lacking[k]) for k, s in enumerate(slopes)]

    def loss(x):
        return bp.softmax_cross_entropy(x, targets)

    def both(x):
        return loss(x), bp.grad(loss)(x)

    for run in (both, bp.compile(both), bp.compile(both, engine="compiled")):
        with np.errstate(invalid="ignore"):
            y, gradient = run(np.array(row))
        assert in_ulp(y, [value]) <= 8
        assert in_ulp(gradient, slopes, sizes) <= 8


def test_a_row_of_nothing_but_minus_infinity_counts_as_equal_entries():
    x = np.array(ALL_MASKED)
    assert bp.logsumexp(x) == -INF
    assert bp.logsumexp(np.array([x, x]), axis=1).tolist() == [-INF, -INF]
    np.testing.assert_allclose(bp.softmax(x), 0.25)
    np.testing.assert_allclose(bp.grad(bp.logsumexp)(x), 0.25)
    np.testing.assert_allclose(bp.softmax_cross_entropy(x, 1), np.log(4))
    assert np.isnan(bp.softmax(np.array([np.nan, 1.0]))).all()
    assert np.isnan(bp.logsumexp(np.array([np.nan, 1.0])))


def test_the_hessian_of_softmax_cross_entropy_at_ties_and_offsets():
    for row in ([1.0, 2.0, 2.0], [1e15, 1e15 + 1, 1e15 + 1], [2.0, -INF, 2.0]):
        x = np.array(row)
        p = np.array(exact_softmax(row)[0], float)
        for f in (lambda x: bp.softmax_cross_entropy(x, 1), bp.logsumexp):
            np.testing.assert_allclose(bp.hessian(f)(x), np.diag(p) - np.outer(p, p), rtol=1e-14, atol=1e-16)


SCORES = [-INF, -750.0, -40.0, -1.0, -1e-20, 0.0, 1e-20, 1.0, 40.0, 750.0, INF]


@pytest.mark.parametrize("target", [0.0, 1.0, 0.3])
def test_sigmoid_cross_entropy_at_both_ends(target):
    """Its ordinary scores are in the sweep of elementwise primitives."""
    loss = LOSSES["sigmoid_cross_entropy"].function
    s = np.array(SCORES)[:, None]
    t = np.full_like(s, target)
    gradient = bp.grad(lambda s: np.sum(loss(s, t)))(s)[:, 0]
    for k, score in enumerate(SCORES):
        ours, slope = loss(s, t)[k], gradient[k]
        if np.isinf(score):
            right = 1.0 if score > 0 else 0.0
            assert (ours, slope) == (0.0 if target == right else INF, right - target)
        else:
            above, below = (MP.log1p(MP.exp(MP.mpf(x))) for x in (score, -score))
            mt = MP.mpf(target)
            assert in_ulp(ours, [mt * below + (1 - mt) * above]) <= 8
            up, down = (1 / (1 + MP.exp(-MP.mpf(x))) for x in (score, -score))
            exact = (1 - mt) * up - mt * down
            assert in_ulp(slope, [exact], [max(abs(float(exact)), min(target, 1 - target))]) <= 8


def test_second_derivatives_of_sigmoid_cross_entropy_at_0():
    loss = LOSSES["sigmoid_cross_entropy"].function
    hessian = bp.hessian(lambda s: np.sum(loss(s, np.array([[1.0]]))))(np.zeros((1, 1)))
    assert hessian.ravel() == [0.25]


def test_probabilities_of_two_classes_keep_small_ones():
    net = bp.Network([1, 1], loss="sigmoid_cross_entropy")
    p = net.probabilities({"W1": np.ones((1, 1)), "b1": np.zeros(1)}, np.array([[50.0], [-50.0]]))
    assert in_ulp(p, [1 / (1 + MP.exp(MP.mpf(s))) for s in (50, -50, -50, 50)]) <= 4


@pytest.mark.parametrize(
    ("targets", "error", "words"),
    [
        ([0, 3], bp.DataError, "the target 3 is no class; with 3 logits they are 0 to 2"),
        ([-1, 0], bp.DataError, "the target -1 is no class"),
        ([0.0, 1.0], bp.ShapeError, "these have shape [2] and hold float64"),
        ([0, 1, 2], bp.ShapeError, "need targets [2] of whole numbers, or probabilities [2, 3]"),
    ],
)
def test_targets_that_are_none_are_refused(targets, error, words):
    x, targets = np.arange(6.0).reshape(2, 3), np.array(targets)
    for call in (bp.softmax_cross_entropy, bp.grad(lambda x: np.sum(bp.softmax_cross_entropy(x, targets)))):
        with pytest.raises(error, match=re.escape(words)):
            call(x, *([targets] if call is bp.softmax_cross_entropy else []))
