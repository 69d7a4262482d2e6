"""Reductions: sums, maxima, and the softmax family along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from backpath.graph import ShapeError
from backpath.ops.dispatch import REDUCTIONS, implements
from backpath.ops.elementwise import common, elementwise_spec, floating
from backpath.ops.local import Composition, DiagonalLessOuter, LocalDerivative, Scale, Sum
from backpath.ops.primitive import Spec, define, mismatch, spec_of
from backpath.ops.tracing import apply

Axes = tuple[int, ...]


def _axes(x: Any, axis: Any) -> Axes:
    ndim = np.ndim(x)
    try:
        return tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim)
    except ValueError:
        raise ShapeError(f"axis {axis} does not exist in an array of shape {list(np.shape(x))}") from None


def _axis(x: Any, axis: int) -> int:
    try:
        return normalize_axis_index(axis, np.ndim(x))
    except ValueError:
        raise ShapeError(f"axis {axis} does not exist in an array of shape {list(np.shape(x))}") from None


def _reduced(shape: tuple[int, ...], axes: Axes, keepdims: bool) -> tuple[int, ...]:
    if keepdims:
        return tuple(1 if k in axes else n for k, n in enumerate(shape))
    return tuple(n for k, n in enumerate(shape) if k not in axes)


def _kept(y: Any, x: Any, axes: Axes) -> Any:
    """A reduction's value with the reduced axes as 1, to stand beside its operand."""
    return np.reshape(y, _reduced(np.shape(x), axes, True))


def _sum_spec(x: Spec, axes: Axes, keepdims: bool) -> Spec:
    dtype = np.dtype(int) if x.dtype.kind == "b" else x.dtype
    return Spec(_reduced(x.shape, axes, keepdims), dtype)


def _nonempty_spec(x: Spec, axes: Axes, keepdims: bool) -> Spec:
    if any(x.shape[k] == 0 for k in axes):
        raise mismatch("max", x, needs="a maximum needs at least one entry along each axis")
    return Spec(_reduced(x.shape, axes, keepdims), x.dtype)


def _sum_local(y: Any, x: Any, axes: Axes, keepdims: bool) -> LocalDerivative:
    return Sum(np.shape(x), axes, np.shape(y))


def _max_local(y: Any, x: Any, axes: Axes, keepdims: bool) -> LocalDerivative:
    winners = (x == _kept(y, x, axes)).astype(x.dtype)
    z = winners / np.sum(winners, axis=axes, keepdims=True)
    return Composition((Scale(z), Sum(np.shape(x), axes, np.shape(y))))


def _logsumexp_value(x: Any, axes: Axes, keepdims: bool) -> Any:
    top = np.max(x, axis=axes, keepdims=True)
    y = np.log(np.sum(np.exp(x - top), axis=axes, keepdims=True)) + top
    return y if keepdims else np.reshape(y, _reduced(np.shape(x), axes, False))


def _logsumexp_local(y: Any, x: Any, axes: Axes, keepdims: bool) -> LocalDerivative:
    return Composition((Scale(np.exp(x - _kept(y, x, axes))), Sum(np.shape(x), axes, np.shape(y))))


SUM = define("sum", lambda x, axes, keepdims: np.sum(x, axis=axes, keepdims=keepdims), _sum_spec, (_sum_local,))
MAX = define(
    "max",
    lambda x, axes, keepdims: np.max(x, axis=axes, keepdims=keepdims),
    _nonempty_spec,
    (_max_local,),
    kink="entries that tie for the maximum share the derivative equally",
)
LOGSUMEXP = define(
    "logsumexp",
    _logsumexp_value,
    lambda x, axes, keepdims: Spec(_nonempty_spec(x, axes, keepdims).shape, floating(x.dtype)),
    (_logsumexp_local,),
    composite=True,
)


@implements(np.sum)
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """``np.sum``."""
    return apply(SUM, x, axes=_axes(x, axis), keepdims=keepdims)


@implements(np.max, np.amax)
def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """``np.max``; entries that tie share the derivative equally."""
    return apply(MAX, x, axes=_axes(x, axis), keepdims=keepdims)


@implements(np.min, np.amin)
def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """``np.min``; entries that tie share the derivative equally."""
    return -max(-x, axis, keepdims)


@implements(np.mean)
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """``np.mean``: the sum times one over the count."""
    count = np.prod([np.shape(x)[k] for k in _axes(x, axis)], dtype=int)
    if count == 0:
        raise ShapeError(f"the mean over axis {axis} of an array of shape {list(np.shape(x))} has no entries")
    return np.sum(x, axis=axis, keepdims=keepdims) * (1.0 / int(count))


