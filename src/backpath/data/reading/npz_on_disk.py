"""NumPy's archives on disk, of which a few rows are in memory at a time."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from backpath.data.frame import Frame
from backpath.data.reading.npz import frame_of_arrays, require_columns
from backpath.data.reading.on_disk import OnDisk
from backpath.data.reading.options import Reading
from backpath.graph import DataError

LOCAL_HEADER, NAME_LENGTH = 30, 26
"""Bytes in front of the name of an archive's file, and where the lengths of name and extra field stand in them."""


@dataclass(frozen=True)
class _Stored:
    """An array that lies in the archive as it is."""

    dtype: np.dtype
    shape: tuple[int, ...]
    begin: int

    def read(self, file: IO[bytes], first: int, until: int) -> np.ndarray:
        shape = until - first, *self.shape[1:]
        size = self.dtype.itemsize * int(np.prod(self.shape[1:]))
        file.seek(self.begin + first * size)
        data = file.read(size * shape[0])
        return np.frombuffer(data, self.dtype).reshape(shape)


class NpzSource(OnDisk):
    """The arrays of an archive that ``np.savez`` wrote, as columns like those of ``read_npz``.

    Args:
        path: of the file.
        reading: what cannot be known from it.

    Raises:
        DataError: if it is damaged, compressed, or its arrays are no columns.
    """

    def __init__(self, path: str | Path, reading: Reading | None = None):
        self.path, self.source, self.words = Path(path), str(path), (reading or Reading()).words
        try:
            with zipfile.ZipFile(self.path) as archive, self.path.open("rb") as file:
                members = archive.infolist()
                self._arrays = {m.filename.removesuffix(".npy"): self._stored(archive, file, m) for m in members}
        except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
            raise (
                error
                if isinstance(error, DataError)
                else DataError(f"{path} cannot be read as .npz without pickles: {error}")
            ) from None
        kinds = {name: (array.dtype, array.shape) for name, array in self._arrays.items()}
        require_columns(path, kinds)
        self._crcs = [(m.filename, m.CRC, m.file_size) for m in members]
        row_bytes = sum(dtype.itemsize * int(np.prod(shape[1:])) for dtype, shape in kinds.values())
        self.width = sum(int(np.prod(shape[1:])) for _, shape in kinds.values())
        self._in_even_groups(next(iter(kinds.values()))[1][0], row_bytes)
        self.names = next(self.stretch(0, 0, 1)).names

    def _stored(self, archive: zipfile.ZipFile, file: IO[bytes], member: zipfile.ZipInfo) -> _Stored:
        if member.compress_type != zipfile.ZIP_STORED:
            raise DataError(
                f"{self.path}: its arrays are compressed, and can only be read whole: leave --stream out, or write it "
                f"by np.savez, or as Parquet"
            )
        with archive.open(member) as opened:
            version = npy.read_magic(opened)
            read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
            if read is None:
                raise ValueError(f"{member.filename} has a header of version {version}")
            shape, fortran, dtype = read(opened)
            header = opened.tell()
        if dtype.hasobject:
            raise ValueError(f"{member.filename} holds objects")
        if fortran and len(shape) > 1:
            raise DataError(
                f"{self.path}: {member.filename.removesuffix('.npy')} lies column by column, so that its rows can only "
                f"be read together: leave --stream out, or save np.ascontiguousarray of it"
            )
        file.seek(member.header_offset + NAME_LENGTH)
        lengths = np.frombuffer(file.read(4), "<u2")
        return _Stored(dtype, shape, member.header_offset + LOCAL_HEADER + int(lengths.sum()) + header)

    def identity(self) -> str:
        """Of the checksums of all arrays, which the archive holds."""
        return hashlib.blake2b(repr(self._crcs).encode(), digest_size=16).hexdigest()

    def stretch(self, group: int, first: int, until: int, columns: list[str] | None = None) -> Iterator[Frame]:
        """Some neighbouring rows of a group."""
        begin = int(self.starts[group])
        numbers = np.arange(begin + first, begin + until)
        wanted = self._arrays if columns is None else {n: self._arrays[n] for n in columns if n in self._arrays}
        try:
            with self.path.open("rb") as file:
                arrays = {n: stored.read(file, begin + first, begin + until) for n, stored in wanted.items()}
        except (OSError, ValueError) as error:
            raise DataError(f"{self.path} cannot be read: {error}") from None
        if columns is not None and len(arrays) < len(columns):
            # Of an array with two axes, whose columns have names of their own.
            frame = next(self.stretch(group, first, until))
            yield replace(frame, data=frame.data.select(columns))
            return
        yield replace(frame_of_arrays(self.source, arrays), words=self.words, numbers=numbers)
