"""Every kind of file holds the same table; folders, compression and encodings; row groups of Parquet."""

import bz2
import gzip
import lzma

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from backpath.data import cells
from backpath.data.kinds import Moment, Name, Number, Truth
from backpath.data.reading import text
from backpath.data.reading.files import read_frame, read_parts
from backpath.data.reading.footer import read_footer
from backpath.data.reading.options import Reading
from backpath.data.reading.parquet import ParquetSource
from backpath.graph import DataError

TABLE = pl.DataFrame(
    {
        "area": [50.5, 80.0, None, 120.25],
        "rooms": [2, 3, 4, 5],
        "city": ["Oslo", "Rome", None, "Oslo"],
        "new": [True, False, None, False],
        "sold": pl.Series(["2026-01-31", "2026-02-28", None, "2025-12-01"]).str.to_date(),
    }
)
WRITERS = {
    ".csv": lambda path: TABLE.write_csv(path),
    ".tsv": lambda path: TABLE.write_csv(path, separator="\t"),
    ".csv.zst": lambda path: TABLE.write_csv(path, compression="zstd"),
    ".parquet": lambda path: TABLE.write_parquet(path),
    ".feather": lambda path: TABLE.write_ipc(path, compression="lz4"),
    ".arrow": lambda path: TABLE.write_ipc_stream(path),
    ".ndjson": lambda path: TABLE.write_ndjson(path),
    ".json": lambda path: TABLE.write_json(path),
    ".xlsx": lambda path: TABLE.write_excel(path),
}


def same(frame, rows=4):
    assert frame.names == tuple(TABLE.columns)
    assert len(frame) == rows
    for name in ("area", "rooms", "new"):
        numbers = cells.numbers(frame[name], frame.words, frame.kinds[name]).to_list()[:4]
        assert numbers == [None if v is None else float(v) for v in TABLE[name].to_list()]
    assert cells.labels(frame["city"], frame.words).to_list()[:4] == ["Oslo", "Rome", "", "Oslo"]
    moments, wrong = cells.moments(frame["sold"], frame.words, frame.kinds["sold"].formats)
    assert (moments.dt.date().to_list()[:4], wrong.any()) == (TABLE["sold"].to_list(), False)
    kinds = [type(frame.kinds[name]) for name in frame.names]
    assert kinds == [Number, Number, Name, Truth, Moment]


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_of_file_holds_the_same_table(tmp_path, kind):
    WRITERS[kind](tmp_path / f"t{kind}")
    same(read_frame(tmp_path / f"t{kind}"))


@pytest.mark.parametrize("kind", [".csv", ".parquet", ".ndjson", ".feather"])
def test_a_folder_of_files_is_one_table(tmp_path, kind):
    for name in "ba":
        WRITERS[kind](tmp_path / f"{name}{kind}")
    same(read_frame(tmp_path), rows=8)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_text_is_read_whatever_its_name(tmp_path, pack):
    WRITERS[".csv"](tmp_path / "t.csv")
    (tmp_path / "packed").write_bytes(pack((tmp_path / "t.csv").read_bytes()))
    same(read_frame(tmp_path / "packed"))


def test_rows_of_a_folder_are_named_by_file_and_line(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    (tmp_path / "b.csv").write_text("x,y\n\n5,6\n7,8\n")
    frame = read_frame(tmp_path)
    assert [frame.place(row) for row in range(4)] == [
        "a.csv, line 2",
        "a.csv, line 3",
        "b.csv, line 3",
        "b.csv, line 4",
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.csv": "x,y\n1,2\n", "b.csv": "x,z\n1,2\n"}, "do not have the same columns"),
        ({"a.csv": "x,y\n1,2\n", "b.ndjson": "{}"}, "files of different kinds"),
        ({"a.xlsx": "nothing"}, "cannot be read as a spreadsheet"),
        ({"a.ndjson": '{"a": 1}\n{"a": '}, "cannot be read as NDJSON"),
        ({"a.csv": "PAR1...."}, "a Parquet file, not text: name it .parquet"),
        ({"a.csv": b"PK\x03\x04" + b"x" * 40}, "cannot be decompressed"),
        ({"a.csv": b"\x1f\x8b" + b"x" * 40}, "cannot be decompressed"),
        ({"a.csv": "x,y\n1,2\n"}, "no encoding is called"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, files, message):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message):
        read_frame(tmp_path, Reading(encoding="klingon" if "encoding" in message else None))


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-8-sig", "utf-32"])
def test_encodings(tmp_path, encoding):
    (tmp_path / "t.csv").write_bytes("größe,stadt\n1,Zürich\n2,Genève\n".encode(encoding))
    known = encoding in ("utf-16", "utf-8-sig", "utf-32")
    frame = read_frame(tmp_path / "t.csv", Reading(encoding=None if known else encoding))
    assert frame.names == ("größe", "stadt")
    assert cells.labels(frame["stadt"], frame.words).to_list() == ["Zürich", "Genève"]
    if not known:
        with pytest.raises(DataError, match=r"line 1: not UTF-8 text: give its encoding|bytes of 0"):
            read_frame(tmp_path / "t.csv")


def test_bytes_that_are_not_utf_8_are_named_by_line_wherever_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK", 8)
    (tmp_path / "t.csv").write_bytes(b"a,b\n" + b"1,2\n" * 20_000 + b"1,\xff\n")
    with pytest.raises(DataError, match="line 20002: not UTF-8"):
        read_frame(tmp_path / "t.csv")


def test_a_column_that_is_no_longer_numbers_is_read_again_as_text(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK", 64)
    rows = "".join(f"{k},{k}\n" for k in range(100))
    (tmp_path / "t.csv").write_text(f"x,code\n{rows}100,0100\n")
    frame = read_frame(tmp_path / "t.csv")
    assert frame["x"].to_list() == [*range(101)]
    assert cells.labels(frame["code"], frame.words).to_list() == [*map(str, range(100)), "0100"]


def test_progress_is_told_while_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK", 64)
    (tmp_path / "t.csv").write_text("x\n" + "1\n" * 1000)
    told = []
    read_frame(tmp_path / "t.csv", on_read=lambda rows, part: told.append((rows, part)))
    assert told == sorted(told)
    assert told[-1] == (1000, 1.0)
    assert len(told) > 10


def test_parts_are_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("backpath.data.reading.files.PART_BYTES", 100)
    (tmp_path / "t.csv").write_text("x,c\n" + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(200)))
    parts = list(read_parts(tmp_path / "t.csv"))
    assert len(parts) > 5
    assert [int(x) for part in parts for x in part["x"]] == [*range(200)]
    assert parts[-1].place(len(parts[-1]) - 1) == "line 201"


@pytest.mark.parametrize("version", ["1.0", "2.6"])
def test_row_groups_are_those_that_pyarrow_knows(tmp_path, version):
    path = tmp_path / "t.parquet"
    table = pa.table(
        {"x": np.arange(1000.0), "s": [str(k) for k in range(1000)], "b": [k % 2 == 0 for k in range(1000)]}
    )
    parquet.write_table(table, path, row_group_size=137, version=version)
    rows, digest = read_footer(path)
    metadata = parquet.ParquetFile(path).metadata
    assert rows == [metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)]
    parquet.write_table(table.set_column(0, "x", [np.arange(1000.0) + 1]), path, row_group_size=137, version=version)
    assert read_footer(path)[1] != digest
    read = pl.concat([frame.data for frame in ParquetSource(path).frames()])
    assert read["x"].to_list() == (np.arange(1000.0) + 1).tolist()
