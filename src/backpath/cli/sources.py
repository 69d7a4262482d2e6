"""What SOURCE means on the command line: a named data set, or a file."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from backpath.data.frame import Frame
from backpath.data.pictures import CLASS, is_pictures, read_pictures
from backpath.data.reading.arrow import ArrowSource
from backpath.data.reading.files import ARROW, NPZ, PARQUET, Progress, files_of, read_frame, read_parts, suffix_of
from backpath.data.reading.named import NAMED, load_named
from backpath.data.reading.npz_on_disk import NpzSource
from backpath.data.reading.on_disk import OnDisk
from backpath.data.reading.options import Reading
from backpath.data.reading.parquet import ParquetSource
from backpath.data.reading.pictures_on_disk import PicturesSource
from backpath.graph import DataError


def open_source(
    source: str, reading: Reading | None = None, as_text: Collection[str] | None = (), on_read: Progress | None = None
) -> tuple[Frame, str | None]:
    """The frame, and its target column if it is a data set with one; arguments as of ``read_frame``.

    Raises:
        DataError: if it is neither a named data set nor a file that can be read.
    """
    if source in NAMED:
        return load_named(source)
    if not Path(source).exists():
        raise DataError(f"there is no file {source}, and no data set of that name; data sets: {', '.join(NAMED)}")
    if is_pictures(source):
        frame = read_pictures(source)
        return frame, CLASS if CLASS in frame.names else None
    return read_frame(source, reading, as_text=as_text, on_read=on_read), None


def open_on_disk(source: str, reading: Reading | None = None) -> tuple[OnDisk, str | None]:
    """The rows of a source where they are, and its target column if it has one of its own.

    Raises:
        DataError: if they cannot stay on disk, or as :func:`open_source`.
    """
    path = Path(source)
    if source in NAMED and not path.exists():
        raise DataError(f"{source} is a small data set that comes with scikit-learn: leave --stream out")
    if is_pictures(path):
        pictures = PicturesSource(path)
        return pictures, CLASS if CLASS in pictures.names else None
    suffix = suffix_of(files_of(path)[0])
    kind = {**dict.fromkeys(PARQUET, ParquetSource), **dict.fromkeys(ARROW, ArrowSource), NPZ: NpzSource}.get(suffix)
    if kind is None:
        raise DataError(
            f"{source} cannot be streamed: rows that stay on disk are in Parquet, Arrow or .npz files, or in a folder "
            f"of images; write them as Parquet first"
        )
    return kind(path, reading), None


def open_parts(source: str, reading: Reading | None = None) -> Iterator[Frame]:
    """The frame, some thousand rows at a time if it is in CSV or Parquet files, so that it may be larger than memory.

    Raises:
        DataError: as :func:`open_source`.
    """
    path = Path(source)
    if is_pictures(path):
        return PicturesSource(path, shuffled=False).frames()
    if source in NAMED or not path.exists():
        return iter([open_source(source)[0]])
    if suffix_of(files_of(path)[0]) in PARQUET:
        return ParquetSource(path, reading).frames()
    return read_parts(path, reading)


def source_of_run(config: dict[str, Any]) -> str:
    """Where the data of a run are: under the name that they were given, unless they were elsewhere and still are."""
    source, absolute = str(config["source"]), str(config.get("source_absolute", ""))
    elsewhere = absolute and Path(source).absolute() != Path(absolute) and Path(absolute).exists()
    return absolute if elsewhere else source


def run_name(source: str) -> str:
    """The name of runs on this source."""
    if source in NAMED:
        return source
    name = Path(source).name
    return name.removesuffix("".join(Path(source).suffixes[-2:])) if _is_packed(source) else Path(source).stem


def _is_packed(source: str) -> bool:
    path = Path(source)
    return path.suffix.lower() != suffix_of(path) and len(path.suffixes) > 1
