from pathlib import Path

import pytest

from backpath.data.cells import labels
from backpath.data.reading.files import read_frame
from backpath.data.reading.named import NAMED, load_named
from backpath.graph import DataError


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_reads_each_delimiter(tmp_path, delimiter):
    path = write(tmp_path, f"a{delimiter}b\n1{delimiter}x\n2{delimiter} y \n")
    table = read_frame(path)
    assert table.names == ("a", "b")
    assert table["a"].to_list() == [1, 2]
    assert labels(table["b"], table.words).to_list() == ["x", "y"]
    assert len(table) == 2


def test_reads_one_column_a_byte_order_mark_and_windows_line_ends(tmp_path):
    table = read_frame(write(tmp_path, b"\xef\xbb\xbfname\r\nAda\r\nGrace\r\n"))
    assert table.names == ("name",)
    assert table["name"].to_list() == ["Ada", "Grace"]


def test_lines_are_those_of_the_file(tmp_path):
    table = read_frame(write(tmp_path, 'a,b\n\n1,"two\nlines"\n3,4\n'))
    assert table["b"].to_list() == ["two\nlines", "4"]
    assert [table.place(row) for row in range(2)] == ["line 3", "line 5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n", "a header and no rows"),
        ("a,b,a\n1,2,3\n", "two columns are called 'a'"),
        ("a,,b\n1,2,3\n", "column 2 no name"),
        ("a,b,\n1,2,\n3,4,5\n", "column 3 no name, and it is not empty"),
        ("1,2\n3,4\n", "must be a header"),
        ("a,b\n1,2\n3\n", "line 3: 1 cells where the header has 2"),
        ("a,b\n1,2\n\n3,4,5\n", "line 4: 3 cells"),
        ('a,b\n1,"open\n', "line 2: unexpected end of data"),
        (b"a,b\n1,\xff\xfe\n", "not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16-le"), "UTF-16"),
    ],
)
def test_refuses_what_is_no_table(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_frame(write(tmp_path, text))


def test_refuses_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        read_frame(tmp_path / "none.csv")
    with pytest.raises(DataError, match="a folder without tables"):
        read_frame(tmp_path)


def test_an_unknown_column_names_the_close_ones(tmp_path):
    table = read_frame(write(tmp_path, "price,area\n1,2\n"))
    with pytest.raises(DataError, match=r"no column 'prise': did you mean 'price'\? It has price, area"):
        table["prise"]
    with pytest.raises(DataError, match="no column 'x'"):
        table.without(["x"])


def test_without_leaves_columns_out(tmp_path):
    table = read_frame(write(tmp_path, "a,b,c\n1,2,3\n")).without(["b"])
    assert table.names == ("a", "c")
    assert table["c"].to_list() == [3]


@pytest.mark.parametrize("name", NAMED)
def test_named_data_sets(name):
    table, target = load_named(name)
    assert target == table.names[-1]
    assert not table.data.null_count().sum_horizontal().item()


def test_an_unknown_data_set_names_the_known_ones():
    with pytest.raises(DataError, match=r"'mnist'; there are digits, breast_cancer"):
        load_named("mnist")
