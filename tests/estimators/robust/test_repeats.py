"""Robust estimators see what examples are, not how they are written: order, repetitions and weights."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes

from backpath.estimators.parts import Part
from backpath.estimators.repeats import FEW, MOST, laid_out
from backpath.sklearn import RobustMLPClassifier, RobustMLPRegressor

SMALL = {"hidden_layer_sizes": (8,), "max_iter": 6, "n_members": 5, "random_state": 0}
DIABETES, PROGRESSION = load_diabetes(return_X_y=True)


def assert_same(a, b):
    for ours, others in zip(a, b, strict=True):
        assert (ours is None) == (others is None)
        np.testing.assert_array_equal(ours, others)


@given(seed=st.integers(0, 1000), distinct=st.integers(1, 40))
def test_weights_are_repetitions_in_any_order(seed, distinct):
    rng = np.random.default_rng(seed)
    X, y = rng.integers(0, 4, (distinct, 2)).astype(float), rng.integers(0, 2, distinct)
    weights = rng.integers(0, 5, distinct).astype(float)
    weights[0] = 3
    rows = rng.permutation(np.arange(distinct).repeat(weights.astype(int)))
    shuffled = rng.permutation(distinct)
    written = laid_out(Part(X[rows], y[rows], None))
    assert_same(laid_out(Part(X[shuffled], y[shuffled], weights[shuffled])), written)
    # The same examples, no more and no less.
    before, after = (np.column_stack([p[0], p[1]]) for p in ((X[rows], y[rows]), written))
    assert_same(before[np.lexsort(before.T)], after[np.lexsort(after.T)])
    assert_same(laid_out(Part(X[rows] * [1e-3, 1e6], y[rows], None)).y, written.y)


@given(seed=st.integers(0, 1000))
def test_weights_that_are_no_counts_keep_their_sums(seed):
    rng = np.random.default_rng(seed)
    X, y, weights = np.arange(20.0)[:, None], np.zeros(20), rng.gamma(0.3, 1, 20) + 1e-3
    whole = laid_out(Part(X, y, weights))
    twice = rng.permutation(40)
    halves = laid_out(Part(X.repeat(2, axis=0)[twice], y.repeat(2), (weights / 2).repeat(2)[twice]))
    assert_same(whole, halves)
    np.testing.assert_allclose(np.bincount(whole.X[:, 0].astype(int), whole.weights), weights)
    assert whole.weights.max() < 1.5 * weights.mean() + 1e-12
    assert len(whole.y) < 60


def test_weights_too_large_to_be_written_out_are_kept():
    X, y = np.arange(10.0)[:, None], np.zeros(10)
    part = laid_out(Part(X, y, np.full(10, 1e9)))
    assert len(part.y) <= max(FEW, 10 * MOST)
    assert part.weights is None
    part = laid_out(Part(X, y, np.r_[1.0, np.full(9, 1e9)]))
    assert len(part.y) <= max(FEW, 10 * MOST) + 1
    assert part.weights is not None
    assert part.weights.sum() == pytest.approx(9e9 + 1)


@pytest.mark.parametrize("make", [RobustMLPClassifier, RobustMLPRegressor])
@pytest.mark.parametrize("frame", [False, True], ids=["array", "frame"])
def test_many_batches_are_the_same_to_the_last_bit(make, frame):
    rng = np.random.default_rng(1)
    y = PROGRESSION if make is RobustMLPRegressor else (PROGRESSION > 140).astype(int)
    X = DIABETES
    if frame:
        X = pd.DataFrame({"age": X[:, 0], "mass": X[:, 2], "sex": np.where(X[:, 1] > 0, "f", "m")})
    weights = rng.integers(0, 4, len(y))
    rows = rng.permutation(np.arange(len(y)).repeat(weights))
    weighted = make(**SMALL).fit(X, y, sample_weight=weights)
    repeated = make(**SMALL).fit(X.iloc[rows] if frame else X[rows], y[rows])
    assert len(rows) > 2 * 256
    np.testing.assert_array_equal(weighted.predict(X), repeated.predict(X))
    assert weighted.loss_curve_ == repeated.loss_curve_
    assert weighted.validation_loss_curve_ == repeated.validation_loss_curve_


def test_class_weights_come_after_repetitions():
    y = (PROGRESSION > 200).astype(int)
    weights = np.random.default_rng(0).integers(1, 3, len(y))
    rows = np.arange(len(y)).repeat(weights)
    for class_weight in ("balanced", {0: 0.5, 1: 2.0}):
        a = RobustMLPClassifier(**SMALL, class_weight=class_weight).fit(DIABETES, y, sample_weight=weights)
        b = RobustMLPClassifier(**SMALL, class_weight=class_weight).fit(DIABETES[rows], y[rows])
        np.testing.assert_array_equal(a.predict_proba(DIABETES), b.predict_proba(DIABETES))
