"""Convolutions, pools, normalizations, resizing, attention and recurrent layers, by the shared operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backpath import ops
from backpath.importers import operations as op
from backpath.importers.onnx_reading.rules import Call, RefusedError, as_type, axis_in, dtype_of, rule


def _pairs(pads: Sequence[int]) -> list[tuple[int, int]]:
    half = len(pads) // 2
    return [(pads[k], pads[k + half]) for k in range(half)]


def _windows(c: Call, lengths: Sequence[int], sizes: Sequence[int]) -> dict[str, Any]:
    """Strides, dilations and pads as the shared operations take them."""
    axes = len(lengths)
    strides, dilations = c.get("strides") or [1] * axes, c.get("dilations") or [1] * axes
    auto = c.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        pads = op.same_pads(tuple(lengths), tuple(sizes), tuple(strides), tuple(dilations), auto == "SAME_UPPER")
    elif auto == "VALID" or not c.get("pads"):
        pads = [(0, 0)] * axes
    else:
        pads = _pairs(c.get("pads"))
    if len(pads) != axes or len(strides) != axes or len(dilations) != axes:
        raise RefusedError(f"its windows do not have the {axes} axes of the image")
    c.room(n + sum(ends) for n, ends in zip(lengths, pads, strict=True))
    return {"strides": strides, "pads": pads, "dilations": dilations}


@rule("Conv")
def convolution(c: Call) -> Any:
    """See ``operations.convolution``."""
    how = _windows(c, np.shape(c[0])[2:], np.shape(c[1])[2:])
    return op.convolution(c[0], c[1], c[2], groups=c.get("group", 1), **how)


@rule("ConvTranspose")
def transposed_convolution(c: Call) -> Any:
    """See ``operations.transposed_convolution``; an output shape decides pads."""
    lengths, sizes = np.shape(c[0])[2:], np.shape(c[1])[2:]
    axes = len(lengths)
    strides, dilations = c.get("strides") or [1] * axes, c.get("dilations") or [1] * axes
    more = list(c.get("output_padding") or [0] * axes)
    auto, wanted = c.get("auto_pad", "NOTSET"), c.get("output_shape")
    pads = _pairs(c.get("pads") or [0] * 2 * axes)
    if wanted or auto in ("SAME_UPPER", "SAME_LOWER"):
        wanted = list(wanted)[-axes:] if wanted else [n * s for n, s in zip(lengths, strides, strict=True)]
        pads = []
        for k in range(axes):
            reach = strides[k] * (lengths[k] - 1) + more[k] + dilations[k] * (sizes[k] - 1) + 1
            total = reach - wanted[k]
            if total < 0:
                # Entries that no window reaches stand behind.
                more[k], total = more[k] - total, 0
            less = total // 2
            pads.append((less, total - less) if auto == "SAME_UPPER" else (total - less, less))
    c.room(s * n + d * k for s, n, d, k in zip(strides, lengths, dilations, sizes, strict=True))
    how = {"strides": strides, "pads": pads, "dilations": dilations, "output_padding": more}
    return op.transposed_convolution(c[0], c[1], c[2], groups=c.get("group", 1), **how)


@rule("MaxPool")
def max_pool(c: Call) -> Any:
    """See ``operations.max_pool``; with positions among all entries where they are wanted."""
    sizes = c.get("kernel_shape")
    how: dict[str, Any] = {**_windows(c, np.shape(c[0])[2:], sizes), "ceil": bool(c.get("ceil_mode", 0))}
    if c.outputs < 2:
        return op.max_pool(c[0], sizes, **how)
    y, where = op.max_pool_with_positions(c[0], sizes, **how)
    lengths = np.shape(c[0])[2:]
    if c.get("storage_order", 0):
        where = _first_axis_fastest(where, lengths)
    images = int(np.prod(np.shape(c[0])[:2]))
    inside = int(np.prod(lengths))
    start = np.reshape(np.arange(images) * inside, (*np.shape(c[0])[:2], *(1,) * len(lengths)))
    return y, as_type(where + start, np.dtype(np.int64))


def _first_axis_fastest(where: Any, lengths: Sequence[int]) -> Any:
    """Places that count the last axis fastest as ones that count the first fastest."""
    total, step = 0, int(np.prod(lengths))
    for n in reversed(lengths):
        step //= n
        total, where = total + (where % n) * step, where // n
    return total


@rule("AveragePool", "LpPool")
def mean_pool(c: Call) -> Any:
    """See ``operations.mean_pool`` and ``power_pool``."""
    sizes = c.get("kernel_shape")
    how: dict[str, Any] = {**_windows(c, np.shape(c[0])[2:], sizes), "ceil": bool(c.get("ceil_mode", 0))}
    if c.op == "LpPool":
        return op.power_pool(c[0], float(c.get("p", 2)), sizes, **how)
    return op.mean_pool(c[0], sizes, count_pads=bool(c.get("count_include_pad", 0)), **how)


@rule("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def global_pool(c: Call) -> Any:
    """See ``operations.global_pool``."""
    if c.op == "GlobalLpPool":
        return op.power_norm(c[0], tuple(range(2, np.ndim(c[0]))), float(c.get("p", 2)))
    return op.global_pool(c[0], np.mean if c.op == "GlobalAveragePool" else np.max)


@rule("MaxUnpool")
def max_unpool(c: Call) -> Any:
    """Zeros, but for entries at the places that a pool found them at."""
    shape = c.whole(2, "output_shape")
    sizes, lengths = c.get("kernel_shape"), np.shape(c[0])[2:]
    axes = len(lengths)
    strides, pads = c.get("strides") or [1] * axes, _pairs(c.get("pads") or [0] * 2 * axes)
    least = [(n - 1) * s + k - sum(p) for n, s, k, p in zip(lengths, strides, sizes, pads, strict=True)]
    small = (*np.shape(c[0])[:2], *least)
    flat = op.placed(np.ravel(c[0]), (np.ravel(c[1]),), (int(np.prod(small)),))
    y = np.reshape(flat, small)
    if shape is None:
        return y
    return op.pad(y, [(0, n - m) for n, m in zip(c.room(shape), small, strict=True)])


@rule("BatchNormalization")
def batch_normalization(c: Call) -> Any:
    """With statistics that are given, whatever the node says; in a model that is read for training with the batch's.

    Running statistics are further outputs.
    """
    x, gain, shift, mean, variance = c.inputs[:5]
    epsilon = c.get("epsilon", 1e-5)
    if c.training is None:
        return as_type(op.batch_norm(x, gain, shift, mean, variance, epsilon), dtype_of(x)), *(mean, variance) * 2
    momentum = c.get("momentum", 0.9)
    own = c.training.statistics[c.name] = op.batch_statistics(x)
    running = [momentum * old + (1 - momentum) * new for old, new in zip((mean, variance), own, strict=True)]
    return op.batch_norm_of_batch(x, gain, shift, epsilon), *running


@rule("InstanceNormalization")
def instance_normalization(c: Call) -> Any:
    """Each channel of each example by itself."""
    return op.group_norm(c[0], np.shape(c[0])[1], c[1], c[2], c.get("epsilon", 1e-5))


@rule("GroupNormalization")
def group_normalization(c: Call) -> Any:
    """See ``operations.group_norm``; before version 21 gain and shift are those of groups."""
    gain, shift, groups = c[1], c[2], c.get("num_groups")
    if np.shape(gain)[0] != np.shape(c[0])[1]:
        times = np.shape(c[0])[1] // groups
        gain, shift = np.repeat(gain, times), np.repeat(shift, times)
    return op.group_norm(c[0], groups, gain, shift, c.get("epsilon", 1e-5))


@rule("LayerNormalization", "RMSNormalization")
def layer_normalization(c: Call) -> Any:
    """All axes from one on; the statistics too where they are wanted."""
    x, epsilon = c[0], c.get("epsilon", 1e-5)
    axes = np.ndim(x) - axis_in(c.get("axis", -1), np.ndim(x))
    if c.op == "RMSNormalization":
        return op.rms_norm(x, axes, c[1], epsilon)
    y = op.layer_norm(x, axes, c[1], c[2], epsilon)
    if c.outputs == 1:
        return y
    last = tuple(range(np.ndim(x) - axes, np.ndim(x)))
    variance = np.var(x, axis=last, keepdims=True)
    return y, np.mean(x, axis=last, keepdims=True), 1.0 / np.sqrt(variance + epsilon)


@rule("LRN")
def local_response_normalization(c: Call) -> Any:
    """See ``operations.local_response_norm``."""
    how = c.get("alpha", 1e-4), c.get("beta", 0.75), c.get("bias", 1.0)
    return op.local_response_norm(c[0], c.get("size"), *how)


@rule("Resize", "Upsample")
def resize(c: Call) -> Any:
    """See ``operations.resize``."""
    x, ndim = c[0], np.ndim(c[0])
    if c.op == "Upsample":
        roi, scales = None, c.known(1, "scales")
        how = op.Resizing(c.get("mode", "nearest"), "asymmetric", "floor")
    else:
        old = c.version < 11
        roi, scales = (None, c.known(1, "scales")) if old else (c.known(k, "sizes") for k in (1, 2))
        how = op.Resizing(
            c.get("mode", "nearest"),
            c.get("coordinate_transformation_mode", "asymmetric" if old else "half_pixel"),
            c.get("nearest_mode", "floor" if old else "round_prefer_floor"),
            c.get("cubic_coeff_a", -0.75),
            bool(c.get("exclude_outside", 0)),
            bool(c.get("antialias", 0)),
            c.get("extrapolation_value", 0.0),
        )
    axes = [axis_in(k, ndim) for k in c.get("axes") or range(ndim)]
    lengths = [np.shape(x)[k] for k in axes]
    spans = _spans(roi, axes, how)
    if scales is not None and np.size(scales):
        factors = [float(s) for s in np.ravel(scales)]
        parts = [1.0 if spans is None else b - a for a, b in spans or [(0.0, 1.0)] * len(axes)]
        wanted = [int(n * part * s) for n, s, part in zip(lengths, factors, parts, strict=True)]
    else:
        wanted, factors = _wanted(c, lengths, c.whole(3, "sizes") or [])
    c.room(wanted)
    return op.resize(x, axes, wanted, how, factors, spans)


def _spans(roi: Any, axes: Sequence[int], how: op.Resizing) -> list[tuple[float, float]] | None:
    if how.coordinates != "tf_crop_and_resize":
        return None
    numbers = [float(v) for v in np.ravel(roi)]
    return [(numbers[k], numbers[k + len(axes)]) for k in range(len(axes))]


def _wanted(c: Call, lengths: Sequence[int], sizes: list[int]) -> tuple[list[int], list[float]]:
    """Lengths and scales where lengths were given, and may have to keep proportions."""
    policy = c.get("keep_aspect_ratio_policy", "stretch")
    scales = [m / n for n, m in zip(lengths, sizes, strict=True)]
    if policy == "stretch":
        return sizes, scales
    scale = min(scales) if policy == "not_larger" else max(scales)
    return [int(np.floor(scale * n + 0.5)) for n in lengths], [scale] * len(lengths)


@rule("GridSample")
def grid_sample(c: Call) -> Any:
    """See ``operations.sampled``."""
    mode = {"bilinear": "linear"}.get(c.get("mode", "linear"), c.get("mode", "linear"))
    if mode not in ("linear", "nearest") or c.get("padding_mode", "zeros") == "reflection" or np.ndim(c[0]) != 4:
        raise RefusedError("it samples by cubics, beyond mirrored edges, or volumes")
    return op.sampled(c[0], c[1], mode, c.get("padding_mode", "zeros"), bool(c.get("align_corners", 0)))


FUNCTIONS: dict[str, Callable[[Any, float, float], Any]] = {
    "Relu": lambda x, a, b: ops.relu(x),
    "Tanh": lambda x, a, b: np.tanh(x),
    "Sigmoid": lambda x, a, b: ops.sigmoid(x),
    "Affine": lambda x, a, b: a * x + b,
    "LeakyRelu": lambda x, a, b: ops.leaky_relu(x, a),
    "ThresholdedRelu": lambda x, a, b: op.above(x, a),
    "ScaledTanh": lambda x, a, b: a * np.tanh(b * x),
    "HardSigmoid": lambda x, a, b: op.hard_sigmoid(x, a, b),
    "Elu": lambda x, a, b: op.elu(x, a),
    "Softsign": lambda x, a, b: op.softsign(x),
    "Softplus": lambda x, a, b: ops.softplus(x),
}
"""Activations of recurrent layers, with two numbers."""

PARTS = {"RNN": 1, "GRU": 3, "LSTM": 4}


def _functions(c: Call, direction: int, each: int, default: list[str]) -> list[Callable[[Any], Any]]:
    names = (c.get("activations") or default * 2)[direction * each : (direction + 1) * each]
    alphas, betas = c.get("activation_alpha") or [], c.get("activation_beta") or []
    clip = c.get("clip")
    found = []
    for k, name in enumerate(names, direction * each):
        if name not in FUNCTIONS:
            raise RefusedError(f"its activation {name}")
        a = alphas[k] if k < len(alphas) else {"LeakyRelu": 0.01, "HardSigmoid": 0.2}.get(name, 1.0)
        b = betas[k] if k < len(betas) else {"HardSigmoid": 0.5}.get(name, 0.0)
        found.append(_activation(FUNCTIONS[name], a, b, clip))
    return found


def _activation(f: Callable[[Any, float, float], Any], a: float, b: float, clip: float | None) -> Callable[[Any], Any]:
    if clip is None:
        return lambda x: f(x, a, b)
    return lambda x: f(np.clip(x, op.typed(-clip, x), op.typed(clip, x)), a, b)


@rule("RNN", "GRU", "LSTM")
def recurrent(c: Call) -> Any:
    """Step by step, in one direction or both."""
    x, W, R, b = c[0], c[1], c[2], c[3]
    batch_first = bool(c.get("layout", 0))
    x = np.swapaxes(x, 0, 1) if batch_first else x
    lengths = c.known(4, "sequence_lens")
    direction = c.get("direction", "forward")
    outputs, states = [], []
    for k in range(np.shape(W)[0]):
        first = [None if c[i] is None else (c[i][:, k] if batch_first else c[i][k]) for i in (5, 6)]
        step, bias, state = _cell(c, k, R[k], None if b is None else b[k], first, np.shape(x)[1], dtype_of(x))
        inside = x @ W[k].T
        backward = direction == "reverse" or k == 1
        y, last = op.recurrent(inside if bias is None else inside + bias, step, state, backward, lengths)
        outputs.append(y)
        states.append(last)
    axis = 2 if batch_first else 1
    Y = np.stack([np.swapaxes(y, 0, 1) for y in outputs], 2) if batch_first else np.stack(outputs, axis)
    ends = [np.stack(part, 1 if batch_first else 0) for part in zip(*states, strict=True)]
    return Y, *ends


def _cell(
    c: Call, k: int, R: Any, b: Any, first: list[Any], batch: int, dtype: np.dtype
) -> tuple[Any, Any, tuple[Any, ...]]:
    """The step of a layer in its k-th direction, the bias beside its inputs, and the state to begin with."""
    hidden = np.shape(R)[1]
    half = PARTS[c.op] * hidden
    bx, bh = (None, None) if b is None else (b[:half], b[half:])
    zero = np.zeros((batch, hidden), dtype)
    h = zero if first[0] is None else first[0]
    if c.op == "RNN":
        (f,) = _functions(c, k, 1, ["Tanh"])
        return op.plain_step(R, bh, f), bx, (h,)
    if c.op == "GRU":
        after = bool(c.get("linear_before_reset", 0))
        f, g = _functions(c, k, 2, ["Sigmoid", "Tanh"])
        return op.gated_step(R, bh, f, g, after), bx, (h,)
    cell = zero if first[1] is None else first[1]
    peepholes = None if c[7] is None else c[7][k]
    coupled = bool(c.get("input_forget", 0))
    functions = _functions(c, k, 3, ["Sigmoid", "Tanh", "Tanh"])
    return op.memory_step(R, bh, functions, peepholes, coupled), bx, (h, cell)
