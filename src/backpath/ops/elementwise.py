"""Elementwise primitives of one and two operands: each with its value and its local derivative, in one table.

A rule ``z`` gives dy/dx entry by entry, from the operands and the value y; it is written with traceable
operations, so that it can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from backpath.ops.dispatch import FUNCTIONS, UFUNCS
from backpath.ops.local import IDENTITY, Broadcast, Cast, Composition, LocalDerivative, Mask, Scale
from backpath.ops.primitive import Primitive, Spec, define, mismatch, spec_of
from backpath.ops.tracing.recording import apply

FactorRule = Callable[..., Any]

ELEMENTWISE: set[str] = set()
"""The names of the primitives that are defined so."""


def one(*_: Any) -> None:
    """The rule of an operand that is passed on as it is: z = 1."""


def elementwise_spec(name: str, dtype: Callable[..., np.dtype]) -> Callable[..., Spec]:
    """The shape rule of an elementwise operation: operands broadcast."""

    # Graphs of scalars ask the same of every node.
    @lru_cache
    def spec(*specs: Spec, **_: Any) -> Spec:
        first = specs[0].shape
        if any(s.shape != first for s in specs):
            try:
                first = np.broadcast_shapes(*[s.shape for s in specs])
            except ValueError:
                needs = "trailing sizes must be equal or 1 to broadcast"
                raise mismatch(name, *specs, needs=needs) from None
        return Spec(first, dtype(*[s.dtype for s in specs]))

    return spec


def floating(*dtypes: np.dtype) -> np.dtype:
    """The result type of a function of real numbers: integers become float64."""
    dtype = dtypes[0] if len(dtypes) == 1 else np.result_type(*dtypes)
    return dtype if dtype.kind in "fc" else np.dtype(float)


def common(*dtypes: np.dtype) -> np.dtype:
    """The operands' common type."""
    return dtypes[0] if all(d is dtypes[0] for d in dtypes) else np.result_type(*dtypes)


def boolean(*_: np.dtype) -> np.dtype:
    """The type of a comparison."""
    return np.dtype(bool)


def scaled(slot: int, z: FactorRule, cuts: bool) -> Callable[..., LocalDerivative]:
    """The local derivative of operand ``slot``: broadcast it to y's shape, then scale by ``z(*operands, y)``.

    Where the primitive cuts, zeros of z are no edges.
    """

    def rule(y: Any, *operands: Any, **params: Any) -> LocalDerivative:
        x, target = spec_of(operands[slot]), spec_of(y)
        factor = z(*operands, y, **params)
        maps: list[LocalDerivative] = []
        if x.dtype != target.dtype and x.dtype.kind == "f":
            maps.append(Cast(x.dtype, target.dtype))
        if x.shape != target.shape:
            maps.append(Broadcast(x.shape, target.shape))
        if factor is not None:
            maps.append(Mask(factor) if cuts else Scale(factor))
        return maps[0] if len(maps) == 1 else Composition(tuple(maps)) if maps else IDENTITY

    return rule


def elementwise(
    name: str,
    value: Callable[..., Any],
    *z: FactorRule | None,
    dtype: Callable[..., np.dtype] = floating,
    cuts: bool = False,
    **facts: Any,
) -> Primitive:
    """Define an elementwise primitive with one factor rule per operand; None where y is locally constant."""
    ELEMENTWISE.add(name)
    local = tuple(None if rule is None else scaled(slot, rule, cuts) for slot, rule in enumerate(z))
    return define(name, value, elementwise_spec(name, dtype), local, cuts=cuts, **facts)


def of_numpy(name: str, *z: FactorRule | None, **facts: Any) -> None:
    """Define the primitive of one of NumPy's ufuncs, which from then on answers traced values."""
    ufunc = getattr(np, name)
    primitive = elementwise(name, ufunc, *z, **facts)
    UFUNCS[ufunc.__name__] = lambda *operands: apply(primitive, *operands)


# Arithmetic.
of_numpy("add", one, one, dtype=common)
of_numpy("subtract", one, lambda a, b, y: -1.0, dtype=common)
of_numpy("multiply", lambda a, b, y: b, lambda a, b, y: a, dtype=common)
of_numpy("divide", lambda a, b, y: 1.0 / b, lambda a, b, y: -y / b, steep=True)
of_numpy("negative", lambda x, y: -1.0, dtype=common)
of_numpy("square", lambda x, y: 2.0 * x, dtype=common)
of_numpy("reciprocal", lambda x, y: -y * y, steep=True)
of_numpy("sqrt", lambda x, y: 0.5 / y, steep=True)
of_numpy("cbrt", lambda x, y: (1.0 / 3.0) / y / y, analytic=False, steep=True)


