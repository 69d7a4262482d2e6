"""Feature scaling learned from training examples alone: per-feature maps, whitening, robust scale with smooth clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from backpath.graph import DataError, SettingError

REACH = 3.0
"""No training example lies farther than this from the mean, in units of the scale: a feature that is nearly always the
same would else put its rare examples ten deviations out, and they would dominate the first steps."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """(x - mean) * factor, feature by feature; then perhaps clipped smoothly, or turned.

    Attributes:
        mean: shape (features,), float64.
        factor: shape (features,), float64.
        clipped: whether x / sqrt(1 + (x / 3)^2) comes after: near x for small ones, between -3 and 3 for all
            (Holzmueller and others, 2024).
        matrix: what the scaled features are multiplied by at last, of shape (features, new features), or None.
    """

    mean: np.ndarray
    factor: np.ndarray
    clipped: bool = False
    matrix: np.ndarray | None = None

    @property
    def linear(self) -> bool:
        """Whether a layer of weights could take it in."""
        return not self.clipped

    def weights(self) -> np.ndarray:
        """What each feature, less its mean, is multiplied by, of shape (features, new features)."""
        diagonal = np.diag(self.factor)
        return diagonal if self.matrix is None else diagonal @ self.matrix

    def into(self, target: np.ndarray, count: int) -> Callable[[np.ndarray], None]:
        """What scales ``count`` rows, given as float64 that it may change, into ``target``."""
        room = np.empty((count, len(self.mean))) if self.clipped else None

        def scale(x: np.ndarray) -> None:
            turned = x if self.matrix is not None or room is not None else target
            np.subtract(x, self.mean, out=x)
            np.multiply(x, self.factor, out=turned, casting="same_kind")
            if room is not None:
                smooth_clip(x, out=target if self.matrix is None else x, room=room)
            if self.matrix is not None:
                np.matmul(x, self.matrix, out=target, casting="same_kind")

        return scale

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :meth:`from_json` makes the same scaling."""
        matrix = None if self.matrix is None else self.matrix.tolist()
        factors = {"mean": self.mean.tolist(), "factor": self.factor.tolist()}
        return {**factors, "clipped": self.clipped, "matrix": matrix}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], features: int) -> Scaling:
        """The scaling of so many features that :meth:`to_json` described; ValueError, KeyError or TypeError if none."""
        matrix = None if data["matrix"] is None else np.array(data["matrix"], float)
        scaling = cls(np.array(data["mean"], float), np.array(data["factor"], float), bool(data["clipped"]), matrix)
        arrays = [scaling.mean, scaling.factor, *([] if matrix is None else [matrix])]
        if any(len(a) != features or not np.isfinite(a).all() for a in arrays) or arrays[-1].ndim != len(arrays) - 1:
            raise ValueError(f"not a scaling of {features} features")
        return scaling

    def apply(self, X: np.ndarray) -> np.ndarray:
        """All of these rows at once, as float64."""
        width = X.shape[1] if self.matrix is None else self.matrix.shape[1]
        scaled = np.empty((len(X), width))
        self.into(scaled, len(X))(X.astype(float))
        return scaled


def smooth_clip(x: np.ndarray, out: np.ndarray | None = None, room: np.ndarray | None = None) -> np.ndarray:
    """x / sqrt(1 + (x / 3)^2); ``room`` is as large as x."""
    root = np.divide(x, REACH, out=room)
    np.square(root, out=root)
    np.add(root, 1, out=root)
    np.sqrt(root, out=root)
    return np.divide(x, root, out=out, casting="same_kind")


def standard(X: Any, weights: np.ndarray | None = None) -> Scaling:
    """Mean 0 and deviation 1, or a third of the farthest example's distance if that is more; constants become 0."""
    X, weights = _counted(X, weights)
    mean, variance = _moments(X, weights)
    low, high = _extremes(X)
    scale = np.maximum(np.sqrt(variance), np.maximum(high - mean, mean - low) / REACH)
    mean = np.where(low == high, low, mean)
    return Scaling(mean, _inverse(scale, low == high))


def minmax(X: Any, weights: np.ndarray | None = None) -> Scaling:
    """From -1 to 1; constants become 0."""
    low, high = _extremes(_counted(X, weights)[0])
    return Scaling(low / 2 + high / 2, _inverse(high / 2 - low / 2, low == high))


def whiten(X: Any, weights: np.ndarray | None = None) -> Scaling:
    """Principal components with mean 0 and deviation 1 each, of the standardized features (scikit-learn's PCA).

    Raises:
        DataError: for a sparse array, which whitening would fill, or for weights, which it does not know.
    """
    from sklearn.decomposition import PCA

    if _is_sparse(X):
        raise DataError("whitening would fill a sparse array: make it dense, or take another scaling")
    if weights is not None:
        raise DataError("whitening takes no sample weights: take another scaling")
    scaling = standard(X)
    if not (np.isfinite(scaling.mean).all() and np.isfinite(scaling.factor).all()):
        return scaling
    pca: Any = PCA(whiten=True, n_components=1 - 1e-12, svd_solver="full").fit(scaling.apply(X))
    deviation = np.sqrt(pca.explained_variance_)
    return replace(scaling, matrix=pca.components_.T * _inverse(deviation, deviation == 0))


