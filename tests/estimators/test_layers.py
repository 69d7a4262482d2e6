"""Weights and biases of estimators: read as of what was given, and set."""

import pickle

import numpy as np
import pytest
import sklearn.neural_network as theirs
from sklearn.datasets import load_iris

from backpath.data.scaling import SCALERS
from backpath.graph import BackpathError, SettingError, ShapeError
from backpath.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS, SPECIES = load_iris(return_X_y=True)
RNG = np.random.default_rng(0)
SHORT = {"hidden_layer_sizes": (5,), "activation": "tanh", "max_iter": 3, "random_state": 0}
OURS = [RNG.normal(size=(4, 5)), RNG.normal(size=(5, 1))], [RNG.normal(size=5), RNG.normal(size=1)]
LINEAR = [False, *(kind for kind in SCALERS if kind != "robust")]


def told(coefs, intercepts, X):
    return np.tanh(X @ coefs[0] + intercepts[0]) @ coefs[1] + intercepts[1]


@pytest.mark.parametrize("scaling", LINEAR)
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_what_is_set_is_what_predicts(scaling, loss):
    X = IRIS * np.geomspace(1e-2, 1e2, 4) + 3
    b = MLPRegressor(loss, **SHORT, scale_features=scaling).fit(X, IRIS[:, 0])
    b.coefs_, b.intercepts_ = OURS
    for ours, given in zip([*b.coefs_, *b.intercepts_], [*OURS[0], *OURS[1]], strict=True):
        np.testing.assert_allclose(ours, given, rtol=1e-9, atol=1e-12)
    scores = told(*OURS, X)[:, 0]
    np.testing.assert_allclose(b.predict(X), np.exp(scores) if loss == "poisson" else scores, rtol=1e-9)
    before = b.predict(X)
    b.coefs_[1] = 2 * OURS[0][1]
    np.testing.assert_allclose(b.coefs_[1], 2 * OURS[0][1])
    assert not np.allclose(b.predict(X), before)
    assert np.array_equal(pickle.loads(pickle.dumps(b)).predict(X), b.predict(X))
    assert type(pickle.loads(pickle.dumps(b.coefs_))) is list


def test_training_goes_on_from_what_was_set():
    arguments = {**SHORT, "solver": "sgd", "learning_rate_init": 0.01}
    a, b = theirs.MLPRegressor(**arguments), MLPRegressor(**arguments, scale_features=False, scale_target=False)
    for one in (a, b):
        one.partial_fit(IRIS, IRIS[:, 0])
        one.coefs_, one.intercepts_ = [W.copy() for W in OURS[0]], [i.copy() for i in OURS[1]]
    np.testing.assert_allclose(b.predict(IRIS), a.predict(IRIS))
    b.partial_fit(IRIS, IRIS[:, 0])
    assert not np.allclose(b.coefs_[0], OURS[0][0])
    assert abs(b.coefs_[0] - OURS[0][0]).max() < 1


@pytest.mark.parametrize("scaling", LINEAR)
def test_a_fit_that_goes_on_begins_with_what_was_set_before(scaling):
    small = {**SHORT, "learning_rate_init": 1e-12, "scale_features": scaling, "warm_start": True}
    for method in ("fit", "partial_fit"):
        b = MLPRegressor(**small)
        b.coefs_, b.intercepts_ = OURS
        assert b.coefs_ is OURS[0]
        getattr(b, method)(IRIS, IRIS[:, 0])
        np.testing.assert_allclose(b.predict(IRIS), told(*OURS, IRIS)[:, 0], rtol=1e-6)
    b = MLPRegressor(**{**small, "warm_start": False})
    b.coefs_, b.intercepts_ = OURS
    assert not np.allclose(b.fit(IRIS, IRIS[:, 0]).coefs_[0], OURS[0][0])
    b = MLPRegressor(**small)
    b.coefs_ = OURS[0]
    with pytest.raises(SettingError, match="coefs_ were set alone"):
        b.fit(IRIS, IRIS[:, 0])


def test_what_cannot_be_set_is_refused():
    b = MLPRegressor(**SHORT)
    with pytest.raises(AttributeError, match="no weights yet"):
        _ = b.intercepts_
    b.fit(IRIS, IRIS[:, 0])
    with pytest.raises(ShapeError, match=r"coefs_\[0\] has shape \[5, 4\].*needs \[4, 5\]"):
        b.coefs_ = [OURS[0][0].T, OURS[0][1]]
    with pytest.raises(ShapeError, match="1 coefs_ and 2 intercepts_ are no 2 layers"):
        b.coefs_ = OURS[0][:1]
    with pytest.raises(ValueError, match="read-only"):
        b.coefs_[0][0, 0] = 3
    for other in (MLPClassifier(**SHORT, norm="layer"), MLPClassifier(**SHORT, dropout=0.1)):
        other.fit(IRIS[:100], SPECIES[:100])
        with pytest.raises(BackpathError, match="cannot be set in Network"):
            other.intercepts_ = other.intercepts_
