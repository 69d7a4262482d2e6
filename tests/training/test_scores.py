import numpy as np
import pytest

from backpath.training.scores import accuracy, most_confused, r2, rmse


def test_scores_by_hand():
    actual, predicted = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0])
    assert accuracy(actual, predicted) == pytest.approx(2 / 3)
    assert rmse(actual, predicted) == pytest.approx(np.sqrt(4 / 3))
    assert r2(actual, predicted) == pytest.approx(1 - 2)


def test_r2_of_equal_values():
    same = np.ones(3)
    assert r2(same, same) == 1.0
    assert r2(same, np.arange(3.0)) == 0.0


def test_most_confused():
    assert most_confused(np.array([0, 1, 1, 1, 2]), np.array([0, 2, 2, 0, 1])) == (1, 2, 2)
    assert most_confused(np.array([0, 1]), np.array([0, 1])) is None
