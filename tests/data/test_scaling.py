"""Scalings against scikit-learn's transformers, and their promises for features of any scale."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from backpath.data.scaling import REACH, SCALERS, fit_scaling, quantiles
from backpath.graph import DataError, SettingError
from backpath.training.loop.rows import rows_of

seeds = st.integers(0, 1000)


def examples(seed, n=60):
    rng = np.random.default_rng(seed)
    return rng.normal(rng.normal(0, 5, 4), 10.0 ** rng.integers(-3, 7, 4), (n, 4))


def clipped(x):
    return x / np.sqrt(1 + (x / 3) ** 2)


@given(seed=seeds)
def test_standard_is_scikit_learns_where_no_example_is_far(seed):
    X = np.random.default_rng(seed).uniform(-1, 1, (60, 3)) * [1, 1e6, 1e-3]
    np.testing.assert_allclose(fit_scaling(True, X).apply(X), StandardScaler().fit_transform(X), atol=1e-12)


def test_standard_brings_a_rare_one_within_reach():
    X = np.zeros((1000, 1))
    X[3] = 1
    assert abs(fit_scaling("standard", X).apply(X)).max() == pytest.approx(REACH)


@given(seed=seeds)
def test_minmax_is_scikit_learns(seed):
    X = examples(seed)
    expected = MinMaxScaler((-1, 1)).fit_transform(X)
    np.testing.assert_allclose(fit_scaling("minmax", X).apply(X), expected, atol=1e-9)


@given(seed=seeds)
def test_robust_is_scikit_learns_clipped(seed):
    X = examples(seed)
    scaled = fit_scaling("robust", X).apply(X)
    np.testing.assert_allclose(scaled, clipped(RobustScaler().fit_transform(X)), rtol=1e-9, atol=1e-12)
    assert abs(scaled).max() < REACH


def test_robust_takes_half_the_range_where_the_quartiles_coincide():
    X = np.array([[0.0]] * 9 + [[8.0]])
    np.testing.assert_allclose(fit_scaling("robust", X).apply(X)[-1], clipped(2.0))


@given(seed=seeds, fraction=st.floats(0, 1))
def test_weights_are_repetitions(seed, fraction):
    rng = np.random.default_rng(seed)
    X, weights = np.round(examples(seed), 1), rng.integers(0, 4, 60)
    repeated = X.repeat(weights, axis=0)
    for kind in ("standard", "minmax", "robust"):
        a, b = fit_scaling(kind, X, weights.astype(float)), fit_scaling(kind, repeated)
        np.testing.assert_allclose(a.apply(X), b.apply(X), rtol=1e-9, atol=1e-12)
    found = quantiles(X, [fraction], weights.astype(float))
    np.testing.assert_allclose(found, np.quantile(repeated, [fraction], axis=0), rtol=1e-12)


@given(seed=seeds)
def test_quantiles_mind_no_scale_of_weights(seed):
    rng = np.random.default_rng(seed)
    X, weights = examples(seed), rng.gamma(0.5, 1, 60) + 1e-3
    found = quantiles(X, [0.25, 0.5, 0.75], weights)
    np.testing.assert_allclose(found, quantiles(X, [0.25, 0.5, 0.75], 0.37 * weights), rtol=1e-9)
    assert (np.diff(found, axis=0) >= 0).all()
    alike = quantiles(X, [0.25, 0.5, 0.75], np.full(60, 0.3))
    np.testing.assert_allclose(alike, np.quantile(X, [0.25, 0.5, 0.75], axis=0), rtol=1e-9)


def test_quantiles_that_coincide_are_equal():
    X = np.r_[np.full(20, 0.1), 7.0][:, None]
    lower, upper = quantiles(X, [0.25, 0.75], np.random.default_rng(0).gamma(1, 1, 21))
    assert lower == upper == 0.1


@given(seed=seeds)
def test_whiten_is_scikit_learns(seed):
    X = np.random.default_rng(seed).uniform(-1, 1, (60, 3)) @ [[1, 2, 0], [0, 1, 5], [1, 0, 1]] * [1, 1e5, 1e-2]
    scaled = fit_scaling("whiten", X).apply(X)
    np.testing.assert_allclose(scaled.T @ scaled / (len(X) - 1), np.eye(3), atol=1e-8)
    expected = PCA(whiten=True).fit_transform(StandardScaler().fit_transform(X))
    np.testing.assert_allclose(scaled, expected, atol=1e-7)


def test_whiten_of_what_never_varies_is_zero():
    assert not fit_scaling("whiten", np.ones((5, 3))).apply(np.ones((5, 3))).any()


def test_whiten_leaves_out_what_is_a_combination_of_others():
    X = np.random.default_rng(0).uniform(-1, 1, (60, 2)) @ [[1, 2, 3], [0, 1, -1]]
    assert fit_scaling("whiten", X).apply(X).shape == (60, 2)


@pytest.mark.parametrize("kind", SCALERS)
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
def test_batches_are_scaled_as_the_whole(kind, dtype):
    X = (100 * np.random.default_rng(0).normal(0, 1, (50, 4))).astype(dtype)
    scaling = pickle.loads(pickle.dumps(fit_scaling(kind, X)))
    rows, chosen = rows_of(X, scaling), np.arange(3, 20)
    np.testing.assert_allclose(rows.take(chosen, np.float64), scaling.apply(X)[chosen], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(rows.take(chosen, np.float32), scaling.apply(X)[chosen], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["standard", "minmax", "robust"])
def test_a_constant_feature_becomes_zero(kind):
    X = np.column_stack([np.full(20, 0.1), np.arange(20.0)])
    assert (fit_scaling(kind, X).apply(X)[:, 0] == 0).all()


@pytest.mark.parametrize("kind", ["standard", "minmax"])
def test_sparse_examples_are_scaled_as_dense_ones(kind):
    X = sparse.random_array((40, 5), density=0.3, rng=np.random.default_rng(0), format="csr")
    dense = fit_scaling(kind, X.toarray())
    taken = rows_of(X, fit_scaling(kind, X)).take(np.arange(40), float)
    np.testing.assert_allclose(taken, dense.apply(X.toarray()), atol=1e-12)


@pytest.mark.parametrize("kind", ["robust", "whiten"])
def test_what_would_fill_a_sparse_array_is_refused(kind):
    with pytest.raises(DataError, match="fill a sparse array"):
        fit_scaling(kind, sparse.csr_array(np.eye(4)))


def test_another_name_is_refused():
    with pytest.raises(SettingError, match="standard, minmax, robust, whiten"):
        fit_scaling("log", np.eye(3))


def test_numbers_too_large_are_refused():
    with pytest.raises(DataError, match="too large"):
        fit_scaling(True, np.array([[1e308], [-1e308], [1e308]]))
