"""Operations of ONNX Runtime's optimizer beside PyTorch: values, and gradients by every input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper

import backpath as bp

F = torch.nn.functional

RNG = np.random.default_rng(8)
TOKENS, SEGMENTS = np.array([[1, 4, 2]], np.int32), np.array([[0, 1, 1]], np.int32)
MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], np.int32)


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape)


def heads(x: torch.Tensor, count: int) -> torch.Tensor:
    return x.reshape(*x.shape[:2], count, -1).transpose(1, 2)


def attended(q: Any, k: Any, v: Any, count: int, **how: Any) -> torch.Tensor:
    y = F.scaled_dot_product_attention(heads(q, count), heads(k, count), heads(v, count), **how)
    return y.transpose(1, 2).flatten(2)


def packed(x: Any, W: Any, b: Any, causal: bool = False, mask: Any = None) -> torch.Tensor:
    hidden = None if mask is None else (1 - torch.tensor(mask)[:, None, None, :]) * -10000.0
    return attended(*(x @ W + b).chunk(3, -1), 2, attn_mask=hidden, is_causal=causal)


def normalized(x: Any, gain: Any, shift: Any) -> torch.Tensor:
    return F.layer_norm(x, x.shape[-1:], gain, shift, 1e-12)


X, G, S = normal(2, 5, 8), normal(8), normal(8)
CASES: dict[str, tuple[str, list[Any], dict[str, Any], Callable[..., Any]]] = {
    "gelu": ("Gelu", [X], {}, F.gelu),
    "gelu with bias": ("BiasGelu", [X, S], {}, lambda x, b: F.gelu(x + b)),
    "fast gelu": ("FastGelu", [X, S], {}, lambda x, b: F.gelu(x + b, approximate="tanh")),
    "quick gelu": ("QuickGelu", [X], {"alpha": 1.5}, lambda x: x * torch.sigmoid(1.5 * x)),
    "matrix product": (
        "FusedMatMul", [X, normal(3, 8)], {"alpha": 0.5, "transB": 1}, lambda a, b: 0.5 * a @ b.T,
    ),
    "convolution": (
        "FusedConv", [normal(1, 2, 6, 6), normal(3, 2, 3, 3), normal(3), normal(1, 3, 4, 4)],
        {"activation": "LeakyRelu", "activation_params": [0.2]},
        lambda x, w, b, z: F.leaky_relu(F.conv2d(x, w, b) + z, 0.2),
    ),
    "skip": (
        "SkipLayerNormalization", [X, normal(2, 5, 8), G, S, normal(8)], {},
        lambda x, y, g, s, b: normalized(x + y + b, g, s),
    ),
    "skip, root mean square": (
        "SkipSimplifiedLayerNormalization", [X, normal(2, 5, 8), G], {"epsilon": 1e-6},
        lambda x, y, g: F.rms_norm(x + y, (8,), g, 1e-6),
    ),
    "attention": ("Attention", [X, normal(8, 24), normal(24)], {"num_heads": 2}, packed),
    "causal attention": (
        "Attention", [X, normal(8, 24), normal(24)], {"num_heads": 2, "unidirectional": 1},
        lambda x, w, b: packed(x, w, b, causal=True),
    ),
    "masked attention": (
        "Attention", [X, normal(8, 24), normal(24), MASK], {"num_heads": 2},
        lambda x, w, b: packed(x, w, b, mask=MASK),
    ),
    "attention of three": (
        "MultiHeadAttention", [X, normal(2, 3, 8), normal(2, 3, 8), normal(24)], {"num_heads": 2},
        lambda q, k, v, b: attended(q + b[:8], k + b[8:16], v + b[16:], 2),
    ),
    "tables": (
        "EmbedLayerNormalization",
        [TOKENS, SEGMENTS, normal(6, 8), normal(5, 8), normal(2, 8), G, S],
        {}, lambda w, p, s, g, b: normalized(w[[1, 4, 2]] + p[:3] + s[[0, 1, 1]], g, b)[None],
    ),
}  # fmt: skip


def model_of(name: str) -> tuple[bp.ImportedModel, dict[str, np.ndarray]]:
    kind, arrays, settings, _ = CASES[name]
    named = {f"x{k}": np.asarray(x) for k, x in enumerate(arrays)}
    types = {"f": TensorProto.FLOAT, "i": TensorProto.INT32}
    values = [helper.make_tensor_value_info(n, types[x.dtype.kind], x.shape) for n, x in named.items()]
    node = helper.make_node(kind, list(named), ["y"], domain="com.microsoft", **settings)
    graph = helper.make_graph([node], name, values, [helper.make_tensor_value_info("y", 1, None)])
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return bp.from_onnx(helper.make_model(graph, opset_imports=opsets), named, compare=False), named


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name: str) -> None:
    model, named = model_of(name)
    reals = {n: x for n, x in named.items() if x.dtype.kind == "f"}
    theirs = {n: torch.tensor(x, requires_grad=True) for n, x in reals.items()}
    expected = CASES[name][3](*theirs.values())
    (found,) = model.call({}, named)
    np.testing.assert_allclose(found, expected.detach(), rtol=1e-6, atol=1e-7)
    expected.sin().sum().backward()
    ours = bp.grad(lambda some: np.sum(np.sin(model.call({}, named | some)[0])))(reals)
    for n, x in theirs.items():
        np.testing.assert_allclose(ours[n], x.grad, rtol=1e-5, atol=1e-6, err_msg=n)


def test_the_sum_before_a_normalization_is_an_output_too() -> None:
    named = {"x": X.astype(np.float32), "y": X[::-1].astype(np.float32), "g": G.astype(np.float32)}
    node = helper.make_node(
        "SkipSimplifiedLayerNormalization", list(named), ["z", "", "", "sum"], domain="com.microsoft"
    )
    values = [helper.make_tensor_value_info(n, 1, x.shape) for n, x in named.items()]
    outputs = [helper.make_tensor_value_info(n, 1, X.shape) for n in ("z", "sum")]
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    proto = helper.make_model(helper.make_graph([node], "g", values, outputs), opset_imports=opsets)
    model = bp.from_onnx(proto, named, compare=False)
    np.testing.assert_allclose(model.call({}, named)[1], named["x"] + named["y"])


def test_what_is_not_read_of_them_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    past = normal(2, 2, 3, 4)
    arrays = [X, X, X, normal(24), MASK, normal(2, 2, 5, 5), past, past]
    monkeypatch.setitem(CASES, "past", ("MultiHeadAttention", arrays, {"num_heads": 2}, F.gelu))
    with pytest.raises(bp.UnsupportedError, match="keeps keys and values of earlier places"):
        model_of("past")
