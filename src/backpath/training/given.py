"""What every training is given, checked: examples, weights of theirs, and where the parameters begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from backpath.graph import DataError, SettingError, ShapeError
from backpath.nets import Model
from backpath.training.loop.examples import Examples, InMemory
from backpath.training.loop.rows import DenseRows, Rows, rows_of
from backpath.training.loop.starts import start

Init = str | Mapping[str, Any] | tuple[Any, ...] | list[Any] | np.ndarray
"""How initial parameters are drawn, or a tree of them."""


def examples_of(model: Model, X: Any, y: Any, weights: Any) -> tuple[Model, Examples]:
    """The model that suits X, and what to train it on, from the arguments of ``fit``.

    Raises:
        ShapeError: if X, y or weights do not fit.
        DataError: if they hold numbers that are not finite, or no example.
        SettingError: if it is no model.
    """
    if not isinstance(model, Model):
        raise SettingError(f"{model!r} is no model: give a bp.Network, a bp.nets.Sequential or a bp.Model")
    if isinstance(X, Examples):
        return model, X
    if model.inputs is None:
        model = model.suited(_shape(X)[1:])
    X, y = checked_examples(model, X, y)
    return model, InMemory(X, y, None if weights is None else checked_weights(weights, len(X)))


def checked_examples(model: Model, X: Any, y: Any) -> tuple[Rows, np.ndarray]:
    """X as rows and y as an array that fit the model.

    Raises:
        ShapeError: if they do not.
        DataError: if they hold numbers that are not finite, or no example, or targets outside the loss's domain.
    """
    shape, y = _shape(X), np.asarray(y)
    if shape[1:] != model.inputs:
        needs = ", ".join(map(str, ("examples", *(model.inputs or ()))))
        raise ShapeError(f"X has shape {list(shape)}; {model!r} needs ({needs})")
    X = rows_of(X)
    if len(X) == 0 or len(X) != len(y):
        raise DataError(f"X has {len(X)} examples and y has {len(y)}: they must be equally many, at least one")
    for name, array in (("X", X.arrays[0]), ("y", y)):
        if array.dtype.kind not in "fiub":
            raise DataError(f"{name} holds {array.dtype}; it must hold numbers")
        # The sum is finite if all entries are, and needs no array of flags.
        if array.dtype.kind == "f" and not np.isfinite(array.sum(dtype=float)):
            raise DataError(f"{name} holds numbers that are not finite: fill or drop them first")
    if model.vocabulary:
        _require_tokens(model, X.arrays[0])
    return X, model.checked_targets(y)


def _shape(X: Any) -> tuple[int, ...]:
    """Of examples as a model is to see them: scaling may change how many features there are."""
    plain = isinstance(X, DenseRows) and X.scaling is None
    return tuple(X.array.shape if plain else X.shape if hasattr(X, "shape") else np.shape(X))


def _require_tokens(model: Model, X: np.ndarray) -> None:
    if X.dtype.kind not in "iu":
        raise DataError(f"X holds {X.dtype}; {model!r} reads whole numbers: convert them, X.astype(int)")
    if not 0 <= X.min() <= X.max() < model.vocabulary:
        raise DataError(f"X holds {X.min()} to {X.max()}; {model!r} reads whole numbers below {model.vocabulary}")


def checked_weights(weights: Any, examples: int) -> np.ndarray:
    """One finite weight for each example, none negative, some positive.

    Raises:
        ShapeError: if there are more or fewer.
        DataError: if they are otherwise.
    """
    weights = np.asarray(weights, float)
    if weights.shape != (examples,):
        raise ShapeError(f"weights have shape {list(weights.shape)}; X has {examples} examples")
    if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.max() > 0):
        raise DataError("weights must be finite and not negative, and not all 0")
    return weights


def first_parameters(model: Model, examples: Rows, init: Init, seed: int, dtype: Any) -> np.ndarray:
    """Initial parameters as one new flat array; arguments as of ``fit``.

    Raises:
        SettingError: if no way to begin has that name, or parameters are of no kind to train.
        ShapeError: if parameters that are given do not fit the model.
    """
    if np.dtype(dtype).kind != "f":
        raise SettingError(f"dtype={dtype!r}: give a type of real numbers, such as float32")
    if not isinstance(init, (str, Mapping, tuple, list, np.ndarray)):
        raise SettingError(f"init={init!r}: give a name such as 'orthogonal', or parameters by name")
    flat = np.empty(model.parameter_count, dtype)
    first = start(model, examples, init, seed, dtype) if isinstance(init, str) else init
    try:
        named = model.named(first)
    except ShapeError as error:
        raise ShapeError(f"init: {error}") from None
    for view, value in zip(model.named(model.views(flat)).values(), named.values(), strict=True):
        view[...] = value
    return flat
