"""The course of a fit: its schedule, its time, its members and threads, and what it says meanwhile."""

import io
import math
import pickle

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_classification

import backpath as bp
from backpath.estimators.robust.progress import Line
from backpath.estimators.robust.schedule import Clock, Schedule, level_then_down, waves
from backpath.sklearn import RobustMLPClassifier, RobustMLPRegressor
from backpath.training.optimizers.schedules import coslog4

IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESSION = load_diabetes(return_X_y=True)
SMALL = {"hidden_layer_sizes": (16,), "max_iter": 20, "n_members": 5, "random_state": 0}


def test_waves_are_those_of_the_schedule_by_name():
    by_name = coslog4(1.0, 60)
    np.testing.assert_allclose([waves(step / 60) for step in range(61)], [by_name(step) for step in range(61)])
    assert [level_then_down(p) for p in (0, 0.5, 0.75, 1)] == pytest.approx([1, 1, 0.5, 0])


def test_a_course_that_is_shortened_goes_on_from_where_it_stands():
    course = Schedule(100)
    assert [course.progress(step) for step in (-1, 0, 50, 100, 200)] == [0, 0, 0.5, 1, 1]
    course.end_at(70, 50)
    assert [course.progress(step) for step in (50, 60, 70)] == pytest.approx([0.5, 0.75, 1])


@pytest.mark.parametrize("make", [RobustMLPClassifier, RobustMLPRegressor])
def test_the_number_of_threads_and_the_call_change_no_bit(make):
    y = SPECIES if make is RobustMLPClassifier else IRIS[:, 3]
    given = {**SMALL, "n_members": 8}
    a, b, c = (make(**given, n_jobs=n).fit(IRIS, y) for n in (1, 2, -1))
    for name, value in a.parameters_.items():
        np.testing.assert_array_equal(value, b.parameters_[name])
        np.testing.assert_array_equal(value, c.parameters_[name])
    again = pickle.loads(pickle.dumps(a))
    np.testing.assert_array_equal(again.predict(IRIS), clone(a).fit(IRIS, y).predict(IRIS))


@pytest.mark.parametrize("scale", [1e-6, 1e3, 1e6, 2.0**20])
@pytest.mark.parametrize("make", [RobustMLPClassifier, RobustMLPRegressor])
def test_scales_of_features_change_no_bit(make, scale):
    X, y = load_breast_cancer(return_X_y=True) if make is RobustMLPClassifier else (DIABETES, PROGRESSION)
    a, b = make(**SMALL).fit(X, y), make(**SMALL).fit(X * scale, y)
    scales = np.where(np.arange(X.shape[1]) % 2, scale, 1.0)
    c = make(**SMALL).fit(X * scales, y)
    np.testing.assert_array_equal(a.predict(X), b.predict(X * scale))
    np.testing.assert_array_equal(a.predict(X), c.predict(X * scales))
    for name, value in a.parameters_.items():
        np.testing.assert_array_equal(value, b.parameters_[name])


def ticking(monkeypatch, seconds):
    """A clock that goes on by so much whenever the fit looks at it."""
    told = [0.0]

    def spent(clock):
        told[0] += seconds
        return told[0]

    monkeypatch.setattr(Clock, "spent", property(spent))
    return told


X_LARGE, Y_LARGE = make_classification(600, 6, random_state=0)


def test_the_schedule_ends_with_the_time(monkeypatch):
    unhurried = RobustMLPClassifier(**{**SMALL, "max_iter": 60}).fit(X_LARGE, Y_LARGE)
    spent = ticking(monkeypatch, 0.1)
    hurried = RobustMLPClassifier(**{**SMALL, "max_iter": 60}, time_budget=12.0).fit(X_LARGE, Y_LARGE)
    assert spent[0] < 12.5
    assert 15 < hurried.n_iter_ < unhurried.n_iter_ == 60
    assert hurried.best_validation_score_ > 0.85


def test_little_time_leaves_members_out(monkeypatch):
    ticking(monkeypatch, 0.1)
    few = RobustMLPClassifier(**{**SMALL, "n_members": 10, "max_iter": 60}, time_budget=1.5, n_jobs=1)
    few.fit(X_LARGE, Y_LARGE)
    assert few.n_members_ < 10
    assert len(few.best_epochs_) == few.n_members_ == len(few.parameters_["W1"])
    assert few.score(X_LARGE, Y_LARGE) > 0.8


def test_no_time_is_a_round_of_steps(monkeypatch):
    ticking(monkeypatch, 10.0)
    X, y = make_classification(20_000, 4, n_redundant=0, random_state=0)
    hasty = RobustMLPClassifier(**{**SMALL, "batch_size": 100}, time_budget=1.0).fit(X, y)
    assert hasty.n_iter_ == 1
    assert hasty.score(X, y) > 0.6


def test_members_that_wait_too_long_end_and_the_fit_with_the_last():
    patient = RobustMLPRegressor(**{**SMALL, "max_iter": 200}).fit(DIABETES, PROGRESSION)
    hasty = RobustMLPRegressor(**{**SMALL, "max_iter": 200}, n_iter_no_change=3).fit(DIABETES, PROGRESSION)
    assert hasty.n_iter_ < patient.n_iter_
    assert hasty.n_iter_ <= hasty.best_epochs_.max() + 4


