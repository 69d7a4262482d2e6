"""A run for the page: how its loss went, where its predictions miss, and why the most wrong ones do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backpath.data.frame import Frame, entries_of
from backpath.explanation import Explanation, explain
from backpath.graph import RunError
from backpath.ops.control import has_control
from backpath.report.rows import features_of, rows_of_part, source_of, with_names
from backpath.training.runs.run_folder import HISTORY, read_config, read_run
from backpath.training.runs.saved_model import PREDICTED, SavedModel
from backpath.training.runs.settings import Settings

PARTS = ("test", "validation", "train")
WRONG, FEATURES, PATHS, CELLS, CLASSES, POINTS, PIXELS = 12, 6, 4, 24, 30, 400, 1024
"""At most so many rows, features and paths of each, cells of a row, classes of a matrix, points, pixels of a row."""


@dataclass(frozen=True)
class RunPage:
    """What a page shows of a run.

    Attributes:
        title: the run's name and what it predicts.
        explanation: of the row that is most wrong, for the graph.
        panel: plain data for the panel ``run``; see :func:`run_page`.
    """

    title: str
    explanation: Explanation
    panel: dict[str, Any]


@dataclass(frozen=True)
class _Judged:
    """Some rows with what the model says of them: losses, and classes or values, in the target's units."""

    rows: np.ndarray
    losses: np.ndarray
    actual: np.ndarray
    predicted: np.ndarray
    certainty: np.ndarray | None


def run_page(folder: str | Path, frame: Frame) -> RunPage:
    """What is to be seen of a run.

    The panel's data: ``settings`` as pairs of text; ``history`` with ``epoch``, ``loss`` and ``factor``; ``losses`` of
    the trained model by part; ``part``, the one that is judged: test, else validation, else train; its ``scores``; for
    classes ``classes``, ``confusion`` (counts, the true class down, the predicted one across; None for more than 30)
    and ``mistakes``; for a quantity ``points`` of true and predicted values; and ``wrong``, the rows with the largest
    losses, each explained: by the difference between the scores of the class predicted and the true one, or by the
    prediction.

    Args:
        folder: of a run that ``backpath train`` wrote.
        frame: the data that it was trained on.

    Raises:
        RunError: if the folder holds no run, or a damaged one.
        DataError: if the data are not those that it was trained on.
    """
    folder = Path(folder)
    model, config = read_run(folder), read_config(folder)
    settings = Settings.from_json(config)
    parts = dict(_parts(frame, config, model, settings))
    judged = {part: _judge(model, frame, rows) for part, rows in parts.items()}
    part = next(part for part in PARTS if part in judged)
    wrong = _wrong(model, frame, judged[part])
    told = {
        "name": str(folder),
        "target": model.target.column,
        "settings": _settings(model, settings, config),
        "history": _history(folder),
        "losses": {name: float(np.mean(found.losses)) for name, found in judged.items()},
        "part": part,
        "rows": {name: len(found.rows) for name, found in judged.items()},
        "scores": {name: model.tally([(frame, found.rows)]).scores() for name, found in judged.items()},
        **(_confusions(model, judged[part]) if model.target.classes else _values(judged[part])),
        "wrong": [row for row, _ in wrong],
    }
    return RunPage(f"{folder.name}: {model.target.column}", wrong[0][1], told)


def _parts(
    frame: Frame, config: Mapping[str, Any], model: SavedModel, settings: Settings
) -> Iterator[tuple[str, np.ndarray]]:
    fractions = {"test": settings.test, "validation": settings.validation, "train": 1.0}
    otherwise = "backpath explain RUN --data FILE --batch all explains them"
    for part in PARTS:
        if fractions[part]:
            yield part, rows_of_part(frame, config, model, part, otherwise)