def robust(X: Any, weights: np.ndarray | None = None) -> Scaling:
    """Median 0 and distance 1 between the quartiles, then clipped smoothly to (-3, 3) (RealMLP, 2024).

    Where the quartiles coincide, half the range is the unit; constants become 0.

    Raises:
        DataError: for a sparse array, which it would fill.
    """
    if _is_sparse(X):
        raise DataError("robust scaling would fill a sparse array: make it dense, or take another scaling")
    X, weights = _counted(X, weights)
    low, high = _extremes(X)
    lower, middle, upper = quantiles(X, (0.25, 0.5, 0.75), weights)
    scale = np.where(upper > lower, upper - lower, high / 2 - low / 2)
    return Scaling(middle, _inverse(scale, low == high), clipped=True)


def quantiles(X: np.ndarray, fractions: Sequence[float], weights: np.ndarray | None) -> np.ndarray:
    """Of each column, between examples linearly, as NumPy's; of shape (fractions, columns).

    Whole weights count as repetitions. Others are taken in proportion: each example fills its part of a line that is as
    long as there are examples, and a quantile is the mean over the unit of length that begins at its fraction of what
    is left (Akinshin, 2023: weighted quantiles of type 7).
    """
    if weights is None:
        return np.quantile(_wide(X), fractions, axis=0)
    whole = np.array_equal(weights, np.rint(weights))
    lengths = weights if whole else weights / weights.mean()
    order = np.argsort(X, axis=0)
    ends = np.cumsum(lengths[order], axis=0)
    ordered, total = np.take_along_axis(_wide(X), order, axis=0), lengths.sum()
    found = []
    for fraction in fractions:
        first = fraction * (total - 1)
        parts = np.diff(np.clip(ends, first, first + 1), axis=0, prepend=first)
        within = np.where(parts > 0, ordered, np.nan)
        # Rounding must not part quantiles that coincide.
        found.append(np.clip((ordered * parts).sum(axis=0), np.nanmin(within, axis=0), np.nanmax(within, axis=0)))
    return np.stack(found)


SCALERS: Mapping[str, Callable[..., Scaling]] = MappingProxyType(
    {f.__name__: f for f in (standard, minmax, robust, whiten)}
)
"""Ways to scale features by name."""


def fit_scaling(kind: str | bool, X: Any, weights: np.ndarray | None = None) -> Scaling | None:
    """Learn from X, of shape (examples, features), dense or CSR, one of ``SCALERS``, or none for False.

    Raises:
        SettingError: for another name.
        DataError: if the numbers are too large, or X is not what the way is for.
    """
    if kind is False:
        return None
    name = "standard" if kind is True else kind
    if name not in SCALERS:
        raise SettingError(f"no feature scaling is called {kind!r}; there are {', '.join(SCALERS)}, True and False")
    with np.errstate(over="ignore", invalid="ignore"):
        scaling = SCALERS[name](X, weights)
    if not all(np.isfinite(a).all() for a in (scaling.mean, scaling.factor)):
        raise DataError("X holds numbers too large to compute with: scale them down")
    return scaling


def _is_sparse(X: Any) -> bool:
    from scipy.sparse import issparse

    return issparse(X)


def _moments(X: Any, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance, in double precision; the latter corrected for the mean's rounding (Chan and others, 1983)."""
    if weights is None and isinstance(X, np.ndarray):
        mean = X.sum(axis=0, dtype=float) / len(X)
        off = X - mean
        correction = off.sum(axis=0)
        np.square(off, out=off)
        return mean, (off.sum(axis=0) - correction**2 / len(X)) / len(X)
    # scikit-learn takes a second to load, and is needed for sparse or weighted examples alone.
    from sklearn.preprocessing import StandardScaler

    fitted: Any = StandardScaler(with_mean=not _is_sparse(X), copy=False).fit(_wide(X), sample_weight=weights)
    return fitted.mean_, fitted.var_


def _counted(X: Any, weights: np.ndarray | None) -> tuple[Any, np.ndarray | None]:
    """Without the examples that weigh nothing."""
    if weights is None or weights.all():
        return X, weights
    return X[weights > 0], weights[weights > 0]


def _wide(X: Any) -> Any:
    """In double precision, in which means lose nothing; the same array if it is already."""
    return X.astype(float, copy=False)


def _extremes(X: Any) -> tuple[np.ndarray, np.ndarray]:
    if _is_sparse(X):
        from sklearn.utils.sparsefuncs import min_max_axis

        extremes: Any = min_max_axis(X, axis=0)
        low, high = extremes
        return np.asarray(low, float), np.asarray(high, float)
    return X.min(axis=0).astype(float), X.max(axis=0).astype(float)


def _inverse(scale: np.ndarray, constant: np.ndarray) -> np.ndarray:
    """1 / scale; 0 for constants or where that would overflow, NaN where the scale did."""
    some = np.isfinite(scale) & (scale >= np.finfo(float).tiny)
    return np.where(some & ~constant, 1 / np.where(some, scale, 1), np.where(np.isfinite(scale), 0.0, np.nan))
