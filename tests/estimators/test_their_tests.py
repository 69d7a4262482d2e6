"""scikit-learn's own tests of its networks, from the installed package, with our estimators in place of its own."""

import importlib.util
import inspect
import itertools
from typing import NamedTuple

import pytest
import sklearn.neural_network as theirs
from sklearn.neural_network.tests import test_mlp

from backpath.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OPTIMIZER = "reads _optimizer: our steps are made by backpath.training"
WAITED = "reads _no_improvement_count: what it asserts is asserted of n_iter_ in test_as_theirs.py"
PRIVATE = {
    "test_gradient-0": "calls _loss_grad_lbfgs; ours is checked against complex steps and JAX",
    "test_learning_rate_warmstart-0": OPTIMIZER,
    "test_adaptive_learning_rate-0": OPTIMIZER,
    "test_n_iter_no_change-0": WAITED,
    "test_n_iter_no_change_inf-0": WAITED,
}
SCALED = {
    "test_fit-0": "one example alone has no scale: what never varies becomes 0",
    "test_lbfgs_classification_maxfun-1": "scaled digits are learned before the evaluations allowed are spent",
    "test_partial_fit_regression-0": "after a hundred epochs R^2 is 0.62 in our scale, 0.67 in the given one",
}
DELIBERATE = {
    "test_mlp_partial_fit_after_fit-0": "partial_fit with early stopping is judged, and ends at the best",
    "test_mlp_partial_fit_after_fit-1": "partial_fit with early stopping is judged, and ends at the best",
    "test_mlp_diverging_loss-0": "a training that diverges ends in an error that says so, not in a network of NaN",
}


class Case(NamedTuple):
    function: object
    arguments: dict

    def run(self, request):
        fixtures = [name for name in inspect.signature(self.function).parameters if name not in self.arguments]
        self.function(**self.arguments, **{name: request.getfixturevalue(name) for name in fixtures})


def loaded(classifier, regressor):
    """Their module, made again while their names are ours."""
    spec = importlib.util.spec_from_file_location("test_mlp_of_ours", test_mlp.__file__)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theirs, "MLPClassifier", classifier)
        patch.setattr(theirs, "MLPRegressor", regressor)
        spec.loader.exec_module(module)
    assert (module.MLPClassifier, module.MLPRegressor) == (classifier, regressor)
    return module


def cases(module):
    """Each test for each of its arguments, by name and number."""
    found = {}
    for name, function in vars(module).items():
        if name.startswith("test_"):
            marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
            for k, chosen in enumerate(itertools.product(*(alternatives(mark) for mark in marks))):
                found[f"{name}-{k}"] = Case(function, {n: v for arguments in chosen for n, v in arguments.items()})
    return found


def alternatives(mark):
    names, values = mark.args
    names = [name.strip() for name in names.split(",")]
    return [dict(zip(names, value if len(names) > 1 else [value], strict=True)) for value in values]


def unscaled_classifier(*args, **kwargs):
    return MLPClassifier(*args, **kwargs, scale_features=False)


def unscaled_regressor(*args, **kwargs):
    return MLPRegressor(*args, **kwargs, scale_features=False, scale_target=False)


OURS = cases(loaded(MLPClassifier, MLPRegressor))
UNSCALED = cases(loaded(unscaled_classifier, unscaled_regressor))
DIFFERENT = PRIVATE | SCALED | DELIBERATE


@pytest.fixture
def global_random_seed():
    return 42


@pytest.mark.parametrize("name", sorted(OURS.keys() - DIFFERENT.keys()))
def test_theirs(name, request):
    OURS[name].run(request)


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_is_listed_is_still_different(name, request):
    with pytest.raises((AssertionError, AttributeError, ValueError, pytest.fail.Exception)):
        OURS[name].run(request)


@pytest.mark.parametrize("name", SCALED)
def test_without_our_scaling_it_is_theirs(name, request):
    UNSCALED[name].run(request)


def test_there_are_tests():
    assert len(OURS) > 50
