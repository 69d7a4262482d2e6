"""What robust estimators see of a table: the same whatever the units, the order and the repetitions of its rows."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.stats import norm
from sklearn.preprocessing import OneHotEncoder, RobustScaler

from backpath.data.scaling import smooth_clip
from backpath.estimators.robust.levels import RARE
from backpath.estimators.robust.scaled import ROWS_OF_EACH
from backpath.estimators.robust.scales import FEW_VALUES, ByQuartiles, ByRanks
from backpath.estimators.robust.table import Table
from backpath.graph import DataError


def people(n=300, seed=0):
    """A table with columns of every kind."""
    rng = np.random.default_rng(seed)
    gaps = rng.random(n) < 0.1
    return pd.DataFrame(
        {
            "size": np.where(gaps, np.nan, rng.normal(3, 2, n)),
            "children": rng.integers(0, 5, n),
            "wealth": rng.standard_cauchy(n),
            "city": rng.choice(["Oslo", "Rome", "Lima", None], n),
            "open": rng.random(n) < 0.3,
            "since": pd.Timestamp("2020-03-01") + pd.to_timedelta(rng.integers(0, 9000, n), unit="h"),
            "note": [" ".join(rng.choice(["good", "bad", "old", "new", "blue"], 4)) + f" {k}" for k in range(n)],
            "mixed": np.where(gaps, None, rng.normal(size=n).astype(object)),
            "key": [f"k{k}" for k in range(n)],
            "same": 7.0,
        }
    )


def column(table, matrix, name):
    return matrix[:, table.names.index(name)]


LIBRARIES = {
    "pandas": lambda d: d,
    "polars": pl.from_pandas,
    "pyarrow": lambda d: pa.Table.from_pandas(d, preserve_index=False),
}


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
def test_every_library_shows_the_same_table(library):
    frame = people()
    table = Table.fit(library(frame))
    assert table == Table.fit(frame)
    matrix = table.matrix(library(frame))
    assert matrix.dtype == np.float32
    assert matrix.shape == (300, table.width) == (300, len(table.names)) == (300, len(table.source))
    assert np.isfinite(matrix).all()
    np.testing.assert_array_equal(matrix, table.matrix(frame))
    assert set(table.dropped) == {"key", "same"}
    assert table.names[: table.numbers] == ("size", "children", "wealth", "since: elapsed", "mixed")
    assert {table.feature_names[k] for k in table.source} == {*frame.columns} - {"key", "same"}


def test_what_it_learned_is_plain_data():
    frame = people()
    table = Table.fit(frame)
    again = Table.from_json(json.loads(json.dumps(table.to_json(), allow_nan=False)))
    assert again == table
    np.testing.assert_array_equal(again.matrix(frame), table.matrix(frame))


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_weights_are_repetitions_in_any_order(seed):
    rng = np.random.default_rng(seed)
    frame = people(60, seed % 20)
    weights = rng.integers(0, 4, 60)
    weights[0] = 1
    rows = rng.permutation(np.arange(60).repeat(weights))
    assert Table.fit(frame, weights) == Table.fit(frame.iloc[rows])
    assert Table.fit(frame, weights / 7.0).feature_names == Table.fit(frame).feature_names


@settings(max_examples=50)
@given(seed=st.integers(0, 1000), unit=st.floats(1, 1e6), offset=st.floats(-100, 100))
def test_units_change_nothing(seed, unit, offset):
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            rng.normal(size=200),
            rng.integers(0, 4, 200),
            np.exp(4 * rng.normal(size=200)),
            rng.random(200) < 0.5,
            np.where(rng.random(200) < 0.7, 0.0, rng.gamma(0.1, 1, 200)),
        ]
    )
    table, other = Table.fit(X), Table.fit(X * unit)
    assert [type(c.scaled.scale) for c in table.columns] == [type(c.scaled.scale) for c in other.columns]
    np.testing.assert_allclose(other.matrix(X * unit), table.matrix(X), rtol=3e-7, atol=1e-7)
    moved = Table.fit(X[:, :2] + offset)
    np.testing.assert_allclose(moved.matrix(X[:, :2] + offset)[:, :2], table.matrix(X)[:, :2], rtol=1e-5, atol=1e-5)


@given(seed=st.integers(0, 1000), n=st.integers(20, 300))
def test_numbers_are_scaled_as_scikit_learn_does_and_then_clipped(seed, n):
    X = np.random.default_rng(seed).normal(2, 3, (n, 4))
    expected = smooth_clip(RobustScaler().fit_transform(X))
    np.testing.assert_allclose(Table.fit(X).matrix(X), expected, atol=1e-6)


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), n=st.integers(30, 200))
def test_categories_are_those_of_scikit_learn(seed, n):
    rng = np.random.default_rng(seed)
    cities = rng.choice([f"c{k}" for k in range(12)], (n, 1))
    skewed = np.array([f"c{int(k)}" for k in rng.geometric(0.25, n)], object)[:, None]
    for cells in (cities.astype(object), skewed):
        theirs = OneHotEncoder(min_frequency=RARE, handle_unknown="infrequent_if_exist", sparse_output=False)
        expected = theirs.fit_transform(cells)
        new = np.array([["c1"], ["unheard of"]], object)
        table = Table.fit(cells)
        if expected.shape[1] > 2:
            np.testing.assert_array_equal(table.matrix(cells), expected)
            np.testing.assert_array_equal(table.matrix(new), theirs.transform(new))


def test_two_categories_are_one_feature_and_an_unknown_one_is_neither():
    table = Table.fit(pd.DataFrame({"sex": ["f", "m"] * 10}))
    assert table.names == ("sex=m",)
    assert table.matrix(pd.DataFrame({"sex": ["f", "m", "x", None]}))[:, 0].tolist() == [-1, 1, 0, 0]
    assert table.unseen(pd.DataFrame({"sex": ["f", "x"]})) == {"sex": ["x"]}


def test_rare_categories_are_one_and_unknown_ones_are_like_them():
    cells = ["a"] * 30 + ["b"] * 30 + ["c"] * (RARE - 1) + ["d"]
    table = Table.fit(pd.DataFrame({"k": cells}))
    assert table.names == ("k=a", "k=b", "k is another")
    matrix = table.matrix(pd.DataFrame({"k": ["a", "c", "d", "never"]}))
    assert matrix.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]]


@pytest.mark.parametrize("values", [[3, 5, 3, 4] * 5, ["a", "b", "a", "b"] * 5, [True, False, True, True] * 5])
def test_declared_categories_are_obeyed_whatever_they_are_made_of(values):
    for frame in (
        pd.DataFrame({"c": pd.Categorical(values)}),
        pl.DataFrame({"c": pl.Series(map(str, values)).cast(pl.Categorical)}),
    ):
        table = Table.fit(frame)
        assert table.numbers == 0
        assert table.width == (1 if len(set(values)) == 2 else len(set(values)))


def test_missing_ones_are_the_median_and_say_so():
    X = np.array([[1.0, 5], [2, np.nan], [3, 6], [4, 7], [np.nan, 9]] * 4)
    table = Table.fit(X)
    assert table.names[2:4] == ("x0 is missing", "x1 is missing")
    row = table.matrix([[np.nan, 8.0]])[0]
    np.testing.assert_array_equal(row[:1], table.matrix([[2.5, 8.0]])[0, :1])
    assert row[2:4].tolist() == [1, 0]


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA, pd.NaT, float("nan")], ids=repr)
def test_every_way_to_say_missing(gap):
    cells = np.array([*np.arange(20.0), gap], object)
    for frame in (pd.DataFrame({"n": cells}), cells[:, None]):
        assert Table.fit(frame).matrix(frame)[:, -1].tolist() == [0] * 20 + [1]
    for cells in (["a", "b"] * 10, list(pd.date_range("2020-01-01", periods=20))):
        frame = pd.DataFrame({"c": np.array([*cells, gap], object)})
        table = Table.fit(frame)
        np.testing.assert_array_equal(column(table, table.matrix(frame), "c is missing"), [0] * 20 + [1])


def test_few_numbers_are_categories_too():
    values = np.arange(5).repeat(ROWS_OF_EACH)
    table = Table.fit(values[:, None])
    assert table.names == ("x0", "x0=0", "x0=1", "x0=2", "x0=3", "x0=4")
    assert table.matrix([[3.0], [1.5]])[:, 1:].tolist() == [[0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]
    # Those of few rows, and columns of many numbers, are numbers alone.
    assert Table.fit(np.r_[values, 5][:, None]).names[-1] == "x0=4"
    assert Table.fit(np.arange(FEW_VALUES + 1).repeat(ROWS_OF_EACH)[:, None]).width == 1


def test_two_numbers_are_the_ends_of_a_line():
    table = Table.fit(np.array([[0.0], [4.0], [4.0]]))
    assert table.matrix([[0.0], [1.0], [4.0], [1e300], [-1e300]])[:, 0].tolist() == [-1, -0.5, 1, 1, -1]
    assert table.numbers == 0


@given(seed=st.integers(0, 1000))
def test_wild_columns_are_ranked(seed):
    rng = np.random.default_rng(seed)
    tame = np.column_stack([rng.normal(size=500), rng.random(500), rng.exponential(size=500), rng.gumbel(size=500)])
    wild = np.column_stack([rng.standard_cauchy(500), np.exp(3 * rng.normal(size=500))])
    scales = [[type(c.scaled.scale) for c in Table.fit(X).columns] for X in (tame, wild)]
    assert scales == [[ByQuartiles] * 4, [ByRanks] * 2]
    matrix = Table.fit(wild).matrix(wild)
    for ours, values in zip(matrix.T, wild.T, strict=True):
        assert (np.diff(ours[np.argsort(values)]) >= 0).all()
        assert np.subtract(*np.quantile(ours, [0.75, 0.25])) == pytest.approx(1, abs=0.1)
        assert 2 < ours.max() < 4


def test_ranks_are_normal_scores():
    values = np.exp(3 * np.random.default_rng(0).normal(size=5000))
    matrix = Table.fit(values[:, None]).matrix(values[:, None])[:, 0]
    ranks = (values.argsort().argsort() + 0.5) / 5000
    np.testing.assert_allclose(matrix, norm.ppf(ranks) / (2 * norm.ppf(0.75)), atol=0.06)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_numbers_of_any_size_make_finite_features(scale):
    x = np.r_[np.linspace(-1, 1, 50), 1.7] * scale
    table = Table.fit(x[:, None])
    np.testing.assert_allclose(
        table.matrix(x[:, None]), Table.fit(x[:, None] / scale).matrix(x[:, None] / scale), atol=1e-6
    )
    extremes = table.matrix([[1.7e308], [-1.7e308]])[:, 0]
    assert np.isfinite(extremes).all()
    assert extremes[0] >= table.matrix(x[:, None]).max() - 1e-6


def test_dates_are_lines_and_circles():
    dates = pd.date_range("2019-01-01", periods=1000, freq="29h")
    for frame in (pd.DataFrame({"d": dates}), pd.DataFrame({"d": dates.strftime("%Y-%m-%d %H:%M")})):
        table = Table.fit(frame)
        matrix = table.matrix(frame)
        assert table.names[: table.numbers] == ("d: elapsed", "d: year")
        angle = 2 * np.pi * dates.month / 12
        np.testing.assert_allclose(column(table, matrix, "d: sine of month"), np.sin(angle), atol=1e-6)
        np.testing.assert_allclose(
            column(table, matrix, "d: cosine of day of week"),
            np.cos(2 * np.pi * dates.day_of_week.to_numpy() / 7 + 2 * np.pi / 7),
            atol=1e-6,
        )
        assert (np.diff(column(table, matrix, "d: elapsed")) > 0).all()
        assert "d: year=2020" in table.names


def test_prose_is_hashed_words():
    notes = [f"the {'good' if k % 2 else 'bad'} house number {k}" for k in range(1000)]
    table = Table.fit(pd.DataFrame({"note": notes}))
    assert table.width == 128
    matrix = table.matrix(pd.DataFrame({"note": ["good house", "house good", "bad house", ""]}))
    assert (matrix[0] != matrix[2]).any()
    assert not matrix[3].any()
    widths = [Table.fit(pd.DataFrame({"note": some})).width for some in (notes[:100], notes * 4)]
    assert widths == [32, 256]


def test_arrays_of_text_are_what_their_cells_say():
    X = np.array([[str(k), "red" if k % 3 else "blue", "nan" if k == 7 else "1.5"] for k in range(30)])
    table = Table.fit(X)
    assert table.names == ("x0", "x2 is missing", "x1=red")
    assert Table.fit(X.astype(object)).dropped.keys() == {"x0"}


def test_columns_are_found_by_name():
    frame = people()
    table = Table.fit(frame)
    np.testing.assert_array_equal(table.matrix(frame[frame.columns[::-1]].assign(more=1)), table.matrix(frame))
    with pytest.raises(DataError, match="lacks the columns size, city"):
        table.matrix(frame.drop(columns=["size", "city"]))
    np.testing.assert_array_equal(table.matrix(frame.drop(columns=["key", "same"])), table.matrix(frame))


def test_of_an_array_by_position():
    X = np.random.default_rng(0).normal(size=(30, 3))
    table = Table.fit(X)
    with pytest.raises(DataError, match="X has 2 features, but Table is expecting 3 features as input"):
        table.matrix(X[:, :2])
    np.testing.assert_array_equal(table.matrix(pd.DataFrame(X, columns=list("abc"))), table.matrix(X))


WRONG = {
    "infinite": (pd.DataFrame({"n": [1.0, 2, np.inf]}), "row 3: inf in column 'n' is no finite number"),
    "lazy": (pl.LazyFrame({"n": [1.0, 2]}), "collect"),
    "empty": (pd.DataFrame({"n": []}), "no rows"),
    "twice": (pd.DataFrame([[1.0, 2.0]], columns=["n", "n"]), "n"),
}


@pytest.mark.parametrize(("X", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_table_is_refused(X, message):
    with pytest.raises((DataError, ValueError), match=message):
        Table.fit(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(3), "Expected 2D array, got 1D array"),
        (np.zeros((0, 3)), "Found array with 0 sample"),
        (np.zeros((3, 0)), "Found array with 0 feature"),
        (np.zeros((3, 2), complex), "Complex data not supported"),
        (csr_array(np.eye(3)), "dense data is required"),
        (np.array([[1.0, np.inf]]), "infinity"),
    ],
    ids=["flat", "no rows", "no columns", "complex", "sparse", "infinite"],
)
def test_arrays_are_refused_as_scikit_learn_does(X, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Table.fit(X)


def test_text_among_numbers_is_told():
    table = Table.fit(pd.DataFrame({"n": np.arange(30.0)}))
    with pytest.raises(DataError, match="row 2: 'many' in column 'n' is no finite number"):
        table.matrix(pd.DataFrame({"n": ["1", "many"]}))


def test_a_table_that_says_nothing_is_a_column_of_zeros():
    table = Table.fit(np.ones((5, 2)))
    assert (table.names, table.source, table.numbers) == (("nothing",), (0,), 0)
    assert table.matrix(np.ones((3, 2))).tolist() == [[0], [0], [0]]


BROKEN = {
    "no columns": lambda d: d.pop("table"),
    "another column": lambda d: d["table"][0].update(numbers="nobody"),
    "a unit of 0": lambda d: d["table"][0]["scaled"]["scale"].update(unit=0),
    "a unit that is no number": lambda d: d["table"][0]["scaled"]["scale"].update(unit="wide"),
    "another scale": lambda d: d["table"][0]["scaled"]["scale"].update(by="magic"),
    "unsorted ranks": lambda d: d["table"][2]["scaled"]["scale"]["knots"].reverse(),
    "a column of no kind": lambda d: d["table"].append({}),
    "categories that are numbers": lambda d: d["table"][3]["levels"].update(categories=[1, 2]),
    "no width": lambda d: d["table"][6].update(width=0),
    "another circle": lambda d: d["table"][5].update(circles=["minute"]),
}


@pytest.mark.parametrize("breaking", BROKEN.values(), ids=BROKEN)
def test_damaged_descriptions_are_refused(breaking):
    data = json.loads(json.dumps(Table.fit(people()).to_json()))
    breaking(data)
    with pytest.raises(DataError, match="not the description of a table"):
        Table.from_json(data)
