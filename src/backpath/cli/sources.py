"""What SOURCE means on the command line: a named data set, or a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from backpath.data.files import PARQUET, read_table
from backpath.data.parquet import ParquetSource
from backpath.data.pictures import CLASS, is_pictures, read_pictures
from backpath.data.tables import NAMED, Table, load_named
from backpath.graph import DataError


def open_source(source: str) -> tuple[Table, str | None]:
    """The table, and its target column if it is a data set with one.

    Raises:
        DataError: if it is neither a named data set nor a file that can be read.
    """
    if source in NAMED:
        return load_named(source)
    if not Path(source).exists():
        raise DataError(f"there is no file {source}, and no data set of that name; data sets: {', '.join(NAMED)}")
    if is_pictures(source):
        table = read_pictures(source)
        return table, CLASS if CLASS in table.names else None
    return read_table(source), None


def open_parts(source: str) -> Iterator[Table]:
    """The table, some thousand rows at a time if it is in Parquet files, so that it may be larger than memory.

    Raises:
        DataError: as :func:`open_source`.
    """
    path = Path(source)
    if source not in NAMED and not is_pictures(path) and (path.is_dir() or path.suffix.lower() in PARQUET):
        return ParquetSource(path).tables()
    return iter([open_source(source)[0]])


def run_name(source: str) -> str:
    """The name of runs on this source."""
    return source if source in NAMED else Path(source).stem