def test_progress_is_a_line_or_a_few(capsys):
    RobustMLPClassifier(**SMALL, verbose=True).fit(IRIS, SPECIES)
    lines = capsys.readouterr().out.splitlines()
    assert 5 <= len(lines) <= 11
    assert "100%" in lines[-1]
    assert "held-out loss" in lines[-1]

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    told = Terminal()
    line = Line(told)
    for k in range(1, 5):
        line.epoch(k, k / 4, 0.5, 3)
    line.end()
    assert told.getvalue().count("\n") == 1
    assert told.getvalue().count("\r") == 4


def test_given_rows_judge_all_members():
    rows = np.random.default_rng(0).permutation(150)
    train, held = rows[:100], rows[100:]
    fitted = RobustMLPClassifier(**SMALL).fit(IRIS[train], SPECIES[train], validation=(IRIS[held], SPECIES[held]))
    assert fitted.best_validation_score_ == fitted.score(IRIS[held], SPECIES[held])
    fitted = RobustMLPRegressor(**SMALL).fit(IRIS[train], IRIS[train, 0], validation=(IRIS[held], IRIS[held, 0]))
    assert fitted.best_validation_score_ == pytest.approx(fitted.score(IRIS[held], IRIS[held, 0]), abs=1e-5)
    with pytest.raises(ValueError, match=r"validation must be a pair: \(X, y\)"):
        RobustMLPClassifier().fit(IRIS, SPECIES, validation=IRIS)


def test_the_network_predicts_what_the_estimator_does_and_is_explained():
    fitted = RobustMLPClassifier(**SMALL).fit(IRIS, SPECIES)
    p, matrix = {n: v.astype(float) for n, v in fitted.parameters_.items()}, fitted._table.matrix(IRIS).astype(float)
    scores = fitted.network_.scores(p, matrix)
    mean = np.exp(scores - logsumexp(scores, axis=1, keepdims=True))
    np.testing.assert_allclose(fitted.predict_proba(IRIS), mean, rtol=1e-6)
    np.testing.assert_allclose(fitted.network_.probabilities(p, matrix), mean, rtol=1e-6)
    explained = bp.explain(fitted.network_.loss_value, (p, matrix[:4], SPECIES[:4]))
    assert explained.gradient["parameters.W1"].shape == (5, 4, 16)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([[0.0], [1.0]], [0, 1]),
        ([[0.0], [1.0]], [1, 1]),
        ([[2.0], [2.0], [2.0], [2.0]], [0, 1, 0, 1]),
        ([[2.0, 1.0]] * 6, ["a", "b", "c"] * 2),
        (np.arange(12.0)[:, None], [0] * 11 + [1]),
    ],
    ids=["two rows", "one class", "constant", "constant, three classes", "a class of one"],
)
def test_tiny_data(X, y):
    fitted = RobustMLPClassifier(random_state=0, max_iter=10).fit(X, y)
    p = fitted.predict_proba(X)
    assert p.shape == (len(X), len(set(y)))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert set(fitted.predict(X)) <= set(y)
    quantities = np.unique(y, return_inverse=True)[1]
    assert np.isfinite(RobustMLPRegressor(random_state=0, max_iter=10).fit(X, quantities).predict(X)).all()


def test_decision_function_orders_as_probabilities_do():
    for X, y in ((IRIS, SPECIES), (IRIS, SPECIES == 2)):
        fitted = RobustMLPClassifier(**SMALL).fit(X, y)
        scores, p = fitted.decision_function(X), fitted.predict_proba(X)
        if scores.ndim == 1:
            np.testing.assert_allclose(1 / (1 + np.exp(-scores)), p[:, 1], rtol=1e-9)
        else:
            np.testing.assert_array_equal(scores.argmax(axis=1), p.argmax(axis=1))


def test_skewed_quantities_are_predicted_by_their_mean():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 2))
    mean = np.exp(1.5 * X[:, 0] + 0.32)
    y = np.exp(1.5 * X[:, 0] + 0.8 * rng.normal(size=1500))
    fitted = RobustMLPRegressor(**{**SMALL, "max_iter": 40}).fit(X, y)
    assert fitted._quantities[0].curve == "log"
    near = np.abs(X[:, 0]) < 1
    assert np.mean(fitted.predict(X[near]) / mean[near]) == pytest.approx(1, abs=0.12)
    assert fitted.predict(X).mean() == pytest.approx(y.mean(), rel=0.2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_members": 0}, "n_members=0: it must be 'auto', or a whole number"),
        ({"time_budget": -1}, "time_budget=-1: it must be None, or seconds"),
        ({"n_jobs": 0}, "n_jobs=0"),
        ({"validation_fraction": 0.7}, "validation_fraction=0.7"),
        ({"learning_rate_init": "fast"}, "learning_rate_init='fast'"),
        ({"activation": "relo"}, "activation='relo'"),
        ({"engine": "abacus"}, "engine='abacus'"),
        ({"max_iter": 2.5}, "max_iter=2.5"),
        ({"dtype": "int8"}, "dtype='int8'"),
    ],
)
def test_refuses_arguments_that_it_does_not_know(arguments, message):
    with pytest.raises(ValueError, match=message):
        RobustMLPClassifier(**arguments).fit(IRIS, SPECIES)
    assert math.isinf(RobustMLPClassifier().n_iter_no_change)