@implements(np.var)
def var(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """``np.var``."""
    count = int(np.prod([np.shape(x)[k] for k in _axes(x, axis)], dtype=int))
    if count <= ddof:
        raise ShapeError(f"the variance of {count} entries with ddof={ddof} does not exist")
    deviation = x - np.mean(x, axis=axis, keepdims=True)
    return np.sum(deviation * deviation, axis=axis, keepdims=keepdims) * (1.0 / (count - ddof))


@implements(np.std)
def std(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """``np.std``."""
    return np.sqrt(var(x, axis, ddof, keepdims))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) along ``axis``, without overflow."""
    return apply(LOGSUMEXP, x, axes=_axes(x, axis), keepdims=keepdims)


REDUCTIONS["add"] = lambda x, axis=0, keepdims=False: sum(x, axis, keepdims)
REDUCTIONS["maximum"] = lambda x, axis=0, keepdims=False: max(x, axis, keepdims)
REDUCTIONS["minimum"] = lambda x, axis=0, keepdims=False: min(x, axis, keepdims)


# The softmax family.
def _softmax_value(x: Any, axis: int) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def _log_softmax_value(x: Any, axis: int) -> Any:
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


SOFTMAX = define(
    "softmax",
    _softmax_value,
    elementwise_spec("softmax", floating),
    (lambda y, x, axis: DiagonalLessOuter(y, ((y, y),), axis),),
    composite=True,
)
LOG_SOFTMAX = define(
    "log_softmax",
    _log_softmax_value,
    elementwise_spec("log_softmax", floating),
    (lambda y, x, axis: DiagonalLessOuter(np.ones((), x.dtype), ((np.ones((), x.dtype), np.exp(y)),), axis),),
    composite=True,
)


def _standardize_value(x: Any, axis: int, epsilon: float) -> Any:
    centred = x - np.mean(x, axis=axis, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=axis, keepdims=True) + epsilon)


def _standardize_local(y: Any, x: Any, axis: int, epsilon: float) -> LocalDerivative:
    """dy_i/dx_j = ([i = j] - 1/n - y_i y_j / n) / scale."""
    centred = x - np.mean(x, axis=axis, keepdims=True)
    d = 1.0 / np.sqrt(np.mean(centred * centred, axis=axis, keepdims=True) + epsilon)
    share = d / x.shape[axis]
    return DiagonalLessOuter(d, ((share * y, y), (share, np.ones((), x.dtype))), axis)


STANDARDIZE = define(
    "standardize",
    _standardize_value,
    elementwise_spec("standardize", floating),
    (_standardize_local,),
    composite=True,
)


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along ``axis``."""
    return apply(SOFTMAX, x, axis=_axis(x, axis))


def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x)) along ``axis``, without overflow."""
    return apply(LOG_SOFTMAX, x, axis=_axis(x, axis))


def standardize(x: Any, axis: int = -1, epsilon: float = 1e-5) -> Any:
    """(x - mean) / sqrt(variance + epsilon) along ``axis``: layer normalization without gain and bias.

    Along the first axis of a batch it is batch normalization as in training, which makes each example's result depend
    on all of them.
    """
    return apply(STANDARDIZE, x, axis=_axis(x, axis), epsilon=float(epsilon))


def _cross_entropy_value(logits: Any, targets: Any) -> Any:
    mass = np.sum(targets, axis=-1)
    return mass * logsumexp(logits, axis=-1) - np.sum(targets * logits, axis=-1)


def _cross_entropy_spec(logits: Spec, targets: Spec) -> Spec:
    if logits.shape != targets.shape or not logits.shape:
        raise mismatch("softmax_cross_entropy", logits, targets, needs="one target probability for each logit")
    return Spec(logits.shape[:-1], floating(common(logits.dtype, targets.dtype)))


def _cross_entropy_by_logits(y: Any, logits: Any, targets: Any) -> LocalDerivative:
    z = softmax(logits) * np.sum(targets, axis=-1, keepdims=True) - targets
    return Composition((Scale(z), Sum(np.shape(logits), (np.ndim(logits) - 1,), np.shape(y))))


def _cross_entropy_by_targets(y: Any, logits: Any, targets: Any) -> LocalDerivative:
    return Composition((Scale(-log_softmax(logits)), Sum(np.shape(logits), (np.ndim(logits) - 1,), np.shape(y))))


CROSS_ENTROPY = define(
    "softmax_cross_entropy",
    _cross_entropy_value,
    _cross_entropy_spec,
    (_cross_entropy_by_logits, _cross_entropy_by_targets),
    composite=True,
)


def softmax_cross_entropy(logits: Any, targets: Any) -> Any:
    """-sum(targets * log_softmax(logits)) along the last axis, fused: by the logits it is softmax - targets.

    Args:
        logits: shape (..., classes).
        targets: class indices of shape (...), integers; or probabilities of shape (..., classes).

    Returns:
        The loss of each example, shape (...).
    """
    kind = spec_of(targets).dtype.kind
    if kind in "iu" and np.ndim(targets) == np.ndim(logits) - 1:
        classes = np.shape(logits)[-1]
        targets = (np.reshape(targets, (*np.shape(targets), 1)) == np.arange(classes)).astype(logits.dtype)
    return apply(CROSS_ENTROPY, logits, targets)


ARGMAX = define(
    "argmax",
    lambda x, axis: np.argmax(x, axis=axis),
    lambda x, axis: Spec(() if axis is None else _reduced(x.shape, (axis,), False), np.dtype(np.intp)),
    (None,),
)


@implements(np.argmax)
def argmax(x: Any, axis: int | None = None) -> Any:
    """``np.argmax``: locally constant."""
    return apply(ARGMAX, x, axis=None if axis is None else _axis(x, axis))
