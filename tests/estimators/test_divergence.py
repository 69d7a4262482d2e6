"""A training that cannot go well ends in words that name the setting and the cure."""

import contextlib
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning

from backpath.data.scaling import SCALERS
from backpath.graph import BackpathError, DataError, SettingError
from backpath.sklearn import MLPClassifier, MLPRegressor, RobustMLPClassifier, RobustMLPRegressor

IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESSION = load_diabetes(return_X_y=True)
RATES = [5.0, 50.0, 1e4, 1e12, 1e100]


def ended(b, X, y, **validation):
    """The error that a fit ends in, or None, and the kinds of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            b.fit(X, y, **validation)
        except ValueError as error:
            return error, {w.category for w in caught}
    return None, {w.category for w in caught}


def assert_a_network_or_our_words(b, y, X=IRIS, words=""):
    error, warned = ended(b, X, y)
    assert warned <= {ConvergenceWarning}
    if error is None:
        try:
            assert np.isfinite(b.predict(X)).all()
        except DataError as refused:
            error = refused
            words = "scores of"
    if error is not None:
        assert isinstance(error, BackpathError), error
        assert words in str(error)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_any_rate_ends_in_a_network_or_in_our_words(make, solver, dtype):
    for rate in RATES:
        for options in ({"early_stopping": True}, {"scale_features": False}, {"activation": "identity"}):
            b = make(solver=solver, learning_rate_init=rate, max_iter=8, random_state=0, dtype=dtype, **options)
            assert_a_network_or_our_words(b, SPECIES, words=f"learning_rate_init={rate:g}")


@pytest.mark.parametrize("make", [RobustMLPClassifier, RobustMLPRegressor])
def test_robust_ones_too(make):
    for rate in RATES:
        b = make(learning_rate_init=rate, max_iter=8, random_state=0)
        assert_a_network_or_our_words(b, SPECIES, words=f"learning_rate_init={rate:g}")


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
@pytest.mark.parametrize("scaling", [*SCALERS, False])
@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_numbers_of_any_size(make, scaling, solver):
    y = SPECIES.astype(float)
    targets = [y] if make is MLPClassifier else [y, 1e200 * y + 1, 1e-200 * y, 0.8e308 * y]
    for factor, dtype in ((1e-300, "f8"), (1e-300, "f4"), (1e30, "f4"), (1e150, "f8"), (2e307, "f8")):
        b = make(solver=solver, scale_features=scaling, hidden_layer_sizes=(5,), max_iter=3, random_state=0)
        with np.errstate(under="ignore"):
            for target in targets:
                assert_a_network_or_our_words(b, target, (IRIS * factor).astype(dtype))


def test_a_rate_of_50_with_early_stopping():
    b = MLPRegressor(activation="identity", solver="sgd", learning_rate_init=50, early_stopping=True, random_state=0)
    with (
        pytest.warns(ConvergenceWarning, match="training went on"),
        pytest.raises(SettingError, match=r"training diverged: .*Lower the rate.*learning_rate_init=50"),
    ):
        b.fit(IRIS, SPECIES)


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_a_validation_part_that_overflows(make):
    b = make(hidden_layer_sizes=(), max_iter=3, random_state=0, dtype="float32", solver="sgd", scale_features=False)
    error, _ = ended(b, IRIS, SPECIES, validation=(np.full((4, 4), 3e38), np.array([0, 1, 2, 0])))
    assert isinstance(error, SettingError)
    assert "3 of 3 iterations ended with predictions of the validation part that overflow" in str(error)


def test_lbfgs_says_what_ended_it():
    with pytest.warns(ConvergenceWarning, match=r"EVALUATIONS EXCEEDS LIMIT.*max_fun=5"):
        MLPClassifier(solver="lbfgs", max_fun=5, random_state=0).fit(IRIS, SPECIES)
    with pytest.warns(ConvergenceWarning, match=r"cg failed to converge after 2 iteration.*increase max_iter=2 or tol"):
        MLPClassifier(solver="cg", max_iter=2, random_state=0).fit(IRIS, SPECIES)


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_iter": 2},
        {"max_iter": 200, "batch_size": 1000},
        {"max_iter": 2, "solver": "lbfgs"},
        {"max_iter": 12, "solver": "sgd", "learning_rate_init": 1e3},
    ],
    ids=lambda arguments: ", ".join(arguments),
)
def test_warnings_point_at_the_call(arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with contextlib.suppress(SettingError):
            MLPRegressor(**arguments, random_state=0, early_stopping=True).fit(IRIS, SPECIES)
    assert {warning.filename for warning in caught} == {__file__}


def test_numbers_too_large_are_refused():
    X = IRIS * (1e308 / IRIS.max())
    with pytest.raises(DataError, match="The input data may contain large values and need to be preprocessed"):
        MLPRegressor().fit(X, SPECIES)


def test_a_part_that_is_too_small_names_the_cure():
    with pytest.raises(DataError, match=r"only 1 member.*proportions of the classes.*set early_stopping=False"):
        MLPClassifier(early_stopping=True).fit(IRIS[:51], SPECIES[:51])
    with pytest.raises(DataError, match="validation set is too small: it has 1 example"):
        MLPClassifier(early_stopping=True).fit(IRIS[::20], SPECIES[::20])


def test_other_classes_are_refused():
    b = MLPClassifier(max_iter=2, warm_start=True)
    with pytest.warns(ConvergenceWarning):
        b.fit(IRIS, SPECIES)
    for part in (slice(0, 100), slice(50, 150)):
        with pytest.raises(DataError, match=r"Previously got \[0 1 2\].*set warm_start=False"):
            b.fit(IRIS[part], SPECIES[part])
    with pytest.raises(SettingError, match="is not the same as on last call to partial_fit"):
        b.partial_fit(IRIS, SPECIES, classes=[0, 1])
    b.partial_fit(IRIS[:50], SPECIES[:50], classes=[0, 1, 2])
    with pytest.raises(DataError, match=r"classes not in `self.classes_`.*y has \[3\]"):
        b.partial_fit(IRIS, SPECIES + 1)
