"""Shapes, types, and entries in other places; what is made of known numbers is known."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from backpath.importers import operations as op
from backpath.importers.onnx_reading.rules import Call, NotKnownError, RefusedError, as_type, axis_in, dtype_of, rule
from backpath.importers.onnx_reading.texts import Texts
from backpath.importers.onnx_reading.types import NUMPY, STRING, type_name
from backpath.ops import Variable


@rule("Shape")
def shape(c: Call) -> Any:
    """The sizes of axes."""
    return np.array(np.shape(c[0])[slice(c.get("start", 0), c.get("end"))], np.int64)


@rule("Size")
def size(c: Call) -> Any:
    """How many entries there are."""
    return np.array(np.prod(np.shape(c[0]), dtype=np.int64))


@rule("Reshape")
def reshape(c: Call) -> Any:
    """Another shape; 0 keeps a size, -1 is what is left."""
    sizes = c.whole(1, "shape") or []
    if not c.get("allowzero", 0):
        old = np.shape(c[0])
        if any(n == 0 and k >= len(old) for k, n in enumerate(sizes)):
            raise RefusedError(f"shape {sizes} keeps sizes that an array of shape {list(old)} has not")
        sizes = [old[k] if n == 0 else n for k, n in enumerate(sizes)]
    return np.reshape(c[0], tuple(_of_this_batch(c, sizes)))


def _of_this_batch(c: Call, sizes: list[int]) -> list[int]:
    """A shape that was written for another batch, for the batch that there is."""
    if c.batch is None or not sizes or sizes[0] != c.batch[0] or not isinstance(c[0], (np.ndarray, Variable)):
        return sizes
    written, given = c.batch
    if -1 in sizes or math.prod(sizes) != c[0].size:
        fits = np.shape(c[0])[:1] == (given,) if -1 in sizes else math.prod(sizes) * given == c[0].size * written
        return [given, *sizes[1:]] if fits else sizes
    return sizes


@rule("Flatten")
def flatten(c: Call) -> Any:
    """Two axes: all before an axis, and all from it on."""
    axis, sizes = c.get("axis", 1), np.shape(c[0])
    axis = axis + len(sizes) if axis < 0 else axis
    return np.reshape(c[0], (int(np.prod(sizes[:axis], dtype=int)), int(np.prod(sizes[axis:], dtype=int))))


@rule("Squeeze")
def squeeze(c: Call) -> Any:
    """Without axes of size 1."""
    axes = c.whole(1, "axes")
    return np.squeeze(c[0], None if axes is None else tuple(axes))


@rule("Unsqueeze")
def unsqueeze(c: Call) -> Any:
    """With further axes of size 1."""
    return np.expand_dims(c[0], tuple(c.whole(1, "axes") or ()))


@rule("Transpose")
def transpose(c: Call) -> Any:
    """Axes in another order; by default the other way round."""
    return np.transpose(c[0], c.get("perm"))


@rule("Expand")
def expand(c: Call) -> Any:
    """Broadcast to a shape, which may itself be broadcast."""
    wanted = np.broadcast_shapes(np.shape(c[0]), tuple(c.whole(1, "shape") or ()))
    return np.broadcast_to(c[0], c.room(wanted))


@rule("Tile")
def tile(c: Call) -> Any:
    """Repeated along each axis."""
    repeats = c.whole(1, "repeats") or []
    c.room(n * k for n, k in zip(np.shape(c[0]), repeats, strict=True))
    return np.tile(c[0], repeats)


@rule("Concat")
def concat(c: Call) -> Any:
    """Joined along an axis."""
    return np.concatenate(c.inputs, axis=c.get("axis", 1))


@rule("Split")
def split(c: Call) -> Any:
    """Parts along an axis, of given sizes, or so many of one size, of which the last may be smaller."""
    axis = axis_in(c.get("axis", 0), np.ndim(c[0]))
    n, sizes = np.shape(c[0])[axis], c.whole(1, "split")
    if sizes is None:
        parts = c.get("num_outputs", c.outputs)
        step = -(-n // parts)
        sizes = [min(step, n - k * step) for k in range(parts)]
    ends = np.cumsum([0, *sizes]).tolist()
    if ends[-1] != n or min(sizes) < 0:
        raise RefusedError(f"parts of {sizes} entries do not make an axis of {n}")
    lead = (slice(None),) * axis
    return tuple(c[0][(*lead, slice(a, b))] for a, b in pairwise(ends))


@rule("Slice")
def slices(c: Call) -> Any:
    """Parts of axes."""
    starts, ends, axes, steps = (c.whole(k, name) for k, name in enumerate(("starts", "ends", "axes", "steps"), 1))
    assert starts is not None
    assert ends is not None
    ndim, shape_ = np.ndim(c[0]), np.shape(c[0])
    index = [slice(None)] * ndim
    for k, (start, end) in enumerate(zip(starts, ends, strict=True)):
        axis = axis_in(k if axes is None else axes[k], ndim)
        step = 1 if steps is None else steps[k]
        n = shape_[axis]
        if step > 0:
            index[axis] = slice(_bounded(start, n, 0, n), _bounded(end, n, 0, n), step)
        else:
            last = _bounded(end, n, -1, n - 1)
            index[axis] = slice(_bounded(start, n, 0, n - 1), None if last < 0 else last, step)
    return c[0][tuple(index)]


def _bounded(k: int, n: int, low: int, high: int) -> int:
    return min(max(k + n if k < 0 else k, low), high)


@rule("Pad")
def pad(c: Call) -> Any:
    """Entries around an array."""
    pads, axes = c.whole(1, "pads") or [], c.whole(3, "axes")
    value = c.known(2, "value", 0)
    ndim = np.ndim(c[0])
    axes = list(range(ndim)) if axes is None else [axis_in(k, ndim) for k in axes]
    width = [(0, 0)] * ndim
    for k, axis in enumerate(axes):
        width[axis] = pads[k], pads[k + len(axes)]
    c.room(n + before + after for n, (before, after) in zip(np.shape(c[0]), width, strict=True))
    mode = c.get("mode", "constant")
    number = np.ravel(value)[0].item() if np.size(value) else 0
    return op.pad(c[0], width, mode, number)


@rule("Cast")
def cast(c: Call) -> Any:
    """Another type."""
    return _cast(c, c[0], c.get("to"))


def _cast(c: Call, x: Any, to: int) -> Any:
    if isinstance(x, Texts):
        if to == STRING:
            return x
        if isinstance(x.codes, Variable):
            raise RefusedError("it reads numbers in texts")
        x = c.texts.told(x.codes).astype(str)
    if to not in NUMPY:
        raise RefusedError(f"it casts to {type_name(to)}")
    dtype = c.typed(NUMPY[to])
    if x.dtype.kind == "U":
        return x.astype(dtype)
    if dtype.kind == "b":
        return x != 0
    return as_type(x, dtype)


@rule("CastLike")
def cast_like(c: Call) -> Any:
    """The type of another value."""
    return c[0] != 0 if dtype_of(c[1]).kind == "b" else as_type(c[0], dtype_of(c[1]))


@rule("ConstantOfShape")
def constant_of_shape(c: Call) -> Any:
    """One number everywhere."""
    value = c.get("value")
    value = np.zeros(1, np.float32) if value is None else value
    dtype = c.typed(value.dtype)
    return np.broadcast_to(value.astype(dtype).reshape(()), c.room(c.whole(0, "shape") or ()))


@rule("Range")
def steps(c: Call) -> Any:
    """Numbers from one to another."""
    start, limit, delta = (np.reshape(c.known(k, name), ()) for k, name in enumerate(("start", "limit", "delta")))
    count = max(int(np.ceil((limit - start) / delta)), 0) if delta else 0
    c.room((count,))
    return (start + np.arange(count) * delta).astype(dtype_of(start))


@rule("EyeLike")
def eye_like(c: Call) -> Any:
    """Ones on a diagonal, in the shape of a matrix."""
    dtype = c.typed(NUMPY[c.get("dtype")]) if c.get("dtype") is not None else dtype_of(c[0])
    return np.eye(*c.room(np.shape(c[0])), k=c.get("k", 0), dtype=dtype)


@rule("Trilu")
def trilu(c: Call) -> Any:
    """A triangle of the last two axes."""
    k = c.known(1, "k", 0)
    return op.triangle(c[0], int(np.ravel(k)[0]), bool(c.get("upper", 1)))


@rule("DepthToSpace")
def depth_to_space(c: Call) -> Any:
    """See ``operations.depth_to_space``."""
    return op.depth_to_space(c[0], c.get("blocksize"), c.get("mode", "DCR") == "CRD")


@rule("SpaceToDepth")
def space_to_depth(c: Call) -> Any:
    """See ``operations.space_to_depth``."""
    return op.space_to_depth(c[0], c.get("blocksize"), c.get("mode", "DCR") == "CRD")


@rule("ReverseSequence")
def reverse_sequence(c: Call) -> Any:
    """See ``operations.reversed_sequences``."""
    lengths = c.known(1, "sequence_lens")
    return op.reversed_sequences(c[0], lengths, c.get("batch_axis", 1), c.get("time_axis", 0))


@rule("Col2Im")
def columns_to_image(c: Call) -> Any:
    """See ``operations.columns_to_image``."""
    lengths, sizes = c.whole(1, "image_shape") or [], c.whole(2, "block_shape") or []
    if len(lengths) != 2:
        raise RefusedError(f"it puts windows of {len(lengths)} axes together, and two can be")
    pads = c.get("pads") or [0, 0, 0, 0]
    around = [(pads[k], pads[k + 2]) for k in range(2)]
    return op.columns_to_image(c[0], lengths, sizes, c.get("strides"), around, c.get("dilations"))


@rule("Unique", "NonZero", "Compress")
def by_values(c: Call) -> Any:
    """What has a shape that depends on values is computed of known ones alone."""
    for k, x in enumerate(c.inputs):
        if isinstance(x, Variable) and not (c.op == "Compress" and k == 0):
            raise NotKnownError(x, "the shape of its result")
    if c.op == "NonZero":
        return np.array(np.nonzero(c[0]), np.int64)
    if c.op == "Compress":
        axis, taken = c.get("axis"), np.asarray(c[1])
        flat = np.ravel(c[0]) if axis is None else c[0]
        return np.take(flat, np.nonzero(taken)[0], 0 if axis is None else axis)
    return _unique(c)


def _unique(c: Call) -> tuple[Any, ...]:
    axis = c.get("axis")
    y, first, back, counts = np.unique(c[0], True, True, True, axis=axis)
    if not c.get("sorted", 1):
        order = np.argsort(first)
        y = np.take(y, order, 0 if axis is None else axis)
        first, counts, back = first[order], counts[order], np.argsort(order)[back]
    return tuple(np.asarray(part) if k == 0 else np.ravel(part) for k, part in enumerate((y, first, back, counts)))
