"""Tables from frames and files of each kind are the same table; what is none is refused by name."""

import io
import pickle
import zipfile

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from backpath.data import cells
from backpath.data.detection import kind_of
from backpath.data.features import Features
from backpath.data.kinds import PLAIN, Moment, Name
from backpath.data.reading.files import read_frame
from backpath.data.reading.frames import frame_of
from backpath.data.target import Target
from backpath.graph import DataError

COLUMNS = {
    "area": [50.5, 80.0, None, 120.25],
    "rooms": [2, 3, 4, 5],
    "city": ["Oslo", "Rome", None, " Oslo "],
    "new": [True, False, True, False],
}


def frames():
    arrow = pa.table(COLUMNS)
    return {
        "pandas": arrow.to_pandas(),
        "pandas nullable": arrow.to_pandas().convert_dtypes(),
        "pandas arrow": arrow.to_pandas(types_mapper=pd.ArrowDtype),
        "polars": pl.DataFrame(COLUMNS),
        "pyarrow": arrow,
    }


@pytest.mark.parametrize("kind", frames())
def test_every_frame_is_the_same_table(kind):
    same(frame_of(frames()[kind]))


def same(table):
    assert table.names == tuple(COLUMNS)
    for name in ("area", "rooms", "new"):
        expected = [np.nan if cell is None else float(cell) for cell in COLUMNS[name]]
        np.testing.assert_array_equal(cells.numbers(table[name], table.words).to_numpy(), expected)
    assert cells.labels(table["city"], table.words).to_list() == ["Oslo", "Rome", "", "Oslo"]


def write(path, kind):
    table = pa.table(COLUMNS)
    if kind in (".parquet", ".pq"):
        parquet.write_table(table, path)
    elif kind == ".feather":
        feather.write_feather(table, path)
    elif kind == ".arrow":
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)


@pytest.mark.parametrize("kind", [".parquet", ".pq", ".feather", ".arrow", ".ipc"])
def test_every_file_is_the_same_table(tmp_path, kind):
    write(tmp_path / f"table{kind}", kind)
    same(read_frame(tmp_path / f"table{kind}"))


def test_a_folder_of_parquet_files_is_one_table(tmp_path):
    for name in "ba":
        parquet.write_table(pa.table({"file": [name] * 3}), tmp_path / f"{name}.parquet")
    assert read_frame(tmp_path)["file"].to_list() == ["a"] * 3 + ["b"] * 3


def test_npz_arrays_are_columns(tmp_path):
    images = np.arange(24.0).reshape(2, 3, 4)
    np.savez_compressed(tmp_path / "t.npz", images=images, label=np.array(["cat", "dog"]))
    table = read_frame(tmp_path / "t.npz")
    assert table.names == (*(f"images_{k}" for k in range(12)), "label")
    columns = np.stack([table[name].to_numpy() for name in table.names[:12]], axis=1)
    np.testing.assert_array_equal(columns, images.reshape(2, 12))
    assert table["label"].to_list() == ["cat", "dog"]


def test_a_decimal_a_category_and_a_date():
    frame = pl.DataFrame({"price": ["1.50", "2.25"], "kind": ["a", "b"], "day": ["2026-01-01", "2026-01-02"]})
    frame = frame.with_columns(
        pl.col("price").cast(pl.Decimal(10, 2)), pl.col("kind").cast(pl.Categorical), pl.col("day").str.to_date()
    )
    table = frame_of(frame)
    assert cells.numbers(table["price"], table.words).to_list() == [1.5, 2.25]
    assert [kind_of(table[name], table.words) for name in table.names] == [PLAIN, Name(declared=True), Moment()]
    moments, wrong = cells.moments(table["day"], table.words)
    assert (moments.dt.day().to_list(), wrong.any()) == ([1, 2], False)


def test_features_of_a_frame_are_those_of_its_csv(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=50), "k": rng.choice(["a", "b"], 50), "n": rng.integers(0, 9, 50)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    one, two = read_frame(tmp_path / "t.csv"), frame_of(frame)
    np.testing.assert_array_equal(Features.fit(one).transform(one), Features.fit(two).transform(two))


class Evil:
    def __reduce__(self):
        return print, ("unpickled",)


