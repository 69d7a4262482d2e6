"""The peers by name, as their constructors make them; nothing is tuned.

Columns of categories go as such to those who take them, and one-hot to the others. Each factory imports its library
when it is called, so that one that is not installed hinders nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.robust.data import Data

Fit = Callable[[Any, Any], Any]
"""Takes the training rows and their targets, and returns a fitted estimator."""


def ours(data: Data, seed: int, threads: int) -> Fit:
    from backpath import sklearn as backpath

    kind = backpath.RobustMLPClassifier if data.classes else backpath.RobustMLPRegressor
    return kind(random_state=seed).fit


def catboost(data: Data, seed: int, threads: int) -> Fit:
    from catboost import CatBoostClassifier, CatBoostRegressor  # type: ignore[import-not-found]

    kind = CatBoostClassifier if data.classes else CatBoostRegressor
    return kind(
        random_seed=seed, verbose=0, thread_count=threads, cat_features=data.categorical, allow_writing_files=False
    ).fit


def lightgbm(data: Data, seed: int, threads: int) -> Fit:
    from lightgbm import LGBMClassifier, LGBMRegressor  # type: ignore[import-not-found]

    kind = LGBMClassifier if data.classes else LGBMRegressor
    return kind(random_state=seed, verbose=-1, n_jobs=threads).fit


def xgboost(data: Data, seed: int, threads: int) -> Fit:
    from xgboost import XGBClassifier, XGBRegressor  # type: ignore[import-not-found]

    kind = XGBClassifier if data.classes else XGBRegressor
    return kind(random_state=seed, n_jobs=threads, enable_categorical=True).fit


def hist_gradient_boosting(data: Data, seed: int, threads: int) -> Fit:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if data.classes else HistGradientBoostingRegressor
    return kind(random_state=seed, categorical_features="from_dtype").fit


def sklearn_mlp(data: Data, seed: int, threads: int) -> Fit:
    from sklearn.compose import TransformedTargetRegressor, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [c for c in data.X if c not in data.categorical]
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), data.categorical),
    )
    if data.classes:
        return make_pipeline(columns, MLPClassifier(random_state=seed)).fit
    scaled = TransformedTargetRegressor(MLPRegressor(random_state=seed), transformer=StandardScaler())
    return make_pipeline(columns, scaled).fit


def realmlp_td_s(data: Data, seed: int, threads: int) -> Fit:
    return _pytabkit("RealMLP_TD_S", data, seed, threads)


def realmlp_td(data: Data, seed: int, threads: int) -> Fit:
    return _pytabkit("RealMLP_TD", data, seed, threads)


def tabm(data: Data, seed: int, threads: int) -> Fit:
    return _pytabkit("TabM_D", data, seed, threads)


def _pytabkit(name: str, data: Data, seed: int, threads: int) -> Fit:
    import pytabkit  # type: ignore[import-not-found]

    kind = getattr(pytabkit, f"{name}_{'Classifier' if data.classes else 'Regressor'}")
    estimator = kind(random_state=seed, device="cpu", n_threads=threads)

    def fit(X: Any, y: Any) -> Any:
        return estimator.fit(X, y, cat_col_names=data.categorical)

    return fit


OURS = "RobustMLP"

PEERS: dict[str, Callable[[Data, int, int], Fit]] = {
    "CatBoost": catboost,
    "LightGBM": lightgbm,
    "XGBoost": xgboost,
    "HistGradientBoosting": hist_gradient_boosting,
    "scikit-learn MLP": sklearn_mlp,
    "RealMLP-TD-S": realmlp_td_s,
    "RealMLP-TD": realmlp_td,
    "TabM": tabm,
    OURS: ours,
}
