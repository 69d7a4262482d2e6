"""Windows laid out, put back, and the largest entry of each."""

from __future__ import annotations

from typing import Any

from backpath.engines.compiled.jit import compiled
from backpath.engines.compiled.pointers import entry, pointer_at, put
from backpath.engines.compiled.tables import GIVEN, HEIGHT, ROW
from backpath.engines.compiled.typed import typed

(
    IMAGE, ROLLED, LENGTH, WIDTH, GROUPS, CHANNELS, ABOVE, LEFT, KERNEL_HIGH, KERNEL_WIDE, DOWN, ACROSS, DILATION,
    DILATION_ACROSS, OUT_HIGH, OUT_WIDE,
) = range(GIVEN, GIVEN + 16)  # fmt: skip
"""Addresses of the image and of what is laid out; an image's sizes; zeros above and to the left; the kernel's sizes,
strides and dilations, and how many windows there are."""


@compiled
def _moved(like: Any, i: Any, image: int, back: bool) -> None:
    """The windows of one image, from it or back to it."""
    x, y = pointer_at(like, i[IMAGE]), pointer_at(like, i[ROLLED])
    groups, channels = i[GROUPS], i[CHANNELS]
    places = i[KERNEL_HIGH] * i[KERNEL_WIDE]
    for row in range(i[OUT_HIGH]):
        for column in range(i[OUT_WIDE]):
            window = ((image * i[OUT_HIGH] + row) * i[OUT_WIDE] + column) * groups * places * channels
            for k in range(i[KERNEL_HIGH]):
                line = row * i[DOWN] + k * i[DILATION] - i[ABOVE]
                for m in range(i[KERNEL_WIDE]):
                    place = column * i[ACROSS] + m * i[DILATION_ACROSS] - i[LEFT]
                    within = 0 <= line < i[LENGTH] and 0 <= place < i[WIDTH]
                    pixel = ((image * i[LENGTH] + line) * i[WIDTH] + place) * groups * channels
                    for g in range(groups):
                        target = window + (g * places + k * i[KERNEL_WIDE] + m) * channels
                        source = pixel + g * channels
                        if back:
                            for c in range(channels if within else 0):
                                x[source + c] += y[target + c]
                        else:
                            for c in range(channels):
                                y[target + c] = x[source + c] if within else typed(y[target], 0)


def unroll(like: Any, i: Any, work: Any) -> None:
    """All entries of the windows of some images."""
    for image in range(work[ROW], work[ROW] + work[HEIGHT]):
        _moved(like, i, image, False)


def fold(like: Any, i: Any, work: Any) -> None:
    """What windows hold, added where it belongs in some images."""
    x, entries = pointer_at(like, i[IMAGE]), i[LENGTH] * i[WIDTH] * i[GROUPS] * i[CHANNELS]
    for image in range(work[ROW], work[ROW] + work[HEIGHT]):
        for k in range(image * entries, (image + 1) * entries):
            x[k] = 0
        _moved(like, i, image, True)


POOLED, ADJOINT = GIVEN + 16, GIVEN + 17
"""Of pools: the address of the largest entries, and of the adjoint by them; for these, ROLLED is the result's."""


@compiled
def _larger(a: Any, b: Any) -> Any:
    return a if a > b or a != a else b


@compiled
def _largest(like: Any, i: Any, at: int, out: int, wide: int, two: bool) -> None:
    """The largest entries of one window, of two by two or of any size."""
    x, y, channels = pointer_at(like, i[IMAGE]), pointer_at(like, i[POOLED]), i[CHANNELS]
    if two:
        for c in range(channels):
            upper = _larger(entry(x, at + c), entry(x, at + channels + c))
            lower = _larger(entry(x, at + wide + c), entry(x, at + wide + channels + c))
            put(y, out + c, _larger(upper, lower))
        return
    for c in range(channels):
        y[out + c] = x[at + c]
    for k in range(i[KERNEL_HIGH]):
        for m in range(i[KERNEL_WIDE]):
            place = at + k * i[DILATION] * wide + m * i[DILATION_ACROSS] * channels
            for c in range(channels):
                y[out + c] = _larger(y[out + c], x[place + c])


