"""Frames from files, told apart by their suffix, whole or in parts; folders of files are one frame."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backpath.data.frame import Frame, Lines, listed
from backpath.data.reading.arrays import with_arrays
from backpath.data.reading.assembly import assembled, settle
from backpath.data.reading.delimited import Delimited
from backpath.data.reading.npz import read_npz
from backpath.data.reading.options import Reading
from backpath.data.reading.text import COMPRESSED, Text
from backpath.graph import DataError

if TYPE_CHECKING:
    import polars as pl

PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")
JSON = (".ndjson", ".jsonl", ".json")
EXCEL = (".xlsx", ".xls", ".xlsb", ".xlsm", ".ods")
CSV = (".csv", ".tsv", ".tab", ".txt")
NPZ = ".npz"
PART = 100_000
"""Rows of a part of what is read whole."""

PART_BYTES = 1 << 22
"""Of a part of a file of text."""

Progress = Callable[[int, float], None]
"""Told how many rows are read, and what part of the file that is."""


def read_frame(
    path: str | Path,
    reading: Reading | None = None,
    *,
    as_text: Collection[str] | None = (),
    on_read: Progress | None = None,
) -> Frame:
    """The frame in a file, or in a folder of files of one kind.

    Suffixes are ``.parquet`` or ``.pq``; ``.arrow``, ``.feather`` or ``.ipc``; ``.ndjson``, ``.jsonl`` or ``.json``;
    ``.xlsx`` and the like; and ``.npz``; any other is read as CSV, which may be compressed.

    Args:
        path: of the file or the folder.
        reading: what cannot be known from it.
        as_text: columns whose cells stay as they are written, such as labels; None for all.
        on_read: told of progress.

    Raises:
        DataError: if there is no such file, it is no table, or the library for it is missing.
    """
    path, reading = Path(path), reading or Reading()
    files = files_of(path)
    if suffix_of(files[0]) == NPZ:
        return replace(read_npz(path), words=reading.words)
    if suffix_of(files[0]) not in _WHOLE:
        return _read_text(path, files, reading, as_text, on_read)
    read = _WHOLE[suffix_of(files[0])]
    data = [read(file) for file in files]
    if not all(part.schema == data[0].schema for part in data):
        raise DataError(f"the files in {path} do not have the same columns")
    frame = with_arrays(checked(Frame(str(path), _joined(data), words=reading.words)))
    plain = [name for name in frame.data.columns if name not in frame.shapes]
    kept = plain if as_text is None else as_text
    settled = {name: settle(frame[name], reading, as_text=name in kept) for name in plain}
    columns = frame.data.with_columns([column for column, _ in settled.values()])
    return replace(frame, data=columns, kinds={name: kind for name, (_, kind) in settled.items()})


def read_parts(path: str | Path, reading: Reading | None = None) -> Iterator[Frame]:
    """The frame of a file or a folder, some thousand rows at a time, so that it may be larger than memory."""
    path, reading = Path(path), reading or Reading()
    files = files_of(path)
    if suffix_of(files[0]) in (*_WHOLE, NPZ):
        whole = read_frame(path, reading, as_text=None)
        for first in range(0, len(whole), PART):
            part = whole.data.slice(first, PART)
            yield replace(whole, data=part, numbers=np.arange(first, first + len(part)))
        return
    texts = _Texts(path, files, reading)
    first = 0
    for data, _ in texts.blocks(PART_BYTES):
        numbers = np.arange(first, first + len(data))
        yield Frame(str(path), data, words=reading.words, unused=texts.unused, lines=texts, numbers=numbers)
        first += len(data)


def files_of(path: Path) -> list[Path]:
    """The file, or all tables of a folder by name, which must be of one kind; Parquet files alone if there are any.

    Raises:
        DataError: if there is none, or they are of several.
    """
    if not path.exists():
        raise DataError(f"there is no file {path}")
    if not path.is_dir():
        return [path]
    known = (*PARQUET, *ARROW, *JSON, *EXCEL, *CSV)
    files = sorted(file for file in path.iterdir() if file.is_file() and suffix_of(file) in known)
    if not files:
        raise DataError(f"{path} is a folder without tables: give a file, or a folder of CSV or Parquet files")
    files = [file for file in files if suffix_of(file) in PARQUET] or files
    suffixes = sorted({suffix_of(file) for file in files})
    if len({_WHOLE.get(suffix) for suffix in suffixes}) > 1:
        raise DataError(f"{path} is a folder of files of different kinds ({listed(suffixes)}): give one of them")
    return files


def suffix_of(path: Path) -> str:
    """The suffix that says what a file is, without that of its compression."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def checked(frame: Frame) -> Frame:
    """The frame itself; DataError if it has no columns or no rows."""
    if not frame.names or not len(frame):
        raise DataError(f"{frame.source} has no {'rows' if frame.names else 'columns'}")
    return frame


