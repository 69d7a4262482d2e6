"""Rows of the machine's table for convolutions and windows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.engines.compiled.lowering.code import Code
from backpath.engines.compiled.tables import WIDEST
from backpath.engines.program.strides import address
from backpath.graph import Node
from backpath.ops.windows import Windows

PARTS = 16
"""Of the images, whose derivatives by the kernel are summed apart and then together; fewer where kernels are large."""

LARGE = 1 << 14
"""Numbers of a kernel from which on there are half as many parts."""


def _share(array: np.ndarray, parts: int) -> tuple[int, int, int]:
    return address(array), parts, array.nbytes // parts


def _convolution(
    x: np.ndarray, other: np.ndarray, out: np.ndarray, rows: Windows, columns: Windows, outputs: int
) -> list[int]:
    images, length, width, channels = x.shape
    room = rows.room(length), columns.room(width)
    return [
        address(x), address(other), address(out), length, width, channels, rows.before, columns.before, *room,
        rows.size, columns.size, rows.stride, columns.stride, rows.dilation, rows.count, columns.count, outputs, images,
    ]  # fmt: skip


def _room(x: np.ndarray, rows: Windows, columns: Windows) -> int:
    """Numbers of an image with its zeros, and some for aligning."""
    return rows.room(x.shape[1]) * columns.room(x.shape[2]) * x.shape[3] + 2 * WIDEST


def convolve(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    """Convolutions of some images by one thread, those of others by another."""
    x, kernels = (code.dense(operand) for operand in operands)
    rows, columns = node.params["rows"], node.params["columns"]
    seen, outputs = kernels.shape
    strip = 2 * WIDEST // x.itemsize
    code.needs(_room(x, rows, columns) + seen * -(-outputs // strip) * strip)
    images = len(x)
    accesses = [
        code.access(x, False, _share(x, images), images == 1),
        code.access(kernels, False, None, images == 1),
        code.access(out, True, _share(out, images), images == 1),
    ]
    flops = 2.0 * out.size * seen
    code.row("convolve", images, _convolution(x, kernels, out, rows, columns, outputs), accesses, flops, 1)


def convolve_by_kernel(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    """Derivatives by the kernel, of a fixed number of parts of the images, and their sum."""
    x, adjoint = (code.dense(operand) for operand in operands)
    rows, columns = node.params["rows"], node.params["columns"]
    code.needs(_room(x, rows, columns))
    parts = min(len(x), PARTS if out.size <= LARGE else PARTS // 2)
    sums = code.new((parts, *out.shape)) if parts > 1 else out[None]
    # Parts that are equal begin where threads' shares of the images do.
    shares = [_share(array, parts) if len(x) % parts == 0 else None for array in (x, adjoint)]
    accesses = [
        code.access(x, False, shares[0], parts == 1),
        code.access(adjoint, False, shares[1], parts == 1),
        code.access(sums, True, _share(sums, parts), parts == 1),
    ]
    fields = _convolution(x, adjoint, sums, rows, columns, out.shape[1])
    code.row("convolve_by_kernel", parts, fields, accesses, 2.0 * adjoint.size * out.shape[0], 1)
    if parts > 1:
        code.sums(out.reshape(-1), sums.reshape(parts, -1))


def _windows(x: np.ndarray, rolled: np.ndarray, rows: Windows, columns: Windows) -> list[int]:
    _, length, width, *groups, channels = x.shape
    return [
        address(x), address(rolled), length, width, math.prod(groups), channels, rows.before, columns.before,
        rows.size, columns.size, rows.stride, columns.stride, rows.dilation, columns.dilation, rows.count,
        columns.count,
    ]  # fmt: skip


def _by_images(code: Code, kernel: str, fields: list[int], out: np.ndarray, given: list[np.ndarray]) -> None:
    if not out.size:
        return
    images = len(out)
    accesses = [code.access(array, array is out, _share(array, images), images == 1) for array in (out, *given)]
    code.row(kernel, images, fields, accesses, least=1)


def unroll(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    """Windows laid out."""
    x = code.dense(operands[0])
    _by_images(code, "unroll", _windows(x, out, **_both(node)), out, [x])


def fold(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    """Windows put back."""
    rolled = code.dense(operands[0])
    _by_images(code, "fold", _windows(out, rolled, **_both(node)), out, [rolled])


def max_pool(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    """Largest entries of windows."""
    x = code.dense(operands[0])
    _by_images(code, "max_pool", [*_windows(x, x, **_both(node)), address(out)], out, [x])


def max_unpool(code: Code, node: Node, operands: list[np.ndarray], out: np.ndarray) -> None:
    """What becomes of an adjoint by largest entries."""
    adjoint, x, pooled = (code.dense(operand) for operand in operands)
    fields = [*_windows(x, out, **_both(node)), address(pooled), address(adjoint)]
    _by_images(code, "max_unpool", fields, out, [adjoint, x, pooled])


def _both(node: Node) -> dict[str, Any]:
    return {name: node.params[name] for name in ("rows", "columns")}


LOWERINGS = {
    "convolve": convolve,
    "convolve_by_kernel": convolve_by_kernel,
    "unroll": unroll,
    "fold": fold,
    "max_pool": max_pool,
    "max_unpool": max_unpool,
}
