"""Probabilities as sure as they are right: one temperature for all members, by the rows that they have not seen."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax

from backpath.estimators.robust.judges import Judges

LOWEST, HIGHEST = math.exp(-2.5), math.exp(1.0)

SPREAD = 0.7
"""Deviation of the logarithm of temperatures that are expected beforehand, which counts for one row."""

SMALLEST = 1e-7
"""Probability below which a row counts as wrong as with it."""


def out_of_fold(values: np.ndarray, judges: Judges) -> tuple[np.ndarray, np.ndarray]:
    """The mean prediction of each row by the members that it judges, and whether there are any.

    Args:
        values: predictions of shape (members, held, outputs).
        judges: whose rows they are.
    """
    total, count = np.zeros((len(judges.X), values.shape[-1])), np.zeros(len(judges.X))
    for rows, weights, own in zip(judges.rows, judges.weights, values, strict=True):
        some = weights > 0
        # A member has each row once.
        total[rows[some]] += own[some]
        count[rows[some]] += 1
    seen = count > 0
    return total[seen] / count[seen, None], seen


def probabilities(scores: np.ndarray, temperature: float, multilabel: bool) -> np.ndarray:
    """Of the last axis."""
    scaled = scores.astype(float) / temperature
    return expit(scaled) if multilabel else softmax(scaled, axis=-1)


def temperature(scores: np.ndarray, judges: Judges, weights: np.ndarray | None, multilabel: bool) -> float:
    """By what scores are divided before they become probabilities, whose mean then has the least log loss.

    (Guo and others, 2017, of means of members, each of rows that it has not seen.)

    Args:
        scores: of shape (members, held, outputs).
        judges: whose rows they are.
        weights: of the rows, or None for 1 each.
        multilabel: whether each output is a probability of its own.
    """
    seen = out_of_fold(scores, judges)[1]
    if not seen.any() or (scores.shape[-1] == 1 and not multilabel):
        return 1.0
    y = judges.y[seen]
    weighed = np.ones(len(y)) if weights is None else weights[seen]

    def loss(log: float) -> float:
        p = out_of_fold(probabilities(scores, math.exp(log), multilabel), judges)[0].clip(SMALLEST, 1 - SMALLEST)
        each = -(y * np.log(p) + (1 - y) * np.log1p(-p)) if multilabel else -(y * np.log(p))
        return float(np.average(each.sum(axis=1), weights=weighed)) + (log / SPREAD) ** 2 / (2 * weighed.sum())

    found = minimize_scalar(loss, bounds=(math.log(LOWEST), math.log(HIGHEST)), method="bounded")
    return math.exp(float(found.x))
