"""The softmax family and the cross-entropies with it: fused, and exact where a probability is near 0 or near 1.

What a probability lacks to 1 is the sum of the others, and is computed so. A row's largest entry stands for 0 by being
found, not by being subtracted from itself, so that infinite entries have the limit's values; where several are
infinite, or all are -inf, they count as equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import DataError, ShapeError
from backpath.ops.elementwise import common, elementwise, elementwise_spec, floating
from backpath.ops.local import Composition, DiagonalLessOuter, LocalDerivative, Scale, Sum
from backpath.ops.primitive import Spec, define, mismatch, spec_of
from backpath.ops.reduction import Axes, axes_of, axis_of, nonempty_spec, reduced
from backpath.ops.slopes import gap, sigmoid, sigmoid_slope
from backpath.ops.tracing.recording import apply
from backpath.ops.tracing.variable import Variable


def _below_top(x: Any, axes: Any) -> tuple[Any, Any, Any, Any]:
    """``x`` less its largest entry, the exponentials, their sum less 1, and whether an entry is the largest."""
    top = np.max(x, axis=axes, keepdims=True)
    shifted, is_top = gap(x, top), x == top
    e = np.exp(shifted)
    ties = np.sum(is_top.astype(e.dtype), axis=axes, keepdims=True)
    rest = np.sum(np.where(is_top, 0.0, e), axis=axes, keepdims=True) + (ties - 1.0)
    return shifted, e, rest, is_top


def _logsumexp_value(x: Any, axes: Axes, keepdims: bool) -> Any:
    y = np.log1p(_below_top(x, axes)[2]) + np.max(x, axis=axes, keepdims=True)
    return y if keepdims else np.reshape(y, reduced(np.shape(x), axes, False))


def _logsumexp_local(y: Any, x: Any, axes: Axes, keepdims: bool) -> LocalDerivative:
    return Composition((Scale(_softmax_over(x, axes)), Sum(np.shape(x), axes, np.shape(y))))


def _softmax_over(x: Any, axes: Axes) -> Any:
    """The softmax along several axes together."""
    if len(axes) == 1:
        return softmax(x, axes[0])
    kept = tuple(k for k in range(np.ndim(x)) if k not in axes)
    last = np.transpose(x, (*kept, *axes))
    p = np.reshape(softmax(np.reshape(last, (*last.shape[: len(kept)], -1))), last.shape)
    return np.transpose(p, np.argsort((*kept, *axes)).tolist())


LOGSUMEXP = define(
    "logsumexp",
    _logsumexp_value,
    lambda x, axes, keepdims: Spec(nonempty_spec(x, axes, keepdims).shape, floating(x.dtype)),
    (_logsumexp_local,),
    composite=True,
)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) along ``axis``, without overflow; of nothing but -inf it is -inf."""
    return apply(LOGSUMEXP, x, axes=axes_of(x, axis), keepdims=keepdims)


def _softmax_value(x: Any, axis: int) -> Any:
    e = np.exp(gap(x, np.max(x, axis=axis, keepdims=True)))
    return e / np.sum(e, axis=axis, keepdims=True)


def _log_softmax_value(x: Any, axis: int) -> Any:
    shifted, _, rest, _ = _below_top(x, axis)
    return shifted - np.log1p(rest)


def _log_softmax_local(y: Any, x: Any, axis: int) -> LocalDerivative:
    one = np.ones((), x.dtype)
    return DiagonalLessOuter(one, ((one, softmax(x, axis)),), axis)


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
    (_log_softmax_local,),
    composite=True,
)


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along ``axis``."""
    return apply(SOFTMAX, x, axis=axis_of(x, axis))


def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x)) along ``axis``, without overflow."""
    return apply(LOG_SOFTMAX, x, axis=axis_of(x, axis))


# Cross-entropy with the softmax of logits.
def _powers(logits: Any) -> tuple[Any, Any, Any]:
    """Finite logits less their row's largest, their exponentials, and the sum of these less 1.

    Each operation counts in a training step. Infinite logits become half the largest number of their type, which acts
    as they do. The exponential is 1 for the largest alone, and for what is as good as it.
    """
    dtype = spec_of(logits).dtype
    if dtype.kind == "f":
        most = float(np.finfo(dtype).max) / 2
        logits = np.clip(logits, -most, most)
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    e = np.exp(shifted)
    ones = (e == 1).astype(e.dtype) if dtype.kind == "c" else np.floor(e)
    rest = np.sum(e - ones, axis=-1, keepdims=True) + (np.sum(ones, axis=-1, keepdims=True) - 1.0)
    return shifted, e, rest


def _cross_entropy_value(logits: Any, targets: Any) -> Any:
    shifted, _, rest = _powers(logits)
    chosen = np.sum(targets * shifted, axis=-1)
    dtype = spec_of(chosen).dtype
    if dtype.kind == "f":
        chosen = np.where(chosen < -float(np.finfo(dtype).max) * 2.0**-20, -np.inf, chosen)
    return np.sum(targets, axis=-1) * np.log1p(np.reshape(rest, np.shape(chosen))) - chosen


def _cross_entropy_spec(logits: Spec, targets: Spec) -> Spec:
    _same_shape("softmax_cross_entropy", logits, targets)
    return Spec(logits.shape[:-1], floating(common(logits.dtype, targets.dtype)))


