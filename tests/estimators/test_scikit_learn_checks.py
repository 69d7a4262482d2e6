"""scikit-learn's own checks of what an estimator must do, all of them."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from backpath.sklearn import MLPClassifier, MLPRegressor, RobustMLPClassifier, RobustMLPRegressor

SMALL = {"hidden_layer_sizes": (16, 16), "max_iter": 40, "n_members": 5}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:.*sample_weight.*:UserWarning")
@parametrize_with_checks(
    [MLPClassifier(), MLPRegressor(), RobustMLPClassifier(**SMALL), RobustMLPRegressor(**SMALL)],
)
def test_is_an_estimator(estimator, check):
    check(estimator)
