"""Convolutions of known images as matrix products of shifted views, for which no windows are laid out.

An image with zeros around it, channels last, is a matrix with a row for each pixel. The pixels that stand at one place
of all windows are the same matrix a few rows further on, so that a convolution is a sum of products, one for each
place. With strides the image is parted by the remainders of its positions first. Some rows of the products belong to
no window; where they would be many, or the channels few, blocks of windows are laid out after all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.ops.windows import Windows, inside, laid_out

Shape = tuple[int, ...]
BLOCK = 2**18
"""Entries of the windows that are laid out at once: they stay in a core's cache."""

FEW = 16
"""Channels of an image, below which a product of shifted views has too little to do."""

WASTE = 1.35
"""Rows of shifted products for each window, up to which they repay."""


@dataclass(frozen=True, slots=True)
class Parted:
    """The sizes of an image that is parted by the remainders of its positions, rows first: all parts are alike."""

    rows: Windows
    columns: Windows
    high: int
    wide: int

    @classmethod
    def of(cls, shape: Shape, rows: Windows, columns: Windows) -> Parted:
        """For images (batch, height, width, channels)."""
        down, across = (-(-w.room(n) // w.stride) for w, n in ((rows, shape[1]), (columns, shape[2])))
        return cls(rows, columns, down, across)

    @property
    def pitch(self) -> int:
        """Pixels of a part."""
        return self.high * self.wide

    @property
    def waste(self) -> float:
        """Rows of a shifted product for each window."""
        return self.pitch / (self.rows.count * self.columns.count)

    def places(self) -> Iterator[tuple[int, tuple[int, int], int]]:
        """Each place of a window: its number, the part in which it lies, and by how many pixels it is shifted."""
        for k in range(self.rows.size):
            down, below = divmod(k * self.rows.dilation, self.rows.stride)
            for m in range(self.columns.size):
                across, beside = divmod(m * self.columns.dilation, self.columns.stride)
                yield k * self.columns.size + m, (below, beside), down * self.wide + across

    def room(self, images: int, channels: int, dtype: Any) -> np.ndarray:
        """Zeros: for each part (images, height, width, channels)."""
        return np.zeros((self.rows.stride, self.columns.stride, images, self.high, self.wide, channels), dtype)

    def whole(self, room: np.ndarray, shape: Shape) -> np.ndarray:
        """The images of a room, without what is around them."""
        down, across, images, high, wide, channels = room.shape
        full = room.transpose(2, 3, 0, 4, 1, 5).reshape(images, high * down, wide * across, channels)
        return full[inside(shape, self.rows, self.columns)]

    def filled(self, x: np.ndarray) -> np.ndarray:
        """The parts of images, with the zeros around them."""
        room = self.room(len(x), x.shape[3], x.dtype)
        for a, b in np.ndindex(self.rows.stride, self.columns.stride):
            # The first pixels of the images that fall into this part.
            first, left = (a - self.rows.before) % self.rows.stride, (b - self.columns.before) % self.columns.stride
            part = x[:, first :: self.rows.stride, left :: self.columns.stride]
            down = (first + self.rows.before) // self.rows.stride
            across = (left + self.columns.before) // self.columns.stride
            room[a, b, :, down : down + part.shape[1], across : across + part.shape[2]] = part
        return room


def convolved(images: Sequence[np.ndarray], kernels: np.ndarray, rows: Windows, columns: Windows) -> list[np.ndarray]:
    """For each batch of images (batch, height, width, channels) the products of all windows with the kernels.

    Args:
        images: of one shape.
        kernels: (kernel rows * kernel columns * channels, outputs).
        rows: the windows along the height.
        columns: along the width.
    """
    return [_convolved(x, kernels, rows, columns) for x in images]


def spread(
    adjoints: Sequence[np.ndarray], kernels: np.ndarray, rows: Windows, columns: Windows, shape: Shape
) -> list[np.ndarray]:
    """The transpose of :func:`convolved`: images of ``shape`` from what stands for each of their windows.

    Args:
        adjoints: each (batch, rows, columns, outputs).
        kernels: (kernel rows * kernel columns * channels, outputs).
        rows: the windows along the height.
        columns: along the width.
        shape: of one batch of images.
    """
    windows = shape[0] * rows.count * columns.count * len(kernels)
    together = max(1, BLOCK // max(windows, 1))
    found: list[np.ndarray] = []
    for start in range(0, len(adjoints), together):
        some = adjoints[start : start + together]
        stacked = np.concatenate(some) if len(some) > 1 else some[0]
        whole = _spread(stacked, kernels, rows, columns, (len(stacked), *shape[1:]))
        found += [whole[k * shape[0] : (k + 1) * shape[0]] for k in range(len(some))]
    return found


def _shifts_repay(parted: Parted, channels: int, outputs: int) -> bool:
    return parted.waste <= WASTE and min(channels, outputs) >= FEW


def _convolved(x: np.ndarray, kernels: np.ndarray, rows: Windows, columns: Windows) -> np.ndarray:
    outputs, channels = kernels.shape[1], x.shape[3]
    parted = Parted.of(x.shape, rows, columns)
    if not _shifts_repay(parted, channels, outputs):
        return _by_windows(x, kernels, rows, columns)
    room, total = parted.filled(x), np.zeros((len(x) * parted.pitch, outputs), x.dtype)
    for k, part, shift in parted.places():
        pixels = room[part].reshape(-1, channels)
        add_product(total[: len(total) - shift], pixels[shift:], kernels[k * channels : (k + 1) * channels])
    return total.reshape(len(x), parted.high, parted.wide, outputs)[:, : rows.count, : columns.count]


def _by_windows(x: np.ndarray, kernels: np.ndarray, rows: Windows, columns: Windows) -> np.ndarray:
    if rows.padded or columns.padded:
        room = np.zeros((len(x), rows.room(x.shape[1]), columns.room(x.shape[2]), x.shape[3]), x.dtype)
        room[inside(x.shape, rows, columns)] = x
        x = room
    view = laid_out(x, rows, columns)
    out = np.empty((*view.shape[:3], kernels.shape[1]), x.dtype)
    for image, high in _blocks(view.shape[:3], len(kernels)):
        laid = view[image, high].reshape(-1, len(kernels))
        np.matmul(laid, kernels, out=out[image, high].reshape(len(laid), -1))
    return out


def _spread(adjoint: np.ndarray, kernels: np.ndarray, rows: Windows, columns: Windows, shape: Shape) -> np.ndarray:
    outputs, channels = kernels.shape[1], shape[3]
    parted = Parted.of(shape, rows, columns)
    room = parted.room(shape[0], channels, adjoint.dtype)
    if _shifts_repay(parted, channels, outputs):
        pixels = np.zeros((shape[0], parted.high, parted.wide, outputs), adjoint.dtype)
        pixels[:, : rows.count, : columns.count] = adjoint
        pixels = pixels.reshape(-1, outputs)
        for k, part, shift in parted.places():
            target = room[part].reshape(-1, channels)
            add_product(target[shift:], pixels[: len(pixels) - shift], kernels[k * channels : (k + 1) * channels].T)
    else:
        _add_windows(room, adjoint, kernels, parted)
    return parted.whole(room, shape)


def _add_windows(room: np.ndarray, adjoint: np.ndarray, kernels: np.ndarray, parted: Parted) -> None:
    """Block by block what stands for all entries of the windows, each added where it is."""
    channels, wide = room.shape[5], parted.columns.count
    adjoint = np.ascontiguousarray(adjoint)
    # Rows of few entries are slow to add: then an image is a stack of planes.
    planes = np.zeros(room.transpose(0, 1, 2, 5, 3, 4).shape, room.dtype) if channels < FEW else None
    for image, high in _blocks(adjoint.shape[:3], len(kernels)):
        flat = adjoint[image, high].reshape(-1, adjoint.shape[3])
        count, down = image.stop - image.start, high.stop - high.start
        if planes is None:
            parts = (flat @ kernels.T).reshape(count, down, wide, -1, channels)
        else:
            parts = (kernels @ flat.T).reshape(-1, channels, count, down, wide)
        for k, part, shift in parted.places():
            below, beside = divmod(shift, parted.wide)
            tall, across = slice(high.start + below, high.stop + below), slice(beside, beside + wide)
            if planes is None:
                room[part][image, tall, across] += parts[:, :, :, k]
            else:
                planes[part][image, :, tall, across] += parts[k].transpose(1, 0, 2, 3)
    if planes is not None:
        room[...] = planes.transpose(0, 1, 2, 4, 5, 3)


def _blocks(counts: Shape, entries: int) -> Iterator[tuple[slice, slice]]:
    """Whole images, or rows of one, whose windows of so many entries fit a block."""
    images, high, wide = counts
    at_once = max(1, BLOCK // max(wide * entries, 1))
    if at_once >= high:
        step = at_once // high
        yield from ((slice(k, min(k + step, images)), slice(0, high)) for k in range(0, images, step))
        return
    for k in range(images):
        yield from ((slice(k, k + 1), slice(start, min(start + at_once, high))) for start in range(0, high, at_once))


def add_product(total: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """total += a @ b in place; the rows of ``total`` and ``a`` and those or the columns of ``b`` lie one by one."""
    from scipy.linalg.blas import dgemm, sgemm

    gemm = sgemm if total.dtype == np.float32 else dgemm
    turned = not b.flags.c_contiguous
    # By columns, as the BLAS counts, the memory of a matrix is its transpose.
    gemm(1.0, b if turned else b.T, a.T, beta=1.0, c=total.T, trans_a=turned, overwrite_c=1)