def _judge(model: SavedModel, frame: Frame, rows: np.ndarray) -> _Judged:
    network, target = model.network, model.target
    losses, scores = [], []
    for first in range(0, len(rows), PREDICTED):
        some = rows[first : first + PREDICTED]
        scores.append(network.scores(model.parameters, model.features.transform(frame, some)))
        wanted = network.targets(target.encode(frame, some))
        losses.append(network.loss_function.function(scores[-1], wanted))
    score = np.concatenate(scores)
    if not target.classes:
        decoded = target.decode(network.loss_function.link(score)[:, 0])
        return _Judged(rows, np.concatenate(losses), target.values(frame, rows), decoded, None)
    probable = network.loss_function.link(score)
    predicted = np.argmax(score, axis=1) if score.shape[1] > 1 else (score[:, 0] > 0).astype(int)
    certainty = probable.max(axis=1) if score.shape[1] > 1 else np.maximum(probable[:, 0], 1 - probable[:, 0])
    return _Judged(rows, np.concatenate(losses), target.encode(frame, rows), predicted, certainty)


def _settings(model: SavedModel, settings: Settings, config: Mapping[str, Any]) -> list[tuple[str, str]]:
    plain, chosen = Settings(), []
    for name in ("layers", "activation", "init", "optimizer", "rate", "momentum", "schedule", "batch", "l2", "dropout"):
        value = getattr(settings, name)
        if value is not None and (value != getattr(plain, name) or name in ("layers", "activation", "optimizer")):
            chosen.append((name, ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)))
    return [
        ("data", str(config["source"])),
        ("target", model.target.column),
        ("model", repr(model.network).splitlines()[0]),
        ("parameters", f"{model.network.parameter_count:,}"),
        *chosen,
        ("epochs", str(settings.epochs)),
        ("seed", str(settings.seed)),
    ]


def _history(folder: Path) -> dict[str, list[float]]:
    path = folder / HISTORY
    try:
        epochs = json.loads(path.read_bytes())
        return {name: [float(epoch[key]) for epoch in epochs] for name, key in HISTORY_KEYS.items()}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunError(f"{path} cannot be read: {error}") from None


HISTORY_KEYS = {"epoch": "number", "loss": "loss", "factor": "factor"}


def _confusions(model: SavedModel, judged: _Judged) -> dict[str, Any]:
    classes = [str(c) for c in model.target.classes]
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (judged.actual, judged.predicted), 1)
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:10]
    mistakes = [(*divmod(int(k), len(classes)), int(wrong.flat[k])) for k in order if wrong.flat[k]]
    return {
        "task": "classification",
        "classes": classes,
        "confusion": counts.tolist() if len(classes) <= CLASSES else None,
        "mistakes": [(classes[true], classes[taken], times) for true, taken, times in mistakes],
    }


def _values(judged: _Judged) -> dict[str, Any]:
    some = np.unique(np.linspace(0, len(judged.rows) - 1, min(POINTS, len(judged.rows))).round().astype(int))
    points = np.stack([judged.actual[some], judged.predicted[some]], axis=1)
    return {"task": "regression", "points": points.astype(float).tolist()}


def _wrong(model: SavedModel, frame: Frame, judged: _Judged) -> list[tuple[dict[str, Any], Explanation]]:
    """The rows with the largest losses, largest first, each with why."""
    worst = np.argsort(-judged.losses, kind="stable")[:WRONG]
    return [_explained(model, frame, judged, int(k)) for k in worst]


