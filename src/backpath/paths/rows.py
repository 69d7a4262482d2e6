"""Local derivatives written out: the sparse matrix of an edge between arrays, one scalar edge an entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.ops import LocalDerivative, Semiring

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """For each entry of an array of ``shape`` a linear form in the entries of another array.

    Entry number ``rows[k]`` (flat, row-major) depends on the other's entry ``columns[k]`` with weight ``z[k]``. Weights
    that are zero at this point are kept: they are edges all the same.
    """

    shape: Shape
    rows: np.ndarray
    columns: np.ndarray
    z: np.ndarray

    def dense(self, columns: int) -> np.ndarray:
        """The matrix of all entries by ``columns``."""
        matrix = np.zeros((int(np.prod(self.shape, dtype=int)), columns), self.z.dtype)
        np.add.at(matrix, (self.rows, self.columns), self.z)
        return matrix


class Rows(Semiring):
    """Sums of weighted entries of one array: pushing the identity through an edge writes its matrix out."""

    name = "rows"

    def zero(self, shape: Shape, dtype: Any) -> Sparse:
        empty = np.zeros(0, int)
        return Sparse(shape, empty, empty, np.zeros(0, dtype))

    def one(self, shape: Shape, dtype: Any) -> Sparse:
        each = np.arange(int(np.prod(shape, dtype=int)))
        return Sparse(shape, each, each, np.ones(each.size, dtype))

    def plus(self, s: Sparse, t: Sparse) -> Sparse:
        return merged(
            s.shape, *(np.concatenate(pair) for pair in ((s.rows, t.rows), (s.columns, t.columns), (s.z, t.z)))
        )

    def multiply(self, s: Sparse, z: Any) -> Sparse:
        return Sparse(s.shape, s.rows, s.columns, s.z * np.broadcast_to(z, s.shape).reshape(-1)[s.rows])

    def reduce(self, s: Sparse, axes: tuple[int, ...]) -> Sparse:
        shape = tuple(n for k, n in enumerate(s.shape) if k not in axes)
        kept = tuple(1 if k in axes else n for k, n in enumerate(s.shape))
        home = np.broadcast_to(_numbers(shape).reshape(kept), s.shape).reshape(-1)
        return merged(shape, home[s.rows], s.columns, s.z)

    def scatter(self, s: Sparse, index: Any, shape: Shape) -> Sparse:
        return merged(shape, _numbers(shape)[index].reshape(-1)[s.rows], s.columns, s.z)

    def contract(self, s: Sparse, s_letters: str, z: Any, z_letters: str, out_letters: str) -> Sparse:
        size = {**dict(zip(s_letters, s.shape, strict=True)), **dict(zip(z_letters, np.shape(z), strict=True))}
        every = "".join(size)
        grid = np.indices(tuple(size.values())).reshape(len(every), -1)

        def flat(letters: str) -> np.ndarray:
            shape = tuple(size[c] for c in letters)
            if not letters:
                return np.zeros(grid.shape[1], int)
            return np.asarray(np.ravel_multi_index(tuple(grid[every.index(c)] for c in letters), shape))

        picked, owner = take(s, flat(s_letters))
        weight = np.reshape(z, -1)[flat(z_letters)][owner]
        shape = tuple(size[c] for c in out_letters)
        return merged(shape, flat(out_letters)[owner], s.columns[picked], s.z[picked] * weight)

    def move(self, s: Sparse, rearrange: Callable[[np.ndarray], np.ndarray]) -> Sparse:
        source = rearrange(_numbers(s.shape))
        picked, owner = take(s, source.reshape(-1))
        return Sparse(source.shape, owner, s.columns[picked], s.z[picked])


ROWS = Rows()


def matrix_of(local: LocalDerivative, in_shape: Shape, dtype: Any) -> Sparse:
    """The scalar edges of a local derivative whose source has ``in_shape``."""
    return local.push(ROWS.one(in_shape, dtype), ROWS)


def _numbers(shape: Shape) -> np.ndarray:
    return np.arange(int(np.prod(shape, dtype=int))).reshape(shape)


def take(s: Sparse, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The terms of the rows ``wanted`` one after another: which term of ``s``, and for which of the wanted."""
    order = np.argsort(s.rows, kind="stable")
    counts = np.bincount(s.rows, minlength=int(np.prod(s.shape, dtype=int)))
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    owner = np.repeat(np.arange(wanted.size), counts[wanted])
    first = np.cumsum(counts[wanted]) - counts[wanted]
    within = np.arange(owner.size) - first[owner]
    return order[starts[wanted][owner] + within], owner


def merged(shape: Shape, rows: np.ndarray, columns: np.ndarray, z: np.ndarray) -> Sparse:
    """Terms of the same row and column added up."""
    width = int(columns.max(initial=-1)) + 1
    keys, place = np.unique(rows * width + columns, return_inverse=True)
    total = np.zeros(keys.size, z.dtype)
    np.add.at(total, place, z)
    return Sparse(shape, keys // max(width, 1), keys % max(width, 1), total)
