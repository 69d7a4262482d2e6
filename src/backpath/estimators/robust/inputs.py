"""The rows that an estimator is given as a frame of ours: arrays, frames of other libraries, files that were read."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import validate_data

from backpath.data.detection import kind_of
from backpath.data.frame import Frame
from backpath.data.reading.frames import column_of, column_of_objects
from backpath.data.words import NO_WORDS, Words
from backpath.graph import DataError


class Rows(NamedTuple):
    """Rows, read once.

    Attributes:
        frame: all of them.
        named: whether their columns have names; those of an array are called ``x0``, ``x1``, ...
    """

    frame: Frame
    named: bool


def checked_rows(estimator: Any, X: Any, first: bool) -> Rows:
    """The rows that an estimator is given: at first their columns are kept in it, later they must be the same.

    Raises:
        ValueError: also scikit-learn's, for other columns than those of the fit, or another order.
    """
    rows = read_rows(X)
    if not isinstance(X, Frame):
        validate_data(estimator, X, reset=first, skip_check_array=True)
    elif first:
        estimator.n_features_in_, estimator.feature_names_in_ = len(X.names), np.array(X.names, object)
    return rows


def read_rows(X: Any) -> Rows:
    """The rows of an array or a frame.

    A type that a frame declares holds: text in it is names, dates, or prose, and never numbers. Arrays of text declare
    nothing: their columns are what their cells say.

    Raises:
        DataError: if it is a lazy frame, or has two columns of one name.
        ValueError: scikit-learn's, if it is no array of two dimensions, or is empty, sparse or complex.
    """
    import narwhals as nw
    import polars as pl

    if isinstance(X, Rows):
        return X
    if isinstance(X, Frame):
        return Rows(X, True)
    found = nw.from_native(X, pass_through=True)
    if isinstance(found, nw.LazyFrame):
        raise DataError("the frame is lazy, and its rows are needed: give what its collect() returns")
    if not isinstance(found, nw.DataFrame):
        return Rows(_of_array(X), False)
    if not found.columns or not len(found):
        raise DataError(f"the frame has no {'rows' if found.columns else 'columns'}")
    names = [str(name) for name in found.columns]
    if len({*names}) < len(names):
        raise DataError(f"the frame has two columns of one name: {', '.join(names)}")
    columns = [column_of(series).alias(name) for series, name in zip(found.iter_columns(), names, strict=True)]
    return Rows(Frame("the frame", pl.DataFrame(columns), words=NO_WORDS), True)


def _of_array(X: Any) -> Frame:
    from sklearn.utils import check_array

    options: dict[str, Any] = {"dtype": None, "ensure_all_finite": "allow-nan"}
    array: Any = check_array(X, **options, input_name="X")
    columns = {f"x{k}": _column(array[:, k]) for k in range(array.shape[1])}
    frame = Frame.of("X", columns)
    if array.dtype.kind not in "US":
        return Frame(frame.source, frame.data, words=NO_WORDS)
    words = Words()
    return Frame(frame.source, frame.data, {name: kind_of(frame[name], words) for name in columns}, words)


def _column(cells: np.ndarray) -> Any:
    if cells.dtype == object:
        return column_of_objects(cells.tolist())
    if cells.dtype.kind == "f":
        return np.ascontiguousarray(cells, float)
    if cells.dtype.kind == "M":
        return cells.astype("datetime64[us]")
    return cells.astype(str).astype(object) if cells.dtype.kind == "S" else np.ascontiguousarray(cells)
