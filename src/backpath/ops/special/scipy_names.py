"""``scipy.special`` for traced values: the functions that read their arguments as arrays have stand-ins here.

All other names are SciPy's own; those that are functions of entries work on traced values as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import TraceError
from backpath.ops.softmax import log_softmax as log_softmax_along
from backpath.ops.softmax import logsumexp as logsumexp_along
from backpath.ops.softmax import softmax as softmax_along
from backpath.ops.special.gamma import factorial, multigammaln, polygamma
from backpath.ops.tracing.foreign import stand_in

__all__ = ["factorial", "log_softmax", "logsumexp", "multigammaln", "polygamma", "softmax"]

stand_in("special", __all__)


def __getattr__(name: str) -> Any:
    import scipy.special

    return getattr(scipy.special, name)


def _flat(x: Any, axis: Any) -> tuple[Any, int]:
    """An operand and the one axis; all of its axes are one, where none is named."""
    return (np.reshape(x, (-1,)), 0) if axis is None else (x, axis)


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """``scipy.special.logsumexp``; ``b`` must not be negative."""
    if return_sign:
        raise TraceError("logsumexp(return_sign=True) cannot be traced; without signs, of b that is not negative, can")
    return logsumexp_along(a if b is None else a + np.log(b), axis, keepdims)


def softmax(x: Any, axis: int | None = None) -> Any:
    """``scipy.special.softmax``: over all entries by default."""
    y, k = _flat(x, axis)
    return np.reshape(softmax_along(y, k), np.shape(x))


def log_softmax(x: Any, axis: int | None = None) -> Any:
    """``scipy.special.log_softmax``: over all entries by default."""
    y, k = _flat(x, axis)
    return np.reshape(log_softmax_along(y, k), np.shape(x))
