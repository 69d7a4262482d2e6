"""Convolutions without windows laid out: products whose rows overlap in the image, which is channels last.

Within one row of a kernel, what a window sees is one piece of memory, and from window to window it moves by as many
channels as the stride says: the strides of a matrix. A tile of the result stays in registers through all rows of the
kernel. Images with zeros around them are laid into the thread's scratch, one at a time.
"""

from __future__ import annotations

from typing import Any

from backpath.engines.compiled.jit import compiled
from backpath.engines.compiled.pointers import pointer_at, size_of
from backpath.engines.compiled.products.product_kernels import pack_rows
from backpath.engines.compiled.products.registers import VECTOR_BYTES
from backpath.engines.compiled.products.small_products import tile, tiles_of
from backpath.engines.compiled.tables import EXTENT, GIVEN, HEIGHT, ROW, SCRATCH

(
    IMAGE, OTHER, OUT, LENGTH, WIDTH, CHANNELS, ABOVE, LEFT, ROOM_HIGH, ROOM_WIDE, KERNEL_HIGH, KERNEL_WIDE, DOWN,
    ACROSS, DILATION, OUT_HIGH, OUT_WIDE, OUTPUTS, IMAGES,
) = range(GIVEN, GIVEN + 19)  # fmt: skip
"""Of both kernels: addresses of the images, of the other operand and of the result; an image's sizes; the zeros above
and to the left of it, and its sizes with all zeros; those of the kernel; strides and the dilation of rows; sizes of the
result; and how many images there are."""


@compiled
def _image(like: Any, i: Any, image: int, room: int) -> int:
    """Where an image lies with its zeros: where it is, if it needs none, or in the room."""
    size = size_of(like)
    x = i[IMAGE] + image * i[LENGTH] * i[WIDTH] * i[CHANNELS] * size
    if i[ROOM_HIGH] == i[LENGTH] and i[ROOM_WIDE] == i[WIDTH]:
        return x
    source, target = pointer_at(like, x), pointer_at(like, room)
    wide, before, row = i[ROOM_WIDE] * i[CHANNELS], i[LEFT] * i[CHANNELS], i[WIDTH] * i[CHANNELS]
    for k in range(i[ROOM_HIGH]):
        start, inner = k * wide, k - i[ABOVE]
        if inner < 0 or inner >= i[LENGTH]:
            for m in range(wide):
                target[start + m] = 0
            continue
        for m in range(before):
            target[start + m] = 0
        for m in range(row):
            target[start + before + m] = source[inner * row + m]
        for m in range(before + row, wide):
            target[start + m] = 0
    return room


def convolve(like: Any, i: Any, work: Any) -> None:
    """The convolutions of some images with a kernel, which is OTHER: (kernel rows * columns * channels, outputs)."""
    size = size_of(like)
    strip = 2 * VECTOR_BYTES // size
    channels, outputs, run = i[CHANNELS], i[OUTPUTS], i[KERNEL_WIDE] * i[CHANNELS]
    packed = (work[SCRATCH] + 2 * VECTOR_BYTES - 1) & (-2 * VECTOR_BYTES)
    length = i[KERNEL_HIGH] * run
    strips = (outputs + strip - 1) // strip
    for number in range(strips):
        first = number * strip
        pack_rows(
            like, i[OTHER] + first * size, outputs, min(strip, outputs - first), length, packed + first * length * size
        )
    tiles, fewest, higher = tiles_of(i[OUT_WIDE])
    for image in range(work[ROW], work[ROW] + work[HEIGHT]):
        x = _image(like, i, image, packed + strips * strip * length * size)
        for number in range(strips):
            first = number * strip
            for row in range(i[OUT_HIGH]):
                a = x + row * i[DOWN] * i[ROOM_WIDE] * channels * size
                c = i[OUT] + ((image * i[OUT_HIGH] + row) * i[OUT_WIDE] * outputs + first) * size
                for k in range(tiles):
                    rows = fewest + (k < higher)
                    tile(
                        like, a, i[ACROSS] * channels, 1, packed + first * length * size, strip, c, outputs, rows,
                        min(strip, outputs - first), run, False, i[KERNEL_HIGH], i[DILATION] * i[ROOM_WIDE] * channels,
                        packed, 0,
                    )  # fmt: skip
                    a += rows * i[ACROSS] * channels * size
                    c += rows * outputs * size


def convolve_by_kernel(like: Any, i: Any, work: Any) -> None:
    """The derivative by the kernel: for each part of the images the sum over its windows, times OTHER, of the result's.

    There are EXTENT parts, whatever the number of threads; the result is (parts, kernel rows * columns * channels,
    outputs).
    """
    size = size_of(like)
    strip, parts = 2 * VECTOR_BYTES // size, i[EXTENT]
    channels, outputs, run = i[CHANNELS], i[OUTPUTS], i[KERNEL_WIDE] * i[CHANNELS]
    pixels = i[OUT_HIGH] * i[OUT_WIDE]
    tiles, fewest, higher = tiles_of(run)
    for part in range(work[ROW], work[ROW] + work[HEIGHT]):
        begin, end = part * i[IMAGES] // parts, (part + 1) * i[IMAGES] // parts
        out = i[OUT] + part * i[KERNEL_HIGH] * run * outputs * size
        for image in range(begin, end):
            x = _image(like, i, image, work[SCRATCH])
            for row in range(i[KERNEL_HIGH]):
                for first in range(0, outputs, strip):
                    a = x + row * i[DILATION] * i[ROOM_WIDE] * channels * size
                    b = i[OTHER] + (image * pixels * outputs + first) * size
                    c = out + (row * run * outputs + first) * size
                    for k in range(tiles):
                        rows = fewest + (k < higher)
                        tile(
                            like, a, 1, i[ACROSS] * channels, b, outputs, c, outputs, rows,
                            min(strip, outputs - first), i[OUT_WIDE], image > begin, i[OUT_HIGH],
                            i[DOWN] * i[ROOM_WIDE] * channels, b, 0,
                        )  # fmt: skip
                        a += rows * size
                        c += rows * outputs * size
