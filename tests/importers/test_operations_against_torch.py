"""Operations on images with channels in front: values and gradients beside PyTorch's, in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import backpath as bp
from backpath.importers import operations as op

Case = tuple[Callable[..., Any], Callable[..., Any], list[tuple[int, ...]]]


def both(ours: Callable[..., Any], theirs: Callable[..., Any], shapes: list[tuple[int, ...]]) -> None:
    """The values are equal on arrays and traced, and so are the gradients of a weighted sum by each operand."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in shapes]
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = theirs(*tensors)
    weights = rng.normal(size=expected.shape)
    np.testing.assert_allclose(ours(*arrays), expected.detach().numpy(), rtol=1e-10, atol=1e-12)
    (expected * torch.tensor(weights)).sum().backward()
    value, gradients = bp.value_and_grad(lambda *xs: np.sum(ours(*xs) * weights), argnums=tuple(range(len(arrays))))(
        *arrays
    )
    np.testing.assert_allclose(value, np.sum(expected.detach().numpy() * weights), rtol=1e-9, atol=1e-10)
    for found, tensor in zip(gradients, tensors, strict=True):
        np.testing.assert_allclose(found, tensor.grad.numpy(), rtol=1e-9, atol=1e-10)


CONVOLUTIONS: dict[str, Case] = {
    "1 axis": (lambda x, W, b: op.convolution(x, W, b), F.conv1d, [(2, 3, 9), (4, 3, 3), (4,)]),
    "1 axis, dilated, groups": (
        lambda x, W: op.convolution(x, W, strides=2, pads=[(2, 2)], dilations=3, groups=2),
        lambda x, W: F.conv1d(x, W, stride=2, padding=2, dilation=3, groups=2),
        [(2, 4, 11), (6, 2, 3)],
    ),
    "2 axes": (
        lambda x, W, b: op.convolution(x, W, b, strides=(2, 1), pads=[(1, 1), (0, 0)]),
        lambda x, W, b: F.conv2d(x, W, b, stride=(2, 1), padding=(1, 0)),
        [(2, 3, 8, 7), (5, 3, 3, 2), (5,)],
    ),
    "2 axes, asymmetric": (
        lambda x, W: op.convolution(x, W, pads=[(0, 2), (1, 0)]),
        lambda x, W: F.conv2d(F.pad(x, (1, 0, 0, 2)), W),
        [(1, 2, 5, 6), (3, 2, 3, 3)],
    ),
    "depthwise": (
        lambda x, W: op.convolution(x, W, pads=[(1, 1)] * 2, groups=4),
        lambda x, W: F.conv2d(x, W, padding=1, groups=4),
        [(2, 4, 6, 6), (8, 1, 3, 3)],
    ),
    "single entries, strided": (
        lambda x, W: op.convolution(x, W, strides=2),
        lambda x, W: F.conv2d(x, W, stride=2),
        [(2, 4, 6, 7), (3, 4, 1, 1)],
    ),
    "single entries, groups": (
        lambda x, W: op.convolution(x, W, groups=2),
        lambda x, W: F.conv2d(x, W, groups=2),
        [(2, 4, 3, 5), (6, 2, 1, 1)],
    ),
    "3 axes": (
        lambda x, W, b: op.convolution(x, W, b, strides=(1, 2, 1), pads=[(1, 1), (0, 0), (1, 1)], dilations=(2, 1, 1)),
        lambda x, W, b: F.conv3d(x, W, b, stride=(1, 2, 1), padding=(1, 0, 1), dilation=(2, 1, 1)),
        [(2, 3, 6, 5, 4), (4, 3, 3, 2, 3), (4,)],
    ),
    "3 axes, groups": (
        lambda x, W: op.convolution(x, W, strides=2, groups=2),
        lambda x, W: F.conv3d(x, W, stride=2, groups=2),
        [(1, 4, 5, 5, 5), (6, 2, 2, 3, 2)],
    ),
    "transposed, 1 axis": (
        lambda x, W, b: op.transposed_convolution(x, W, b, strides=3, pads=[(1, 1)], output_padding=2),
        lambda x, W, b: F.conv_transpose1d(x, W, b, stride=3, padding=1, output_padding=2),
        [(2, 3, 5), (3, 4, 4), (4,)],
    ),
    "transposed, 2 axes, groups": (
        lambda x, W: op.transposed_convolution(x, W, strides=2, pads=[(1, 1), (0, 0)], dilations=(1, 2), groups=2),
        lambda x, W: F.conv_transpose2d(x, W, stride=2, padding=(1, 0), dilation=(1, 2), groups=2),
        [(2, 4, 4, 3), (4, 3, 3, 2)],
    ),
    "transposed, 3 axes": (
        lambda x, W, b: op.transposed_convolution(
            x, W, b, strides=(2, 1, 2), pads=[(1, 1), (0, 0), (1, 1)], output_padding=(1, 0, 0)
        ),
        lambda x, W, b: F.conv_transpose3d(x, W, b, stride=(2, 1, 2), padding=(1, 0, 1), output_padding=(1, 0, 0)),
        [(2, 3, 3, 4, 3), (3, 2, 3, 2, 3), (2,)],
    ),
    "transposed, 3 axes, groups": (
        lambda x, W: op.transposed_convolution(x, W, strides=2, groups=2),
        lambda x, W: F.conv_transpose3d(x, W, stride=2, groups=2),
        [(1, 4, 2, 3, 2), (4, 3, 3, 2, 2)],
    ),
}

