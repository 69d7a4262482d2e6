"""Matrix products and convolutions: the one place where the precision of factors is decided."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from backpath.engines.xla.lowering.table import How, lowers
from backpath.ops.windows import Windows


def _factors(how: How, *xs: Any) -> tuple[list[Any], dict[str, Any]]:
    """The factors as they are multiplied, and what a product is told of them."""
    dtype = jnp.result_type(*xs)
    xs = tuple(x.astype(dtype) for x in xs)
    if dtype != jnp.float32 or how.precision == "full":
        return list(xs), {"precision": lax.Precision.HIGHEST}
    if how.precision == "bfloat16":
        return [x.astype(jnp.bfloat16) for x in xs], {"preferred_element_type": dtype}
    return list(xs), {"precision": lax.DotAlgorithmPreset.TF32_TF32_F32}


@lowers("matmul", told=True)
def _matmul(a: Any, b: Any, how: How) -> Any:
    (a, b), settings = _factors(how, a, b)
    return jnp.matmul(a, b, **settings)


@lowers("convolve", told=True)
def _convolve(x: Any, kernels: Any, rows: Windows, columns: Windows, how: How) -> Any:
    """Images (batch, height, width, channels) and kernels (rows * columns * channels, outputs)."""
    kernels = kernels.reshape(rows.size, columns.size, x.shape[-1], -1)
    (x, kernels), settings = _factors(how, x, kernels)
    return lax.conv_general_dilated(
        x,
        kernels,
        (rows.stride, columns.stride),
        [_padding(rows, x.shape[1]), _padding(columns, x.shape[2])],
        rhs_dilation=(rows.dilation, columns.dilation),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        **_of_convolutions(settings),
    )


@lowers("convolve_by_kernel", told=True)
def _convolve_by_kernel(x: Any, adjoint: Any, rows: Windows, columns: Windows, how: How) -> Any:
    """The derivative by the kernels: images are correlated with the adjoint, whose steps are those of the windows."""
    adjoint = adjoint.reshape(x.shape[0], rows.count, columns.count, -1)
    (x, adjoint), settings = _factors(how, x, adjoint)
    by_kernel = lax.conv_general_dilated(
        x,
        adjoint,
        (rows.dilation, columns.dilation),
        [_turned_padding(rows, x.shape[1]), _turned_padding(columns, x.shape[2])],
        rhs_dilation=(rows.stride, columns.stride),
        dimension_numbers=("CHWN", "IHWO", "HWNC"),
        **_of_convolutions(settings),
    )
    return by_kernel.reshape(-1, adjoint.shape[-1])


def _of_convolutions(settings: dict[str, Any]) -> dict[str, Any]:
    """A convolution is told of TF32 as a precision alone."""
    if isinstance(settings.get("precision"), lax.DotAlgorithmPreset):
        return {"precision": lax.Precision.DEFAULT}
    return settings


def _padding(windows: Windows, length: int) -> tuple[int, int]:
    """So much before and after an axis that there are just so many windows."""
    span = windows.dilation * (windows.size - 1) + 1
    return windows.before, (windows.count - 1) * windows.stride + span - length - windows.before


def _turned_padding(windows: Windows, length: int) -> tuple[int, int]:
    """So much that there is a result for just each entry of a window."""
    span = windows.stride * (windows.count - 1) + 1
    return windows.before, (windows.size - 1) * windows.dilation + span - length - windows.before
