"""Operations of ATen that move entries, take parts of arrays, or make new ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.importers.pytorch.aten.table import ATEN, aten, is_array, kind, matched
from backpath.ops import spec_of

FLOAT = np.dtype(np.float32)


# Shapes.
@aten("view.default", "reshape.default", "_unsafe_view.default", "view_copy.default")
def view(x: Any, size: Sequence[int]) -> Any:
    """``aten.view.default`` and its kin."""
    return np.reshape(x, tuple(int(n) for n in size))


@aten("flatten.using_ints")
def flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """``aten.flatten.using_ints``."""
    shape = np.shape(x)
    if not shape:
        return np.reshape(x, (1,))
    first, last = start_dim % len(shape), end_dim % len(shape)
    return np.reshape(x, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@aten("unflatten.int")
def unflatten(x: Any, dim: int, sizes: Sequence[int]) -> Any:
    """``aten.unflatten.int``."""
    shape, axis = np.shape(x), dim % np.ndim(x)
    known = math.prod(n for n in sizes if n != -1)
    full = [shape[axis] // known if n == -1 else n for n in sizes]
    return np.reshape(x, (*shape[:axis], *full, *shape[axis + 1 :]))


@aten("permute.default", "permute_copy.default")
def permute(x: Any, dims: Sequence[int]) -> Any:
    """``aten.permute.default``, ``aten.permute_copy.default``."""
    return np.transpose(x, tuple(k % np.ndim(x) for k in dims))


@aten("transpose.int")
def transpose(x: Any, dim0: int, dim1: int) -> Any:
    """``aten.transpose.int``."""
    return np.swapaxes(x, dim0, dim1) if np.ndim(x) else x


@aten("t.default", "numpy_T.default")
def turned(x: Any) -> Any:
    """``aten.t.default``, ``aten.numpy_T.default``."""
    return np.transpose(x)


@aten("movedim.int", "movedim.intlist")
def movedim(x: Any, source: Any, destination: Any) -> Any:
    """``aten.movedim.int``, ``aten.movedim.intlist``."""
    return np.moveaxis(x, source, destination)


@aten("squeeze.default", "squeeze.dim", "squeeze.dims")
def squeeze(x: Any, dim: Any = None) -> Any:
    """``aten.squeeze.default``, ``aten.squeeze.dim``, ``aten.squeeze.dims``."""
    if dim is None:
        return np.squeeze(x)
    wanted = [dim] if isinstance(dim, int) else dim
    ones = tuple(k % np.ndim(x) for k in wanted if np.ndim(x) and np.shape(x)[k] == 1)
    return np.squeeze(x, ones) if ones else x


@aten("unsqueeze.default")
def unsqueeze(x: Any, dim: int) -> Any:
    """``aten.unsqueeze.default``."""
    return np.expand_dims(x, dim)


@aten("expand.default", "expand_copy.default")
def expand(x: Any, size: Sequence[int], implicit: bool = False) -> Any:
    """``aten.expand.default``, ``aten.expand_copy.default``."""
    lead = len(size) - np.ndim(x)
    shape = tuple(int(np.shape(x)[k - lead] if n == -1 else n) for k, n in enumerate(size))
    return np.broadcast_to(x, shape)


@aten("expand_as.default")
def expand_as(x: Any, other: Any) -> Any:
    """``aten.expand_as.default``."""
    return np.broadcast_to(x, np.shape(other))


@aten("broadcast_tensors.default")
def broadcast_tensors(tensors: Sequence[Any]) -> list[Any]:
    """``aten.broadcast_tensors.default``."""
    shape = np.broadcast_shapes(*[np.shape(x) for x in tensors])
    return [np.broadcast_to(x, shape) for x in tensors]


@aten("repeat.default", "tile.default")
def repeat(x: Any, repeats: Sequence[int]) -> Any:
    """``aten.repeat.default``, ``aten.tile.default``."""
    return np.tile(x, tuple(repeats))


@aten("repeat_interleave.self_int")
def repeat_interleave(x: Any, repeats: int, dim: int | None = None) -> Any:
    """``aten.repeat_interleave.self_int``."""
    return np.repeat(x, repeats, axis=dim)


@aten("clone.default", "_to_copy.default", "to.dtype", "type_as.default")
def copied(x: Any, dtype: Any = None, *rest: Any) -> Any:
    """``aten.clone.default``, ``aten._to_copy.default``, ``aten.to.dtype``, ``aten.type_as.default``."""
    if dtype is None:
        return x
    dtype = spec_of(dtype).dtype if is_array(dtype) else dtype
    return (x != 0) if np.dtype(dtype).kind == "b" and kind(x) != "b" else x.astype(dtype)


ATEN["to.dtype_layout"] = lambda x, dtype=None: copied(x, dtype)
ATEN["dropout.default"] = lambda x, p, train: x
ATEN["native_dropout.default"] = lambda x, p, train: (x, None)
ATEN["feature_dropout.default"] = ATEN["alpha_dropout.default"] = ATEN["dropout.default"]
ATEN["feature_alpha_dropout.default"] = ATEN["dropout.default"]


@aten("sym_size.int")
def size_of(x: Any, dim: int) -> int:
    """``aten.sym_size.int``."""
    return np.shape(x)[dim]


@aten("sym_numel.default", "numel.default")
def count_of(x: Any) -> int:
    """``aten.sym_numel.default``, ``aten.numel.default``."""
    return math.prod(np.shape(x))


# Parts.
@aten("split.Tensor", "split.sizes", "split_with_sizes.default", "split_with_sizes_copy.default")
def split(x: Any, sizes: Any, dim: int = 0) -> list[Any]:
    """``aten.split.Tensor`` and its kin."""
    axis, length = dim % np.ndim(x), np.shape(x)[dim]
    ends = list(range(sizes, length, sizes)) if isinstance(sizes, int) else list(np.cumsum(sizes[:-1], dtype=int))
    lead, starts = (slice(None),) * axis, [0, *map(int, ends)]
    return [x[(*lead, slice(a, b))] for a, b in zip(starts, [*starts[1:], length], strict=True)]


@aten("chunk.default")
def chunk(x: Any, chunks: int, dim: int = 0) -> list[Any]:
    """``aten.chunk.default``."""
    return split(x, -(-np.shape(x)[dim] // chunks), dim)


@aten("unbind.int")
def unbind(x: Any, dim: int = 0) -> list[Any]:
    """``aten.unbind.int``."""
    return [select(x, dim, k) for k in range(np.shape(x)[dim])]


@aten("select.int", "select_copy.int")
def select(x: Any, dim: int, index: int) -> Any:
    """``aten.select.int``, ``aten.select_copy.int``."""
    return x[(slice(None),) * (dim % np.ndim(x)) + (index,)]


def stretch(length: int, start: int | None, end: int | None, step: int) -> slice:
    """A slice as ATen means it, of an axis that long."""
    found = slice(start, end).indices(length)
    return slice(found[0], max(found[1], found[0]), step)


@aten("slice.Tensor", "slice_copy.Tensor")
def sliced(x: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
    """``aten.slice.Tensor``, ``aten.slice_copy.Tensor``."""
    axis = dim % np.ndim(x)
    return x[(slice(None),) * axis + (stretch(np.shape(x)[axis], start, end, step),)]


@aten("narrow.default")
def narrow(x: Any, dim: int, start: int, length: int) -> Any:
    """``aten.narrow.default``."""
    return sliced(x, dim, start, start + length)


@aten("cat.default", "concat.default")
def cat(tensors: Sequence[Any], dim: int = 0) -> Any:
    """``aten.cat.default``, ``aten.concat.default``."""
    kept = [x for x in tensors if np.shape(x) != (0,)] or list(tensors[:1])
    return np.concatenate(matched(*kept), axis=dim)


@aten("stack.default")
def stack(tensors: Sequence[Any], dim: int = 0) -> Any:
    """``aten.stack.default``."""
    return np.stack(matched(*tensors), axis=dim)


@aten("flip.default")
def flip(x: Any, dims: Sequence[int]) -> Any:
    """``aten.flip.default``."""
    return np.flip(x, tuple(dims))


@aten("roll.default")
def roll(x: Any, shifts: Any, dims: Any = ()) -> Any:
    """``aten.roll.default``."""
    one = (lambda n: n[0] if len(n) == 1 else tuple(n)) if not isinstance(shifts, int) else (lambda n: n)
    return np.roll(x, one(shifts), one(dims) if dims else None)


@aten("diagonal.default", "diagonal_copy.default")
def diagonal(x: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """``aten.diagonal.default``, ``aten.diagonal_copy.default``."""
    return np.diagonal(x, offset, dim1, dim2)


@aten("tril.default")
def tril(x: Any, diagonal: int = 0) -> Any:
    """``aten.tril.default``."""
    return np.tril(x, diagonal)


@aten("triu.default")
def triu(x: Any, diagonal: int = 0) -> Any:
    """``aten.triu.default``."""
    return np.triu(x, diagonal)


# Fresh arrays.
@aten("full.default")
def full(size: Sequence[int], fill_value: Any, dtype: Any = None) -> Any:
    """``aten.full.default``."""
    dtype = dtype or {bool: np.dtype(bool), int: np.dtype(np.int64)}.get(type(fill_value), FLOAT)
    return np.full(tuple(size), fill_value, dtype)


@aten("full_like.default", "new_full.default")
def full_like(x: Any, *settings: Any, dtype: Any = None) -> Any:
    """``aten.full_like.default``, ``aten.new_full.default``."""
    size, value = (np.shape(x), settings[0]) if len(settings) == 1 else settings
    return np.full(tuple(size), value, dtype or spec_of(x).dtype)


def _filled(name: str, value: int) -> None:
    ATEN[f"{name}.default"] = lambda size, dtype=None: np.full(tuple(size), value, dtype or FLOAT)
    ATEN[f"{name}_like.default"] = lambda x, dtype=None: np.full(np.shape(x), value, dtype or spec_of(x).dtype)
    ATEN[f"new_{name}.default"] = lambda x, size, dtype=None: np.full(tuple(size), value, dtype or spec_of(x).dtype)


_filled("zeros", 0)
_filled("ones", 1)
# What is there before it is written is never read.
_filled("empty", 0)
ATEN["empty.memory_format"] = ATEN["empty.default"]
ATEN["empty_permuted.default"] = lambda size, physical_layout, dtype=None: ATEN["empty.default"](size, dtype)


@aten("scalar_tensor.default", "lift_fresh_copy.default")
def scalar_tensor(value: Any, dtype: Any = None) -> Any:
    """``aten.scalar_tensor.default``, ``aten.lift_fresh_copy.default``."""
    return value if is_array(value) else full((), value, dtype)


@aten("arange.start_step")
def arange(start: Any, end: Any, step: Any = 1, dtype: Any = None) -> Any:
    """``aten.arange.start_step``."""
    whole = all(isinstance(n, int) for n in (start, end, step))
    return np.arange(start, end, step).astype(dtype or (np.int64 if whole else FLOAT))


ATEN["arange.default"] = lambda end, dtype=None: arange(0, end, 1, dtype)
ATEN["arange.start"] = lambda start, end, dtype=None: arange(start, end, 1, dtype)


@aten("eye.default", "eye.m")
def eye(rows: int, columns: int | None = None, dtype: Any = None) -> Any:
    """``aten.eye.default``, ``aten.eye.m``."""
    return np.eye(rows, columns, dtype=dtype or FLOAT)