def _same_shape(name: str, logits: Spec, targets: Spec) -> None:
    if logits.shape != targets.shape or not logits.shape:
        raise mismatch(name, logits, targets, needs="one target probability for each logit")


def _cross_entropy_by_logits(y: Any, logits: Any, targets: Any) -> LocalDerivative:
    z = apply(RESIDUAL, logits, targets)
    return Composition((Scale(z), Sum(np.shape(logits), (np.ndim(logits) - 1,), np.shape(y))))


def _cross_entropy_by_targets(y: Any, logits: Any, targets: Any) -> LocalDerivative:
    return Composition((Scale(-log_softmax(logits)), Sum(np.shape(logits), (np.ndim(logits) - 1,), np.shape(y))))


def _residual_value(logits: Any, targets: Any) -> Any:
    """softmax * sum(targets) - targets, without their difference: p (sum of targets - t) - t (1 - p)."""
    _, e, rest = _powers(logits)
    lacking = rest + (1.0 - e)
    return (e * (np.sum(targets, axis=-1, keepdims=True) - targets) - targets * lacking) / (1.0 + rest)


def _residual_spec(logits: Spec, targets: Spec) -> Spec:
    _same_shape("softmax_residual", logits, targets)
    return Spec(logits.shape, floating(common(logits.dtype, targets.dtype)))


def _residual_by_logits(y: Any, logits: Any, targets: Any) -> LocalDerivative:
    p = softmax(logits)
    share = np.sum(targets, axis=-1, keepdims=True) * p
    return DiagonalLessOuter(share, ((share, p),), np.ndim(logits) - 1)


def _residual_by_targets(y: Any, logits: Any, targets: Any) -> LocalDerivative:
    one = np.ones((), y.dtype)
    return DiagonalLessOuter(-one, ((-softmax(logits), one),), np.ndim(logits) - 1)


CROSS_ENTROPY = define(
    "softmax_cross_entropy",
    _cross_entropy_value,
    _cross_entropy_spec,
    (_cross_entropy_by_logits, _cross_entropy_by_targets),
    composite=True,
)
RESIDUAL = define(
    "softmax_residual", _residual_value, _residual_spec, (_residual_by_logits, _residual_by_targets), composite=True
)


def softmax_cross_entropy(logits: Any, targets: Any) -> Any:
    """-sum(targets * log_softmax(logits)) along the last axis, fused: by the logits it is softmax - targets.

    Args:
        logits: shape (..., classes); a class with the logit -inf is impossible.
        targets: class indices of shape (...), integers; or probabilities of shape (..., classes).

    Returns:
        The loss of each example, shape (...).

    Raises:
        ShapeError: if the targets have another shape.
        DataError: if an index that is known is none of a class.
    """
    kind = spec_of(targets).dtype.kind
    if kind in "iu" and np.shape(targets) == np.shape(logits)[:-1]:
        classes = np.shape(logits)[-1]
        if not isinstance(targets, Variable):
            _require_classes(np.asarray(targets), classes)
        targets = (np.reshape(targets, (*np.shape(targets), 1)) == np.arange(classes)).astype(logits.dtype)
    elif np.shape(targets) != np.shape(logits):
        shape = list(np.shape(logits))
        raise ShapeError(
            f"softmax_cross_entropy: logits of shape {shape} need targets {shape[:-1]} of whole numbers, or "
            f"probabilities {shape}; these have shape {list(np.shape(targets))} and hold {spec_of(targets).dtype}"
        )
    return apply(CROSS_ENTROPY, logits, targets)


def _require_classes(targets: np.ndarray, classes: int) -> None:
    wrong = targets[(targets < 0) | (targets >= classes)]
    if wrong.size:
        raise DataError(
            f"softmax_cross_entropy: the target {wrong.flat[0]} is no class; with {classes} logits they are 0 to "
            f"{classes - 1}"
        )


# Cross-entropy with the sigmoid of one logit.
@np.errstate(invalid="ignore")
def _sigmoid_cross_entropy_value(logits: Any, targets: Any) -> Any:
    side = (logits > 0).astype(logits.dtype)
    wrong = np.where(side == targets, 0.0, (side - targets) * logits)
    return wrong + np.log1p(np.exp(-np.abs(logits)))


def _sigmoid_residual_value(logits: Any, targets: Any) -> Any:
    lacking = sigmoid(-np.abs(logits))
    return ((logits > 0).astype(logits.dtype) - targets) + np.where(logits > 0, -lacking, lacking)


SIGMOID_RESIDUAL = elementwise(
    "sigmoid_residual",
    _sigmoid_residual_value,
    lambda logits, targets, y: sigmoid_slope(logits),
    lambda logits, targets, y: -1.0,
    composite=True,
    analytic=False,
)
SIGMOID_CROSS_ENTROPY = elementwise(
    "sigmoid_cross_entropy",
    _sigmoid_cross_entropy_value,
    lambda logits, targets, y: apply(SIGMOID_RESIDUAL, logits, targets),
    lambda logits, targets, y: -logits,
    composite=True,
    analytic=False,
)


def sigmoid_cross_entropy(logits: Any, targets: Any) -> Any:
    """softplus(logits) - targets * logits, entry by entry, fused: by the logits it is sigmoid - targets."""
    return apply(SIGMOID_CROSS_ENTROPY, logits, targets)