def _first_wins(a: Any, b: Any, y: Any) -> Any:
    dtype = spec_of(y).dtype
    return 0.5 * ((a > b).astype(dtype) + (a >= b).astype(dtype))


# Kinks. Comparing complex numbers goes by the real part first, so a complex step passes through max and min.
TIE = "at a tie each operand gets half"
ABS = elementwise(
    "abs",
    lambda x: np.where(x.real < 0, -x, x) if np.iscomplexobj(x) else np.abs(x),
    lambda x, y: np.sign(x),
    dtype=common,
    kink="0 at 0",
)
UFUNCS["absolute"] = UFUNCS["fabs"] = lambda x: apply(ABS, x)
of_numpy("maximum", _first_wins, lambda a, b, y: _first_wins(b, a, y), dtype=common, kink=TIE, cuts=True)
of_numpy("minimum", lambda a, b, y: _first_wins(b, a, y), _first_wins, dtype=common, kink=TIE, cuts=True)

# Locally constant: no edge carries a derivative.
for _name in ("sign", "floor", "ceil", "rint", "trunc"):
    of_numpy(_name, None, dtype=common, analytic=False, kink="0 everywhere, also at the steps")
for _name in ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "logical_and", "logical_or"):
    of_numpy(_name, None, None, dtype=boolean)
for _name in ("logical_not", "isnan", "isinf", "isfinite"):
    of_numpy(_name, None, dtype=boolean)
UFUNCS["bitwise_and"] = UFUNCS["logical_and"]
UFUNCS["bitwise_or"] = UFUNCS["logical_or"]
UFUNCS["invert"] = UFUNCS["logical_not"]
UFUNCS["positive"] = lambda x: x


# Powers.
def _no_zero(x: Any) -> Any:
    return np.where(x == 0, 1.0, x)


def _one_less(exponent: Any, y: Any) -> Any:
    """The exponent less 1 in the power's type, and 1 where it is 0."""
    if spec_of(exponent).dtype.kind in "iub":
        exponent = exponent.astype(spec_of(y).dtype)
    return np.where(exponent == 0, 1.0, exponent - 1.0)


POWER = elementwise(
    "power",
    np.power,
    lambda a, b, y: b * a ** _one_less(b, y),
    lambda a, b, y: y * np.log(_no_zero(a)),
    kink="the derivative by the exponent is 0 where the base is 0",
    steep=True,
)
INTEGER_POWER = elementwise(
    "integer_power",
    lambda x, n: x**n,
    lambda x, y, n: n * x ** (n - 1) if n else 0.0,
    dtype=common,
)


def power(base: Any, exponent: Any) -> Any:
    """``base ** exponent``; a known integer exponent has a rule of its own, which holds at base 0 too."""
    if isinstance(exponent, (int, np.integer)) and not isinstance(exponent, bool):
        return apply(INTEGER_POWER, base, n=int(exponent))
    return apply(POWER, base, exponent)


UFUNCS["power"] = power

# Choices.
WHERE = elementwise(
    "where",
    np.where,
    None,
    lambda c, a, b, y: c.astype(spec_of(y).dtype),
    lambda c, a, b, y: np.logical_not(c).astype(spec_of(y).dtype),
    dtype=lambda c, a, b: common(a, b),
    cuts=True,
)


def where(condition: Any, a: Any, b: Any) -> Any:
    """``np.where`` of three operands; the one that is not chosen has no derivative, whatever its slope."""
    return apply(WHERE, condition, a, b)


def clip(x: Any, min: Any = None, max: Any = None) -> Any:
    """``np.clip`` as minimum(maximum(x, min), max), whose kinks it has."""
    x = x if min is None else np.maximum(x, min)
    return x if max is None else np.minimum(x, max)


FUNCTIONS[np.where] = where
FUNCTIONS[np.clip] = lambda a, a_min=None, a_max=None, *, min=None, max=None: clip(
    a, a_min if min is None else min, a_max if max is None else max
)
UFUNCS["clip"] = clip
