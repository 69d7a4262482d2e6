"""Files as people have them, of which the right table is known, and hostile ones: a right table or one clear error."""

import bz2
import csv
import datetime
import gzip
import io
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from backpath.data import cells
from backpath.data.kinds import Moment, Name, Number, Truth
from backpath.data.reading import text
from backpath.data.reading.files import read_frame, read_parts
from backpath.data.reading.options import Reading
from backpath.graph import DataError

ROWS = 12
MISSING = ["", "NULL", "n/a", "#N/A", "-", "<NA>", "nil", "\\N", "#DIV/0!", "None", "NaN", "?", "  "]
# Texts that are no numbers, truth values or dates, whatever separates cells.
WORDS = [
    "Oslo",
    "Rome, Italy",
    "São Paulo",
    'a "quoted" word',
    "semi;colon",
    "tab\there",
    "two\nlines",
    "pipe|d",
    "1_000",
]
FORMATS = ["%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S", "%d %b %Y"]
finite = st.floats(-1e9, 1e9).map(lambda x: round(x, 4))


@st.composite
def columns(draw, decimal):
    """A column: the cells as written, and its kind and values, None where missing."""
    kind = draw(st.sampled_from(["number", "whole", "thousands", "money", "percent", "name", "code", "truth", "date"]))
    many = lambda of: draw(st.lists(of, min_size=ROWS, max_size=ROWS))  # noqa: E731
    if kind == "number":
        # One that has not three digits behind the mark, so that it is one without doubt.
        values = [0.25, *many(finite)[1:]]
        written = [
            repr(v).replace(".", decimal) if "e" not in repr(v) else f"{v:.4f}".replace(".", decimal) for v in values
        ]
        expected = Number(decimal)
    elif kind == "whole":
        values = many(st.integers(-(10**9), 10**9))
        written, expected = [*map(str, values)], Number()
    elif kind == "thousands":
        mark = "." if decimal == "," else ","
        values = [1234567.5, *many(finite)[1:]]
        written = [f"{v:,.4f}".replace(",", "_").replace(".", decimal).replace("_", mark) for v in values]
        expected = Number(decimal, mark)
    elif kind in ("money", "percent"):
        symbol = {"money": draw(st.sampled_from("$€£")), "percent": "%"}[kind]
        values = [0.25, *many(st.floats(0, 1e6).map(lambda x: round(x, 2)))[1:]]
        before = symbol == "$"
        written = [f"{symbol}{v:.2f}" if before else f"{v:.2f} {symbol}" for v in values]
        written, expected = [w.replace(".", decimal) for w in written], Number(decimal, "", symbol)
    elif kind == "name":
        values = ["Oslo", *many(st.sampled_from(WORDS))[1:]]
        written, expected = values, Name()
    elif kind == "code":
        values = ["007", *many(st.integers(0, 99999).map(lambda k: f"{k:05}"))[1:]]
        written, expected = values, Name(why="codes with leading zeros")
    elif kind == "truth":
        yes, no = draw(st.sampled_from([("yes", "no"), ("True", "False"), ("Y", "N"), ("t", "f"), ("ON", "off")]))
        values = [True, False, *many(st.booleans())[2:]]
        written, expected = [yes if v else no for v in values], Truth()
    else:
        form = draw(st.sampled_from(FORMATS))
        moments = many(st.datetimes(datetime.datetime(1950, 1, 1), datetime.datetime(2049, 12, 31)))
        written = [m.strftime(form) for m in moments]
        values, expected = [datetime.datetime.strptime(w, form) for w in written], Moment()
    # The first two cells stay, since they say what the column is.
    for row in draw(st.sets(st.integers(2, ROWS - 1), max_size=4)):
        written[row], values[row] = draw(st.sampled_from(MISSING)), None
    return written, expected, values


@st.composite
def files(draw):
    """A file's name and bytes, how to read it, its columns, and how it was written."""
    delimiter = draw(st.sampled_from(",;\t|"))
    decimal = draw(st.sampled_from(".,")) if delimiter != "," else "."
    made = draw(st.lists(columns(decimal), min_size=1, max_size=4))
    names = [f"column {k}" for k in range(len(made))]
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator=end)
    index, trailing = draw(st.booleans()), draw(st.booleans()) and len(made) > 1
    head = [*([""] if index else []), *names, *([""] if trailing else [])]
    separator = draw(st.booleans())
    buffer.write(f"sep={delimiter}{end}" if separator else "")
    writer.writerow(head)
    blanks = draw(st.sets(st.integers(0, ROWS)))
    for row in range(ROWS):
        cells_of = [written[row] for written, _, _ in made]
        buffer.write(end if row in blanks else "")
        writer.writerow([*([str(row)] if index else []), *cells_of, *([""] if trailing else [])])
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"]))
    if encoding == "latin-1" and "€" in buffer.getvalue():
        encoding = "cp1252"
    data = buffer.getvalue().encode(encoding)
    suffix, pack = draw(st.sampled_from(PACKED))
    reading = Reading(encoding=encoding if encoding in ("latin-1", "cp1252") else None)
    how = {"index": index, "sep": delimiter, "encoding": encoding, "skiprows": int(separator)}
    return f"t.csv{suffix}", pack(data), reading, dict(zip(names, made, strict=True)), how


