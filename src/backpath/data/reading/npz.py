"""Frames from NumPy's archives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from backpath.data.frame import Frame, listed
from backpath.data.reading.arrays import refuse_twins
from backpath.graph import DataError

KINDS = "biufSUT"


def read_npz(path: str | Path) -> Frame:
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
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise DataError(f"{path}: {name} is no array of NumPy's")
    require_columns(path, {name: (array.dtype, array.shape) for name, array in arrays.items()})
    return frame_of_arrays(str(path), arrays)


def require_columns(path: str | Path, kinds: Mapping[str, tuple[np.dtype, tuple[int, ...]]]) -> None:
    """Raises DataError unless arrays of these types and shapes are columns of as many cells."""
    for name, (dtype, shape) in kinds.items():
        if not shape or 0 in shape or dtype.kind not in KINDS:
            raise DataError(f"{path}: {name} is {dtype} of shape {list(shape)}: it is no column of cells")
    lengths = {name: shape[0] for name, (_, shape) in kinds.items()}
    if len(set(lengths.values())) != 1:
        told = listed([f"{name} has {n}" for name, n in lengths.items()])
        raise DataError(f"{path}: its arrays must hold equally many rows, at least one ({told or 'there are none'})")


def frame_of_arrays(source: str, arrays: Mapping[str, np.ndarray]) -> Frame:
    """Arrays of equal length as a frame; those of images are held whole.

    Raises:
        DataError: if two columns would have one name.
    """
    import polars as pl

    columns: dict[str, pl.Series] = {}
    shapes = {name: array.shape[1:] for name, array in arrays.items() if array.ndim > 2}
    names: list[str] = []
    for name, array in arrays.items():
        cells = array.astype(str) if array.dtype.kind in "SUT" else array
        if array.ndim == 1 or (array.ndim > 2 and array.dtype.kind in "iuf" and array.dtype != np.float16):
            made = {name: pl.Series(name, np.ascontiguousarray(cells))}
        else:
            flat = cells.reshape(len(cells), -1)
            made = {f"{name}_{k}": pl.Series(f"{name}_{k}", flat[:, k].copy()) for k in range(flat.shape[1])}
        names += made
        columns |= made
    refuse_twins(source, names, shapes)
    return Frame(source, pl.DataFrame(list(columns.values())), shapes=shapes)
