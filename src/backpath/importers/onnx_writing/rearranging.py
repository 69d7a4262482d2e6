"""Primitives that move entries, windows over images, and convolutions, as nodes of ONNX's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.graph import GraphError
from backpath.importers.onnx_writing.primitives import Written, rule
from backpath.importers.onnx_writing.writer import Batch, Size, Sizes, code_of
from backpath.ops import Windows


@rule("reshape")
def reshape(c: Written) -> str:
    """Reshape."""
    return c.writer.reshaped(c.inputs[0], c.params["shape"])


@rule("transpose")
def transpose(c: Written) -> str:
    """Transpose."""
    return c.writer.transposed(c.inputs[0], c.params["axes"])


@rule("broadcast_to")
def broadcast_to(c: Written) -> str:
    """Expand."""
    return c.writer.expanded(c.inputs[0], c.operands[0], c.params["shape"])


@rule("astype", "discretize")
def cast(c: Written) -> str:
    """Cast."""
    return c.op("Cast", to=code_of(c.dtype))


@rule("concatenate")
def concatenate(c: Written) -> str:
    """Concat."""
    parts = [
        x if t == c.dtype else c.op("Cast", x, to=code_of(c.dtype)) for x, t in zip(c.inputs, c.types, strict=True)
    ]
    return c.op("Concat", *parts, axis=c.params["axis"])


@rule("pad")
def pad(c: Written) -> str:
    """Pad with a number."""
    width = c.params["width"]
    ends = c.whole(*(before for before, _ in width), *(after for _, after in width))
    return c.op("Pad", c.inputs[0], ends, c.number(c.params["value"]))


@rule("take")
def take(c: Written) -> str:
    """Rows at whole numbers."""
    return c.op("Gather", axis=0)


@rule("counted")
def counted(c: Written) -> str:
    """Positions from the front; Gather takes those from the end as they are."""
    return c.op("Identity") if c.types[0] == c.dtype else c.op("Cast", to=code_of(c.dtype))


@rule("pick")
def pick(c: Written) -> str:
    """Entries at places of the flat array."""
    return c.op("Gather", c.writer.reshaped(c.inputs[0], (-1,)), c.inputs[1], axis=0)


@rule("index")
def index(c: Written) -> str:
    """Slices, whole numbers, new axes, and known positions."""
    parts = _parts(c.params["index"], len(c.operands[0]))
    if any(isinstance(part, np.ndarray) for part in parts):
        return _at_positions(c, parts)
    axis, starts, ends, axes, steps = 0, [], [], [], []
    for part in parts:
        if part is None:
            continue
        if isinstance(part, slice) and part != slice(None):
            start, end, step = _bounds(part)
            starts, ends, axes, steps = [*starts, start], [*ends, end], [*axes, axis], [*steps, step]
        elif not isinstance(part, slice):
            k = int(part)
            starts, ends, axes, steps = [*starts, k], [*ends, k + 1 or _FAR], [*axes, axis], [*steps, 1]
        axis += 1
    x = c.inputs[0]
    if starts:
        x = c.op("Slice", x, c.whole(*starts), c.whole(*ends), c.whole(*axes), c.whole(*steps))
    plain = all(isinstance(part, slice) for part in parts)
    return x if plain and starts else c.writer.reshaped(x, c.sizes)


_FAR = 2**62


def _bounds(part: slice) -> tuple[int, int, int]:
    step = 1 if part.step is None else int(part.step)
    first, last = (0, _FAR) if step > 0 else (_FAR, -_FAR)
    return (first if part.start is None else int(part.start)), (last if part.stop is None else int(part.stop)), step


def _parts(given: Any, ndim: int) -> list[Any]:
    """An index with a part for each axis."""
    parts = list(given) if isinstance(given, tuple) else [given]
    used = sum(part.ndim if _is_mask(part) else part is not None and part is not Ellipsis for part in parts)
    fill = [slice(None)] * (ndim - used)
    where = next((k for k, part in enumerate(parts) if part is Ellipsis), None)
    return [*parts, *fill] if where is None else [*parts[:where], *fill, *parts[where + 1 :]]


def _is_mask(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype.kind == "b"


def _at_positions(c: Written, parts: list[Any]) -> str:
    """Known positions: of all axes but the batch's together, as places of what is flat."""
    sizes = c.operands[0]
    single = [k for k, part in enumerate(parts) if isinstance(part, np.ndarray)]
    if len(single) == 1 and len(parts) == len(sizes) and not _is_mask(parts[single[0]]):
        others = [part for k, part in enumerate(parts) if k != single[0]]
        if all(isinstance(part, slice) and part == slice(None) for part in others):
            return c.op("Gather", c.inputs[0], c.writer.array(parts[single[0]].astype(np.int64)), axis=single[0])
    whole = isinstance(parts[0], slice) and parts[0] == slice(None)
    rest = sizes[1:] if whole else sizes
    if any(isinstance(n, Batch) for n in rest):
        raise GraphError("known positions along an axis that follows the batch: give batch=1")
    lengths = tuple(n for n in rest if isinstance(n, int))
    places = np.arange(math.prod(lengths)).reshape(lengths)[tuple(parts[1:] if whole else parts)]
    flat = c.writer.reshaped(c.inputs[0], (sizes[0], math.prod(lengths)) if whole else (math.prod(lengths),))
    return c.op("Gather", flat, c.writer.array(places.astype(np.int64)), axis=int(whole))


