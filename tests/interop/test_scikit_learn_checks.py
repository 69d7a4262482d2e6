"""scikit-learn's own checks of estimators, whole and with no expected failures."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from backpath.sklearn import MLPClassifier, MLPRegressor


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:.*sample_weight.*:UserWarning")
@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_is_an_estimator(estimator, check):
    check(estimator)
