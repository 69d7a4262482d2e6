"""Rows of a run's data: which ones a part has, which output of theirs is explained, and by what names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from backpath.data.frame import Frame, listed
from backpath.data.grids import shape_of
from backpath.explanation import Explanation
from backpath.graph import DataError
from backpath.training.runs.parting import parted_frame
from backpath.training.runs.provenance import rows_digest
from backpath.training.runs.saved_model import SavedModel
from backpath.training.runs.settings import Settings


def rows_of_part(frame: Frame, config: Mapping[str, Any], model: SavedModel, part: str, otherwise: str) -> np.ndarray:
    """The rows of ``"train"``, ``"validation"`` or ``"test"``, parted as the run parted them.

    Args:
        frame: the run's data.
        config: of the run.
        model: of the run.
        part: whose rows.
        otherwise: what to do where they cannot be told, to end a message.

    Raises:
        DataError: if the run has no such part, was streamed, or its data have changed since.
    """
    settings = Settings.from_json(config)
    if settings.stream:
        raise DataError(f"the run was streamed from disk: put the rows into a file of their own, and {otherwise}")
    rows = getattr(parted_frame(frame, str(config["target"]), settings)[0].parts, part)
    if not len(rows):
        raise DataError(f"the run has no {part} part: train with --{part} 0.1 to keep one")
    known = config.get("data", {}).get("parts", {}).get(part)
    if known and known["digest"] != rows_digest([(frame, rows)], model.features, model.target):
        raise DataError(
            f"{frame.source} has changed since the run was trained ({len(frame):,} rows now, "
            f"{config['data']['rows']:,} then): which rows were its {part} part cannot be told. Give back the file as "
            f"it was, or {otherwise}"
        )
    return rows


def explained_outputs(
    model: SavedModel, frame: Frame, rows: np.ndarray, label: str | None = None
) -> tuple[np.ndarray, str]:
    """Which output to explain for each row, that of ``label`` or of the class predicted, and what it is in words.

    Raises:
        DataError: if there is no such class.
    """
    classes = [str(c) for c in model.target.classes]
    first = np.zeros(len(rows), int)
    if not classes:
        if label is not None:
            raise DataError(f"the run predicts the quantity {model.target.column!r}: it has no classes to choose")
        return first, f"prediction of {model.target.column}"
    if label is not None and label not in classes:
        raise DataError(f"there is no class {label!r}; the run has {listed(classes, 20)}")
    if model.network.outputs == (1,):
        return first, f"score of {classes[1]} over {classes[0]}"
    wanted = [str(c) for c in model.predict(frame, rows)] if label is None else [label] * len(rows)
    subject = f"score of {wanted[0]}" if len({*wanted}) == 1 else "score of the class predicted"
    return np.array([classes.index(c) for c in wanted]), subject


def source_of(model: SavedModel) -> str:
    """By what to explain: whole numbers have no derivatives, but the vectors do that stand for them."""
    return "parameters.embedding_1.table" if model.network.vocabulary else "X"


def features_of(model: SavedModel, found: Explanation, X: np.ndarray) -> list[dict[str, Any]]:
    """Each input's name, and means over the rows: of its value, derivative, its size, and mass; largest size first."""
    source = source_of(model)
    slopes, masses = found.gradient[source], found.mass()[source]
    names = ("name", "value", "derivative", "size", "mass")
    if model.network.vocabulary:
        used = np.unique(X)
        sums = (a[used].sum(axis=1).tolist() for a in (slopes, np.abs(slopes), masses))
        rows = zip([f"number {k}" for k in used], used.tolist(), *sums, strict=True)
    else:
        means = (np.mean(a, axis=0).ravel().tolist() for a in (X, slopes, np.abs(slopes), masses))
        rows = zip(model.features.labels, *means, strict=True)
    entries: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows]
    return sorted(entries, key=lambda e: -e["size"])


def with_names(text: str, model: SavedModel, rows: np.ndarray) -> str:
    """A text with input neurons by the names of their features, and their rows where there are several."""

    def named(match: re.Match[str]) -> str:
        entry = np.ravel_multi_index(tuple(map(int, match[2].split(","))), shape_of(model.features))
        label = model.features.labels[int(entry)]
        return label if len(rows) == 1 else f"{label} of row {rows[int(match[1])]}"

    return re.sub(r"X\[(\d+),([\d,]+)\]", named, text)
