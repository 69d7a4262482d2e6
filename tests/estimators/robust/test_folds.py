"""Folds: every row judges some member, equal ones together, classes in proportion."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backpath.estimators.robust.folds import held_out


@given(seed=st.integers(0, 10_000), rows=st.integers(2, 60), members=st.integers(1, 11), folds=st.integers(2, 6))
def test_each_five_members_share_all_rows_out(seed, rows, members, folds):
    X = np.random.default_rng(seed).normal(size=(rows, 2))
    held = held_out(X, X[:, 0], None, members, folds, seed)
    for begin in range(0, members - folds + 1, folds):
        np.testing.assert_array_equal(held[begin : begin + folds].sum(axis=0), 1)
        sizes = held[begin : begin + folds].sum(axis=1)
        assert sizes.max() - sizes.min() <= 1
    assert not held.all(axis=1).any()


def test_dealings_differ():
    X = np.arange(40.0)[:, None]
    held = held_out(X, X[:, 0], None, 10, 5, 0)
    assert not np.array_equal(held[:5], held[5:])
    assert np.array_equal(held, held_out(X, X[:, 0], None, 10, 5, 0))
    assert not np.array_equal(held, held_out(X, X[:, 0], None, 10, 5, 1))


@given(seed=st.integers(0, 10_000))
def test_equal_rows_judge_together_unless_their_targets_differ(seed):
    rng = np.random.default_rng(seed)
    X = np.arange(20.0)[:, None].repeat(3, axis=0)
    y = np.zeros(60, int)
    y[::2] = 1
    several = np.array([len({*y[X[:, 0] == x]}) > 1 for x in X[:, 0]])
    y[:30] = np.arange(10).repeat(3) % 2
    several[:30] = False
    held = held_out(X, y, y, 5, 5, int(rng.integers(1000)))
    fold = held.argmax(axis=0).reshape(20, 3)
    np.testing.assert_array_equal(fold[:10], fold[:10, :1].repeat(3, axis=1))
    assert (fold[10:] != fold[10:, :1]).any()


@given(seed=st.integers(0, 10_000), rare=st.integers(1, 12))
def test_classes_are_in_proportion_and_one_example_alone_judges_nobody(seed, rare):
    y = np.r_[np.zeros(40, int), np.ones(rare, int)]
    X = np.random.default_rng(seed).normal(size=(len(y), 1))
    held = held_out(X, y, y, 5, 5, seed)
    of_rare = held[:, y == 1].sum(axis=1)
    assert of_rare.max() - of_rare.min() <= 1
    assert of_rare.sum() == (0 if rare == 1 else rare)
