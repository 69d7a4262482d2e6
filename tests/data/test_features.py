import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.data.categories import Categorical
from backpath.data.features import Features
from backpath.data.frame import Frame
from backpath.data.numeric import Numeric
from backpath.graph import DataError


def table(**columns: list[str]) -> Frame:
    return Frame.of("test", columns)


class Lines:
    def place(self, row):
        return f"line {row + 2}"


def test_numbers_are_standardized_by_the_training_rows():
    data = table(x=["1", "3", "100", "1", "3"])
    rows = np.array([0, 1, 3, 4])
    features = Features.fit(data, rows)
    assert features.columns == (Numeric("x", 2.0, 1.0, False),)
    np.testing.assert_allclose(features.transform(data, rows)[:, 0], [-1, 1, -1, 1])
    assert features.transform(data)[2, 0] == 98


def test_no_training_row_lies_farther_than_three_from_the_mean():
    features = Features.fit(data := table(x=["0"] * 99 + ["100"]))
    assert features.columns == (Numeric("x", 1.0, 33.0, False),)
    assert features.transform(data)[-1, 0] == 3


@pytest.mark.parametrize("gap", ["", "NA", "N/A", "NaN", "nan", "null", "None", "?"])
def test_a_missing_number_is_the_mean_and_has_an_indicator(gap):
    encoded = Features.fit(data := table(x=["1", gap, "3"])).transform(data)
    np.testing.assert_allclose(encoded, [[-1, 0], [0, 1], [1, 0]])


def test_no_indicator_if_only_other_rows_have_gaps():
    data = table(x=["1", "3", ""])
    features = Features.fit(data, np.array([0, 1]))
    np.testing.assert_allclose(features.transform(data), [[-1], [1], [0]])


def test_a_constant_with_gaps_says_only_whether_it_is_missing():
    features = Features.fit(data := table(x=["7", "", "7"]))
    np.testing.assert_allclose(features.transform(data), [[0, 0], [0, 1], [0, 0]])
    assert features.transform(table(x=["1e30"])).tolist() == [[0, 0]]


def test_categories_are_one_hot_and_missing_is_one_if_seen():
    data = table(c=["b", "a", "", "a", "b", "b"])
    features = Features.fit(data)
    assert features.columns == (Categorical("c", ("", "a", "b")),)
    assert features.transform(data)[:4].tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 1, 0]]


def test_an_unseen_category_is_all_zeros_and_told():
    features = Features.fit(table(c=["a", "b", "a", "b"]))
    new = table(c=["a", "z", "?", "y"])
    assert features.transform(new).tolist() == [[1, 0], [0, 0], [0, 0], [0, 0]]
    assert features.unseen(new) == {"c": ["y", "z"]}
    assert features.unseen(table(c=["b", ""])) == {}


def test_columns_without_information_are_left_out_with_a_reason():
    data = table(x=["1", "2", "3", "4"], same=["5"] * 4, word=["w"] * 4, empty=[""] * 4, name=["Ada", "Bo", "Cy", "Di"])
    features = Features.fit(data)
    assert [column.name for column in features.columns] == ["x"]
    assert dict(features.dropped) == {
        "same": "always 5 in the training rows",
        "word": "always 'w' in the training rows",
        "empty": "no value in the training rows",
        "name": "4 different texts in 4 training rows",
    }


def test_a_name_column_is_used_if_declared_categorical():
    assert Features.fit(table(name=["Ada", "Bo", "Cy"]), categorical=["name"]).width == 3


def test_numbers_can_be_declared_categories():
    features = Features.fit(table(code=["1", "2", "1", "2"]), categorical=["code"])
    assert features.columns == (Categorical("code", ("1", "2")),)


def test_a_declared_number_that_is_none_names_column_line_and_cell():
    data = replace(Frame.of("file.csv", {"x": ["1", "two", "3"]}), lines=Lines())
    with pytest.raises(DataError, match=r"file.csv, line 3: column 'x' holds numbers, and 'two' is none"):
        Features.fit(data, numeric=["x"])


@pytest.mark.parametrize("cell", ["inf", "1e400", "-inf"])
def test_an_infinite_cell_is_no_number(cell):
    with pytest.raises(DataError, match=cell):
        Features.fit(table(x=["1", cell]), numeric=["x"])


