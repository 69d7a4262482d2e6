"""Operations that ONNX Runtime's optimizer puts in the place of several, of the domain com.microsoft."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from backpath import ops
from backpath.importers import operations as op
from backpath.importers.onnx_reading.rules import RULES, Call, RefusedError, axis_in, dtype_of, rule

DOMAIN = "com.microsoft."


def _plus(x: Any, y: Any) -> Any:
    return x if y is None else x + y


@rule(f"{DOMAIN}Gelu", f"{DOMAIN}BiasGelu")
def gelu(c: Call) -> Any:
    """x times the normal distribution function of x, after a bias."""
    return op.gelu(_plus(c[0], c[1]))


@rule(f"{DOMAIN}FastGelu")
def fast_gelu(c: Call) -> Any:
    """Its approximation by tanh, after a bias."""
    return op.tanh_gelu(_plus(c[0], c[1]))


@rule(f"{DOMAIN}QuickGelu")
def quick_gelu(c: Call) -> Any:
    """x sigmoid(alpha x)."""
    return c[0] * ops.sigmoid(c[0] * c.get("alpha", 1.702))


@rule(f"{DOMAIN}FusedMatMul")
def matrix_product(c: Call) -> Any:
    """alpha times a product of operands, of which each may be transposed."""
    if c.get("transBatchA", 0) or c.get("transBatchB", 0):
        raise RefusedError("it transposes batches")
    A, B = (np.swapaxes(x, -1, -2) if c.get(name, 0) else x for x, name in ((c[0], "transA"), (c[1], "transB")))
    return A @ B * c.get("alpha", 1.0)


@rule(f"{DOMAIN}FusedConv")
def convolution(c: Call) -> Any:
    """A convolution, another image added, and an activation."""
    y = _plus(RULES["Conv"](c), c[3])
    name, numbers = c.get("activation", ""), c.get("activation_params") or []
    if name == "Clip" and len(numbers) == 2:
        return np.clip(y, *(op.typed(bound, y) for bound in numbers))
    found = {
        "": lambda y: y,
        "Relu": ops.relu,
        "Tanh": np.tanh,
        "Sigmoid": ops.sigmoid,
        "LeakyRelu": lambda y: ops.leaky_relu(y, *numbers),
        "HardSigmoid": lambda y: op.hard_sigmoid(y, *numbers),
    }
    if name not in found:
        raise RefusedError(f"its activation {name}")
    return found[name](y)


@rule("SimplifiedLayerNormalization")
def root_mean_square(c: Call) -> Any:
    """See ``operations.rms_norm``."""
    axes = np.ndim(c[0]) - axis_in(c.get("axis", -1), np.ndim(c[0]))
    return op.rms_norm(c[0], axes, c[1], c.get("epsilon", 1e-5))


@rule(f"{DOMAIN}SkipLayerNormalization", f"{DOMAIN}SkipSimplifiedLayerNormalization")
def skip_normalization(c: Call) -> Any:
    """A sum normalized along its last axis; the sum itself is the fourth output."""
    simple, epsilon = "Simplified" in c.op, c.get("epsilon", 1e-12)
    total = _plus(c[0] + c[1], c[3 if simple else 4])
    y = op.rms_norm(total, 1, c[2], epsilon) if simple else op.layer_norm(total, 1, c[2], c[3], epsilon)
    return y if c.outputs == 1 else (y, None, None, total)


@rule(f"{DOMAIN}EmbedLayerNormalization")
def embeddings(c: Call) -> Any:
    """Rows of tables for tokens, their places and segments, added and normalized; the sum is the third output."""
    tokens, segments, words, places, parts, gain, shift, mask, positions = (c[k] for k in range(9))
    if mask is not None and c.outputs > 1:
        raise RefusedError("it counts the entries of a mask")
    at = np.arange(np.shape(tokens)[1]) if positions is None else positions
    total = op.gather(words, tokens) + op.gather(places, at)
    total = total if parts is None or segments is None else total + op.gather(parts, segments)
    y = op.layer_norm(total, 1, gain, shift, c.get("epsilon", 1e-12))
    counted = np.zeros(np.shape(tokens)[:1], np.int32)
    return y if c.outputs == 1 else (y, counted, total)


@rule(f"{DOMAIN}Attention", f"{DOMAIN}MultiHeadAttention")
def attention(c: Call) -> Any:
    """Attention of several heads; of one input, queries, keys and values are products of it with parts of a matrix."""
    if c.op.endswith("MultiHeadAttention"):
        bias, mask, more, past = c[3], c[4], c[5], c.inputs[6:]
        if c[1] is None or c[2] is None or np.ndim(c[0]) != 3 or np.ndim(c[1]) != 3:
            raise RefusedError("its queries, keys and values stand in one array")
        queries, keys, values = c.inputs[:3]
        cuts = np.cumsum([0, *(np.shape(x)[-1] for x in (queries, keys, values))])
        if bias is not None:
            parts = (bias[a:b] for a, b in pairwise(cuts))
            queries, keys, values = (x + part for x, part in zip((queries, keys, values), parts, strict=True))
    else:
        mask, more, past = c[3], c[5], (c[4], *c.inputs[6:])
        sizes = c.get("qkv_hidden_sizes") or [np.shape(c[1])[1] // 3] * 3
        cuts = np.cumsum([0, *sizes])
        made = _plus(c[0] @ c[1], c[2])
        queries, keys, values = (made[..., a:b] for a, b in pairwise(cuts))
    if any(x is not None for x in past) or c.outputs > 1 or c.get("do_rotary", 0):
        raise RefusedError("it keeps keys and values of earlier places, or turns them")
    heads = c.get("num_heads")
    y = op.attention(
        _by_heads(queries, heads),
        _by_heads(keys, heads),
        _by_heads(values, heads),
        _added(c, mask, more),
        causal=bool(c.get("unidirectional", 0)),
        scale=c.get("scale") or None,
    )
    y = np.swapaxes(y, 1, 2)
    return np.reshape(y, (*np.shape(y)[:2], -1))


def _by_heads(x: Any, heads: int) -> Any:
    batch, places, features = np.shape(x)
    return np.swapaxes(np.reshape(x, (batch, places, heads, features // heads)), 1, 2)


def _added(c: Call, mask: Any, more: Any) -> Any:
    """What is added to scores: a bias, and a large negative number where a mask has 0."""
    if mask is None:
        return more
    if dtype_of(mask).kind not in "iu" or np.ndim(mask) not in (2, 3):
        raise RefusedError("its mask tells lengths, or is of another kind")
    shown = np.expand_dims(mask, (1, 2) if np.ndim(mask) == 2 else 1) != 0
    least = op.typed(c.get("mask_filter_value", -10000.0), c[0])
    hidden = np.where(shown, np.zeros((), dtype_of(c[0])), least)
    return _plus(hidden, more)
