"""scikit-learn's own tests of its networks, from the installed package, with our estimators in place of its own."""

import importlib.util
import sys

import pytest
import sklearn.neural_network as theirs
from sklearn.neural_network.tests import test_mlp

import backpath.sklearn as ours

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def loaded(classes):
    spec = importlib.util.spec_from_file_location("test_mlp_of_ours", test_mlp.__file__)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name, made in classes.items():
            patch.setattr(theirs, name, made)
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def global_random_seed():
    return 42


m = loaded({"MLPClassifier": ours.MLPClassifier, "MLPRegressor": ours.MLPRegressor})
globals().update({k: v for k, v in vars(m).items() if k.startswith("test_")})
