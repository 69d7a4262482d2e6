"""Parquet files on disk, of which a few rows are in memory at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from backpath.data.files import PARQUET, open_parquet
from backpath.data.frames import table_of
from backpath.data.tables import Table
from backpath.graph import DataError

DECODED = 16_384
"""Rows that are decoded together."""


class ParquetSource:
    """A Parquet file, or a folder of them with the same columns.

    Attributes:
        source: as messages name it.
        names: of the columns.
        groups: how many rows each row group has, of all files in turn.

    Args:
        path: of the file or the folder.

    Raises:
        DataError: if there is no such file, it is damaged, or the files have different columns.
    """

    def __init__(self, path: str | Path):
        path = Path(path)
        if not path.exists():
            raise DataError(f"there is no file {path}")
        if not path.is_dir() and path.suffix.lower() not in PARQUET:
            raise DataError(f"{path} cannot be streamed: its rows must be in a Parquet file, or in a folder of them")
        self.source = str(path)
        self._files = list(open_parquet(path))
        schema = self._files[0].schema_arrow
        if not all(file.schema_arrow.equals(schema) for file in self._files):
            raise DataError(f"the files in {path} do not have the same columns")
        self.names = tuple(schema.names)
        self._groups = [(file, g) for file in self._files for g in range(file.metadata.num_row_groups)]
        self.groups = np.array([file.metadata.row_group(g).num_rows for file, g in self._groups], int)
        if not self.groups.sum():
            raise DataError(f"{path} has no rows")
        self.starts = np.cumsum(self.groups) - self.groups

    def __len__(self) -> int:
        return int(self.groups.sum())

    def identity(self) -> str:
        """Of columns, row groups and their statistics, which the files' footers hold."""
        found = hashlib.blake2b(digest_size=16)
        for file in self._files:
            found.update(repr(file.metadata.to_dict()).encode())
        return found.hexdigest()

    def tables(self, groups: Iterable[int] | None = None, columns: list[str] | None = None) -> Iterator[Table]:
        """These row groups (by default all), some thousand rows at a time."""
        for group in range(len(self.groups)) if groups is None else groups:
            file, number = self._groups[group]
            first = int(self.starts[group])
            for batch in self._decoded(file, number, columns):
                yield table_of(batch, self.source, first)
                first += len(batch)

    def _decoded(self, file: Any, number: int, columns: list[str] | None) -> Iterator[Any]:
        import pyarrow

        try:
            for batch in file.iter_batches(DECODED, row_groups=[number], columns=columns):
                batch.validate(full=True)
                yield pyarrow.Table.from_batches([batch])
        except (pyarrow.ArrowException, OSError) as error:
            raise DataError(f"{self.source}: row group {number} cannot be read: {error}") from None
