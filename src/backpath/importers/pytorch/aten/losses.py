"""Losses of ATen whose decomposition in PyTorch is not what its own kernels compute."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.importers.pytorch.aten.table import aten
from backpath.ops import spec_of

REDUCTIONS = (lambda x: x, np.mean, np.sum)


@aten("multilabel_margin_loss.default")
def multilabel_margin(x: Any, target: Any, reduction: int = 1) -> Any:
    """max(0, 1 - x[y] + x[j]) over labels y, up to the first -1, and all j that are no label, over the classes."""
    if np.ndim(x) == 1:
        return multilabel_margin(np.expand_dims(x, 0), np.expand_dims(target, 0), reduction)
    count = np.shape(x)[1]
    places = np.arange(count)
    first = np.min(np.where(target == -1, places, count), axis=1, keepdims=True)
    valid = places < first
    labels = np.where(valid, target, -1)
    is_label = np.max(np.expand_dims(labels, 2) == places, axis=1)
    of_label = x[np.arange(np.shape(x)[0])[:, None], np.where(valid, target, 0)]
    margins = 1.0 - np.expand_dims(of_label, 2) + np.expand_dims(x, 1)
    counted = np.logical_and(np.expand_dims(valid, 2), np.expand_dims(np.logical_not(is_label), 1))
    zero = np.zeros((), spec_of(x).dtype)
    kept = np.where(np.logical_and(counted, margins > 0), margins, zero)
    return REDUCTIONS[reduction](np.sum(kept, axis=(1, 2)) * (1.0 / count))
