"""Features of frames' categories: an unknown one is never taken for one that was learned."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from backpath.estimators.categories import Categories

KINDS = {
    "pandas": pd.DataFrame,
    "pandas categorical": lambda d: pd.DataFrame(d).astype("category"),
    "polars": pl.DataFrame,
    "polars categorical": lambda d: pl.DataFrame(d, schema_overrides={"c": pl.Categorical}),
}


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_an_unknown_category_differs_from_every_known_one(kind, count):
    known = [f"k{k}" for k in range(count)]
    categories = Categories.fit(kind({"c": known * 3}))
    rows = categories.transform(kind({"c": [*known, "other", None]}))
    assert len(np.unique(rows[: count + 1], axis=0)) == count + 1
    np.testing.assert_array_equal(rows[-1], rows[-2])


@pytest.mark.parametrize("values", [[3, 5, 3, 4], ["a", "b", "a", "b"], [True, False, True, True]])
def test_declared_categories_are_obeyed_whatever_they_are_made_of(values):
    for frame in (
        pd.DataFrame({"c": pd.Categorical(values)}),
        pl.DataFrame({"c": pl.Series(map(str, values)).cast(pl.Categorical)}),
    ):
        categories = Categories.fit(frame)
        assert (categories.numeric, categories.categorical) == ([], ["c"])
        different = len(set(values))
        assert categories.transform(frame).shape == (4, 1 if different == 2 else different)
