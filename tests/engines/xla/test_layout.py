"""Parameters cut over devices, and put together again."""

from __future__ import annotations

import numpy as np
import pytest

from backpath.engines.xla.layout import Layout

SHAPES = ((3, 7), (7,), (), (2, 5, 4), (1, 1), (8, 8))


@pytest.mark.parametrize("devices", [1, 2, 3, 4, 8])
def test_what_is_laid_out_is_collected_again(devices):
    layout = Layout(SHAPES, devices)
    sizes = [int(np.prod(shape)) for shape in SHAPES]
    flat = np.random.default_rng(0).normal(size=sum(sizes))
    spread = layout.spread(flat)
    assert spread.shape == (layout.size,)
    back = np.empty_like(flat)
    layout.collect(spread, back)
    np.testing.assert_array_equal(back, flat)
    starts = np.cumsum([0, *sizes])
    leaves = [flat[a:b].reshape(shape) for a, b, shape in zip(starts, starts[1:], SHAPES, strict=False)]
    for k, leaf in enumerate(leaves):
        np.testing.assert_array_equal(layout.leaf(spread, k, np), leaf)
    np.testing.assert_array_equal(layout.joined(leaves, np), spread)
    # What was added is 0.
    assert np.count_nonzero(spread) == np.count_nonzero(flat)


def test_each_device_holds_its_piece_along_the_largest_axis():
    layout = Layout(((2, 6), (3,)), 3)
    flat = np.arange(15.0)
    parts = layout.spread(flat).reshape(3, layout.part)
    matrix = flat[:12].reshape(2, 6)
    for d, part in enumerate(parts):
        np.testing.assert_array_equal(part[:4].reshape(2, 2).T, matrix[:, 2 * d : 2 * d + 2])
        assert part[4:].tolist() == [12.0 + d]


def test_the_parts_are_little_more_than_a_share():
    shapes = ((784, 4096), (4096,), (4096, 10), (10,))
    whole = sum(int(np.prod(shape)) for shape in shapes)
    assert Layout(shapes, 8).part <= whole / 8 + 2
