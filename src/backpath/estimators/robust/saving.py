"""Fitted robust estimators as run folders: arrays of numbers and JSON, which no reading can make into a program."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from backpath.estimators.robust.classifier import RobustMLPClassifier
from backpath.estimators.robust.members import Form
from backpath.estimators.robust.plain import from_plain, to_plain
from backpath.estimators.robust.prediction import Together
from backpath.estimators.robust.regressor import RobustMLPRegressor
from backpath.graph import BackpathError, DataError, RunError, SettingError
from backpath.training.loop.epochs import Epoch
from backpath.training.runs.run_folder import ESTIMATOR, MODEL, read_description, read_model, write_model

Robust = RobustMLPClassifier | RobustMLPRegressor

CLASSES = {kind.__name__: kind for kind in (RobustMLPClassifier, RobustMLPRegressor)}
ELSEWHERE = ("network_", "parameters_", "_importances")
"""Attributes that are the folder's model, or follow from the others."""


def write_estimator(
    estimator: Robust,
    folder: str | Path,
    described: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
) -> None:
    """Write a fitted estimator into a new folder: it is there whole, or not at all.

    Args:
        estimator: fitted.
        folder: where; it must not exist, or be empty.
        described: what else is to be known of the model.
        config: how it was made.

    Raises:
        SettingError: if an argument of the estimator cannot be written down.
        NotFittedError: scikit-learn's, if it was not fitted.
        RunError: if something is in the way.
        OSError: if it cannot be written; nothing of it is left.
    """
    check_is_fitted(estimator)
    scores: Any = estimator.network_._function
    engine = estimator.engine_
    state = {name: value for name, value in vars(estimator).items() if name not in ELSEWHERE}
    plain = {"class": type(estimator).__name__, "form": to_plain(scores.form), "temperature": scores.temperature}
    plain["attributes"] = {name: _written(name, value) for name, value in state.items()}
    about = {"features": None, "target": None, **(described or {}), ESTIMATOR: plain}
    told = {} if engine is None else {"engine": engine.engine, "why": engine.why}
    write_model(
        folder, estimator.network_, estimator.parameters_, about, _epochs(estimator.loss_curve_), config or told
    )


def _written(name: str, value: Any) -> Any:
    try:
        plain = to_plain(value)
        json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError):
        raise SettingError(
            f"{name}={value!r} cannot be written down: set_params to numbers, texts, lists or dictionaries"
        ) from None
    return plain


def _epochs(losses: Sequence[float]) -> list[Epoch]:
    return [Epoch(number, float(loss), 0.0) for number, loss in enumerate(losses, 1) if np.isfinite(loss)]


def read_estimator(folder: str | Path) -> tuple[Robust, dict[str, Any]]:
    """The fitted estimator of a folder, and all that is described.

    Raises:
        RunError: if the folder holds none, a damaged one, or one of a newer format.
    """
    description = read_description(folder)
    if ESTIMATOR not in description:
        raise RunError(f"{folder} holds no estimator")
    try:
        told = description[ESTIMATOR]
        form, temperature = from_plain(told["form"]), float(told["temperature"])
        if not isinstance(form, Form) or not 0 < temperature < np.inf:
            raise DataError("not the description of networks")
        estimator = CLASSES[told["class"]]()
        attributes = {name: from_plain(value) for name, value in told["attributes"].items()}
        scores = Together(form, temperature)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        cause = error if isinstance(error, BackpathError) else repr(error)
        raise RunError(f"{Path(folder) / MODEL} is damaged: {cause}") from None
    vars(estimator).update(attributes)
    estimator.network_, estimator.parameters_, _ = read_model(folder, scores)
    _require_consistent(estimator, form, Path(folder) / MODEL)
    return estimator, description


def _require_consistent(estimator: Robust, form: Form, path: Path) -> None:
    """Raises RunError unless table, networks and classes fit together."""
    members = {len(value) for value in estimator.parameters_.values()}
    shapes = {name: value.shape[1:] for name, value in estimator.parameters_.items()}
    if len(members) != 1 or shapes != form.shapes:
        raise RunError(f"{path} is damaged: its networks are not those of {Path(path).parent}")
    table = vars(estimator).get("_table")
    if getattr(table, "width", None) != form.features or getattr(table, "numbers", None) != form.numbers:
        raise RunError(f"{path} is damaged: the table makes other features than the networks read")
