"""How the loss went from epoch to epoch, and how far steps moved the weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.calculus import grad, value_and_grad
from backpath.diagnosis.evidence.curvature import flat_loss
from backpath.diagnosis.subject import Subject
from backpath.diagnosis.trials import Outcome
from backpath.engines import compile
from backpath.nets import Model


@dataclass(frozen=True, slots=True)
class Course:
    """Of the trainings as they were given.

    Attributes:
        start: the loss before the first step.
        chance: what the loss would be if scores were the best constants.
        first: of the first epoch.
        last: of the last one.
        falling: the part of the whole fall, from the start, that the last quarter of the epochs brings.
        rising: the part of epochs, of the later half, in which the loss rises.
        halved: whether steps had to be halved since the loss was not finite, or training ended there.
        error: what ended it, in words.
        movement: log10 of a step over the weights, the median over parameters.
    """

    start: float
    chance: float
    first: float
    last: float
    falling: float
    rising: float
    halved: bool
    error: str
    movement: float


def course_of(subject: Subject, outcomes: Sequence[Outcome], first: Any) -> Course:
    """The course of some trainings of a subject; ``first`` are parameters before the first step."""
    start, movement = start_of(subject, first)
    histories = [[e.loss for e in o.history] for o in outcomes if o.history]
    chance = chance_of(subject.model, subject.y)
    halved = any(not o.history or o.history[-1].factor < 1 for o in outcomes)
    error = next((o.error for o in outcomes if o.error), "")
    if not histories:
        return Course(start, chance, math.nan, math.nan, 0.0, 1.0, True, error, movement)
    losses = np.array(histories)
    mean = losses.mean(axis=0)
    quarter = max(len(mean) // 4, 1)
    before = float(mean[-1 - quarter]) if len(mean) > quarter else start
    floor = min(start, chance) if math.isfinite(start) else chance
    fall = max(floor - float(mean[-1]), 0.02 * abs(chance))
    later = np.diff(losses[:, len(mean) // 2 :], axis=1)
    rising = float(np.mean(later > 0)) if later.size else 0.0
    return Course(
        start,
        chance,
        float(mean[0]),
        float(mean[-1]),
        (before - float(mean[-1])) / fall,
        rising,
        halved,
        error,
        movement,
    )


def start_of(subject: Subject, first: Any) -> tuple[float, float]:
    """The loss before the first step, and log10 of that step over the weights."""
    f, flat = flat_loss(subject, first, slice(max(subject.batch, 32)))
    with np.errstate(all="ignore"):
        start = float(f(flat))
        step, _ = subject.optimizer.update(grad(f)(flat), subject.optimizer.init(flat), flat)
        moved, at, ratios = np.abs(step - flat), 0, []
        for shape in subject.model.parameter_shapes.values():
            size = math.prod(shape)
            weights = flat[at : at + size]
            if len(shape) > 1 and weights.any():
                ratios.append(np.linalg.norm(moved[at : at + size]) / np.linalg.norm(weights))
            at += size
    found = [r for r in ratios if np.isfinite(r) and r > 0]
    return start, float(np.log10(np.median(found))) if found else -math.inf


def chance_of(model: Model, targets: Any) -> float:
    """The loss of the best constant scores, by the class shares or the mean."""
    y = np.asarray(model.targets(targets), float)
    y = y.reshape(-1, y.shape[-1])
    scores = np.broadcast_to(constant_scores(model.loss, y.mean(axis=0)), y.shape)
    with np.errstate(all="ignore"):
        return float(np.mean(model.loss_function.function(scores, y)))


def constant_scores(loss: Any, mean: np.ndarray) -> np.ndarray:
    """The scores of the best constant prediction."""
    part = np.clip(mean, 1e-6, 1 - 1e-6)
    if loss == "cross_entropy":
        return np.log(part)
    if loss == "sigmoid_cross_entropy":
        return np.log(part / (1 - part))
    if loss == "poisson":
        return np.log(np.maximum(mean, 1e-6))
    if loss == "hinge":
        return np.sign(mean - 0.5) if len(mean) == 1 else np.zeros_like(mean)
    return mean


def batch_left(subject: Subject, first: Any, steps: int = 200, rows: int = 16) -> float:
    """The part of its loss that many steps of the given optimizer on one small batch alone leave."""
    f, flat = flat_loss(subject, first, slice(rows))
    both = compile(value_and_grad(f))
    state = subject.optimizer.init(flat)
    with np.errstate(all="ignore"):
        start, _ = both(flat)
        value = start
        for _ in range(steps):
            value, slope = both(flat)
            if not np.isfinite(value):
                return math.inf
            flat, state = subject.optimizer.update(np.asarray(slope), state, flat)
    return float(value / start) if start else 0.0
