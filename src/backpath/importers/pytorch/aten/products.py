"""Operations of ATen that multiply matrices: linear layers, products of many, attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.importers import operations
from backpath.importers.pytorch.aten.table import aten


@aten("linear.default")
def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """``aten.linear.default``."""
    # One product of two matrices is faster than many with the same right side.
    rows = np.reshape(x, (-1, np.shape(x)[-1])) if np.ndim(x) > 2 else x
    y = rows @ (np.transpose(weight) if np.ndim(weight) == 2 else weight)
    y = y if bias is None else y + bias
    lead = np.shape(x)[:-1]
    return np.reshape(y, (*lead, *np.shape(weight)[:-1])) if np.ndim(x) > 2 else y


@aten("mm.default", "bmm.default", "matmul.default", "mv.default", "dot.default")
def matmul(x: Any, y: Any) -> Any:
    """``aten.mm.default`` and its kin."""
    return x @ y


def _scaled(product: Any, factor: float) -> Any:
    return product if factor == 1 else product * factor


@aten("addmm.default", "baddbmm.default", "addmv.default")
def addmm(bias: Any, x: Any, y: Any, beta: float = 1, alpha: float = 1) -> Any:
    """``aten.addmm.default``, ``aten.baddbmm.default``, ``aten.addmv.default``."""
    return _scaled(bias, beta) + _scaled(x @ y, alpha)


@aten("outer.default", "ger.default")
def outer(x: Any, y: Any) -> Any:
    """``aten.outer.default``, ``aten.ger.default``."""
    return np.expand_dims(x, 1) * np.expand_dims(y, 0)


@aten("einsum.default")
def einsum(equation: str, operands: Sequence[Any], path: Any = None) -> Any:
    """``aten.einsum.default``."""
    return np.einsum(equation.replace(" ", ""), *operands)


@aten("bilinear.default")
def bilinear(x: Any, y: Any, weight: Any, bias: Any = None) -> Any:
    """``aten.bilinear.default``."""
    found = np.sum(np.einsum("...i,kij->...kj", x, weight) * np.expand_dims(y, -2), axis=-1)
    return found if bias is None else found + bias


@aten("scaled_dot_product_attention.default")
def attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """``aten.scaled_dot_product_attention.default``."""
    return operations.attention(query, key, value, attn_mask, causal=is_causal, scale=scale)
