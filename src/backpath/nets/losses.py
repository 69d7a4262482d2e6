"""Losses: each a traceable function of scores and targets, both (batch, outputs), to one number for each example.

Scores are a network's last linear layer; a loss contains the link function that belongs to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from backpath.graph import GraphError
from backpath.ops import relu, sigmoid, softmax, softmax_cross_entropy
from backpath.ops import sigmoid_cross_entropy as of_each


def squared_error(scores: Any, targets: Any) -> Any:
    """Half the squared difference, summed over outputs: its derivative is scores - targets."""
    difference = scores - targets
    return 0.5 * np.sum(difference * difference, axis=-1)


def cross_entropy(scores: Any, targets: Any) -> Any:
    """Softmax with cross-entropy, fused; targets are probabilities of the classes (one-hot rows)."""
    return softmax_cross_entropy(scores, targets)


def sigmoid_cross_entropy(scores: Any, targets: Any) -> Any:
    """One sigmoid an output, each with its own cross-entropy, summed over outputs; targets in [0, 1]."""
    return np.sum(of_each(scores, targets), axis=-1)


def hinge(scores: Any, targets: Any) -> Any:
    """One output: max(0, 1 - t s), t = 1 or -1. Several: the Weston-Watkins sum of max(0, 1 + s_j - s_true).

    Targets are 0 or 1 in both cases: one column, or one-hot rows.
    """
    if np.shape(scores)[-1] == 1:
        return np.sum(relu(1.0 - (2.0 * targets - 1.0) * scores), axis=-1)
    true = np.sum(targets * scores, axis=-1, keepdims=True)
    # The true class itself always contributes relu(1), which is taken off again.
    return np.sum(relu(1.0 + scores - true), axis=-1) - 1.0


def huber(scores: Any, targets: Any) -> Any:
    """Half the square up to a difference of 1, linear beyond (Huber, 1964); summed over outputs."""
    size = np.abs(scores - targets)
    inner = np.minimum(size, 1.0)
    return np.sum(inner * (size - 0.5 * inner), axis=-1)


def poisson(scores: Any, targets: Any) -> Any:
    """Negative log-likelihood of counts with rate exp(score), without the targets' own constant."""
    return np.sum(np.exp(scores) - targets * scores, axis=-1)


@dataclass(frozen=True, slots=True)
class Domain:
    """The numbers that a loss is defined for.

    Attributes:
        lowest: of them.
        highest: of them.
        whole: whether they are whole numbers.
        words: which numbers they are, and what to do with others.
    """

    lowest: float = -math.inf
    highest: float = math.inf
    whole: bool = False
    words: str = "any real numbers"

    def outside(self, y: np.ndarray) -> np.ndarray:
        """Whether each entry is none of them."""
        found = ~((y >= self.lowest) & (y <= self.highest))
        return found | (y != np.rint(y)) if self.whole else found


ANYTHING = Domain()
PROBABILITIES = Domain(0.0, 1.0, words="probabilities, from 0 to 1: divide by what they add up to")
CODES = Domain(0.0, 1.0, whole=True, words="0 and 1: of -1 and 1 make (y + 1) / 2")
COUNTS = Domain(0.0, words="counts or rates, 0 or more: for others take squared_error or huber")


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss with what it says about targets and outputs.

    Attributes:
        function: ``function(scores, targets)``, shapes (batch, outputs), to losses of shape (batch,); traceable.
        link: from scores to what is predicted: probabilities, or values.
        classifies: whether targets are classes, coded as 0 and 1.
        domain: what targets may be; outside it a loss may have no minimum.
    """

    function: Callable[[Any, Any], Any]
    link: Callable[[Any], Any]
    classifies: bool
    domain: Domain = ANYTHING


def _same(scores: Any) -> Any:
    return scores


def smoothed(loss: Loss, smoothing: float, classes: int) -> Loss:
    """The same loss, of targets that are wrong with probability ``smoothing`` (Szegedy and others, 2016).

    Each class has ``smoothing / classes`` of it; a sigmoid tells two classes apart.
    """
    return Loss(partial(_smoothed, loss.function, smoothing, classes), loss.link, loss.classifies, loss.domain)


def _smoothed(function: Callable[..., Any], smoothing: float, classes: int, scores: Any, targets: Any) -> Any:
    return function(scores, (1.0 - smoothing) * targets + smoothing / classes)


LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        "squared_error": Loss(squared_error, _same, False),
        "cross_entropy": Loss(cross_entropy, softmax, True, PROBABILITIES),
        "sigmoid_cross_entropy": Loss(sigmoid_cross_entropy, sigmoid, True, PROBABILITIES),
        "hinge": Loss(hinge, _same, True, CODES),
        "huber": Loss(huber, _same, False),
        "poisson": Loss(poisson, np.exp, False, COUNTS),
    }
)
"""Every loss that a network can be given by name."""


def checked_loss(loss: Any) -> str | Loss:
    """A loss, or the name of one.

    Raises:
        GraphError: if it is neither.
    """
    if not isinstance(loss, Loss) and loss not in LOSSES:
        raise GraphError(f"no loss is called {loss!r}; there are {', '.join(LOSSES)}")
    return loss


def loss_name(loss: str | Loss) -> str:
    """The name under which a loss is written down.

    Raises:
        GraphError: if it has none.
    """
    if not isinstance(loss, str):
        raise GraphError("a network with a loss of your own cannot be written down: its loss has no name")
    return loss
