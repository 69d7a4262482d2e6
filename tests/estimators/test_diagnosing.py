"""Estimators that diagnose the fit that they would make."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from backpath.sklearn import MLPClassifier, MLPRegressor, RobustMLPClassifier

X, Y = load_iris(return_X_y=True)


def test_a_classifier_with_tiny_steps_is_told_so():
    model = MLPClassifier((8,), learning_rate_init=1e-6, batch_size=16, max_iter=12, random_state=0)
    found = model.diagnose(X, Y, budget=None, steps=20_000)
    assert found.findings[0].kind in ("rate_too_small", "bad_optimizer")
    assert found.findings[0].confirmed
    assert not hasattr(model, "network_")


def test_labels_of_any_kind_and_frames_names():
    import pandas as pd

    names = np.array(["a", "b", "c"])[Y]
    frame = pd.DataFrame(X, columns=["w", "x", "y", "z"])
    found = MLPClassifier((8,), max_iter=2, random_state=0).diagnose(frame, names, budget=None, steps=2_000)
    assert found.subject.names == ("w", "x", "y", "z")
    assert found.subject.goal.classes == 3


def test_a_regressor_learns_what_its_fit_would():
    y = X @ [1.0, 2, 3, 4]
    model = MLPRegressor(
        hidden_layer_sizes=(8,), solver="sgd", learning_rate_init=0.05, batch_size=16, max_iter=30, random_state=0
    )
    found = model.diagnose(X, y, budget=None, steps=20_000)
    assert found.skill > 0.9


def test_solvers_without_batches_are_refused():
    with pytest.raises(ValueError, match="lbfgs"):
        MLPClassifier(solver="lbfgs").diagnose(X, Y)


def test_a_robust_one_is_diagnosed_by_one_of_its_networks():
    model = RobustMLPClassifier((8,), learning_rate_init=30.0, max_iter=12, batch_size=16, random_state=0)
    found = model.diagnose(X, Y, budget=None, steps=20_000)
    assert [(finding.kind, finding.confirmed) for finding in found.findings] == [("rate_too_large", True)]
    assert found.subject.names == ("x0", "x1", "x2", "x3")
    assert not hasattr(model, "network_")
