"""Arrow files on disk, of which a few rows are in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np

from backpath.data.frame import Frame
from backpath.data.reading.arrays import with_arrays
from backpath.data.reading.files import files_of, told
from backpath.data.reading.on_disk import OnDisk, digest_of
from backpath.data.reading.options import Reading
from backpath.graph import DataError

MAGIC = b"ARROW1"


class ArrowSource(OnDisk):
    """An Arrow file, or a folder of them with the same columns; record batches are what is read together.

    Args:
        path: of the file or the folder.
        reading: what cannot be known from it.

    Raises:
        DataError: if there is no such file, it is damaged or a stream, or the files have different columns.
    """

    def __init__(self, path: str | Path, reading: Reading | None = None):
        import polars as pl

        path = Path(path)
        files = files_of(path)
        self.source, self.words = str(path), (reading or Reading()).words
        schemas, rows, each = [], [], []
        for file in files:
            with file.open("rb") as opened:
                if opened.read(len(MAGIC)) != MAGIC:
                    raise DataError(
                        f"{file} is an Arrow stream, which can only be read whole: leave --stream out, or write it as "
                        f"a file, or as Parquet"
                    )
            with told(file, "Arrow"):
                schemas.append(pl.read_ipc_schema(file))
                rows.append(pl.scan_ipc(file).select(pl.len()).collect().item())
            each.append(file.stat().st_size / max(rows[-1], 1))
        if not all(schema == schemas[0] for schema in schemas):
            raise DataError(f"the files in {path} do not have the same columns")
        self.names = tuple(schemas[0])
        self.width = max(1, int(max(each)))
        groups, self._files, begins = [], [], []
        for file, count, size in zip(files, rows, each, strict=True):
            self._in_even_groups(max(count, 1), size)
            groups += self.groups.tolist()
            begins += self.starts.tolist()
            self._files += [file] * len(self.groups)
        self._begins = np.array(begins)
        self._grouped(groups)

    @cached_property
    def _digest(self) -> str:
        return " ".join(digest_of(file) for file in dict.fromkeys(self._files))

    def identity(self) -> str:
        """Of all that the files hold."""
        return self._digest

    def stretch(self, group: int, first: int, until: int, columns: list[str] | None = None) -> Iterator[Frame]:
        """Some neighbouring rows of a group."""
        import polars as pl

        file = self._files[group]
        read = pl.scan_ipc(file)
        read = read if columns is None else read.select(columns)
        with told(file, "Arrow"):
            data = read.slice(int(self._begins[group]) + first, until - first).collect()
        if data.height != until - first:
            raise DataError(f"{file} has changed on disk since it was opened")
        number = int(self.starts[group]) + first
        numbers = np.arange(number, number + data.height)
        yield with_arrays(Frame(self.source, data, words=self.words, numbers=numbers))
