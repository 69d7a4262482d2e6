"""Data sets and architectures of the programs that the benchmark of ``diagnose`` is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sklearn import datasets

from backpath.nets import Network

ROWS = 360


@dataclass(frozen=True)
class Data:
    """Features standardized, labels or values standardized, and how many classes; 0 for values."""

    name: str
    X: np.ndarray
    y: np.ndarray
    classes: int


def _moons() -> Any:
    return datasets.make_moons(ROWS, noise=0.2, random_state=1)


def _circles() -> Any:
    return datasets.make_circles(ROWS, noise=0.1, factor=0.5, random_state=2)


def _blobs() -> Any:
    X, y = datasets.make_blobs(ROWS, n_features=6, centers=4, cluster_std=2.0, random_state=3)[:2]
    return X, y


def _mixture() -> Any:
    return datasets.make_classification(
        ROWS, n_features=20, n_informative=8, n_redundant=4, class_sep=1.5, flip_y=0.0, random_state=4
    )


def _three() -> Any:
    return datasets.make_classification(
        ROWS, n_features=12, n_informative=8, n_redundant=0, n_classes=3, class_sep=1.7, flip_y=0.0, random_state=5
    )


def _friedman() -> Any:
    return datasets.make_friedman1(ROWS, n_features=8, noise=0.5, random_state=6)


def _linear() -> Any:
    return datasets.make_regression(ROWS, n_features=10, n_informative=6, noise=10.0, random_state=7)


def _xor() -> Any:
    rng = np.random.default_rng(8)
    corners = rng.integers(0, 2, (ROWS, 2))
    return corners + rng.normal(0, 0.12, corners.shape), corners[:, 0] ^ corners[:, 1]


def _wave() -> Any:
    rng = np.random.default_rng(9)
    X = rng.uniform(-2, 2, (ROWS, 2))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] ** 2 + rng.normal(0, 0.1, ROWS)


def _quantiles() -> Any:
    return datasets.make_gaussian_quantiles(n_samples=ROWS, n_features=4, n_classes=3, random_state=10)


_MADE: Mapping[str, Callable[[], Any]] = {
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "breast_cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
    "digits": lambda: datasets.load_digits(n_class=6, return_X_y=True),
    "diabetes": lambda: datasets.load_diabetes(return_X_y=True),
    "moons": _moons,
    "circles": _circles,
    "blobs": _blobs,
    "mixture": _mixture,
    "three": _three,
    "friedman": _friedman,
    "linear": _linear,
    "xor": _xor,
    "wave": _wave,
    "quantiles": _quantiles,
}
REGRESSIONS = ("diabetes", "friedman", "linear", "wave")
DATA = tuple(_MADE)


@cache
def data(name: str) -> Data:
    """A data set, at most ``ROWS`` rows of it, all standardized."""
    X, y = _MADE[name]()
    X, y = np.asarray(X, float), np.asarray(y)
    kept = np.random.default_rng(0).permutation(len(X))[:ROWS]
    X, y = X[kept], y[kept]
    spread = X.std(axis=0)
    X = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1)
    if name in REGRESSIONS:
        return Data(name, X, ((y - y.mean()) / y.std()).astype(float), 0)
    return Data(name, X, y.astype(int), int(y.max()) + 1)


ARCHITECTURES: Mapping[str, tuple[tuple[int, ...], str, str | None]] = {
    "relu 32": ((32,), "relu", None),
    "relu 64": ((64,), "relu", None),
    "tanh 24": ((24,), "tanh", None),
    "sigmoid 32": ((32,), "sigmoid", None),
    "relu 32-32": ((32, 32), "relu", None),
    "tanh 20-20": ((20, 20), "tanh", None),
    "elu 24-24": ((24, 24), "elu", None),
    "gelu 40": ((40,), "gelu", None),
    "silu 32-16": ((32, 16), "silu", None),
    "relu 20-20-20": ((20, 20, 20), "relu", None),
    "tanh 16-16-16": ((16, 16, 16), "tanh", None),
    "leaky 24-24": ((24, 24), "leaky_relu", None),
    "relu 32 norm": ((32,), "relu", "layer"),
    "selu 20-20-20-20": ((20, 20, 20, 20), "selu", None),
}


def network(d: Data, architecture: str) -> Network:
    """A network for a data set, with the loss that suits it."""
    hidden, activation, norm = ARCHITECTURES[architecture]
    if not d.classes:
        return Network([d.X.shape[1], *hidden, 1], activation, "squared_error", norm=norm)
    outputs = 1 if d.classes == 2 else d.classes
    loss = "sigmoid_cross_entropy" if outputs == 1 else "cross_entropy"
    return Network([d.X.shape[1], *hidden, outputs], activation, loss, norm=norm)