POOLS: dict[str, Case] = {
    "max, 1 axis": (
        lambda x: op.max_pool(x, 3, 2, [(1, 1)]),
        lambda x: F.max_pool1d(x, 3, 2, 1),
        [(2, 3, 9)],
    ),
    "max, ceil": (
        lambda x: op.max_pool(x, 3, 2, [(1, 1)] * 2, ceil=True),
        lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True),
        [(2, 3, 8, 7)],
    ),
    "max, dilated": (
        lambda x: op.max_pool(x, (2, 3), 1, dilations=2),
        lambda x: F.max_pool2d(x, (2, 3), 1, dilation=2),
        [(2, 2, 7, 8)],
    ),
    "max, 3 axes": (
        lambda x: op.max_pool(x, 2, (1, 2, 2), [(1, 1), (0, 0), (1, 1)]),
        lambda x: F.max_pool3d(x, 2, (1, 2, 2), (1, 0, 1)),
        [(2, 2, 4, 5, 6)],
    ),
    "max, with positions": (
        lambda x: op.max_pool_with_positions(x, 3, 2, [(1, 1)] * 2)[0],
        lambda x: F.max_pool2d(x, 3, 2, 1),
        [(2, 3, 8, 7)],
    ),
    "mean": (lambda x: op.mean_pool(x, 3, 2), lambda x: F.avg_pool2d(x, 3, 2), [(2, 3, 8, 7)]),
    "mean, pads count": (
        lambda x: op.mean_pool(x, 3, 2, [(1, 1)] * 2, ceil=True),
        lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True),
        [(2, 3, 8, 8)],
    ),
    "mean, pads do not count": (
        lambda x: op.mean_pool(x, 3, 2, [(1, 1)] * 3, ceil=True, count_pads=False),
        lambda x: F.avg_pool3d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False),
        [(2, 3, 5, 4, 6)],
    ),
    "mean, divisor": (
        lambda x: op.mean_pool(x, 2, 2, divisor=3),
        lambda x: F.avg_pool2d(x, 2, 2, divisor_override=3),
        [(2, 3, 4, 6)],
    ),
    "norm": (lambda x: op.power_pool(x, 3.0, 2, 2), lambda x: F.lp_pool2d(x.abs(), 3.0, 2, 2), [(2, 3, 4, 6)]),
    "adaptive mean": (
        lambda x: op.adaptive_pool(x, (3, 4)),
        lambda x: F.adaptive_avg_pool2d(x, (3, 4)),
        [(2, 3, 7, 10)],
    ),
    "adaptive mean that divides": (
        lambda x: op.adaptive_pool(x, (3, 2)),
        lambda x: F.adaptive_avg_pool2d(x, (3, 2)),
        [(2, 3, 6, 8)],
    ),
    "adaptive max": (
        lambda x: op.adaptive_pool(x, 4, largest=True),
        lambda x: F.adaptive_max_pool1d(x, 4),
        [(2, 3, 10)],
    ),
}

