"""Which features carry the scores of a robust estimator: of one row, and of all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from sklearn.utils.validation import check_is_fitted

from backpath.estimators.robust.lines import Carried, carried
from backpath.graph import DataError
from backpath.nets import Model
from backpath.ops import logsumexp

ROWS = 128
"""Training rows whose lines tell importances, each cut in so many pieces."""

PIECES, MOST_PIECES = 2, 256
"""Of a line: of rows for importances; of one row that is explained, at most."""

CLOSE = 1e-4
"""How far from the change of the score the sum of contributions may be, as a part of their sizes."""

FAR = 1e30
BAR = 20


@final
@dataclass(frozen=True, eq=False)
class Background:
    """What stands for the training rows, of the table's matrix.

    Attributes:
        mean: row, where lines begin.
        rows: some, where lines end: evenly taken, by weight.
    """

    mean: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray, weights: np.ndarray | None) -> Background:
        """Of these rows; of one that weighs twice as of two."""
        weighed = np.ones(len(X)) if weights is None else np.asarray(weights, float)
        wanted = (np.arange(ROWS) + 0.5) / ROWS if weighed.sum() > ROWS else (np.arange(len(X)) + 0.5) / len(X)
        reached = np.cumsum(weighed) / weighed.sum()
        taken = np.searchsorted(reached, wanted).clip(max=len(X) - 1)
        return cls(np.average(X.astype(float), axis=0, weights=weighed), X[taken].astype(float))


@final
@dataclass(frozen=True)
class RowExplanation:
    """Which features carry one row's score away from that of the mean row.

    Attributes:
        subject: what the score is, in words.
        features: their names.
        values: the row's cells, as they are read.
        contributions: by feature; they add up to ``score - baseline``, but for ``error``.
        variations: what each feature carries up and down on the way from the mean row to this one; no less than the
            size of its contribution.
        masses: what each would carry if no path through the network cancelled another; no less than its variation.
        score: of this row.
        baseline: of the mean row.
    """

    subject: str
    features: tuple[str, ...]
    values: tuple[Any, ...]
    contributions: np.ndarray
    variations: np.ndarray
    masses: np.ndarray
    score: float
    baseline: float

    @property
    def error(self) -> float:
        """What the sum of the contributions is off by: of integrals by points on a line."""
        return self.score - self.baseline - float(self.contributions.sum())

    def __str__(self) -> str:
        order = np.argsort(-np.abs(self.contributions), kind="stable")
        names, cells = [str(f) for f in self.features], [_told(v) for v in self.values]
        wide, cell = max(map(len, names)), max(map(len, cells))
        most = float(np.abs(self.contributions).max()) or 1.0
        lines = [f"{self.subject}: {self.score:.4g}; of the mean row {self.baseline:.4g}"]
        for k in order:
            bar = "#" * round(BAR * abs(float(self.contributions[k])) / most)
            lines.append(f"  {names[k]:<{wide}}  {cells[k]:>{cell}}  {self.contributions[k]:+10.4g}  {bar}")
        return "\n".join(lines)


class Explaining(ABC):
    """Estimators that tell which features carry their scores."""

    network_: Model
    parameters_: dict[str, np.ndarray]
    _table: Any
    _background: Background

    @abstractmethod
    def _shown(self, scores: Any, outputs: np.ndarray) -> Any:
        """Of traced scores (rows, outputs) what is explained: one number a row, that of its output."""

    @abstractmethod
    def _importance_outputs(self, scores: np.ndarray) -> list[np.ndarray]:
        """The outputs that importances explain of each row, one array after another."""

    @abstractmethod
    def _output_of(self, output: Any, scores: np.ndarray) -> tuple[int, str]:
        """The position of the output that a user names (None: the one to expect, by these scores), and in words."""

    def _remember(self, X: np.ndarray, weights: np.ndarray | None) -> None:
        """The rows of the table's matrix that explanations begin from."""
        self._background = Background.of(X, weights)
        vars(self).pop("_importances", None)

    @property
    def feature_importances_(self) -> np.ndarray:
        """The share of each feature in what carries the scores of training rows; of shape (features,), sum 1.

        Along the straight line from the mean row x0 to a row x, at x0 + t (x - x0), the paths p from the feature j's
        columns C(j) to the score carry f(j, t) = sum over c in C(j) of (x - x0)_c times the sum over p of the product
        of the local derivatives on p. Importances are the mean over rows of the integral over t of |f(j, t)|: the mass
        of what goes through a feature, where the paths of one point are taken together and those of different points
        and rows do not cancel. The score is the log-odds of the class that is predicted, of each of several labels, or
        the prediction; the rows are 128 of the training rows, or all if there are fewer.

        A feature that stands for no more than noise has little, but not nothing: the network was trained on the noise.
        """
        check_is_fitted(self)
        return self._importances.copy()

    @cached_property
    def _importances(self) -> np.ndarray:
        rows = self._background.rows
        shares = []
        for outputs in self._importance_outputs(np.asarray(self.network_.scores(self._wide, rows))):
            sizes = self._carried(rows, outputs, PIECES).variation.mean(axis=0)
            shares.append(sizes / sizes.sum() if sizes.any() else np.full(len(sizes), 1 / len(sizes)))
        return np.mean(shares, axis=0)

    def explain(self, row: Any, output: Any = None) -> RowExplanation:
        """Which features carry the score of one row, against that of the mean training row.

        The score of a class is its log-odds, log(p / (1 - p)); of a quantity the prediction. Contributions are
        integrals along the straight line between the two rows (integrated gradients, Sundararajan and others, 2017),
        each feature's columns, such as those of its categories, together; they add up to the difference of the scores.

        Args:
            row: shape (features,), or a table of one row.
            output: the class or label to explain, by default the one that is predicted (the first one of several
                labels); or the number of the quantity, from 0.

        Raises:
            DataError: if there is not one row, or no such output.
            ValueError: if the row is not as those of ``fit``.

        >>> from sklearn.datasets import load_iris
        >>> from backpath.sklearn import RobustMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = RobustMLPClassifier(hidden_layer_sizes=(16,), n_members=2, max_iter=20, random_state=0).fit(X, y)
        >>> found = model.explain(X[0])
        >>> abs(found.error) < 0.01
        True
        """
        check_is_fitted(self)
        X = _one_row(row)
        matrix = self._table.matrix(X).astype(float)
        if len(matrix) != 1:
            raise DataError(f"explain takes one row; there are {len(matrix):,}")
        scores = np.asarray(self.network_.scores(self._wide, np.stack([matrix[0], self._background.mean])))
        position, subject = self._output_of(output, scores[:1])
        score, baseline = np.asarray(self._shown(scores, np.full(2, position))).tolist()
        found = self._close(matrix, position, score - baseline)
        frame, names = self._table.frame(X), self._table.feature_names
        values = tuple(frame.data[name][0] if name in frame.data.columns else None for name in names)
        each = found.net[0], found.variation[0], found.mass[0]
        return RowExplanation(subject, names, values, *each, score, baseline)

    def _close(self, row: np.ndarray, output: int, change: float) -> Carried:
        """Of so many pieces that the contributions add up."""
        pieces = PIECES
        while True:
            found = self._carried(row, np.full(1, output), pieces)
            error = abs(float(found.net.sum()) - change)
            if error <= CLOSE * float(found.variation.sum()) or pieces >= MOST_PIECES:
                return found
            pieces *= 2

    def _carried(self, rows: np.ndarray, outputs: np.ndarray, pieces: int) -> Carried:
        wide = self._wide

        def score(X: Any, meant: np.ndarray) -> Any:
            return self._shown(self.network_.scores(wide, X), meant)

        table = self._table
        return carried(score, rows, outputs, self._background.mean, table.source, len(table.feature_names), pieces)

    @property
    def _wide(self) -> dict[str, np.ndarray]:
        return {name: value.astype(float) for name, value in self.parameters_.items()}


def log_odds(scores: Any, outputs: np.ndarray) -> Any:
    """Of one class each row, against all others: log(p / (1 - p)) for the probabilities of a softmax."""
    return score_of_each(scores, outputs) - logsumexp(scores - FAR * np.eye(scores.shape[1])[outputs], axis=1)


def score_of_each(scores: Any, outputs: np.ndarray) -> Any:
    """Of each row (rows, outputs) the one of its output."""
    return np.sum(scores * np.eye(scores.shape[1])[outputs], axis=1)


def _one_row(row: Any) -> Any:
    """As a table: a series has the names of its index."""
    if hasattr(row, "to_frame") and hasattr(row, "index") and not hasattr(row, "columns"):
        return row.to_frame().T.infer_objects()
    return row if hasattr(row, "columns") or np.ndim(row) != 1 else np.asarray(row)[None]


def _told(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
