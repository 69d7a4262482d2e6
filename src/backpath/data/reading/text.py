"""Text files as blocks of UTF-8 bytes that end where a record ends: decompressed and decoded on the way."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from backpath.graph import DataError

BLOCK = 1 << 19
"""Bytes that are read together."""

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
OTHERS = ((b"PAR1", "a Parquet file", ".parquet"), (b"ARROW1", "an Arrow file", ".arrow"), (b"%PDF", "a PDF", "CSV"))
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")


class Text:
    """A text file.

    Args:
        path: of the file.
        encoding: its encoding, or None for UTF-8 and whatever a byte order mark says.

    Raises:
        DataError: if there is no such file, or it is no text.
    """

    def __init__(self, path: Path, encoding: str | None = None):
        if not path.exists():
            raise DataError(f"there is no file {path}")
        if path.is_dir():
            raise DataError(f"{path} is a folder: give a CSV file")
        self.path = path
        self.size = path.stat().st_size
        with self._opened() as (file, _):
            start = _read(file, 4096, path)
        for magic, what, suffix in OTHERS:
            if start.startswith(magic):
                raise DataError(f"{path} is {what}, not text: name it {suffix}, or save it as CSV")
        found = next((name for bom, name in BOMS if start.startswith(bom)), None)
        self.encoding = found or encoding or "utf-8"
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise DataError(
                f"no encoding is called {encoding!r}; there are utf-8, utf-16, latin-1, cp1252, ..."
            ) from None
        if b"\0" in start and self.encoding.startswith("utf-8"):
            raise DataError(
                f"{path} has bytes of 0, which text has not: if it is UTF-16 without a byte order mark, give "
                f"--encoding utf-16-le or utf-16-be"
            )
        self._macintosh = b"\r" in start and b"\n" not in start and self.encoding in ("utf-8", "utf-8-sig")

    @contextmanager
    def _opened(self) -> Iterator[tuple[BinaryIO, Callable[[], int]]]:
        """Decompressed bytes, and what tells how many bytes of the file were read."""
        with self.path.open("rb") as raw:
            start = raw.read(8)
            raw.seek(0)
            yield _decompressed(raw, start, self.path), raw.tell

    def blocks(self, size: int | None = None) -> Iterator[tuple[bytes, float]]:
        """Some bytes after one another, in UTF-8, each ending with a line or at the end of the file; and what part of
        the file is read by then.

        Raises:
            DataError: if the file is damaged or not text in its encoding.
        """
        left = b""
        for part, read in self._decoded(size or BLOCK):
            block = left + part
            cut = block.rfind(b"\n") + 1
            left = block[cut:]
            if cut:
                yield block[:cut], read
        if left:
            yield left, 1.0

    def _decoded(self, size: int) -> Iterator[tuple[bytes, float]]:
        decoder = codecs.getincrementaldecoder(self.encoding)()
        plain = codecs.lookup(self.encoding).name == "utf-8"
        with self._opened() as (file, tell):
            while True:
                part = _read(file, size, self.path)
                try:
                    text = decoder.decode(part, final=not part)
                except UnicodeError as error:
                    raise self._not_text(error, part) from None
                if not part and not text:
                    return
                made = part if plain else text.encode("utf-8", "surrogatepass")
                if self._macintosh:
                    made = made.replace(b"\r", b"\n")
                yield made, tell() / max(self.size, 1)

    def _not_text(self, error: UnicodeError, part: bytes) -> DataError:
        """The line is that of the first bytes that are wrong, found by decoding once more."""
        cure = "give its encoding, such as --encoding latin-1 or utf-16, or save it as CSV in UTF-8"
        what = "not UTF-8 text" if self.encoding.startswith("utf-8") else f"not text in {self.encoding}"
        if not (isinstance(error, UnicodeDecodeError) and self.encoding.startswith("utf-8")):
            return DataError(f"{self.path}: {what}: {cure}")
        line = 1
        with self._opened() as (file, _):
            while (read := _read(file, BLOCK, self.path)) and read != part:
                line += read.count(b"\n")
        line += part[: error.start].count(b"\n")
        return DataError(f"{self.path}, line {line}: {what}: {cure}")


def _read(file: BinaryIO, size: int, path: Path) -> bytes:
    try:
        return file.read(size)
    except (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        raise DataError(f"{path} cannot be decompressed: {error}") from None


def _decompressed(raw: BinaryIO, start: bytes, path: Path) -> Any:
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw)
    if start.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    if start.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile(raw)
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        return _Zstandard(path)
    if start.startswith(b"PK\x03\x04"):
        return _only_member(raw, path)
    return raw


def _only_member(raw: BinaryIO, path: Path) -> Any:
    try:
        archive = zipfile.ZipFile(raw)
        members = [name for name in archive.namelist() if not name.endswith("/")]
        if "[Content_Types].xml" in members:
            raise DataError(f"{path} is an Excel file: name it .xlsx, or save it as CSV")
        if len(members) != 1:
            raise DataError(f"{path} is an archive of {len(members)} files: give the table's file alone")
        return archive.open(members[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path} cannot be decompressed: {error}") from None


class _Zstandard:
    """Decompressed by Polars, a few thousand lines at a time."""

    def __init__(self, path: Path):
        self._path = path
        self._lines = self._batches()
        self._held = b""

    def _batches(self) -> Iterator[bytes]:
        import polars as pl

        try:
            for batch in pl.scan_lines(self._path).collect_batches(chunk_size=50_000):
                yield "\n".join(batch.to_series().to_list()).encode() + b"\n"
        except pl.exceptions.PolarsError as error:
            raise DataError(f"{self._path} cannot be decompressed: {error}") from None

    def read(self, size: int) -> bytes:
        while len(self._held) < size and (more := next(self._lines, b"")):
            self._held += more
        taken, self._held = self._held[:size], self._held[size:]
        return taken
