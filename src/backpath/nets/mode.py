"""What a model's own function is told of the call: whether it trains, what it may draw, which statistics hold."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from backpath.graph import GraphError, SettingError, ShapeError
from backpath.nets.blocks import dropped, over_batch, statistics_of
from backpath.ops import spec_of

Shape = tuple[int, ...]
Statistics = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""Mean and variance of each normalization, by its name."""


class Mode:
    """The third argument of a model's own function: what it does in training and not in predicting, or otherwise.

    Draws and normalizations are called after their kind and their number in the order of the calls, which must be the
    same in each call of the function: ``drop_1``, ``normalize_1``, ``drop_2``, ...

    Args:
        noise: in training, the uniform numbers of each draw.
        statistics: in predicting after training, those of each normalization.
        draws: filled with the shape of each draw.
        found: filled with the statistics of each normalization, of arrays.

    >>> def scores(p, X, mode):
    ...     h = np.maximum(mode.normalize(X @ p["W"]) * p["gain"] + p["shift"], 0)
    ...     return mode.drop(h, 0.2) @ p["V"]
    >>> p = {"W": np.ones((4, 3)), "gain": np.ones(3), "shift": np.zeros(3), "V": np.ones((3, 2))}
    >>> from backpath.nets import Model
    >>> Model(scores, p).suited((4,)).noise_shapes(10)
    {'drop_1': (10, 3)}
    """

    __slots__ = ("_draws", "_found", "_made", "_noise", "_statistics")

    def __init__(
        self,
        noise: Mapping[str, Any] | None = None,
        statistics: Statistics | None = None,
        *,
        draws: dict[str, Shape] | None = None,
        found: dict[str, tuple[np.ndarray, np.ndarray]] | None = None,
    ):
        self._noise, self._statistics, self._draws, self._found = noise, statistics, draws, found
        self._made = {"drop": 0, "uniform": 0, "normalize": 0}

    def drop(self, x: Any, rate: float) -> Any:
        """In training each entry 0 with the probability ``rate``, and the others larger in proportion; else x.

        Raises:
            SettingError: if the rate is no probability less than 1.
        """
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate < 1:
            raise SettingError(f"mode.drop: rate={rate!r}: give a probability less than 1")
        drawn = self._drawn("drop", np.shape(x))
        return x if drawn is None else dropped(x, rate, drawn)

    def uniform(self, *shape: int) -> Any:
        """In training an array of numbers uniform in [0, 1), new in each step; else None.

        Args:
            shape: with that of the batch first, ``mode.uniform(*np.shape(x))``, unless all examples share them.
        """
        return self._drawn("uniform", tuple(int(n) for n in shape))

    def normalize(self, x: Any, epsilon: float = 1e-5) -> Any:
        """Each entry of the last axis with mean 0 and variance 1: over all other axes of the batch in training.

        In predicting they are the mean and the variance over the training examples. A gain and a shift, if they are
        wanted, are parameters: ``mode.normalize(x) * p["gain"] + p["shift"]``.

        Args:
            x: shape (batch, ..., features).
            epsilon: added to the variance.

        Raises:
            ShapeError: if x has no features.
        """
        if np.ndim(x) < 2:
            raise ShapeError(f"mode.normalize: x has shape {list(np.shape(x))}; it must be (batch, ..., features)")
        name = self._next("normalize")
        if self._statistics is None:
            if self._found is not None:
                self._found[name] = statistics_of(x)
            return over_batch(x, epsilon)
        if name not in self._statistics or np.shape(self._statistics[name][0]) != np.shape(x)[-1:]:
            raise GraphError(f"{name} of {np.shape(x)[-1]} features has no statistics: it is not what was trained")
        mean, variance = self._statistics[name]
        slope = 1.0 / np.sqrt(variance + epsilon)
        dtype = spec_of(x).dtype
        return x * slope.astype(dtype) - (mean * slope).astype(dtype)

    def _drawn(self, kind: str, shape: Shape) -> Any:
        name = self._next(kind)
        if self._draws is not None:
            self._draws[name] = shape
        if self._noise is None:
            return None
        if name not in self._noise or np.shape(self._noise[name]) != shape:
            raise GraphError(
                f"{name} of shape {list(shape)} is not what the function drew when it was first called: what it draws "
                f"may depend on the shape of X alone"
            )
        return self._noise[name]

    def _next(self, kind: str) -> str:
        self._made[kind] += 1
        return f"{kind}_{self._made[kind]}"


def takes_mode(function: Callable[..., Any]) -> bool:
    """Whether a model's function needs a third argument, which then is a :class:`Mode`.

    Raises:
        SettingError: if it needs more.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        # Some callables do not tell.
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p.name for p in parameters if p.kind in positional and p.default is p.empty]
    if len(needed) > 3:
        raise SettingError(
            f"Model: scores needs {len(needed)} arguments ({', '.join(needed)}); it is called with parameters and X, "
            f"or with parameters, X and mode"
        )
    return len(needed) == 3


def statistics_to_json(statistics: Statistics) -> dict[str, list[list[float]]]:
    """Plain data from which :func:`statistics_from_json` makes the same numbers."""
    return {name: [mean.tolist(), variance.tolist()] for name, (mean, variance) in statistics.items()}


def statistics_from_json(data: Any) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The statistics that :func:`statistics_to_json` told.

    Raises:
        GraphError: if the data are none.
    """
    try:
        read = {
            str(name): (np.array(mean, float), np.array(variance, float)) for name, (mean, variance) in data.items()
        }
    except (AttributeError, TypeError, ValueError) as error:
        raise GraphError(f"not the statistics of a model: {error}") from None
    if not all(np.isfinite(a).all() and a.ndim == 1 and a.shape == b.shape for a, b in read.values()):
        raise GraphError("not the statistics of a model: means and variances must be finite")
    return read
