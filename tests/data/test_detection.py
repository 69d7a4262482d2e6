"""What a column is told to be from its cells: numbers as people write them, words for missing, dates, codes, names."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from backpath.data import cells
from backpath.data.detection import kind_of
from backpath.data.features import Features
from backpath.data.frame import Frame
from backpath.data.kinds import PLAIN, Moment, Name, Number, Truth, kind_from_json, kind_to_json
from backpath.data.target import Target
from backpath.data.words import Words

WORDS = Words()


def told(*written, **how):
    return kind_of(pl.Series("x", list(written)), WORDS, **how)


def read(kind, *written):
    return cells.numbers(pl.Series("x", list(written)), WORDS, kind).to_list()


@pytest.mark.parametrize(
    "word",
    [
        "",
        "NA",
        "N/A",
        "n/a",
        "NaN",
        "nan",
        "null",
        "NULL",
        "None",
        "none",
        "?",
        "#N/A",
        "-",
        "<NA>",
        "nil",
        "\\N",
        "NaT",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NAME?",
        "#NUM!",
        "#NULL!",
        "n.a.",
        "--",
        " NA ",
        "Nil",
        "1.#QNAN",
        "-nan",
    ],
)
def test_every_word_for_missing_leaves_every_kind_as_it_is(word):
    for kind, values in {
        PLAIN: ["1", "2.5"],
        Number(","): ["1,5", "2"],
        Truth(): ["yes", "no"],
        Moment(("%Y-%m-%d",)): ["2026-01-31", "2026-02-28"],
        Name(): ["Oslo", "Rome"],
    }.items():
        for written in (word, word.upper(), word.lower()):
            column = pl.Series("x", [values[0], written, values[1]])
            assert kind_of(column, WORDS) == kind
            assert cells.missing(column, WORDS).to_list() == [False, True, False]


@pytest.mark.parametrize(
    ("written", "kind", "values"),
    [
        (["1,5", "22,25"], Number(","), [1.5, 22.25]),
        (["1.234,5", "7"], Number(",", "."), [1234.5, 7]),
        (["1,234.5", "1,234,567"], Number(".", ","), [1234.5, 1234567]),
        (["1 234", "12 345 678"], Number(".", " "), [1234, 12345678]),
        (["1\u00a0234,5", "2\u202f345,5"], Number(",", " "), [1234.5, 2345.5]),
        (["1'234.5", "2'000"], Number(".", "'"), [1234.5, 2000]),
        (["$5", "-$1.50"], Number(symbol="$"), [5, -1.5]),
        (["$1,234.50", "$5"], Number(".", ",", "$"), [1234.5, 5]),
        (["5 €", "1.234,50 €"], Number(",", ".", "€"), [5, 1234.5]),
        (["12%", "3.5 %"], Number(symbol="%"), [12, 3.5]),
        (["USD 5", "USD 6.5"], Number(symbol="USD"), [5, 6.5]),
        (["1e3", "-2.5E-2", "+.5", "5."], PLAIN, [1000, -0.025, 0.5, 5]),
        ([" 1 ", "\t2"], PLAIN, [1, 2]),
    ],
)
def test_numbers_as_people_write_them(written, kind, values):
    assert told(*written) == kind
    assert read(kind, *written) == values
    assert kind_from_json(kind_to_json(kind)) == kind


@pytest.mark.parametrize(
    "written",
    [
        ["1_000", "2_000"],
        ["0x10", "0x11"],
        ["1,2,3", "4,5,6"],
        ["1.2.3", "1.2.4"],
        ["12 kg", "13 kg"],
        ["1.2.26", "3.4.26"],
        ["$5", "€5"],
    ],
)
def test_what_is_no_number_is_a_name(written):
    assert told(*written) == Name()


def test_a_comma_before_three_digits_is_told_by_the_rest_of_the_file_or_by_the_user():
    assert told("1,234", "2,500") == Number(".", ",")
    assert told("1,234", "2,500", comma=True) == Number(",")
    assert told("1,234", "2,500", decimal=",") == Number(",")
    assert told("1.234", "2.500", comma=True) == Number(",", ".")
    assert told("1.234", "2.500") == PLAIN
    assert told("0.234", "2.500", comma=True) == PLAIN
    assert told("1", "2", comma=True) == PLAIN


def test_codes_keep_their_zeros():
    assert told("00501", "10001") == Name(why="codes with leading zeros")
    frame = Frame.of("test", {"zip": ["007", "07", "7", "007"] * 3})
    assert Features.fit(frame).labels == ["zip=007", "zip=07", "zip=7"]
    assert told("0", "10", "0.5") == PLAIN


@pytest.mark.parametrize(
    "pair", [("true", "false"), ("True", "False"), ("YES", "no"), ("y", "N"), ("T", "F"), ("On", "Off")]
)
@pytest.mark.parametrize("gap", [(), ("",)])
def test_truth_values_with_and_without_gaps_are_one_kind(pair, gap):
    frame = Frame.of("test", {"open": [*pair, *gap] * 4})
    (column,) = Features.fit(frame).columns
    assert column.kind == Truth()
    declared = Frame.of("test", {"open": [True, False, *([None] if gap else [])] * 4})
    np.testing.assert_array_equal(Features.fit(frame).transform(frame), Features.fit(declared).transform(declared))
    odd = Frame.of("new", {"open": ["perhaps", pair[0]]})
    features = Features.fit(frame)
    assert features.unseen(odd) == {"open": ["perhaps"]}
    assert features.transform(odd)[0, 0] not in features.transform(frame)[:2, 0]


MOMENT = datetime.datetime(2026, 3, 14, 15, 9, 26)


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M:%S+00:00",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y/%m/%d",
        "%Y-%m-%d %H:%M",
        "%d.%m.%Y",
        "%d.%m.%Y %H:%M",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d-%m-%Y",
        "%d %b %Y",
        "%B %d, %Y",
        "%d-%b-%Y",
    ],
)
def test_dates(form):
    moments = [MOMENT + datetime.timedelta(days=37 * k, hours=5 * k) for k in range(12)]
    written = [m.strftime(form) for m in moments]
    kind = told(*written, "NULL")
    assert isinstance(kind, Moment)
    expected = [datetime.datetime.strptime(w, form).replace(tzinfo=None) for w in written]
    found, wrong = cells.moments(pl.Series([*written, "NULL"]), WORDS, kind.formats)
    assert (found.to_list(), wrong.any()) == ([*expected, None], False)


def test_two_formats_are_read_where_they_leave_no_doubt_and_refused_where_they_do():
    mixed = pl.Series(["2026-01-31", "28.02.2026", "2026/03/01"])
    kind = kind_of(mixed, WORDS)
    assert isinstance(kind, Moment)
    assert cells.moments(mixed, WORDS, kind.formats)[0].dt.month().to_list() == [1, 2, 3]
    doubt = Frame.of("test", {"x": [*map(str, range(6))], "d": ["1/2/2026", "3/4/2026", "5/6/2026"] * 2})
    assert "may have the day or the month first: write dates as 2026-01-31" in Features.fit(doubt).dropped["d"]
    two = Frame.of("test", {"x": [*map(str, range(6))], "d": ["13/02/2026", "02/14/2026", "05/06/2026"] * 2})
    reason = Features.fit(two).dropped["d"]
    assert "'13/02/2026' has the day first and '02/14/2026' the month" in reason


def test_what_the_types_declare_is_obeyed():
    frame = pl.DataFrame(
        {
            "categorical": pl.Series(["3", "5", "3", "4"]).cast(pl.Categorical),
            "enum": pl.Series(["1", "2", "1", "1"], dtype=pl.Enum(["1", "2"])),
            "truth": [True, None, False, True],
            "day": [datetime.date(2026, 1, day) for day in (1, 2, 3, 5)],
            "time": [datetime.time(hour) for hour in (1, 2, 3, 5)],
            "took": [datetime.timedelta(hours=hour) for hour in (1, 2, 3, 5)],
            "zoned": pl.Series([MOMENT] * 4).dt.replace_time_zone("Europe/Oslo"),
            "nested": [[1], [2], [3], [4]],
            "none": [None] * 4,
            "price": pl.Series(["1.5", "2", "3", "4"]).cast(pl.Decimal(9, 2)),
        }
    )
    kinds = {name: kind_of(frame[name], WORDS) for name in frame.columns}
    assert [type(kind) for kind in kinds.values()] == [
        Name,
        Name,
        Truth,
        Moment,
        Moment,
        Moment,
        Moment,
        Name,
        Number,
        Number,
    ]
    features = Features.fit(Frame("test", frame))
    assert {c.name: c.width for c in features.columns} == {
        "categorical": 3, "enum": 2, "truth": 2, "day": 2, "time": 2, "took": 2, "price": 1
    }  # fmt: skip
    assert features.dropped == {
        "zoned": "always 2026-03-14 14:09:26 in the training rows",
        "nested": "it holds list values",
        "none": "no value in the training rows",
    }


def test_moments_become_what_varies():
    days = pd.date_range("2024-01-01", periods=400, freq="36h")
    frame = Frame.of("test", {"at": [str(day) for day in days]})
    features = Features.fit(frame)
    assert features.labels == ["at: elapsed", "at: year", "at: month", "at: day of week", "at: hour"]
    (column,) = features.columns
    expected = [
        days.asi8 / 86_400 / 1e6 / (1000 if days.unit == "ns" else 1),
        days.year,
        days.month,
        days.day_of_week + 1,
        days.hour,
    ]
    for k, (part, values) in enumerate(zip(column.parts, expected, strict=True)):
        np.testing.assert_allclose(
            features.transform(frame)[:, k], (values - np.mean(values)) / part.scale, rtol=1e-4, atol=1e-5
        )
    assert Features.from_json(features.to_json()) == features


def test_words_of_a_text_are_hashed_where_asked_for():
    notes = [f"note {k} is {'good' if k % 2 else 'bad'}" for k in range(20)]
    frame = Frame.of("test", {"x": [*map(str, range(20))], "note": notes})
    assert Features.fit(frame).dropped == {"note": "20 different texts in 20 training rows"}
    features = Features.fit(frame, text=True)
    encoded = features.transform(frame)
    assert encoded.shape == (20, 1 + 256)
    np.testing.assert_allclose(np.linalg.norm(encoded[:, 1:], axis=1), 1, rtol=1e-6)
    assert Features.from_json(features.to_json()) == features


@pytest.mark.parametrize(
    ("written", "classes"),
    [
        (["007", "010", "7"], ("007", "010", "7")),
        (["07", "7", "8"], ("07", "7", "8")),
        (["7", "10", "9"], (7, 9, 10)),
        (["1_0", "2", "3"], ("1_0", "2", "3")),
        (["1,5", "2,5", "3,5"], ("1,5", "2,5", "3,5")),
        (["yes", "no", "no"], ("no", "yes")),
        (["2026-01-01", "2026-01-02", "2026-01-02"], ("2026-01-01", "2026-01-02")),
    ],
)
def test_labels_are_names(written, classes):
    frame = Frame.of("test", {"y": written * 5})
    target = Target.fit(frame, "y", task="classification")
    assert target.classes == classes
    assert [str(label) for label in target.decode(target.encode(frame))] == written * 5


def test_a_label_may_read_as_missing_if_it_is_said_to_be_one():
    labels = ["None", "NA", "yes"] * 5
    frame = Frame.of("test", {"y": labels})
    with pytest.raises(Exception, match="--label-missing none if 'None' is a class"):
        Target.fit(frame, "y")
    frame = Frame("test", frame.data, words=Words(labels=False))
    assert Target.fit(frame, "y").classes == ("NA", "None", "yes")
    with pytest.raises(Exception, match="no value at row 2"):
        Target.fit(Frame("test", pl.DataFrame({"y": ["None", "", "x"]}), words=Words(labels=False)), "y")


def test_a_users_words_count_for_cells_and_by_value_for_numbers():
    words = Words(("-999", "gone"))
    for column in (pl.Series(["1", "-999", "gone"]), pl.Series([1.0, -999.0, None]), pl.Series([1, -999, None])):
        assert cells.numbers(column, words).to_list() == [1, None, None]
        assert cells.missing(column, words).to_list() == [False, True, True]


def test_with_any_number_of_categories_an_unknown_one_is_none_of_the_known():
    for count in (2, 3, 7):
        frame = Frame.of("test", {"c": [f"k{k}" for k in range(count)] * 3})
        known = Features.fit(frame).transform(frame)[:count]
        unknown = Features.fit(frame).transform(Frame.of("new", {"c": ["other"]}))
        assert not (known == unknown).all(axis=1).any()
