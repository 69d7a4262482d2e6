import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.data.frame import Frame
from backpath.data.target import Target
from backpath.graph import DataError


def column(cells: list[str]) -> Frame:
    return Frame.of("test", {"y": cells, "z": cells})


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["yes", "no"] * 5, "classification"),
        (["yes", "no"] * 3, "classification"),
        (["1", "a"] * 5, "classification"),
        (["0", "1"] * 5, "classification"),
        (["0.0", "1.0"] * 5, "classification"),
        (["0.5", "1.5"] * 5, "regression"),
        (["0", "1", "2"] * 4, "regression"),
        ([str(k) for k in range(20)] * 5, "classification"),
        ([str(k) for k in range(21)] * 5, "regression"),
    ],
)
def test_the_task_is_told_from_the_cells(cells, task):
    assert Target.fit(column(cells), "y").task == task


def test_classes_are_sorted_by_number_where_they_are_numbers():
    assert Target.fit(column(["10", "9", "2.0"] * 5), "y").classes == (2, 9, 10)
    assert Target.fit(column(["10", "9", "b"] * 5), "y").classes == ("10", "9", "b")
    assert Target.fit(column(["1.5", "-1"] * 5), "y", task="classification").classes == (-1.0, 1.5)


def test_classes_are_encoded_and_decoded():
    data = column(["b", "a", "b", "c", "a", "c"])
    target = Target.fit(data, "y")
    assert target.encode(data).tolist() == [1, 0, 1, 2, 0, 2]
    assert target.decode(np.array([2, 0])).tolist() == ["c", "a"]


def test_a_quantity_is_standardized_by_the_training_rows_and_back():
    data = column(["1", "3", "99"])
    target = Target.fit(data, "y", np.array([0, 1]))
    assert (target.mean, target.deviation) == (2.0, 1.0)
    assert target.encode(data, np.array([0, 1])).tolist() == [-1, 1]
    np.testing.assert_allclose(target.decode(target.encode(data)), [1, 3, 99])


def test_counts_are_left_as_they_are():
    target = Target.fit(data := column(["1", "3", "8"]), "y", task="regression", standardize=False)
    assert target.encode(data).tolist() == [1, 3, 8]


@pytest.mark.parametrize(
    ("cells", "task", "message"),
    [
        (["a", "b", "", "b", "NA"], None, "no value at row 3, row 5"),
        (["1", "2", "nan"], "regression", "no value at row 3"),
        (["a"] * 4, None, "a single class, 'a'"),
        (["3"] * 10, "classification", "a single class, 3"),
        (["3"] * 10, "regression", "is always 3"),
        (["Ada", "Bo", "Cy"], None, "3 different values in 3 rows: it seems to be a name or a quantity"),
        (["1.5", "2.5", "3,5"], None, r"3 different values in 3 rows: its cells are numbers, but not '3,5' \(row 3\)"),
        (["1", "two"], "regression", "row 2: column 'y' holds numbers, and 'two' is none"),
        (["1e308", "-1e308"], "regression", "cannot be computed with"),
    ],
)
def test_refuses(cells, task, message):
    with pytest.raises(DataError, match=message):
        Target.fit(column(cells), "y", task=task)


def test_an_unknown_column_names_the_close_ones():
    with pytest.raises(DataError, match=r"no column 'Y': .*It has y, z"):
        Target.fit(column(["1", "2"]), "Y")


def test_an_unknown_class_is_named():
    target = Target.fit(column(["a", "b", "a", "b"]), "y")
    with pytest.raises(DataError, match="row 2: 'y' is 'c', which is none of the classes: a, b"):
        target.encode(column(["a", "c"]))


@settings(deadline=None)
@given(
    st.one_of(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")).map(str.strip), min_size=3),
        st.lists(st.integers(-(10**9), 10**9).map(str), min_size=3),
        st.lists(st.floats(-1e9, 1e9).map(repr), min_size=3),
    )
)
def test_json_round_trip(cells):
    data = column(cells)
    try:
        target = Target.fit(data, "y")
    except DataError:
        return
    again = Target.from_json(json.loads(json.dumps(target.to_json())))
    assert again == target
    assert again.encode(data).tobytes() == target.encode(data).tobytes()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"column": "y", "classes": 3, "mean": 0, "deviation": 1},
        {"column": "y", "classes": ["a"], "mean": 0, "deviation": 1},
        {"column": "y", "classes": [["a"], "b"], "mean": 0, "deviation": 1},
        {"column": "y", "classes": [], "mean": 0, "deviation": 0},
        {"column": "y", "classes": [], "mean": "x", "deviation": 1},
    ],
)
def test_from_json_refuses_nonsense(data):
    with pytest.raises(DataError, match="not the description of a target"):
        Target.from_json(data)
