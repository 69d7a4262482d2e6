import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, r2_score, root_mean_squared_error

from backpath.training.runs.scores import Confusions, Errors


@given(seed=st.integers(0, 1000), parts=st.integers(1, 4))
def test_scores_in_parts_are_scikit_learns_of_the_whole(seed, parts):
    rng = np.random.default_rng(seed)
    actual, predicted = 1e6 + rng.normal(0, 1, 40), 1e6 + rng.normal(0, 1, 40)
    classes, guessed = rng.integers(0, 4, 40), rng.integers(0, 4, 40)
    errors, confusions = Errors(), Confusions(4)
    for rows in np.array_split(np.arange(40), parts):
        errors.add(actual[rows], predicted[rows])
        confusions.add(classes[rows], guessed[rows])
    assert errors.scores()["r2"] == pytest.approx(r2_score(actual, predicted), rel=1e-6)
    assert errors.scores()["rmse"] == pytest.approx(root_mean_squared_error(actual, predicted))
    assert confusions.scores()["accuracy"] == pytest.approx(accuracy_score(classes, guessed))
    np.testing.assert_array_equal(confusions.counts, confusion_matrix(classes, guessed, labels=range(4)))


def test_r2_of_equal_values():
    for predicted, r2 in [(np.ones(3), 1.0), (np.arange(3.0), 0.0)]:
        errors = Errors()
        errors.add(np.ones(3), predicted)
        assert errors.scores()["r2"] == r2


def test_most_confused():
    confusions = Confusions(3)
    confusions.add(np.array([0, 1, 1, 1, 2]), np.array([0, 2, 2, 0, 1]))
    assert confusions.most_confused() == (1, 2, 2)
    right = Confusions(2)
    right.add(np.array([0, 1]), np.array([0, 1]))
    assert right.most_confused() is None
