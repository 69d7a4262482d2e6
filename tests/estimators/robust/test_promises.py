"""Estimators for people who tune nothing: scales, categories, smoothing, the best epoch."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_diabetes, load_iris, load_wine, make_multilabel_classification
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from backpath.graph import DataError
from backpath.sklearn import RobustMLPClassifier, RobustMLPRegressor

SMALL = {"hidden_layer_sizes": (32, 32), "max_iter": 60, "n_members": 5, "random_state": 0}
IRIS = load_iris(return_X_y=True)


@pytest.mark.parametrize("scales", [[1, 1, 1, 1], [1, 1e6, 1e-3, 7e5]])
def test_minds_no_scale(scales):
    X, y = IRIS
    plain, scaled = (RobustMLPClassifier(**SMALL).fit(X * s, y) for s in (1, scales))
    # The same numbers up to rounding, which training may grow.
    np.testing.assert_allclose(scaled.predict_proba(X * scales), plain.predict_proba(X), atol=0.02)


def test_one_feature_is_as_large_as_its_outlier_allows():
    X, y = IRIS
    X = X.copy()
    X[7, 2] = 1e9
    train, test = train_test_split(np.arange(150), random_state=0, stratify=y)
    assert RobustMLPClassifier(**SMALL).fit(X[train], y[train]).score(X[test], y[test]) > 0.9


def test_learns_a_quantity_in_its_own_units():
    X, y = load_diabetes(return_X_y=True)
    train, test = train_test_split(np.arange(len(y)), random_state=0)
    assert RobustMLPRegressor(**SMALL).fit(X[train], 1e6 * y[train] - 5).score(X[test], 1e6 * y[test] - 5) > 0.25


def test_begins_at_zero_and_takes_the_best_epoch_of_each():
    X, y = load_wine(return_X_y=True)
    fitted = RobustMLPClassifier(**SMALL).fit(X, y)
    assert len(fitted.loss_curve_) == len(fitted.validation_loss_curve_) == fitted.n_iter_ == 60
    assert len(fitted.best_epochs_) == fitted.n_members_ == 5
    assert fitted.best_epochs_.max() <= 60
    assert fitted.best_validation_score_ > 0.95
    untrained = RobustMLPClassifier(**{**SMALL, "max_iter": 1}, learning_rate_init=1e-30).fit(X, y)
    np.testing.assert_allclose(untrained.predict_proba(X), 1 / 3)


def test_patience_ends_it():
    X, y = IRIS
    fitted = RobustMLPClassifier(**{**SMALL, "max_iter": 256}, n_iter_no_change=10).fit(X, y)
    assert fitted.n_iter_ < 256


def shops(n=400, seed=0):
    rng = np.random.default_rng(seed)
    city, size, open_ = rng.integers(0, 4, n), rng.normal(0, 1, n), rng.integers(0, 2, n) == 1
    sales = np.array([0.0, 3.0, -2.0, 5.0])[city] + 2 * size * np.where(open_, 1, -1)
    return {"city": np.array(["Oslo", "Rome", "Lima", "Kyiv"])[city], "size": size, "open": open_}, sales


FRAMES = {
    "pandas": pd.DataFrame,
    "pandas categorical": lambda d: pd.DataFrame(d).astype({"city": "category"}),
    "polars": pl.DataFrame,
    "polars categorical": lambda d: pl.DataFrame(d, schema_overrides={"city": pl.Categorical}),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_categories_of_a_frame(frame):
    columns, sales = shops()
    X = frame(columns)
    fitted = RobustMLPRegressor(**SMALL).fit(X[:300], sales[:300])
    assert fitted.score(X[300:], sales[300:]) > 0.95
    assert list(fitted.feature_names_in_) == ["city", "size", "open"]


def test_pandas_and_polars_agree():
    columns, sales = shops()
    one, two = (
        RobustMLPRegressor(**SMALL).fit(f(columns), sales).predict(f(columns)) for f in (pd.DataFrame, pl.DataFrame)
    )
    np.testing.assert_array_equal(one, two)


def test_an_unseen_category_and_a_missing_one_are_none_of_the_known():
    columns, sales = shops()
    fitted = RobustMLPRegressor(**SMALL).fit(pd.DataFrame(columns), sales)
    odd = pd.DataFrame({"city": ["Bonn", None], "size": [0.5, 0.5], "open": [True, True]})
    with pytest.warns(UserWarning, match="categories that no training row had: city: Bonn"):
        first, second = fitted.predict(odd)
    assert first == second


@pytest.mark.parametrize("columns", [["size"], ["city", "size"]], ids=["numbers", "categories"])
def test_a_lazy_frame_is_refused(columns):
    data, sales = shops()
    frame = pl.DataFrame({name: data[name] for name in columns})
    with pytest.raises(DataError, match=r"the frame is lazy.*give what its collect\(\) returns"):
        RobustMLPRegressor(**SMALL).fit(frame.lazy(), sales)
    fitted = RobustMLPRegressor(**SMALL).fit(frame, sales)
    with pytest.raises(DataError, match=r"the frame is lazy.*give what its collect\(\) returns"):
        fitted.predict(frame.lazy())


def test_a_frame_that_changed_is_refused():
    columns, sales = shops()
    fitted = RobustMLPRegressor(**SMALL).fit(pd.DataFrame(columns), sales)
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(pd.DataFrame(columns).drop(columns="city"))
    with pytest.raises(DataError, match="size"):
        fitted.predict(pd.DataFrame(columns).assign(size="much"))


def test_class_weight_and_two_classes():
    X, y = IRIS
    rare = np.concatenate([np.arange(50, 100), np.arange(100, 115)])
    X, y = X[rare], np.array(["a", "b"])[(y[rare] == 2).astype(int)]
    found = [
        (RobustMLPClassifier(**SMALL, class_weight=w).fit(X, y).predict_proba(X)[:, 1]).mean()
        for w in ({"a": 10, "b": 1}, "balanced", {"a": 1, "b": 100})
    ]
    assert found == sorted(found)


def test_many_labels_at_once():
    X, Y = make_multilabel_classification(300, 8, n_classes=3, random_state=0)
    fitted = RobustMLPClassifier(**SMALL).fit(X, Y)
    assert (fitted.predict(X) == Y).mean() > 0.8


def test_searched_in_a_pipeline():
    X, y = IRIS
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(), RobustMLPClassifier(**SMALL)),
        {"robustmlpclassifier__activation": ["selu", "mish"]},
        cv=2,
    )
    assert search.fit(X, y).best_score_ > 0.9


def test_a_class_with_a_single_example_can_be_learned():
    X, y = IRIS
    few = np.array([*range(20), *range(50, 70), 100])
    assert RobustMLPClassifier(**SMALL).fit(X[few], y[few]).predict_proba(X).shape == (150, 3)


def test_layers_that_were_asked_for():
    X, y = IRIS
    fitted = RobustMLPClassifier((8, 4), activation=["relu", "tanh"], n_members=3, max_iter=2).fit(X, y)
    assert fitted.parameters_["W2"].shape == (3, 8, 4)
    assert fitted.network_.scores(fitted.parameters_, np.zeros((2, 4))).shape == (2, 3)
    with pytest.raises(ValueError, match=r"hidden_layer_sizes.*> 0"):
        RobustMLPClassifier(hidden_layer_sizes=(0,)).fit(X, y)
    with pytest.raises(ValueError, match="one for each of 2 hidden layers"):
        RobustMLPClassifier((8, 4), activation=["relu"]).fit(X, y)
