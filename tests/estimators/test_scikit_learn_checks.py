"""scikit-learn's own checks of what an estimator must do, all of them."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from backpath.sklearn import MLPClassifier, MLPRegressor, RobustMLPClassifier, RobustMLPRegressor

# A repeated example and one of double weight do not fall alike into the part that chooses the epoch.
WEIGHTS = "the validation part is drawn at random"
SMALL = {"hidden_layer_sizes": (32, 32), "max_iter": 64}


def expected_failures(estimator):
    robust = isinstance(estimator, (RobustMLPClassifier, RobustMLPRegressor))
    return {"check_sample_weight_equivalence_on_dense_data": WEIGHTS} if robust else {}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:.*sample_weight.*:UserWarning")
@parametrize_with_checks(
    [MLPClassifier(), MLPRegressor(), RobustMLPClassifier(**SMALL), RobustMLPRegressor(**SMALL)],
    expected_failed_checks=expected_failures,
)
def test_is_an_estimator(estimator, check):
    check(estimator)
