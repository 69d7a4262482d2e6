"""NumPy kernels of windows over images; see :mod:`backpath.ops.windows`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.ops.windows import Windows, inside, laid_out


def _room(shape: tuple[int, ...], dtype: np.dtype, rows: Windows, columns: Windows) -> np.ndarray:
    """Zeros for an image of that shape and what stands around it."""
    return np.zeros((shape[0], rows.room(shape[1]), columns.room(shape[2]), *shape[3:]), dtype)


def _unroll(x: np.ndarray, out: np.ndarray, rows: Windows, columns: Windows) -> Callable[[], Any]:
    padded = rows.padded or columns.padded
    room = _room(x.shape, x.dtype, rows, columns) if padded else x
    within, view = room[inside(x.shape, rows, columns)], laid_out(room, rows, columns)
    target = out.reshape(view.shape)

    def run() -> None:
        if padded:
            np.copyto(within, x)
        np.copyto(target, view)

    return run


def _fold(y: np.ndarray, out: np.ndarray, rows: Windows, columns: Windows, shape: tuple[int, ...]) -> Callable[[], Any]:
    room = _room(shape, y.dtype, rows, columns)
    parts = np.reshape(y, (*y.shape[:-1], rows.size, columns.size, shape[-1])) if y.flags.c_contiguous else None
    places = [(k, m, room[:, rows.at(k), columns.at(m)]) for k in range(rows.size) for m in range(columns.size)]
    within = room[inside(shape, rows, columns)]

    def run() -> None:
        entries = np.reshape(y, (*y.shape[:-1], rows.size, columns.size, shape[-1])) if parts is None else parts
        room.fill(0)
        for k, m, place in places:
            np.add(place, entries[..., k, m, :], out=place)
        np.copyto(out, within)

    return run


def _max_pool(x: np.ndarray, out: np.ndarray, rows: Windows, columns: Windows) -> Callable[[], Any]:
    first, *others = _places(x, rows, columns)

    def run() -> None:
        np.copyto(out, first)
        for place in others:
            np.maximum(out, place, out=out)

    return run


def _max_unpool(
    s: np.ndarray, x: np.ndarray, y: np.ndarray, out: np.ndarray, rows: Windows, columns: Windows
) -> Callable[[], Any]:
    count, win, share = np.empty(y.shape, s.dtype), np.empty(y.shape, bool), np.empty(y.shape, s.dtype)
    places = list(zip(_places(x, rows, columns), _places(out, rows, columns), strict=True))

    def run() -> None:
        count.fill(0)
        for entries, _ in places:
            np.equal(entries, y, out=win)
            np.add(count, win, out=count)
        np.divide(s, count, out=count)
        out.fill(0)
        for entries, target in places:
            np.equal(entries, y, out=win)
            share.fill(0)
            np.copyto(share, count, where=win)
            np.add(target, share, out=target)

    return run


def _places(x: np.ndarray, rows: Windows, columns: Windows) -> list[np.ndarray]:
    """The entries of all windows at each place."""
    return [x[:, rows.at(k), columns.at(m)] for k in range(rows.size) for m in range(columns.size)]


WINDOW_KERNELS: dict[str, Callable[..., Callable[[], Any]]] = {
    "unroll": _unroll,
    "fold": _fold,
    "max_pool": _max_pool,
    "max_unpool": _max_unpool,
}
