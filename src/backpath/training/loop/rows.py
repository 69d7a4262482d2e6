"""Examples where they lie: a dense or sparse array of which batches of rows are taken, scaled on their way."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from backpath.data.scaling import Scaling
from backpath.engines import Take

SMALL = 1 / 16
"""Part of the free memory that a copy of the data may take."""

SCALED = 4096
"""Rows that are scaled together."""


class Rows(ABC):
    """Examples of shape (examples, features), of which nothing but batches is ever copied.

    Attributes:
        scaling: of what is taken.
        changing: whether others come into their place while they are read.
    """

    scaling: Scaling | None
    changing: bool = False

    @property
    @abstractmethod
    def arrays(self) -> tuple[np.ndarray, ...]:
        """The arrays that it reads."""

    @property
    @abstractmethod
    def unscaled(self) -> tuple[int, int]:
        """(examples, features) as they lie."""

    def as_they_lie(self, dtype: np.dtype) -> np.ndarray | None:
        """The array itself, if its rows are what a network of that type reads."""
        return None

    @abstractmethod
    def _landing(self, target: np.ndarray) -> tuple[np.ndarray, Take]:
        """Where rows can be taken to before they are scaled and cast, perhaps ``target`` itself, and how."""

    @property
    def shape(self) -> tuple[int, int]:
        """(examples, features) as they are taken."""
        examples, features = self.unscaled
        turned = None if self.scaling is None else self.scaling.matrix
        return examples, features if turned is None else turned.shape[1]

    def __len__(self) -> int:
        return self.unscaled[0]

    def taker(self, target: np.ndarray) -> Take:
        """What takes ``len(target)`` rows into ``target``, in which it is cast."""
        landing, take = self._landing(target)
        if self.scaling is not None:
            scale = self.scaling.into(target, len(target))
        elif landing is target:
            return take
        else:
            casting = "same_kind" if landing.dtype.kind == "f" else "unsafe"
            scale = partial(np.copyto, target, casting=casting)

        def scaled(chosen: np.ndarray) -> None:
            take(chosen)
            scale(landing)

        return scaled

    def take(self, chosen: np.ndarray, dtype: Any) -> np.ndarray:
        """These rows as a new array."""
        target = np.empty((len(chosen), self.shape[1]), dtype)
        self.taker(target)(chosen)
        return target


@dataclass(frozen=True, slots=True)
class DenseRows(Rows):
    """Rows of an array."""

    array: np.ndarray
    scaling: Scaling | None = None
    changing: bool = False

    @property
    def unscaled(self) -> tuple[int, int]:
        return self.array.shape[0], self.array.shape[1]

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        return (self.array,)

    def as_they_lie(self, dtype: np.dtype) -> np.ndarray | None:
        plain = self.scaling is None and self.array.dtype == dtype and self.array.flags.c_contiguous
        return self.array if plain else None

    def _landing(self, target: np.ndarray) -> tuple[np.ndarray, Take]:
        shape = len(target), self.unscaled[1]
        same = self.array.dtype == target.dtype and self.scaling is None
        landing = target if same else np.empty(shape, self.array.dtype)
        # A scale is subtracted in double precision, so that large means lose nothing.
        wide = np.empty(shape) if self.scaling and self.array.dtype != float else landing

        def take(chosen: np.ndarray) -> None:
            # mode="clip" writes straight into its target; the default would go through a copy.
            np.take(self.array, chosen, axis=0, out=landing, mode="clip")
            if wide is not landing:
                np.copyto(wide, landing, casting="unsafe")

        return wide, take


@dataclass(frozen=True, slots=True)
class SparseRows(Rows):
    """Rows of a SciPy CSR array, made dense batch by batch."""

    array: Any
    scaling: Scaling | None = None

    @property
    def unscaled(self) -> tuple[int, int]:
        return self.array.shape

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        return self.array.data, self.array.indices, self.array.indptr

    def _landing(self, target: np.ndarray) -> tuple[np.ndarray, Take]:
        landing = np.empty((len(target), self.unscaled[1]), float if self.scaling else self.array.dtype)

        def take(chosen: np.ndarray) -> None:
            np.copyto(landing, self.array[chosen].toarray(), casting="unsafe")

        return landing, take


def rows_of(X: Any, scaling: Scaling | None = None) -> Rows:
    """``X``, dense or CSR, as rows, if it is not already."""
    if isinstance(X, Rows):
        return X
    return SparseRows(X, scaling) if hasattr(X, "indptr") else DenseRows(_flat(np.asarray(X)), scaling)


def scaled_once(rows: Rows, dtype: Any) -> Rows:
    """Dense rows as they come out of their scaling, where a copy of them is small beside the memory that is free.

    What each epoch would scale anew is scaled once, to the same bits; other rows stay as they are.
    """
    size = len(rows) * rows.shape[1] * np.dtype(dtype).itemsize
    if not isinstance(rows, DenseRows) or rows.scaling is None or size > SMALL * free_memory():
        return rows
    scaled = np.empty(rows.shape, dtype)
    # What overflows is told by the loss.
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, len(rows), SCALED):
            part = scaled[first : first + SCALED]
            rows.taker(part)(np.arange(first, first + len(part)))
    return DenseRows(scaled)


def free_memory() -> int:
    """Bytes that nobody uses; 0 where the system does not say."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 0


def _flat(array: np.ndarray) -> np.ndarray:
    """Examples of any shape as rows of numbers: a view, if they lie in a row."""
    return array if array.ndim == 2 else array.reshape(len(array), -1)
