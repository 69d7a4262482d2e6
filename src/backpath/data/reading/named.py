"""The data sets that come with scikit-learn."""

from __future__ import annotations

from backpath.data.frame import Frame
from backpath.graph import DataError

NAMED = {
    "digits": "digit",
    "breast_cancer": "diagnosis",
    "wine": "cultivar",
    "iris": "species",
    "diabetes": "progression",
}
"""Each with its target column."""


def load_named(name: str) -> tuple[Frame, str]:
    """A data set that comes with scikit-learn, and the name of its target column.

    Raises:
        DataError: if there is none of that name.
    """
    if name not in NAMED:
        raise DataError(f"no data set is called {name!r}; there are {', '.join(NAMED)}")
    from sklearn import datasets

    data = getattr(datasets, f"load_{name}")()
    target = data.target
    if name in ("iris", "wine", "breast_cancer"):
        target = data.target_names[target].astype(str)
    columns = dict(zip(map(str, data.feature_names), data.data.T, strict=True))
    shapes = {"pixel": (8, 8)} if name == "digits" else {}
    return Frame.of(name, {**columns, NAMED[name]: target}, shapes), NAMED[name]
