"""Frames from NumPy's archives."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from backpath.data.frame import Frame, listed
from backpath.graph import DataError


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
    columns: dict[str, np.ndarray] = {}
    shapes = {name: array.shape[1:] for name, array in arrays.items() if np.ndim(array) > 2}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise DataError(f"{path}: {name} is no array of NumPy's")
        if array.ndim == 0 or array.size == 0 or array.dtype.kind not in "biufSUT":
            raise DataError(f"{path}: {name} is {array.dtype} of shape {list(array.shape)}: it is no column of cells")
        cells = array.astype(str) if array.dtype.kind in "SUT" else array
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
    return Frame.of(str(path), columns, shapes)
