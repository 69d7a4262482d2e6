"""What features carry of a score's change along a straight line: their paths, integrated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.explanation import explain

Score = Callable[[Any, np.ndarray], Any]
"""A traceable function from rows of shape (rows, columns), and which output is meant of each, to one number each."""

NODES = 8
"""Of Gauss and Legendre's, in each piece of a line."""

CHUNK = 1024
"""Points whose paths are summed together."""


@dataclass(frozen=True)
class Carried:
    """What each feature carries along the line to each row, arrays of shape (rows, features).

    Attributes:
        net: the integral of its derivative along the line; all together are the change of the score.
        variation: that of the derivative's size: what it carries up and down.
        mass: that of the mass of its paths, neuron by neuron: what it would carry if no path cancelled another.
    """

    net: np.ndarray
    variation: np.ndarray
    mass: np.ndarray


def carried(
    score: Score,
    rows: np.ndarray,
    outputs: np.ndarray,
    start: np.ndarray,
    source: Sequence[int],
    features: int,
    pieces: int,
) -> Carried:
    """Integrate along the lines from ``start`` to each row.

    With the derivative by column c at the point x0 + t (x - x0) as the sum over the paths p from c of the product z(p)
    of their local derivatives, feature j with the columns C(j) has

    net        = integral over t from 0 to 1 of sum over c in C(j) of (x - x0)_c sum over p of z(p),
    variation  = integral of |sum over c in C(j) of (x - x0)_c sum over p of z(p)|,
    mass       = integral of sum over c in C(j) of |(x - x0)_c| sum over p of |z(p)|.

    ``net`` are integrated gradients (Sundararajan, Taly and Yan, 2017).

    Args:
        score: whose change it is.
        rows: where lines end, of shape (rows, columns).
        outputs: which output is meant of each row.
        start: where they begin, of shape (columns,).
        source: the feature of each column.
        features: how many there are.
        pieces: into how many a line is cut; each has ``NODES`` points.
    """
    fractions, weights = _points(pieces)
    steps = rows - start
    of_feature = np.eye(features)[np.asarray(source)]
    points = (start + fractions[:, None, None] * steps).reshape(-1, len(start))
    meant = np.tile(outputs, len(fractions))
    found = [_path_sums(score, points[at], meant[at]) for at in _chunks(len(points))]
    shape = (len(fractions), *steps.shape)
    slopes, masses = (np.concatenate(parts).reshape(shape) for parts in zip(*found, strict=True))
    flows = (slopes * steps) @ of_feature
    return Carried(
        net=np.tensordot(weights, flows, 1),
        variation=np.tensordot(weights, np.abs(flows), 1),
        mass=np.tensordot(weights, masses, 1) * np.abs(steps) @ of_feature,
    )


def _points(pieces: int) -> tuple[np.ndarray, np.ndarray]:
    """Where on a line of length one, and with which weights."""
    x, w = np.polynomial.legendre.leggauss(NODES)
    starts = np.arange(pieces)[:, None] / pieces
    return (starts + (x + 1) / (2 * pieces)).ravel(), np.tile(w / (2 * pieces), pieces)


def _chunks(points: int) -> list[slice]:
    return [slice(first, first + CHUNK) for first in range(0, points, CHUNK)]


def _path_sums(score: Score, points: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives and masses at each point: no point's score depends on another."""
    found = explain(lambda X: score(X, outputs), (points,), ...)
    return found.gradient["X"], found.mass()["X"]