def _explained(model: SavedModel, frame: Frame, judged: _Judged, k: int) -> tuple[dict[str, Any], Explanation]:
    row = judged.rows[k : k + 1]
    X = model.features.transform(frame, row)
    X = X.astype(model.network.input_dtype(float))
    parameters = model.network.tree(
        {name: np.asarray(value, float) for name, value in model.network.named(model.parameters).items()}
    )
    subject, margin = _subject(model, judged, k)

    def of(parameters: Any, X: Any) -> Any:
        return margin(model.network.scores(parameters, X)[0])

    found = explain(of, (parameters, X), wrt=source_of(model))
    strongest = found.top_paths(PATHS, by="layer" if has_control(found.lin.graph) else "element")
    spectrum = found.length_spectrum()
    features = features_of(model, found, X)
    told = {
        "row": int(row[0]),
        "place": frame.place(int(row[0])),
        "loss": float(judged.losses[k]),
        **_said(model, judged, k),
        "subject": subject,
        "features": [_feature(feature, model) for feature in features[:FEATURES]],
        "paths": [(with_names(p.route, model, row), float(p.product), float(p.share)) for p in strongest],
        "count": str(found.count()),
        "depth": spectrum.effective_depth,
        "lengths": list(spectrum.norms.items()),
        "cells": _cells(frame, model, int(row[0])),
        "picture": _picture(frame, int(row[0]), {feature["name"]: feature["derivative"] for feature in features}),
    }
    return told, found


def _subject(model: SavedModel, judged: _Judged, k: int) -> tuple[str, Any]:
    """What is explained of a row: in words, and as a function of its scores."""
    classes = [str(c) for c in model.target.classes]
    if not classes:
        return f"prediction of {model.target.column}", lambda scores: scores[0]
    predicted, actual = int(judged.predicted[k]), int(judged.actual[k])
    if model.network.outputs == (1,):
        sign = 1.0 if predicted else -1.0
        return f"score of {classes[predicted]} over {classes[1 - predicted]}", lambda scores: sign * scores[0]
    if predicted == actual:
        return f"score of {classes[predicted]}", lambda scores: scores[predicted]
    words = f"score of {classes[predicted]} over {classes[actual]}"
    return words, lambda scores: scores[predicted] - scores[actual]


def _said(model: SavedModel, judged: _Judged, k: int) -> dict[str, Any]:
    if judged.certainty is None:
        return {"actual": float(judged.actual[k]), "predicted": float(judged.predicted[k])}
    classes = [str(c) for c in model.target.classes]
    certain = float(judged.certainty[k]) if model.network.loss in ("cross_entropy", "sigmoid_cross_entropy") else None
    return {
        "actual": classes[int(judged.actual[k])],
        "predicted": classes[int(judged.predicted[k])],
        "certainty": certain,
    }


def _feature(feature: Mapping[str, Any], model: SavedModel) -> tuple[str, float | None, float]:
    value = None if model.network.vocabulary else feature["value"]
    return feature["name"], value, feature["derivative"]


def _cells(frame: Frame, model: SavedModel, row: int) -> list[tuple[str, str]]:
    """The row as it stands in the table, where that is not a picture or a sequence."""
    if frame.shapes:
        return []
    names = [name for name in frame.names if name != model.target.column]
    return [(name, str(frame[name][row])) for name in names[:CELLS]]


def _picture(frame: Frame, row: int, slopes: Mapping[str, float]) -> dict[str, Any] | None:
    """The row's pixels, from 0 to 1, and the derivatives by them, where it is one picture of one colour."""
    grey = [(name, s[:2]) for name, s in frame.shapes.items() if len(s) == 2 or (len(s) == 3 and s[2] == 1)]
    if len(grey) != 1 or np.prod(grey[0][1]) > PIXELS:
        return None
    ((name, shape),) = grey
    # Data sets of scikit-learn's tell row and column, our arrays the number of the entry.
    named = [f"{name}_{i}_{j}" for i, j in np.ndindex(*shape)], entries_of(name, shape)
    columns = next((names for names in named if set(names) <= set(frame.names)), None)
    if columns is None:
        return None
    values = np.array([float(frame[column][row]) for column in columns])
    low, spread = values.min(), np.ptp(values) or 1.0
    return {
        "height": shape[0],
        "width": shape[1],
        "pixels": ((values - low) / spread).tolist(),
        "slopes": [slopes.get(column, 0.0) for column in columns],
    }
