"""Classes as users name them and as numbers: one of two, one of several, or several at once for an example."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d

from backpath.graph import DataError


class Labels:
    """What estimators of classes know of their labels."""

    classes_: np.ndarray
    class_weight: Any

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.classifier_tags.multi_label = True
        return tags

    def _learn_targets(self, y: Any, classes: Any) -> None:
        self._multilabel = type_of_target(y) == "multilabel-indicator"
        self._sparse_labels = self._multilabel and not isinstance(y, np.ndarray)
        y = y if self._multilabel else self._column(y)
        self.classes_ = unique_labels(y) if classes is None else unique_labels(classes)

    def _read(self, y: Any) -> np.ndarray:
        if (type_of_target(y) == "multilabel-indicator") != self._multilabel:
            raise DataError("y has several labels for an example and the first y had one, or the other way round")
        if self._multilabel:
            return np.asarray(y if isinstance(y, np.ndarray) else y.toarray(), np.float32)
        y = self._column(y)
        where = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        unknown = self.classes_[where] != y
        if unknown.any():
            raise DataError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}; y has "
                f"{np.unique(y[unknown])}. partial_fit keeps the classes that it began with."
            )
        return where.astype(np.float32)[:, None] if len(self.classes_) <= 2 else where

    def _column(self, y: Any) -> np.ndarray:
        if y.ndim == 2 and y.shape[1] > 1:
            raise DataError("Multioutput target data is not supported: y must have one class for each example")
        return column_or_1d(y, warn=True)

    def _labels(self, y: np.ndarray) -> np.ndarray:
        """Of what was read."""
        return y if self._multilabel else self.classes_[y.astype(int).ravel()]

    def _class_weights(self, y: np.ndarray) -> np.ndarray | None:
        return None if self.class_weight is None else compute_sample_weight(self.class_weight, self._labels(y))

    def _decode(self, scores: np.ndarray) -> Any:
        if self._multilabel:
            labels = (scores > 0).astype(int)
            if not self._sparse_labels:
                return labels
            from scipy.sparse import csr_matrix

            return csr_matrix(labels)
        best = (scores[:, 0] > 0).astype(int) if scores.shape[1] == 1 else scores.argmax(axis=1)
        return self.classes_[np.minimum(best, len(self.classes_) - 1)]
