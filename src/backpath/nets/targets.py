"""Targets as a loss reads them, and scores as predictions read them, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import DataError, NonFiniteError, ShapeError
from backpath.nets.losses import ANYTHING, Domain, Loss
from backpath.ops import Variable


def one_hot_rows(y: Any, classes: int) -> Any:
    """Class indices as rows of 0 with one 1, along a new last axis.

    Raises:
        ShapeError: if ``y`` holds something that is no class.
    """
    indices = y if isinstance(y, Variable) else classes_in(y, classes)
    return (np.reshape(indices, (*np.shape(indices), 1)) == np.arange(classes)).astype(np.float32)


def classes_in(y: Any, classes: int) -> np.ndarray:
    """``y`` as an array of class indices.

    Raises:
        ShapeError: if it holds something that is no class.
    """
    y = np.asarray(y)
    if y.dtype.kind not in "iu" or (y.size and not 0 <= y.min() <= y.max() < classes):
        held = f"{y.dtype} from {y.min()} to {y.max()}" if y.size and y.dtype.kind in "iuf" else f"{y.dtype}"
        raise ShapeError(f"y must hold class indices, whole numbers from 0 to {classes - 1}; it holds {held}")
    return y


def outputs_in_words(outputs: tuple[int, ...], classifies: bool) -> str:
    """What targets a model with scores of that shape needs."""
    places = ", ".join(map(str, ("batch", *outputs[:-1])))
    needed = f"class indices ({places},)" if len(outputs) == 1 else f"class indices ({places})"
    return needed if classifies else f"values ({places}, {outputs[-1]})"


def require_inside(y: np.ndarray, domain: Domain, loss: str) -> None:
    """Raises DataError if a target is outside the domain of its loss."""
    if domain is not ANYTHING and (outside := domain.outside(y)).any():
        row = int(np.argmax(outside.reshape(len(y), -1).any(axis=1)))
        held = y[row][outside[row]][0]
        raise DataError(f"y holds {held:g} in row {row}, and targets of the loss {loss} are {domain.words}")


def refuse_nan(scores: np.ndarray) -> None:
    """Raises NonFiniteError if some are nan, so that no class can be told."""
    if np.isnan(scores).any():
        rows = np.flatnonzero(np.isnan(scores).reshape(len(scores), -1).any(axis=1))
        raise NonFiniteError(
            f"the scores of {len(rows)} of {len(scores)} examples are nan, first those of row {rows[0]}, and no "
            f"class can be told from them: the parameters or X hold nan or infinity, or numbers that overflow"
        )


def given_as_indices(loss: Loss, y: Any, outputs: tuple[int, ...]) -> bool:
    """Whether ``y`` says the class of each place by one index, for several outputs."""
    return np.ndim(y) == len(outputs) and loss.classifies and outputs[-1] > 1


def rows_in_words(shape: tuple[int, ...]) -> str:
    """The shape of a batch of examples of that shape."""
    return f"({', '.join(map(str, ('batch', *shape)))})"
