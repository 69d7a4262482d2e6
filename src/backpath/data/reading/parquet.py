"""Parquet files on disk, of which a few rows are in memory at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from backpath.data.frame import Frame
from backpath.data.reading.arrays import with_arrays
from backpath.data.reading.files import PARQUET, files_of, suffix_of, told
from backpath.data.reading.footer import read_footer
from backpath.data.reading.on_disk import OnDisk
from backpath.data.reading.options import Reading
from backpath.graph import DataError

if TYPE_CHECKING:
    import polars as pl

DECODED = 65_536
"""Rows that are decoded together."""


class ParquetSource(OnDisk):
    """A Parquet file, or a folder of them with the same columns; their row groups are what is read together.

    Args:
        path: of the file or the folder.
        reading: what cannot be known from it.

    Raises:
        DataError: if there is no such file, it is damaged, or the files have different columns.
    """

    def __init__(self, path: str | Path, reading: Reading | None = None):
        import polars as pl

        path = Path(path)
        files = files_of(path)
        if not all(suffix_of(file) in PARQUET for file in files):
            raise DataError(f"{path} cannot be streamed: its rows must be in a Parquet file, or in a folder of them")
        self.source, self.words = str(path), (reading or Reading()).words
        footers = [read_footer(file) for file in files]
        schemas = []
        for file in files:
            with told(file, "Parquet"):
                schemas.append(pl.read_parquet_schema(file))
        if not all(schema == schemas[0] for schema in schemas):
            raise DataError(f"the files in {path} do not have the same columns")
        self.names = tuple(schemas[0])
        self._digests = [digest for _, digest in footers]
        self._files = [file for file, (rows, _) in zip(files, footers, strict=True) for _ in rows]
        # Where each row group begins in its file.
        self._begins = np.concatenate([np.cumsum([0, *rows])[:-1] for rows, _ in footers]).astype(int)
        self._grouped(count for rows, _ in footers for count in rows)
        self.width = len(next(self.stretch(int(np.argmax(self.groups > 0)), 0, 1)).names)

    def identity(self) -> str:
        """Of columns, row groups and their statistics, which the files' footers hold."""
        return hashlib.blake2b("".join(self._digests).encode(), digest_size=16).hexdigest()

    def stretch(self, group: int, first: int, until: int, columns: list[str] | None = None) -> Iterator[Frame]:
        """Some neighbouring rows of a row group, some thousand at a time."""
        number = int(self.starts[group]) + first
        for data in self._decoded(group, first, until, columns):
            numbers = np.arange(number, number + data.height)
            yield with_arrays(Frame(self.source, data, words=self.words, numbers=numbers))
            number += data.height

    def _decoded(self, group: int, first: int, until: int, columns: list[str] | None) -> Iterator[pl.DataFrame]:
        import polars as pl

        file, begin, rows = self._files[group], int(self._begins[group]) + first, until - first
        read = pl.scan_parquet(file, hive_partitioning=False, glob=False, cache=False)
        read = read if columns is None else read.select(columns)
        with told(file, "Parquet"):
            whole = read.slice(begin, rows).collect()
        if whole.height != rows:
            raise DataError(f"{file} cannot be read as Parquet: row group {group} has not the rows that it says")
        for start in range(0, rows, DECODED):
            yield whole.slice(start, DECODED)
