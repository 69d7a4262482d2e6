"""Convolutions in blocks against JAX's, and their transposes against inner products."""

from __future__ import annotations

from itertools import product

import jax
import numpy as np
import pytest

from backpath.ops import window_products
from backpath.ops.windows import Windows

jax.config.update("jax_enable_x64", True)
RNG = np.random.default_rng(0)
CASES = [
    (size, stride, dilation, padding, channels)
    for size, stride, dilation, padding, channels in product((1, 3), (1, 2, 3), (1, 2), ((0, 0), (1, 2)), (3, 17))
    if not (size == 1 and dilation == 2)
]


def by_jax(x, W, size, stride, dilation, padding):
    kernels = W.reshape(size, size, x.shape[3], -1)
    return jax.lax.conv_general_dilated(
        x, kernels, (stride, stride), [padding, padding], rhs_dilation=(dilation, dilation),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )  # fmt: skip


@pytest.mark.parametrize("fewest", [3, 256])
@pytest.mark.parametrize(("size", "stride", "dilation", "padding", "channels"), CASES)
def test_blocks_give_the_convolution_and_its_transpose(monkeypatch, size, stride, dilation, padding, channels, fewest):
    monkeypatch.setattr(window_products, "BLOCK", 1)
    monkeypatch.setattr(window_products, "FEWEST", fewest)
    x = RNG.normal(size=(2, 9, 11, channels))
    W = RNG.normal(size=(size * size * channels, 18))
    rows, columns = (Windows.over(n, size, stride, dilation, padding) for n in x.shape[1:3])
    wanted = by_jax(x, W, size, stride, dilation, padding)
    found = window_products.convolved(x, W, rows, columns)
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-11)
    adjoints = [RNG.normal(size=found.shape) for _ in range(3)]
    _, pull = jax.vjp(lambda x: by_jax(x, W, size, stride, dilation, padding), x)
    spread = window_products.spread(adjoints, W, rows, columns, x.shape)
    for image, adjoint in zip(spread, adjoints, strict=True):
        np.testing.assert_allclose(image, pull(adjoint)[0], rtol=1e-11, atol=1e-11)