@compiled
def _one(win: bool, like: Any) -> Any:
    return typed(like, 1) if win else typed(like, 0)


@compiled
def _shared(like: Any, i: Any, at: int, out: int, wide: int) -> None:
    """The adjoint of one window of two by two, which shares no entry with another, in equal parts to its largest."""
    x, y, s = pointer_at(like, i[IMAGE]), pointer_at(like, i[POOLED]), pointer_at(like, i[ADJOINT])
    result, channels = pointer_at(like, i[ROLLED]), i[CHANNELS]
    for c in range(channels):
        top = entry(y, out + c)
        a, b = _one(entry(x, at + c) == top, top), _one(entry(x, at + channels + c) == top, top)
        d, e = _one(entry(x, at + wide + c) == top, top), _one(entry(x, at + wide + channels + c) == top, top)
        share = entry(s, out + c) / ((a + b) + (d + e))
        put(result, at + c, share if a != 0 else typed(top, 0))
        put(result, at + channels + c, share if b != 0 else typed(top, 0))
        put(result, at + wide + c, share if d != 0 else typed(top, 0))
        put(result, at + wide + channels + c, share if e != 0 else typed(top, 0))


@compiled
def _spread(like: Any, i: Any, at: int, out: int, wide: int) -> None:
    """The adjoint of one window of any size, added in equal parts to its largest."""
    x, y, s = pointer_at(like, i[IMAGE]), pointer_at(like, i[POOLED]), pointer_at(like, i[ADJOINT])
    result, channels = pointer_at(like, i[ROLLED]), i[CHANNELS]
    down, across = i[DILATION] * wide, i[DILATION_ACROSS] * channels
    for c in range(channels):
        largest, count = y[out + c], typed(y[out + c], 0)
        for k in range(i[KERNEL_HIGH]):
            for m in range(i[KERNEL_WIDE]):
                count += _one(x[at + k * down + m * across + c] == largest, largest)
        share = s[out + c] / count
        for k in range(i[KERNEL_HIGH]):
            for m in range(i[KERNEL_WIDE]):
                place = at + k * down + m * across + c
                if x[place] == largest:
                    result[place] += share


@compiled
def _windows(like: Any, i: Any, work: Any, back: bool) -> None:
    """The windows of some images, one after the other: their largest entries, or the adjoint that goes back by them."""
    channels, wide = i[CHANNELS], i[WIDTH] * i[CHANNELS]
    two = i[KERNEL_HIGH] == 2 and i[KERNEL_WIDE] == 2 and i[DILATION] == 1 and i[DILATION_ACROSS] == 1
    two = two and (not back or (i[DOWN] >= 2 and i[ACROSS] >= 2))
    result, whole = pointer_at(like, i[ROLLED]), two and i[LENGTH] == 2 * i[OUT_HIGH] and i[WIDTH] == 2 * i[OUT_WIDE]
    for image in range(work[ROW], work[ROW] + work[HEIGHT]):
        if back and not whole:
            for k in range(image * i[LENGTH] * wide, (image + 1) * i[LENGTH] * wide):
                result[k] = 0
        for row in range(i[OUT_HIGH]):
            top = (image * i[LENGTH] + row * i[DOWN]) * wide
            for column in range(i[OUT_WIDE]):
                out = ((image * i[OUT_HIGH] + row) * i[OUT_WIDE] + column) * channels
                at = top + column * i[ACROSS] * channels
                if not back:
                    _largest(like, i, at, out, wide, two)
                elif two:
                    _shared(like, i, at, out, wide)
                else:
                    _spread(like, i, at, out, wide)


def max_pool(like: Any, i: Any, work: Any) -> None:
    """The largest entries of the windows of some images; GROUPS is 1."""
    _windows(like, i, work, False)


def max_unpool(like: Any, i: Any, work: Any) -> None:
    """The adjoint of the largest entries of each window, in equal parts to those that are the largest."""
    _windows(like, i, work, True)