OTHERS: dict[str, Case] = {
    "batch norm": (
        lambda x, g, b, m, v: op.batch_norm(x, g, b, m, np.exp(v)),
        lambda x, g, b, m, v: ((x - m[:, None]) / torch.sqrt(torch.exp(v) + 1e-5)[:, None]) * g[:, None] + b[:, None],
        [(4, 3, 5), (3,), (3,), (3,), (3,)],
    ),
    "batch norm of the batch": (
        lambda x, g, b: op.batch_norm_of_batch(x, g, b),
        lambda x, g, b: F.batch_norm(x, None, None, g, b, training=True),
        [(4, 3, 5), (3,), (3,)],
    ),
    "layer norm, 2 axes": (
        lambda x, g, b: op.layer_norm(x, 2, g, b),
        lambda x, g, b: F.layer_norm(x, (3, 4), g, b),
        [(5, 3, 4), (3, 4), (3, 4)],
    ),
    "group norm": (
        lambda x, g, b: op.group_norm(x, 2, g, b),
        lambda x, g, b: F.group_norm(x, 2, g, b),
        [(3, 4, 5, 2), (4,), (4,)],
    ),
    "rms norm": (
        lambda x, g: op.rms_norm(x, 1, g),
        lambda x, g: F.rms_norm(x, (6,), g, 1e-5),
        [(3, 6), (6,)],
    ),
    "local response norm": (
        lambda x: op.local_response_norm(x, 3, 0.5, 0.75, 2.0),
        lambda x: F.local_response_norm(x, 3, 0.5, 0.75, 2.0),
        [(2, 5, 3, 3)],
    ),
    "resize, linear": (
        lambda x: op.resize(x, (2, 3), (7, 9), op.Resizing("linear")),
        lambda x: F.interpolate(x, (7, 9), mode="bilinear"),
        [(2, 3, 4, 5)],
    ),
    "resize, linear, corners": (
        lambda x: op.resize(x, (2,), (9,), op.Resizing("linear", "align_corners")),
        lambda x: F.interpolate(x, 9, mode="linear", align_corners=True),
        [(2, 3, 5)],
    ),
    "resize, cubic": (
        lambda x: op.resize(x, (2, 3), (7, 4), op.Resizing("cubic")),
        lambda x: F.interpolate(x, (7, 4), mode="bicubic"),
        [(2, 3, 5, 6)],
    ),
    "resize, antialias": (
        lambda x: op.resize(x, (2, 3), (3, 4), op.Resizing("linear", antialias=True)),
        lambda x: F.interpolate(x, (3, 4), mode="bilinear", antialias=True),
        [(2, 3, 7, 11)],
    ),
    "resize, nearest": (
        lambda x: op.resize(x, (2, 3), (7, 9), op.Resizing("nearest", "asymmetric", "floor")),
        lambda x: F.interpolate(x, (7, 9), mode="nearest"),
        [(2, 3, 4, 5)],
    ),
    "attention": (
        lambda q, k, v: op.attention(q, k, v, causal=True),
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        [(2, 3, 5, 4), (2, 3, 5, 4), (2, 3, 5, 6)],
    ),
    "attention of groups": (
        lambda q, k, v: op.attention(q, k, v, np.arange(5) < 4),
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, (torch.arange(5) < 4).expand(3, 5), enable_gqa=True),
        [(2, 4, 3, 4), (2, 2, 5, 4), (2, 2, 5, 6)],
    ),
    "pixel shuffle": (
        lambda x: op.depth_to_space(x, 2, channels_slowest=True),
        lambda x: F.pixel_shuffle(x, 2),
        [(2, 8, 3, 2)],
    ),
    "pixel unshuffle": (
        lambda x: op.space_to_depth(x, 2, channels_slowest=True),
        lambda x: F.pixel_unshuffle(x, 2),
        [(2, 2, 4, 6)],
    ),
    "fold": (
        lambda x: op.columns_to_image(x, (5, 6), (2, 3), pads=[(1, 1), (0, 0)]),
        lambda x: F.fold(x, (5, 6), (2, 3), padding=(1, 0)),
        [(2, 12, 24)],
    ),
    "grid sample": (
        lambda x, g: op.sampled(x, g * 0.7),
        lambda x, g: F.grid_sample(x, g * 0.7, align_corners=False),
        [(2, 3, 5, 4), (2, 3, 6, 2)],
    ),
    "grid sample, border": (
        lambda x, g: op.sampled(x, g, padding="border", align_corners=True),
        lambda x, g: F.grid_sample(x, g, padding_mode="border", align_corners=True),
        [(2, 3, 5, 4), (2, 3, 6, 2)],
    ),
    "pad, reflect": (
        lambda x: op.pad(x, [(0, 0), (2, 1), (1, 2)], "reflect"),
        lambda x: F.pad(x, (1, 2, 2, 1), mode="reflect"),
        [(3, 4, 5)],
    ),
    "pad, cut": (lambda x: op.pad(x, [(-1, 2)]), lambda x: F.pad(x, (-1, 2)), [(6,)]),
    "gelu, tanh": (op.tanh_gelu, lambda x: F.gelu(x, approximate="tanh"), [(9,)]),
    "celu": (lambda x: op.celu(x, 0.5), lambda x: F.celu(x, 0.5), [(9,)]),
    "hard swish": (op.hard_swish, F.hardswish, [(9,)]),
    "soft shrink": (op.soft_shrink, F.softshrink, [(9,)]),
    "log sigmoid": (op.log_sigmoid, F.logsigmoid, [(9,)]),
    "gated": (op.gated, F.glu, [(3, 8)]),
    "softplus": (lambda x: op.softplus(x, 2.0), lambda x: F.softplus(x, 2.0), [(9,)]),
    "gather": (
        lambda x: op.gather_along(x, np.array([[0, 2], [1, 1]]), 1),
        lambda x: torch.gather(x, 1, torch.tensor([[0, 2], [1, 1]])),
        [(3, 4)],
    ),
    "scatter": (
        lambda x, v: op.scatter_along(x, np.array([[0, 2], [1, 3]]), v, 1),
        lambda x, v: torch.scatter(x, 1, torch.tensor([[0, 2], [1, 3]]), v),
        [(3, 4), (2, 2)],
    ),
    "scatter, add": (
        lambda x, v: op.scatter_along(x, np.array([[0, 0], [1, 3]]), v, 1, "add"),
        lambda x, v: torch.scatter_add(x, 1, torch.tensor([[0, 0], [1, 3]]), v),
        [(3, 4), (2, 2)],
    ),
    "scatter, products": (
        lambda x, v: op.scatter_along(x, np.array([[0, 0], [1, 3]]), v, 1, "mul"),
        lambda x, v: torch.stack(
            [torch.stack([x[0, 0] * v[0, 0] * v[0, 1], *x[0, 1:]]),
             torch.stack([x[1, 0], x[1, 1] * v[1, 0], x[1, 2], x[1, 3] * v[1, 1]]), x[2]]
        ),
        [(3, 4), (2, 2)],
    ),
    "sums along an axis": (
        lambda x: op.cumulated(x, 1, exclusive=True, reverse=True),
        lambda x: torch.flip(torch.cumsum(torch.flip(x, [1]), 1), [1]) - x,
        [(3, 4)],
    ),
    "largest": (lambda x: op.top(x, 2, 0)[0], lambda x: torch.topk(x, 2, 0)[0], [(5, 3)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions(name: str) -> None:
    both(*CONVOLUTIONS[name])


@pytest.mark.parametrize("name", POOLS)
def test_pools(name: str) -> None:
    both(*POOLS[name])


@pytest.mark.parametrize("name", OTHERS)
def test_others(name: str) -> None:
    both(*OTHERS[name])


def lstm(x: Any, W: Any, R: Any, b: Any) -> Any:
    """PyTorch's order of gates is i, f, g, o; ONNX's i, o, f, c."""
    order = np.r_[0:4, 12:16, 4:8, 8:12]
    step = op.memory_step(R[order], None, (bp.sigmoid, np.tanh, np.tanh))
    zero = np.zeros((2, 4))
    return op.recurrent(x @ W[order].T + b[order], step, (zero, zero))[0]


def test_a_memory_cell() -> None:
    shapes = [(5, 2, 3), (16, 3), (16, 4), (16,)]

    def theirs(x: Any, W: Any, R: Any, b: Any) -> Any:
        weights, zero = (W, R, b, torch.zeros_like(b)), torch.zeros(1, 2, 4, dtype=x.dtype)
        return torch.lstm(x, (zero, zero), weights, True, 1, 0.0, False, False, False)[0]

    both(lstm, theirs, shapes)


def test_a_gated_unit() -> None:
    shapes = [(5, 2, 3), (12, 3), (12, 4), (12,), (12,)]
    # PyTorch's order of gates is r, z, n; ONNX's z, r, h.
    order = np.r_[4:8, 0:4, 8:12]

    def ours(x: Any, W: Any, R: Any, b: Any, c: Any) -> Any:
        step = op.gated_step(R[order], c[order], bp.sigmoid, np.tanh, reset_after=True)
        return op.recurrent(x @ W[order].T + b[order], step, (np.zeros((2, 4)),))[0]

    def theirs(x: Any, W: Any, R: Any, b: Any, c: Any) -> Any:
        zero = torch.zeros(1, 2, 4, dtype=x.dtype)
        return torch.gru(x, zero, (W, R, b, c), True, 1, 0.0, False, False, False)[0]

    both(ours, theirs, shapes)