def zipped(data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("t.csv", data)
    return buffer.getvalue()


PACKED = [
    ("", bytes),
    ("", bytes),
    (".gz", gzip.compress),
    (".bz2", bz2.compress),
    (".xz", lzma.compress),
    (".zip", zipped),
]


@pytest.fixture(params=[16, 1 << 20], ids=["small blocks", "one block"])
def block(request, monkeypatch):
    monkeypatch.setattr(text, "BLOCK", request.param)


odd = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


@odd
@given(files())
def test_a_file_is_the_table_that_it_was_made_of(tmp_path, block, made):
    name, data, reading, expected, how = made
    index, path = how["index"], tmp_path / name
    path.write_bytes(data)
    frame = read_frame(path, reading)
    assert frame.names == ((*(["Unnamed: 0"] if index else []), *expected))
    assert set(frame.unused) == ({"Unnamed: 0"} if index else set())
    assert len(frame) == ROWS
    for column, (written, kind, values) in expected.items():
        found, told = frame[column], frame.kinds[column]
        assert cells.missing(found, frame.words).to_list() == [v is None for v in values], written
        assert type(told) is type(kind), (written, told)
        if isinstance(kind, Moment):
            assert cells.moments(found, frame.words, told.formats)[0].to_list() == values
        elif isinstance(kind, Name):
            assert (told, cells.labels(found, frame.words).to_list()) == (
                kind,
                ["" if v is None else v for v in values],
            )
        else:
            numbers = cells.numbers(found, frame.words, told).to_list()
            assert told == kind or (kind, told.plain) == (Number(kind.decimal), True), (written, told)
            np.testing.assert_allclose(_floats(numbers), _floats(values), rtol=1e-12)


def _floats(values):
    return np.array([np.nan if v is None else float(v) for v in values])


@odd
@given(files())
def test_cells_are_those_that_pandas_reads(tmp_path, block, made):
    name, data, reading, expected, how = made
    (tmp_path / name).write_bytes(data)
    parts = list(read_parts(tmp_path / name, reading))
    # A line of blanks alone is a cell for us and for Python's csv, and nothing for pandas.
    assume(how.pop("index") or len(expected) > 1 or "  " not in expected["column 0"][0])
    theirs = pd.read_csv(tmp_path / name, dtype=str, keep_default_na=False, **how)
    for column in expected:
        ours = [cell for part in parts for cell in part[column].to_list()]
        assert ours == theirs[column].tolist()


# Bytes that nobody would call a table.

pieces = st.sampled_from(
    ["a", "b,c", "1", "2.5", ",", ",", ";", '"', '""', "\n", "\n", "\r\n", " ", "\t", "é", "x\ny", "'"]
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pieces, max_size=40).map("".join))
def test_what_python_reads_is_read_so_and_all_else_is_one_sentence(tmp_path, block, body):
    path = tmp_path / "t.csv"
    path.write_bytes(f"one,two\n{body}".encode())
    try:
        records = [r for r in csv.reader(io.StringIO(body, newline=""), strict=True) if r]
    except csv.Error:
        records = None
    parts, told = outcome(lambda: list(read_parts(path)))
    if parts is None:
        assert told.startswith(str(path))
        assert records is None or not records or {len(r) for r in records} - {2, 3} or _uneven(records)
        return
    read = [[*row] for part in parts for row in part.data.rows()]
    assert records is not None
    assert read == [r[:2] for r in records]
    assert all(set("".join(r[2:])) <= {" ", "\t"} for r in records)


def outcome(read):
    """What is read, or None and the one sentence."""
    try:
        return read(), ""
    except DataError as error:
        return None, str(error)


def _uneven(records):
    """Whether records differ in length, or a third cell says something."""
    return len({len(r) for r in records}) > 1 or any("".join(r[2:]).strip() for r in records)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.sampled_from(["", ".gz", ".zip", ".xz", ".zst"]))
def test_any_bytes_are_a_table_or_one_sentence(tmp_path, start, suffix):
    magic = {"": b"", ".gz": b"\x1f\x8b", ".zip": b"PK\x03\x04", ".xz": b"\xfd7zXZ\x00", ".zst": b"\x28\xb5\x2f\xfd"}[
        suffix
    ]
    path = tmp_path / f"t.csv{suffix}"
    path.write_bytes(magic + start)
    frame, told = outcome(lambda: read_frame(path))
    assert str(path) in told if frame is None else len(frame) > 0
