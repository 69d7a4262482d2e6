"""What is diagnosed: a training as data, and what is true of its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backpath.graph import DataError, SettingError
from backpath.nets import Model
from backpath.training.fit import DESCENT, check_settings
from backpath.training.given import Init
from backpath.training.optimizers.chain import Optimizer

FEW_CLASSES = 20
FEWEST_HELD = 12
HELD = 0.35


@dataclass(frozen=True, slots=True)
class Goal:
    """What predictions are judged by, however the target is coded.

    Attributes:
        train: labels (rows,), or values (rows, outputs), of the training rows.
        held: the same of the held-out rows.
        classes: how many labels there are; 0 for values.
    """

    train: np.ndarray
    held: np.ndarray
    classes: int

    def losses(self, predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Of each row, so that 1 is chance's: errors weighted so that classes count alike, or squares over variance.

        Squares beyond nine variances count as nine, and so does what is not finite.
        """
        if self.classes:
            counts = np.bincount(truth, minlength=self.classes)
            present = max(int(np.sum(counts > 0)), 2)
            weights = len(truth) / (np.sum(counts > 0) * counts[truth])
            return weights * (predicted != truth) / (1 - 1 / present)
        spread = np.var(self.train, axis=0)
        squares = np.mean((predicted.reshape(truth.shape) - truth) ** 2 / np.where(spread > 0, spread, 1), axis=1)
        return np.nan_to_num(np.minimum(squares, 9.0), nan=9.0)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A training: everything that ``fit`` needs, and rows that judge it.

    Attributes:
        model: what is trained.
        X: training rows.
        y: their targets, as the model's loss asks.
        held: rows that judge.
        held_y: their targets.
        goal: what is true of both.
        optimizer: of the steps.
        batch: examples a step.
        epochs: passes.
        init: as of ``fit``.
        weights: of the training rows, or None.
        names: of the features.
        gradient: a hand-written one, of parameters, X and y; or None.
        unit: what values are divided by, after a mean was taken off, before the model sees them.
        settings: what fixes would change in the settings of a run.
    """

    model: Model
    X: np.ndarray
    y: np.ndarray
    held: np.ndarray
    held_y: np.ndarray
    goal: Goal
    optimizer: Optimizer
    batch: int
    epochs: int
    init: Init
    weights: np.ndarray | None = None
    names: tuple[str, ...] = ()
    gradient: Callable[..., Any] | None = None
    unit: tuple[Any, Any] = (0.0, 1.0)
    settings: dict[str, Any] = field(default_factory=dict)

    def changed(self, **changes: Any) -> Subject:
        """The same with other fields."""
        return replace(self, **changes)

    @property
    def steps(self) -> int:
        """In an epoch."""
        return -(-len(self.X) // self.batch)

    def name(self, column: int) -> str:
        """Of a feature."""
        return self.names[column] if column < len(self.names) else f"column {column}"

    def predicted(self, network: Model, parameters: Any, X: np.ndarray) -> np.ndarray:
        """What a trained model says of rows, as the goal codes it."""
        rows = network.shaped(np.asarray(X, network.input_dtype(np.float32)))
        with np.errstate(over="ignore", invalid="ignore"):
            scores = np.asarray(network.scores(parameters, rows), float)
        scores = scores.reshape(len(X), -1)
        if self.goal.classes:
            return labels_of(scores, network, self.goal.classes, self.unit)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(network.loss_function.link(scores)) * self.unit[1] + self.unit[0]


def labels_of(scores: np.ndarray, model: Model, classes: int, unit: tuple[Any, Any]) -> np.ndarray:
    """Class indices that scores stand for, whatever loss made them; -1 where they are no numbers."""
    finite = np.all(np.isfinite(scores), axis=1)
    scores = np.where(finite[:, None], scores, 0)
    if scores.shape[1] > 1:
        found = np.argmax(scores, axis=1)
    elif model.loss_function.classifies:
        found = (scores[:, 0] > 0).astype(int)
    else:
        values = np.asarray(model.loss_function.link(np.minimum(scores[:, 0], 50.0))) * unit[1] + unit[0]
        found = np.clip(np.rint(np.squeeze(values)), 0, classes - 1).astype(int)
    return np.where(finite, found, -1)


def subject_of(
    model: Model,
    X: Any,
    y: Any,
    *,
    optimizer: Optimizer = DESCENT,
    batch: int = 32,
    epochs: int = 40,
    init: Init = "auto",
    weights: Any = None,
    validation: tuple[Any, Any] | None = None,
    names: tuple[str, ...] = (),
    gradient: Callable[..., Any] | None = None,
    seed: int = 0,
) -> Subject:
    """A training from the arguments of ``diagnose``, with rows held out to judge by.

    Raises:
        SettingError: if a setting is not of its kind.
        DataError: if there are no rows, or X and y are not equally many.
    """
    if not isinstance(model, Model):
        raise SettingError(f"{model!r} is no model: give a bp.Network, a bp.nets.Sequential or a bp.Model")
    check_settings(epochs, batch, None, seed, optimizer)
    X, y = _array(X, "X"), _array(y, "y")
    weights = None if weights is None else np.asarray(weights, float)
    if len(X) == 0 or len(X) != len(y) or X.ndim < 2:
        raise DataError(f"X has shape {list(X.shape)} and y has {len(y)} rows: give (rows, features), equally many")
    if model.inputs is None:
        model = model.suited(X.shape[1:])
    held = None if validation is None else (_array(validation[0], "X"), _array(validation[1], "y"))
    labels, classes = read_target(model, y if held is None else np.concatenate([y, held[1]]))
    if held is None:
        train, judge = parted(labels if classes else None, len(X), seed)
        held, truths = (X[judge], y[judge]), (labels[train], labels[judge])
        X, y, weights = X[train], y[train], None if weights is None else weights[train]
    else:
        truths = labels[: len(y)], labels[len(y) :]
    return Subject(
        model,
        X,
        y,
        *held,
        Goal(*truths, classes),
        optimizer,
        min(batch, len(X)),
        epochs,
        init,
        weights,
        names,
        gradient,
    )


def _array(given: Any, name: str) -> np.ndarray:
    array = np.asarray(given)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name} holds {array.dtype}; it must hold numbers")
    return array


def read_target(model: Model, y: np.ndarray) -> tuple[np.ndarray, int]:
    """Labels and how many classes there are, whatever loss is used; or values as columns, and 0.

    Whole numbers from 0 on, few and often, are labels; so are rows of one 1 and else 0.
    """
    flat = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    outputs = model.outputs or (1,)
    if flat.ndim == 2:
        one_hot = np.all(np.isin(flat, (0, 1))) and np.all(flat.sum(axis=1) == 1)
        return (np.argmax(flat, axis=1), flat.shape[1]) if one_hot else (flat.astype(float), 0)
    whole = np.all(np.isfinite(flat)) and np.all(flat == np.rint(flat)) and flat.min() >= 0
    known = np.unique(flat)
    few = whole and len(known) <= min(FEW_CLASSES, max(len(flat) // 8, 2)) and known.max() < 2 * FEW_CLASSES
    if whole and (model.loss_function.classifies or (few and _consecutive(known) and model.loss != "poisson")):
        return flat.astype(int), max(int(known.max()) + 1, 2, outputs[-1] if model.loss_function.classifies else 0)
    return flat.astype(float)[:, None], 0


def _consecutive(known: np.ndarray) -> bool:
    return bool(known[0] == 0 and np.all(np.diff(known) == 1))


def parted(labels: np.ndarray | None, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that train and rows that judge, each class in proportion; too few to part judge what they train."""
    rng = np.random.default_rng([seed, 7])
    if rows * HELD < FEWEST_HELD:
        return np.arange(rows), np.arange(rows)
    order = rng.permutation(rows)
    if labels is None:
        cut = round(rows * HELD)
        return np.sort(order[cut:]), np.sort(order[:cut])
    judge = np.zeros(rows, bool)
    for label in np.unique(labels):
        own = order[labels[order] == label]
        judge[own[: round(len(own) * HELD)]] = True
    return np.flatnonzero(~judge), np.flatnonzero(judge)
