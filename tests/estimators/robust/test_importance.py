"""Importances and explained rows: against permutation importance, finite differences, and the axioms they keep."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from scipy.stats import spearmanr
from sklearn.datasets import load_iris, make_friedman1
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance

import backpath as bp
from backpath.estimators.robust.importance import ROWS, Background
from backpath.graph import DataError
from backpath.sklearn import RobustMLPClassifier, RobustMLPRegressor

SMALL: dict[str, Any] = {"n_members": 3, "max_iter": 30, "hidden_layer_sizes": (32, 32), "random_state": 0}


@cache
def friedman() -> tuple[RobustMLPRegressor, np.ndarray, np.ndarray]:
    """A function of the first five of ten features, and rows that were not trained on."""
    X, y = make_friedman1(900, n_features=10, noise=0.5, random_state=0)
    return RobustMLPRegressor(**SMALL).fit(X[:600], y[:600]), X[600:], y[600:]


@cache
def iris() -> tuple[RobustMLPClassifier, pd.DataFrame, np.ndarray]:
    X, y = load_iris(return_X_y=True, as_frame=True)
    labels = load_iris().target_names[y]
    return RobustMLPClassifier(**SMALL).fit(X, labels), X, labels


@cache
def mixed() -> tuple[RobustMLPClassifier, pd.DataFrame]:
    """Classes by a category and a number; another category and number say nothing, one column is constant."""
    rng = np.random.default_rng(0)
    color, size = rng.choice(["red", "green", "blue", "gray"], 600), rng.normal(size=600)
    X = pd.DataFrame({"color": color, "size": size, "noise": rng.normal(size=600), "same": 1.0})
    X["letter"] = rng.choice(list("abc"), 600)
    y = np.where(color == "red", size > 0.8, np.where(color == "blue", size < 0.2, size > -0.5))
    return RobustMLPClassifier(**SMALL).fit(X, y), X


def test_importances_agree_with_permutation_importance() -> None:
    model, X, y = friedman()
    found = model.feature_importances_
    permuted = permutation_importance(model, X, y, n_repeats=5, random_state=0).importances_mean
    assert found.shape == (10,)
    assert found.sum() == pytest.approx(1)
    assert {*np.argsort(-found)[:5]} == {*np.argsort(-permuted)[:5]} == {0, 1, 2, 3, 4}
    assert spearmanr(found[:5], permuted[:5])[0] >= 0.7
    assert spearmanr(found, permuted)[0] > 0.75
    assert found[5:].sum() < 0.1


def test_importances_of_classes_and_of_columns_that_are_several() -> None:
    model, X = mixed()
    found = dict(zip(X.columns, model.feature_importances_, strict=True))
    assert found["same"] == 0
    assert min(found["color"], found["size"]) > 4 * max(found["noise"], found["letter"])


def test_importances_are_those_of_the_last_fit() -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    model = RobustMLPRegressor(**SMALL)
    for k in (0, 2):
        assert model.fit(X, X[:, k]).feature_importances_.argmax() == k


def test_there_are_none_before_a_fit() -> None:
    with pytest.raises(NotFittedError):
        _ = RobustMLPClassifier().feature_importances_
    with pytest.raises(NotFittedError):
        RobustMLPClassifier().explain([1.0])


@pytest.mark.parametrize("row", [0, 77, 149])
def test_contributions_add_up_to_the_log_odds(row: int) -> None:
    model, X, _ = iris()
    found = model.explain(X.iloc[[row]])
    p = model.predict_proba(X.iloc[[row]])[0]
    assert found.subject == f"log-odds of {model.predict(X.iloc[[row]])[0]}"
    assert found.score == pytest.approx(logit(p.max()), rel=1e-6)
    assert abs(found.error) <= 1e-3 * np.abs(found.contributions).sum()
    assert np.all(np.abs(found.contributions) <= found.variations * (1 + 1e-9))
    assert np.all(found.variations <= found.masses * (1 + 1e-9))
    assert found.values == tuple(X.iloc[row])


def test_contributions_add_up_to_the_prediction_in_its_own_units() -> None:
    model, X, _ = friedman()
    found = model.explain(X[3])
    assert found.score == pytest.approx(float(model.predict(X[3:4])[0]), rel=1e-6)
    assert found.baseline + found.contributions.sum() == pytest.approx(found.score, rel=1e-3)


def test_contributions_are_integrals_of_derivatives_by_finite_differences() -> None:
    model, X, _ = friedman()
    found = model.explain(X[0])
    start, end = model._background.mean, model._table.matrix(X[:1])[0].astype(float)
    wide = {name: value.astype(float) for name, value in model.parameters_.items()}
    unit, steps, h = model._quantities[0].unit, 400, 1e-5
    points = start + (np.arange(steps)[:, None] + 0.5) / steps * (end - start)
    for column, feature in enumerate(model._table.source):
        move = h * np.eye(len(start))[column]
        up, down = (np.asarray(model.network_.scores(wide, points + s * move))[:, 0] for s in (1, -1))
        wanted = unit * np.mean((up - down) / (2 * h)) * (end - start)[column]
        assert found.contributions[feature] == pytest.approx(wanted, rel=1e-3, abs=2e-3)


def test_categories_count_with_all_their_columns() -> None:
    model, X = mixed()
    found = model.explain(X.iloc[[0]])
    assert found.features == tuple(X.columns)
    assert found.contributions[3] == 0
    assert found.values[0] == X["color"][0]
    assert abs(found.error) <= 1e-3 * np.abs(found.contributions).sum()
    swapped = model.explain(X.iloc[[0]].assign(letter="none of them"))
    assert np.isfinite(swapped.contributions).all()


def test_a_class_may_be_asked_for_and_two_are_each_other_s_opposite() -> None:
    model, X = mixed()
    one, other = (model.explain(X.iloc[[5]], output) for output in model.classes_)
    np.testing.assert_allclose(one.contributions, -other.contributions, rtol=1e-9, atol=1e-12)
    assert one.score == pytest.approx(-other.score)
    with pytest.raises(DataError, match="no class 'maybe'; there are False, True"):
        model.explain(X.iloc[[5]], "maybe")


def test_several_quantities_and_several_labels() -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    two = RobustMLPRegressor(**SMALL).fit(X, X[:, [0, 2]] * [1, 1000])
    assert np.abs(two.explain(X[0], 1).contributions).argmax() == 2
    assert two.feature_importances_[[0, 2]] == pytest.approx([0.5, 0.5], abs=0.15)
    with pytest.raises(DataError, match="no quantity 2: they are numbered from 0 to 1"):
        two.explain(X[0], 2)
    labels = RobustMLPClassifier(**SMALL).fit(X, (X[:, [0, 1]] > 0).astype(int))
    found = labels.explain(X[0], 1)
    assert np.abs(found.contributions).argmax() == 1
    assert found.score == pytest.approx(logit(labels.predict_proba(X[:1])[0, 1]), rel=1e-6)


def test_a_row_may_be_a_list_a_series_or_a_table_but_is_one() -> None:
    model, X, _ = iris()
    wanted = model.explain(X.iloc[[7]]).contributions
    for row in (X.iloc[7], X.iloc[7].to_numpy()[None], list(X.iloc[7])):
        np.testing.assert_allclose(model.explain(row).contributions, wanted)
    with pytest.raises(DataError, match="explain takes one row; there are 2"):
        model.explain(X.iloc[:2])


def test_an_explanation_reads_as_a_table() -> None:
    model, X = mixed()
    head, *lines = str(model.explain(X.iloc[[1]], True)).splitlines()
    assert head.startswith("log-odds of True: ")
    assert sorted(line.split()[0] for line in lines) == sorted(X.columns)
    assert lines[0].rstrip().endswith("#" * 20)


def test_the_background_minds_weights_as_repeated_rows() -> None:
    X = np.random.default_rng(0).normal(size=(300, 2))
    weights = np.arange(300) % 3
    once, repeated = Background.of(X, weights), Background.of(np.repeat(X, weights, axis=0), None)
    np.testing.assert_allclose(once.mean, repeated.mean)
    np.testing.assert_array_equal(once.rows, repeated.rows)
    assert len(once.rows) == ROWS
    few = Background.of(X[:5], None)
    np.testing.assert_array_equal(few.rows, X[:5])


def test_a_saved_estimator_explains_the_same(tmp_path: Path) -> None:
    model, X = mixed()
    bp.save(model, tmp_path / "run")
    back = bp.load(tmp_path / "run")
    np.testing.assert_array_equal(back.feature_importances_, model.feature_importances_)
    assert str(back.explain(X.iloc[[3]])) == str(model.explain(X.iloc[[3]]))