def huge_header():
    """An array that claims 2^60 rows and holds none."""
    text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846976,), }"
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def archive(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as z:
        for name, content in files.items():
            z.writestr(f"{name}.npy", content)
    return data.getvalue()


def saved(array):
    data = io.BytesIO()
    np.save(data, array, allow_pickle=True)
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.parquet", b"nothing", "cannot be read as Parquet"),
        ("t.arrow", b"nothing at all", "cannot be read as Arrow"),
        ("t.npz", b"nothing", "cannot be read as .npz"),
        ("t.npz", pickle.dumps([1]), "cannot be read as .npz"),
        ("t.npz", archive(x=saved(np.array([Evil()], object))), "without pickles"),
        ("t.npz", archive(x=huge_header()), "cannot be read as .npz"),
        ("t.npz", archive(x=saved(np.zeros(3)), y=saved(np.zeros(4))), "x has 3, y has 4"),
        ("t.npz", archive(x=saved(np.array(1.0))), "no column of cells"),
        ("t.npz", archive(), "there are none"),
        ("t.npz", saved(np.zeros((3, 2))), "a single array; np.savez makes an archive"),
        ("t.npz", archive(x=b"not an array"), "x is no array of NumPy's"),
        ("t.npz", archive(X=saved(np.zeros((3, 0)))), "no column of cells"),
        ("t.npz", archive(X=saved(np.zeros((3, 2))), X_1=saved(np.zeros(3))), "two columns would be called 'X_1'"),
    ],
)
def test_refuses_what_is_no_table(tmp_path, name, content, message, capsys):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_frame(tmp_path / name)
    assert capsys.readouterr().out == ""


def flipped(path, name):
    """The file with one byte changed, of those at its beginning, at its end, and some between."""
    data = path.read_bytes()
    changed = path.with_name(name)
    for at in sorted({*range(200), *range(0, len(data), len(data) // 60), *range(len(data) - 300, len(data))}):
        changed.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        yield changed


@pytest.mark.parametrize("kind", [".npz", ".parquet", ".arrow"])
def test_what_is_damaged_anywhere_is_refused_or_read_but_never_breaks(tmp_path, kind):
    numbers, words = np.random.default_rng(0).normal(size=2000), np.array(["ab", "cd"] * 1000)
    path = tmp_path / f"table{kind}"
    if kind == ".npz":
        np.savez_compressed(path, x=numbers, s=words)
    elif kind == ".parquet":
        parquet.write_table(pa.table({"x": numbers, "s": words}), path)
    else:
        with (
            pa.OSFile(str(path), "wb") as file,
            pa.ipc.new_file(file, pa.table({"x": numbers, "s": words}).schema) as w,
        ):
            w.write_table(pa.table({"x": numbers, "s": words}))
    messages = []
    for changed in flipped(path, f"changed{kind}"):
        try:
            read_frame(changed)
        except DataError as error:
            messages.append(str(error))
    assert messages
    assert all(str(changed) in message for message in messages)


def test_refuses_what_is_no_frame_and_an_empty_one(tmp_path):
    for frame, message in [
        ([1, 2], "list is no data frame"),
        (pl.LazyFrame({"a": [1]}), "collect it"),
        (pl.DataFrame(), "no columns"),
        (pl.DataFrame({"a": []}), "no rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "unique"),
    ]:
        with pytest.raises(DataError, match=message):
            frame_of(frame)
    with pytest.raises(DataError, match="folder without tables"):
        read_frame(tmp_path)


def test_a_folder_of_different_tables_is_refused(tmp_path):
    parquet.write_table(pa.table({"x": [1]}), tmp_path / "a.parquet")
    parquet.write_table(pa.table({"y": [1]}), tmp_path / "b.parquet")
    with pytest.raises(DataError, match="same columns"):
        read_frame(tmp_path)


def test_columns_of_a_frame_may_be_called_by_numbers_and_have_nullable_truth():
    frame = pd.DataFrame({0: [1.5, 2.5], 1: pd.array([True, None], dtype="boolean")})
    table = frame_of(frame)
    assert table.names == ("0", "1")
    assert table["1"].to_list() == [True, None]


def test_lists_are_no_target():
    table = frame_of(pl.DataFrame({"y": [[1], [2]] * 5}))
    with pytest.raises(DataError, match="'y' holds lists or records"):
        Target.fit(table, "y")


def test_truth_values_are_classes_0_and_1():
    assert Target.fit(frame_of(pl.DataFrame({"y": [True, False] * 5})), "y").classes == (0, 1)
