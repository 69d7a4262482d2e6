"""Operations of ATen that bring values to mean 0 and variance 1, or to length 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backpath.importers import operations
from backpath.importers.pytorch.aten.table import aten
from backpath.ops import spec_of


def _alone(y: Any, count: int = 2) -> tuple[Any, ...]:
    """Beside the result what only PyTorch's own backward pass reads."""
    return (y, *[np.zeros((0,), spec_of(y).dtype)] * count)


@aten("batch_norm.default")
def batch_norm(
    x: Any, gain: Any, shift: Any, mean: Any, variance: Any, training: bool, momentum: float, eps: float, *rest: Any
) -> Any:
    """``aten.batch_norm.default``."""
    if training or mean is None:
        return operations.batch_norm_of_batch(x, gain, shift, eps)
    return operations.batch_norm(x, gain, shift, mean, variance, eps)


@aten("native_batch_norm.default")
def native_batch_norm(x: Any, *settings: Any) -> Any:
    """``aten.native_batch_norm.default``."""
    return _alone(batch_norm(x, *settings))


@aten("_native_batch_norm_legit_no_training.default")
def batch_norm_known(x: Any, gain: Any, shift: Any, mean: Any, variance: Any, momentum: float, eps: float) -> Any:
    """``aten._native_batch_norm_legit_no_training.default``."""
    return _alone(operations.batch_norm(x, gain, shift, mean, variance, eps))


@aten("_native_batch_norm_legit_functional.default")
def batch_norm_updating(
    x: Any, gain: Any, shift: Any, mean: Any, variance: Any, training: bool, momentum: float, eps: float
) -> Any:
    """``aten._native_batch_norm_legit_functional.default``."""
    # Running statistics are not kept: a model is folded with those of its examples.
    return (*_alone(batch_norm(x, gain, shift, mean, variance, training, momentum, eps)), mean, variance)


@aten("_native_batch_norm_legit.no_stats")
def batch_norm_here(x: Any, gain: Any, shift: Any, training: bool, momentum: float, eps: float) -> Any:
    """``aten._native_batch_norm_legit.no_stats``."""
    return _alone(operations.batch_norm_of_batch(x, gain, shift, eps))


@aten("instance_norm.default")
def instance_norm(
    x: Any, gain: Any, shift: Any, mean: Any, variance: Any, here: bool, momentum: float, eps: float, *rest: Any
) -> Any:
    """``aten.instance_norm.default``."""
    if not here:
        return operations.batch_norm(x, gain, shift, mean, variance, eps)
    return operations.group_norm(x, np.shape(x)[1], gain, shift, eps)


@aten("layer_norm.default")
def layer_norm(
    x: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5, *rest: Any
) -> Any:
    """``aten.layer_norm.default``."""
    return operations.layer_norm(x, len(normalized_shape), weight, bias, eps)


@aten("native_layer_norm.default")
def native_layer_norm(x: Any, shape: Sequence[int], weight: Any, bias: Any, eps: float) -> Any:
    """``aten.native_layer_norm.default``."""
    return _alone(layer_norm(x, shape, weight, bias, eps))


@aten("group_norm.default")
def group_norm(x: Any, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, *rest: Any) -> Any:
    """``aten.group_norm.default``."""
    return operations.group_norm(x, groups, weight, bias, eps)


@aten("native_group_norm.default")
def native_group_norm(x: Any, weight: Any, bias: Any, n: int, c: int, places: int, groups: int, eps: float) -> Any:
    """``aten.native_group_norm.default``."""
    return _alone(operations.group_norm(x, groups, weight, bias, eps))


@aten("rms_norm.default")
def rms_norm(x: Any, normalized_shape: Sequence[int], weight: Any = None, eps: float | None = None) -> Any:
    """``aten.rms_norm.default``."""
    least = float(np.finfo(spec_of(x).dtype).eps) if eps is None else eps
    return operations.rms_norm(x, len(normalized_shape), weight, least)