# Text.


@dataclass
class _Texts(Lines):
    """Files of text with the same columns, one after another."""

    path: Path
    files: list[Path]
    reading: Reading

    def __post_init__(self) -> None:
        self.tables = [Delimited(file, self.reading) for file in self.files]
        self.names, self.unused = self.tables[0].names, self.tables[0].unused
        if not all(table.names == self.names for table in self.tables):
            raise DataError(f"the files in {self.path} do not have the same columns")
        self.starts = [0] * len(self.tables)

    def blocks(self, size: int | None = None) -> Iterator[tuple[pl.DataFrame, float]]:
        sizes = np.array([max(table.text.size, 1) for table in self.tables], float)
        done = np.cumsum(sizes) - sizes
        rows = 0
        for k, table in enumerate(self.tables):
            self.starts[k] = rows
            for data, read in table.blocks(size):
                rows += data.height
                yield data, float((done[k] + read * sizes[k]) / sizes.sum())

    def place(self, row: int) -> str:
        k = int(np.searchsorted(self.starts, row, side="right")) - 1
        where = self.tables[k].place(row - self.starts[k])
        return where if len(self.tables) == 1 else f"{self.files[k].name}, {where}"


def _read_text(
    path: Path, files: list[Path], reading: Reading, as_text: Collection[str] | None, on_read: Progress | None
) -> Frame:
    texts = _Texts(path, files, reading)

    def blocks() -> Iterator[tuple[pl.DataFrame, float]]:
        rows = 0
        for data, read in texts.blocks():
            yield data, read
            rows += data.height
            if on_read:
                on_read(rows, read)

    data, kinds = assembled(blocks, texts.names, reading, texts.names if as_text is None else as_text)
    if not data.height:
        raise DataError(f"{path} has a header and no rows below it")
    return Frame(str(path), data, kinds, reading.words, texts.unused, texts)


# What Polars reads whole.


@contextmanager
def told(path: Path, what: str) -> Iterator[None]:
    """Errors of Polars within as one sentence."""
    import polars as pl

    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, OverflowError) as error:
        said = str(error).split("\n")[0]
        raise DataError(f"{path} cannot be read as {what}: {said}") from None
    except ImportError as error:
        raise DataError(f"reading {path} takes a library: pip install 'backpath[excel]' ({error})") from None


def _read_parquet(path: Path) -> pl.DataFrame:
    import polars as pl

    with told(path, "Parquet"):
        return pl.read_parquet(path, hive_partitioning=False, glob=False)


def _read_arrow(path: Path) -> pl.DataFrame:
    import polars as pl

    with path.open("rb") as file:
        whole = file.read(6) == b"ARROW1"
    with told(path, "Arrow"):
        return pl.read_ipc(path) if whole else pl.read_ipc_stream(path)


def _read_json(path: Path) -> pl.DataFrame:
    import polars as pl

    text = b"".join(block for block, _ in Text(path).blocks())
    with told(path, "NDJSON"):
        if text.lstrip().startswith(b"["):
            return pl.read_json(text, infer_schema_length=None)
        return pl.read_ndjson(text, infer_schema_length=None)


def _read_excel(path: Path) -> pl.DataFrame:
    import polars as pl

    try:
        with told(path, "a spreadsheet"):
            return pl.read_excel(path, infer_schema_length=None)
    except DataError:
        raise
    except Exception as error:  # the library beneath has errors of its own
        raise DataError(f"{path} cannot be read as a spreadsheet: {error}".split("\n")[0]) from None


def _joined(data: list[pl.DataFrame]) -> pl.DataFrame:
    import polars as pl

    return pl.concat(data, rechunk=True)


_WHOLE: Mapping[str, Callable[[Path], Any]] = {
    **dict.fromkeys(PARQUET, _read_parquet),
    **dict.fromkeys(ARROW, _read_arrow),
    **dict.fromkeys(JSON, _read_json),
    **dict.fromkeys(EXCEL, _read_excel),
}
