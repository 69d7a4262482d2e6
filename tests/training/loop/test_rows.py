"""Rows are taken, scaled and cast as NumPy would, from dense and from sparse arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from backpath.data.scaling import Scaling
from backpath.training.loop import rows as rows_module
from backpath.training.loop.rows import DenseRows, SparseRows, scaled_once


@given(
    seed=st.integers(0, 1000),
    source=st.sampled_from(["f4", "f8", "i4", "u1", "?"]),
    target=st.sampled_from(["f4", "f8"]),
    scaled=st.booleans(),
    kind=st.sampled_from([DenseRows, SparseRows]),
)
def test_takes_rows(seed, source, target, scaled, kind):
    rng = np.random.default_rng(seed)
    X = (rng.integers(0, 3, (9, 4)) * rng.integers(0, 2, (9, 4))).astype(source)
    mean, factor = rng.normal(0, 1, 4), rng.uniform(0.5, 2, 4)
    rows = kind(X if kind is DenseRows else sparse.csr_array(X), Scaling(mean, factor) if scaled else None)
    chosen = rng.integers(0, 9, 5)
    taken = rows.take(chosen, target)
    expected = (X[chosen] - mean) * factor if scaled else X[chosen]
    assert taken.dtype == target
    np.testing.assert_allclose(taken, expected, rtol=1e-6, atol=1e-6)
    assert rows.shape == (9, 4)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_a_large_mean_loses_nothing(kind):
    X = 1e6 + np.arange(12.0).reshape(4, 3)
    rows = (DenseRows if kind is np.asarray else SparseRows)(kind(X), Scaling(X.mean(axis=0), 1 / X.std(axis=0)))
    expected = (X - X.mean(axis=0)) / X.std(axis=0)
    np.testing.assert_allclose(rows.take(np.arange(4), np.float32), expected, rtol=1e-6)


@pytest.mark.parametrize("clipped", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_scaled_once_to_the_same_bits(monkeypatch, dtype, clipped):
    monkeypatch.setattr(rows_module, "SCALED", 7)
    X = np.random.default_rng(0).normal(5, 3, (23, 4)).astype(np.float32)
    rows = DenseRows(X, Scaling(X.mean(axis=0, dtype=float), 1 / X.std(axis=0, dtype=float), clipped))
    once = scaled_once(rows, dtype)
    assert once.as_they_lie(np.dtype(dtype)) is not None
    chosen = np.array([22, 0, 5, 5])
    np.testing.assert_array_equal(once.take(chosen, dtype), rows.take(chosen, dtype))


def test_what_is_large_or_sparse_or_unscaled_stays_where_it_lies(monkeypatch):
    X = np.ones((6, 2))
    scaling = Scaling(np.zeros(2), np.ones(2))
    for rows in (DenseRows(X), SparseRows(sparse.csr_array(X), scaling)):
        assert scaled_once(rows, np.float32) is rows
    monkeypatch.setattr(rows_module, "free_memory", lambda: 16 * 6 * 2 * 4 - 1)
    rows = DenseRows(X, scaling)
    assert scaled_once(rows, np.float32) is rows
    monkeypatch.setattr(rows_module, "free_memory", lambda: 16 * 6 * 2 * 4)
    assert scaled_once(rows, np.float32) is not rows
