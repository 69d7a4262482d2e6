"""Tables from files: CSV, Parquet, Arrow and Feather, and NumPy's ``.npz``; told apart by their suffix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from backpath.data.frames import table_of
from backpath.data.tables import TEXT, Table, listed, read_csv
from backpath.graph import DataError

PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")


def read_table(path: str | Path) -> Table:
    """The table in a file, or in a folder of Parquet files.

    Suffixes are ``.parquet`` or ``.pq``, ``.arrow``, ``.feather`` or ``.ipc``, and ``.npz``; any other is read as CSV.

    Raises:
        DataError: if there is no such file, it is no table, or the library for it is missing.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"there is no file {path}")
    if path.is_dir():
        return read_parquet(path)
    return _READERS.get(path.suffix.lower(), read_csv)(path)


def read_parquet(path: str | Path) -> Table:
    """The table of a Parquet file, or of all in a folder."""
    return table_of(_arrow_table([_whole(parquet, path) for parquet in open_parquet(path)]), str(path))


def open_parquet(path: str | Path) -> Iterator[Any]:
    """The file, or all ``.parquet`` and ``.pq`` files of a folder by name, as ``pyarrow.parquet.ParquetFile``.

    Raises:
        DataError: if there is none, or one is damaged.
    """
    path = Path(path)
    pyarrow = _pyarrow(path)
    from pyarrow import parquet

    files = sorted(p for p in path.iterdir() if p.suffix.lower() in PARQUET) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{path} is a folder without Parquet files: give a file")
    for file in files:
        try:
            yield parquet.ParquetFile(file)
        except (pyarrow.ArrowException, OSError) as error:
            raise DataError(f"{file} cannot be read as Parquet: {error}") from None


def _whole(parquet: Any, path: str | Path) -> Any:
    import pyarrow

    try:
        found = parquet.read(use_threads=True)
        found.validate(full=True)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}") from None
    return found


def read_arrow(path: str | Path) -> Table:
    """The table of an Arrow file: Feather, or the IPC format of a file or a stream."""
    pyarrow = _pyarrow(Path(path))
    try:
        with pyarrow.memory_map(str(path)) as source:
            try:
                found = pyarrow.ipc.open_file(source).read_all()
            except pyarrow.ArrowInvalid:
                source.seek(0)
                found = pyarrow.ipc.open_stream(source).read_all()
            # The format has no checksums, and the cells are read where they lie.
            found.validate(full=True)
            return table_of(found, str(path))
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as Arrow: {error}") from None


def read_npz(path: str | Path) -> Table:
    """The arrays of a NumPy archive, all equally long: ``y`` is a column, ``X`` with two axes or more is X_0, X_1, ...

    Nothing is unpickled.
    """
    try:
        with Path(path).open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("it is a single array; np.savez makes an archive")
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:  # zipfile, zlib and NumPy's parser of headers raise whatever they meet
        raise DataError(f"{path} cannot be read as .npz without pickles: {error}") from None
    columns: dict[str, np.ndarray] = {}
    shapes = {name: array.shape[1:] for name, array in arrays.items() if np.ndim(array) > 2}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise DataError(f"{path}: {name} is no array of NumPy's")
        if array.ndim == 0 or array.size == 0 or array.dtype.kind not in "biufSUT":
            raise DataError(f"{path}: {name} is {array.dtype} of shape {list(array.shape)}: it is no column of cells")
        cells = array.astype(TEXT) if array.dtype.kind in "SUT" else array
        if array.ndim == 1:
            made = {name: cells}
        else:
            flat = cells.reshape(len(cells), -1)
            made = {f"{name}_{k}": np.ascontiguousarray(flat[:, k]) for k in range(flat.shape[1])}
        if twice := columns.keys() & made.keys():
            raise DataError(f"{path}: two columns would be called {min(twice)!r}; rename an array")
        columns |= made
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) != 1:
        told = listed([f"{name} has {n}" for name, n in lengths.items()])
        raise DataError(f"{path}: its arrays must hold equally many rows, at least one ({told or 'there are none'})")
    return Table(str(path), tuple(columns), tuple(columns.values()), shapes=shapes)


def _arrow_table(parts: list[Any]) -> Any:
    import pyarrow

    try:
        return pyarrow.concat_tables(parts)
    except pyarrow.ArrowInvalid as error:
        raise DataError(f"the folder's files do not have the same columns: {error}") from None


def _pyarrow(path: Path) -> ModuleType:
    try:
        import pyarrow
    except ImportError:
        raise DataError(f"reading {path} takes PyArrow: pip install 'backpath[arrow]'") from None
    return pyarrow


_READERS: Mapping[str, Callable[[str | Path], Table]] = {
    **dict.fromkeys(PARQUET, read_parquet),
    **dict.fromkeys(ARROW, read_arrow),
    ".npz": read_npz,
}