@rule("scatter")
def scatter(c: Written) -> str:
    """Slices put into zeros: Pad where nothing lies between them."""
    shape = c.params["shape"]
    parts = _parts(c.params["index"], len(shape))
    width = []
    for part, n in zip(parts, shape, strict=False):
        if not isinstance(part, slice) or part.step not in (None, 1):
            raise GraphError("a scatter at positions that do not lie beside each other")
        if part == slice(None):
            width.append((0, 0))
            continue
        start, stop, _ = part.indices(_known(n))
        width.append((start, _known(n) - stop))
    ends = c.whole(*(before for before, _ in width), *(after for _, after in width))
    return c.op("Pad", c.inputs[0], ends, c.number(0))


def _known(n: Size) -> int:
    if isinstance(n, Batch):
        raise GraphError("windows or slices along an axis that follows the batch: give batch=1")
    return n


# Windows over images (batch, height, width, ..., channels).


def _to_front(c: Written, x: str) -> str:
    return c.writer.transposed(x, (0, 3, 1, 2))


def _to_back(c: Written, y: str) -> str:
    return c.writer.transposed(y, (0, 2, 3, 1))


def _how(rows: Windows, columns: Windows) -> dict[str, Any]:
    return {
        "kernel_shape": [rows.size, columns.size],
        "strides": [rows.stride, columns.stride],
        "dilations": [rows.dilation, columns.dilation],
        "pads": [rows.before, columns.before, rows.after, columns.after],
    }


@rule("max_pool")
def max_pool(c: Written) -> str:
    """MaxPool of channels in front."""
    sizes, rows, columns = c.operands[0], c.params["rows"], c.params["columns"]
    x = c.inputs[0]
    if len(sizes) > 4:
        x = c.writer.reshaped(x, (*sizes[:3], math.prod(_known(n) for n in sizes[3:])))
    y = _to_back(c, c.op("MaxPool", _to_front(c, x), **_how(rows, columns)))
    return c.writer.reshaped(y, c.sizes) if len(sizes) > 4 else y


@rule("convolve")
def convolve(c: Written) -> str:
    """Conv of channels in front; the kernel is (rows * columns * channels, outputs)."""
    rows, columns = c.params["rows"], c.params["columns"]
    channels, outputs = c.operands[0][3], c.operands[1][1]
    kernel = c.writer.reshaped(c.inputs[1], (rows.size, columns.size, channels, outputs))
    W = c.writer.transposed(kernel, (3, 2, 0, 1))
    return _to_back(c, c.op("Conv", _to_front(c, c.inputs[0]), W, **_how(rows, columns)))


@rule("unroll")
def unroll(c: Written) -> str:
    """Windows laid out: entries gathered along both axes."""
    sizes, rows, columns = c.operands[0], c.params["rows"], c.params["columns"]
    x, more = c.inputs[0], [0] * (len(sizes) - 3)
    if rows.padded or columns.padded:
        ends = [0, rows.before, columns.before, *more, 0, rows.after, columns.after, *more]
        x = c.op("Pad", x, c.whole(*ends), c.number(0))
    x = c.op("Gather", x, c.writer.array(_entries(rows)), axis=1)
    x = c.op("Gather", x, c.writer.array(_entries(columns)), axis=3)
    between = range(5, len(sizes) + 1)
    x = c.writer.transposed(x, (0, 1, 3, *between, 2, 4, len(sizes) + 1))
    return c.writer.reshaped(x, c.sizes)


def _entries(w: Windows) -> np.ndarray:
    return np.arange(w.count)[:, None] * w.stride + np.arange(w.size) * w.dilation


@rule("fold")
def fold(c: Written) -> str:
    """Windows put back: ConvTranspose of each channel with a kernel that puts each entry where it lies."""
    shape, rows, columns = c.params["shape"], c.params["rows"], c.params["columns"]
    batch, _, _, *between, channels = shape
    entries, apart = rows.size * columns.size, [*between, channels]
    x = c.writer.reshaped(c.inputs[0], (batch, rows.count, columns.count, *between, entries, channels))
    ndim = 5 + len(between)
    x = c.writer.transposed(x, (0, *range(3, ndim - 2), ndim - 1, ndim - 2, 1, 2))
    images: Sizes = _times(batch, math.prod(_known(n) for n in apart)), entries, rows.count, columns.count
    x = c.writer.reshaped(x, images)
    W = c.writer.array(np.eye(entries, dtype=c.dtype).reshape(entries, 1, rows.size, columns.size))
    more = [
        max(w.room(_known(n)) - w.stride * (w.count - 1) - w.dilation * (w.size - 1) - 1, 0)
        for w, n in ((rows, shape[1]), (columns, shape[2]))
    ]
    y = c.op("ConvTranspose", x, W, output_padding=more, **_how(rows, columns))
    y = c.writer.reshaped(y, (batch, *apart, shape[1], shape[2]))
    last = 1 + len(apart)
    return c.writer.transposed(y, (0, last, last + 1, *range(1, last)))


def _times(n: Size, k: int) -> Size:
    return Batch(n.times * k) if isinstance(n, Batch) else n * k
