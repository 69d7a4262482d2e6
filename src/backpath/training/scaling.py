"""Feature scaling learned from training examples alone: per-feature maps, whitening, robust scale with smooth clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from backpath.graph import DataError, SettingError
from backpath.training.rows import DenseRows, Rows, Scaling, SparseRows

REACH = 3.0
"""No training example lies farther than this from the mean, in units of the scale: a feature that is nearly always the
same would else put its rare examples ten deviations out, and they would dominate the first steps."""


@dataclass(frozen=True, slots=True)
class Scaler:
    """What was learned.

    Attributes:
        scaling: a map of each feature by itself, applied to each batch, so that the examples are not copied; or None.
        transform: makes new examples of given ones, of shape (examples, features); or None.
    """

    scaling: Scaling | None = None
    transform: Callable[[Any], np.ndarray] | None = None

    def rows(self, X: Any) -> Rows:
        """``X`` scaled, a dense or CSR array."""
        if self.transform is not None:
            return DenseRows(self.transform(X))
        return SparseRows(X, self.scaling) if _is_sparse(X) else DenseRows(X, self.scaling)


def standard(X: Any, weights: np.ndarray | None = None) -> Scaler:
    """Mean 0 and deviation 1, or a third of the farthest example's distance if that is more; constants become 0."""
    from sklearn.preprocessing import StandardScaler

    X, weights = _counted(X, weights)
    fitted: Any = StandardScaler(with_mean=not _is_sparse(X), copy=False).fit(_wide(X), sample_weight=weights)
    low, high = _extremes(X)
    mean = fitted.mean_
    scale = np.maximum(np.sqrt(fitted.var_), np.maximum(high - mean, mean - low) / REACH)
    mean = np.where(low == high, low, mean)
    return Scaler(Scaling(mean, _inverse(scale, low == high)))


def minmax(X: Any, weights: np.ndarray | None = None) -> Scaler:
    """From -1 to 1; constants become 0."""
    low, high = _extremes(_counted(X, weights)[0])
    return Scaler(Scaling(low / 2 + high / 2, _inverse(high / 2 - low / 2, low == high)))


def whiten(X: Any, weights: np.ndarray | None = None) -> Scaler:
    """Principal components with mean 0 and deviation 1 each, of the standardized features (scikit-learn's PCA).

    Raises:
        DataError: for a sparse array, which whitening would fill, or for weights, which it does not know.
    """
    from sklearn.decomposition import PCA

    if _is_sparse(X):
        raise DataError("whitening would fill a sparse array: make it dense, or take another scaling")
    if weights is not None:
        raise DataError("whitening takes no sample weights: take another scaling")
    first = standard(X)

    def rows(X: Any) -> np.ndarray:
        return first.rows(X).take(np.arange(len(X)), float)

    pca = PCA(whiten=True, n_components=1 - 1e-12, svd_solver="full").fit(rows(X))
    return Scaler(transform=lambda X: pca.transform(rows(X)).astype(X.dtype if X.dtype.kind == "f" else float))


def robust(X: Any, weights: np.ndarray | None = None) -> Scaler:
    """Median 0 and distance 1 between the quartiles, then clipped smoothly to (-3, 3) (RealMLP, 2024).

    Where the quartiles coincide, twice the scale to the range; constants become 0.

    Raises:
        DataError: for a sparse array, which it would fill.
    """
    if _is_sparse(X):
        raise DataError("robust scaling would fill a sparse array: make it dense, or take another scaling")
    from sklearn.preprocessing import RobustScaler

    X, _ = _counted(X, weights)
    fitted: Any = RobustScaler(copy=False).fit(_wide(X))
    low, high = _extremes(X)
    quartiles = np.subtract(*np.percentile(X, [75, 25], axis=0))
    scale = np.where(quartiles > 0, quartiles, (high - low) / 2)
    scaling = Scaling(fitted.center_, _inverse(scale, low == high))
    return Scaler(transform=lambda X: smooth_clip(DenseRows(X, scaling).take(np.arange(len(X)), float), X.dtype))


def smooth_clip(x: np.ndarray, dtype: Any = float) -> np.ndarray:
    """x / sqrt(1 + (x / 3)^2): near x for small ones, between -3 and 3 for all (Holzmueller and others, 2024)."""
    return (x / np.sqrt(1 + np.square(x / REACH))).astype(dtype if np.dtype(dtype).kind == "f" else float)


SCALERS: Mapping[str, Callable[..., Scaler]] = MappingProxyType(
    {f.__name__: f for f in (standard, minmax, robust, whiten)}
)
"""Ways to scale features by name."""


def fit_scaler(kind: str | bool, X: Any, weights: np.ndarray | None = None) -> Scaler:
    """Learn from X, of shape (examples, features), dense or CSR, one of ``SCALERS``, or none for False.

    Raises:
        SettingError: for another name.
        DataError: if the numbers are too large, or X is not what the way is for.
    """
    if kind is False:
        return Scaler()
    name = "standard" if kind is True else kind
    if name not in SCALERS:
        raise SettingError(f"no feature scaling is called {kind!r}; there are {', '.join(SCALERS)}, True and False")
    with np.errstate(over="ignore", invalid="ignore"):
        scaler = SCALERS[name](X, weights)
    if scaler.scaling and not all(np.isfinite(a).all() for a in (scaler.scaling.mean, scaler.scaling.factor)):
        raise DataError("X holds numbers too large to compute with: scale them down")
    return scaler


def _is_sparse(X: Any) -> bool:
    from scipy.sparse import issparse

    return issparse(X)


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
    return np.where(constant | ~(scale > 0), 0.0, 1 / np.where(scale > 0, scale, 1))