def test_a_slip_in_a_column_of_numbers_is_named():
    data = table(x=[*map(str, range(30)), "12o"])
    with pytest.raises(DataError, match=r"row 31: '12o' in column 'x' is no number"):
        Features.fit(data)


def test_a_few_categories_may_look_like_numbers():
    assert Features.fit(table(rooms=["1", "2", "3+"] * 4)).width == 3


@pytest.mark.parametrize("declared", [(), ("c",)])
def test_rare_categories_are_one_beyond_a_thousand(declared):
    data = table(c=[f"word {k:04}" for k in (*range(1000), *range(1003), *range(1003))])
    features = Features.fit(data, categorical=declared)
    assert features.columns == (Categorical("c", tuple(f"word {k:04}" for k in range(1000)), other=True),)
    assert features.labels[-1] == "c is another"
    encoded = features.transform(table(c=["word 0003", "word 1001", "never seen", ""]))
    assert encoded.argmax(axis=1).tolist() == [3, 1000, 1000, 0]
    assert encoded.sum(axis=1).tolist() == [1, 1, 1, 0]
    assert features.unseen(table(c=["never seen"])) == {}


def test_refuses_contradictions_and_unknown_columns():
    data = table(x=["1", "2"])
    with pytest.raises(DataError, match="numeric and categorical"):
        Features.fit(data, numeric=["x"], categorical=["x"])
    with pytest.raises(DataError, match="no column 'y'"):
        Features.fit(data, numeric=["y"])
    with pytest.raises(DataError, match="no column to learn from"):
        Features.fit(table(x=["1", "1"]))


def test_refuses_numbers_beyond_computing():
    with pytest.raises(DataError, match="too large"):
        Features.fit(table(x=["1e308", "-1e308", "1e308"]))
    with pytest.raises(DataError, match="too far from the mean"):
        Features.fit(table(x=["1", "2"])).transform(table(x=["1e300"]))


def test_transform_names_the_columns_that_are_missing():
    features = Features.fit(table(a=["1", "2"], b=["1", "2"], c=["1", "2"]))
    with pytest.raises(DataError, match="lacks the columns a, c; it has b, d"):
        features.transform(table(b=["1"], d=["1"]))


def test_extra_columns_and_their_order_do_not_matter():
    features = Features.fit(table(a=["1", "2"], b=["3", "5"]))
    expected = features.transform(table(a=["1"], b=["5"]))
    assert (features.transform(table(z=["?"], b=["5"], a=["1"])) == expected).all()


finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12).map(repr)
numeric_columns = st.lists(st.one_of(finite, st.just("")), min_size=8, max_size=8)
categorical_columns = st.lists(st.sampled_from(["red", "grün", "", "12", "[b]"]), min_size=8, max_size=8)


@settings(deadline=None)
@given(numeric_columns, categorical_columns)
def test_json_round_trip_keeps_every_bit(x, c):
    data = table(x=x, c=c, anchor=[*map(str, range(8))])
    features = Features.fit(data, categorical=["c"])
    again = Features.from_json(json.loads(json.dumps(features.to_json())))
    assert again == features
    assert again.transform(data).tobytes() == features.transform(data).tobytes()


@settings(deadline=None)
@given(numeric_columns, numeric_columns, categorical_columns, categorical_columns)
def test_nothing_is_learned_from_the_other_rows(x, other_x, c, other_c):
    rows = np.arange(8)
    anchor = [*map(str, range(16))]

    def fitted(x_tail: list[str], c_tail: list[str]) -> Features:
        data = table(x=x + x_tail, c=c + c_tail, anchor=anchor)
        return Features.fit(data, rows, categorical=["c"])

    assert fitted(x, c) == fitted(other_x, other_c)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"columns": [], "dropped": 3},
        {"columns": [{"name": "x"}], "dropped": {}},
        {"columns": [{"name": "x", "mean": "a", "scale": 1, "indicator": False}], "dropped": {}},
        {"columns": [{"name": "x", "mean": 0, "scale": -1, "indicator": False}], "dropped": {}},
        {"columns": [{"name": "x", "categories": [1]}], "dropped": {}},
        {"columns": ["x"], "dropped": {}},
    ],
)
def test_from_json_refuses_nonsense(data):
    with pytest.raises(DataError, match="not the description of features"):
        Features.from_json(data)
