"""Frames with columns of categories: one feature for each category, through scikit-learn's encoder.

Of two categories one is -1 and the other 1, so that an unknown one, 0, is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.data.cells import labels
from backpath.data.reading.frames import column_of
from backpath.data.words import NO_WORDS
from backpath.graph import DataError


@dataclass(frozen=True, slots=True)
class Categories:
    """Which columns of a frame hold categories, and which they are.

    Attributes:
        numeric: names of the other columns.
        categorical: names of those.
        encoder: scikit-learn's, of those; a category that it has not seen is 0 in all features.
    """

    numeric: list[str]
    categorical: list[str]
    encoder: Any

    @classmethod
    def fit(cls, X: Any) -> Categories | None:
        """Learn from a frame; None if it is none, or has numbers only."""
        from sklearn.preprocessing import OneHotEncoder

        frame = frame_of(X)
        if frame is None:
            return None
        categorical = [name for name, kind in frame.schema.items() if not kind.is_numeric()]
        if not categorical:
            return None
        encoder = OneHotEncoder(handle_unknown="warn", sparse_output=False)
        encoder.fit(_texts(frame, categorical))
        return cls([name for name in frame.columns if name not in categorical], categorical, encoder)

    def transform(self, X: Any) -> np.ndarray:
        """Numbers of shape (rows, features): numeric columns first, then categories.

        Raises:
            DataError: if it is no frame, lacks a column, or a numeric column holds something else.
        """
        frame = frame_of(X)
        if frame is None:
            raise DataError("the estimator was fitted to a frame with categories: give one with the same columns")
        if absent := [name for name in (*self.numeric, *self.categorical) if name not in frame.columns]:
            raise DataError(f"the frame lacks the columns {', '.join(absent)}")
        if wrong := [name for name in self.numeric if not frame.schema[name].is_numeric()]:
            raise DataError(
                f"the columns {', '.join(wrong)} held numbers when the estimator was fitted, and do not now"
            )
        numbers = [frame[name].to_numpy().astype(float) for name in self.numeric]
        encoded = self.encoder.transform(_texts(frame, self.categorical))
        parts = np.split(encoded, np.cumsum([len(known) for known in self.encoder.categories_])[:-1], axis=1)
        return np.column_stack([*numbers, *(part @ [[-1], [1]] if part.shape[1] == 2 else part for part in parts)])


def frame_of(X: Any) -> Any:
    """X as a Narwhals frame; None if it is none.

    Raises:
        DataError: if it is a lazy one.
    """
    import narwhals as nw

    frame = nw.from_native(X, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        raise DataError("the frame is lazy, and its rows are needed: give what its collect() returns")
    return frame if isinstance(frame, nw.DataFrame) else None


def _texts(frame: Any, names: list[str]) -> np.ndarray:
    return np.column_stack([np.array(labels(column_of(frame[name]), NO_WORDS).to_list(), object) for name in names])
