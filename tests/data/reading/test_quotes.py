"""Quotes that open and close cells, and quotes that are letters, against Python's reader."""

import csv
import io

import numpy as np
import pytest

from backpath.data.reading import delimited
from backpath.data.reading.delimited import Delimited
from backpath.data.reading.quotes import end_of_records, lines_with_quotes

CELLS = ["7", "pipe", '5" pipe', 'a "word"', '"x"', '"a,b"', '"two\nlines"', '"say ""yes"""', '""', '"\n\n"', "é"]


def rows_of(path, size):
    blocks = [frame for frame, _ in Delimited(path).blocks(size)]
    return [list(row) for frame in blocks for row in frame.rows()]


@pytest.mark.parametrize("seed", range(12))
def test_blocks_of_any_size_are_read_as_python_reads_them(seed, tmp_path):
    rng = np.random.default_rng(seed)
    weights = np.where(["\n" in c or '"' in c for c in CELLS], 1.0, 4.0 * (seed % 3 + 1))
    rows = [",".join(rng.choice(CELLS, 3, p=weights / weights.sum())) for _ in range(200)]
    text = "a,b,c\n" + "\n".join(rows) + "\n" * (seed % 2)
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    expected = list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
    for size in (64, 500, 1 << 20):
        assert rows_of(path, size) == expected
    table = Delimited(path)
    line = int(table.place(150).split()[1])
    before = "".join(",".join(r) for r in expected[:150]).count("\n") + 151 + 1
    assert line == before


def test_a_stray_quote_costs_its_own_line_alone(tmp_path, monkeypatch):
    taken = []
    records = delimited._records

    def counted(*arguments):
        for record in records(*arguments):
            taken.append(record)
            yield record

    monkeypatch.setattr(delimited, "_records", counted)
    lines = [f"{k},{k + 1}" for k in range(3000)]
    lines[40], lines[2000] = '5" pipe,1', 'a,"two\nlines"'
    (tmp_path / "t.csv").write_text("a,b\n" + "\n".join(lines) + "\n")
    rows = rows_of(tmp_path / "t.csv", 5000)
    assert len(rows) == 3000
    assert (rows[40], rows[2000], rows[2999]) == (['5" pipe', "1"], ["a", "two\nlines"], ["2999", "3000"])
    assert len(taken) < 10


def test_where_records_end_and_which_lines_hold_quotes():
    block = b'1,2\n3" x,4\n5,"6\n7",8\n9,"open\n1,2\n'
    assert block[end_of_records(block, ",") :] == b'9,"open\n1,2\n'
    assert lines_with_quotes(block[:-12], ",").tolist() == [False, True, True, True]
    assert end_of_records(b'a,"b"\nc"d,e\n', ",") == len(b'a,"b"\nc"d,e\n')
    assert end_of_records(b'"open\n', ",") == 0


def test_a_mistake_beside_quotes_is_told_by_its_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,2\n5" x,3\n4\n5,6\n' + "7,8\n" * 50)
    with pytest.raises(delimited.DataError, match="line 4: 1 cells where the header has 2"):
        rows_of(path, None)
    path.write_text('a,b\n1,2\n5" x,"3\n4,4\n' + "7,8\n" * 50)
    with pytest.raises(delimited.DataError, match=r"line 3: .* not closed"):
        rows_of(path, 64)
