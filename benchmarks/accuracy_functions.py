"""Every elementwise primitive beside what mpmath says of it: the table that accuracy.py measures.

A row holds a function, its first and second derivative by one operand in many digits, and where to look. Where a
derivative has a root, no formula in floating-point numbers is right to the last digits beside it; such a row gives the
size of the terms that cancel there, in whose last place its errors are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import mpmath
import numpy as np

import backpath as bp
from backpath.ops import PRIMITIVES, apply, sigmoid_cross_entropy

m = mpmath.MPContext()
m.prec = 320
INF = m.inf
INFINITE, ZERO = float("inf"), m.mpf(0)

Exact = Callable[..., Any]


@dataclass(frozen=True)
class Row:
    """A primitive by one of its operands.

    Attributes:
        ours: the traceable call.
        exact: the value, the first and the second derivative by operand ``slot``, in mpmath's numbers.
        domain: the name of the set of points, see ``accuracy.points``.
        limits: exact values where a limit is meant, by the operands: at infinities and at the ends of the domain.
        sizes: by order, the size of the terms that cancel.
        slot: the operand to differentiate by.
        damped: whether x multiplies what fades away, and has lost digits where it is below the normal range: there
            errors are counted in the smallest numbers, times x for each derivative.
        remark: where errors are not counted in the last place of the result, why.
    """

    ours: Callable[..., Any]
    exact: tuple[Exact, Exact, Exact]
    domain: str = "all"
    limits: Mapping[Any, tuple[Any, Any, Any]] = field(default_factory=dict)
    sizes: Mapping[int, Exact] = field(default_factory=dict)
    slot: int = 0
    damped: bool = False
    remark: str = ""


def primitive(name: str, **params: Any) -> Callable[..., Any]:
    return lambda *operands: apply(PRIMITIVES[name], *operands, **params)


def at_infinities(below: Any, above: Any) -> dict[float, tuple[Any, Any, Any]]:
    """Values and derivatives at -inf and at inf; None where there is no limit."""
    return {-INFINITE: below, INFINITE: above}


NOWHERE = at_infinities(None, None)
ONE, TWO, HALF = m.mpf(1), m.mpf(2), m.mpf(0.5)


def zero(*_: Any) -> Any:
    return ZERO


def one(*_: Any) -> Any:
    return ONE


def s(x: Any) -> Any:
    return 1 / (1 + m.exp(-x))


def slope(x: Any) -> Any:
    return s(x) * s(-x)


def slope1(x: Any) -> Any:
    return -slope(x) * m.tanh(x / 2)


def slope2(x: Any) -> Any:
    return slope(x) * (m.tanh(x / 2) ** 2 - 2 * slope(x))


def sech2(x: Any) -> Any:
    return m.sech(x) ** 2


def phi(x: Any) -> Any:
    return m.exp(-x * x / 2) / m.sqrt(2 * m.pi)


def cbrt(x: Any) -> Any:
    return m.cbrt(x) if x >= 0 else -m.cbrt(-x)


def softplus(x: Any) -> Any:
    return m.log1p(m.exp(x))


def ndtr(x: Any) -> Any:
    return m.erfc(-x / m.sqrt(2)) / 2 if abs(x) < 1e6 else ONE * (x > 0)


ALPHA, SCALE = m.mpf(1.6732632423543772), m.mpf(1.0507009873554805)


def mish1(x: Any) -> Any:
    p = softplus(x)
    return m.tanh(p) + x * s(x) * sech2(p)


def mish2(x: Any) -> Any:
    p = softplus(x)
    return sech2(p) * (2 * s(x) + x * slope(x) - 2 * x * s(x) ** 2 * m.tanh(p))


def mish2_size(x: Any, _: Any) -> Any:
    p = softplus(x)
    return sech2(p) * (2 * s(x) + abs(x) * slope(x) + 2 * abs(x) * s(x) ** 2 * m.tanh(p))


def norm(a: Any, b: Any) -> Any:
    return m.sqrt(a * a + b * b)


FLAT_BELOW = (ZERO, ZERO, ZERO)
IDENTITY_ABOVE = (INF, ONE, ZERO)
ROOT = "in the last place of the terms that cancel near its root"
DIFFERENCE = "the difference of its operands is rounded: in the last place of the larger one"

UNARY: dict[str, Row] = {
    "negative": Row(
        np.negative, (lambda x: -x, lambda x: -ONE, zero), limits=at_infinities((INF, -1, 0), (-INF, -1, 0))
    ),
    "square": Row(np.square, (lambda x: x * x, lambda x: 2 * x, lambda x: TWO)),
    "reciprocal": Row(
        np.reciprocal,
        (lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3),
        "nonzero",
        at_infinities((0, 0, 0), (0, 0, 0)),
    ),
    "sqrt": Row(
        np.sqrt,
        (m.sqrt, lambda x: 1 / (2 * m.sqrt(x)), lambda x: -1 / (4 * x * m.sqrt(x))),
        "positive",
        {INFINITE: (INF, 0, 0), 0.0: (0, INF, -INF)},
    ),
    "cbrt": Row(
        np.cbrt,
        (cbrt, lambda x: 1 / (3 * cbrt(x) ** 2), lambda x: -2 / (9 * x * cbrt(x) ** 2)),
        "nonzero",
        at_infinities((-INF, 0, 0), (INF, 0, 0)),
    ),
    "exp": Row(np.exp, (m.exp,) * 3, limits=at_infinities(FLAT_BELOW, (INF, INF, INF))),
    "exp2": Row(
        np.exp2,
        (lambda x: TWO**x, lambda x: m.ln2 * TWO**x, lambda x: m.ln2**2 * TWO**x),
        limits=at_infinities(FLAT_BELOW, (INF, INF, INF)),
    ),
    "expm1": Row(np.expm1, (m.expm1, m.exp, m.exp), limits=at_infinities((-1, 0, 0), (INF, INF, INF))),
    "log": Row(
        np.log,
        (m.log, lambda x: 1 / x, lambda x: -1 / x**2),
        "positive",
        {INFINITE: (INF, 0, 0), 0.0: (-INF, INF, -INF)},
    ),
    "log2": Row(
        np.log2,
        (lambda x: m.log(x) / m.ln2, lambda x: 1 / (m.ln2 * x), lambda x: -1 / (m.ln2 * x**2)),
        "positive",
        {INFINITE: (INF, 0, 0), 0.0: (-INF, INF, -INF)},
    ),
    "log10": Row(
        np.log10,
        (lambda x: m.log(x) / m.ln10, lambda x: 1 / (m.ln10 * x), lambda x: -1 / (m.ln10 * x**2)),
        "positive",
        {INFINITE: (INF, 0, 0), 0.0: (-INF, INF, -INF)},
    ),
    "log1p": Row(
        np.log1p,
        (m.log1p, lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2),
        "above -1",
        {INFINITE: (INF, 0, 0), -1.0: (-INF, INF, -INF)},
    ),
    "sin": Row(np.sin, (m.sin, m.cos, lambda x: -m.sin(x)), limits=NOWHERE),
    "cos": Row(np.cos, (m.cos, lambda x: -m.sin(x), lambda x: -m.cos(x)), limits=NOWHERE),
    "tan": Row(np.tan, (m.tan, lambda x: m.sec(x) ** 2, lambda x: 2 * m.tan(x) * m.sec(x) ** 2), limits=NOWHERE),
    "sinh": Row(np.sinh, (m.sinh, m.cosh, m.sinh), limits=at_infinities((-INF, INF, -INF), (INF, INF, INF))),
    "cosh": Row(np.cosh, (m.cosh, m.sinh, m.cosh), limits=at_infinities((INF, -INF, INF), (INF, INF, INF))),
    "tanh": Row(
        np.tanh, (m.tanh, sech2, lambda x: -2 * m.tanh(x) * sech2(x)), limits=at_infinities((-1, 0, 0), (1, 0, 0))
    ),
    "arcsin": Row(
        np.arcsin,
        (m.asin, lambda x: 1 / m.sqrt((1 - x) * (1 + x)), lambda x: x / m.sqrt((1 - x) * (1 + x)) ** 3),
        "to 1",
        {1.0: (m.pi / 2, INF, INF), -1.0: (-m.pi / 2, INF, -INF)},
    ),
    "arccos": Row(
        np.arccos,
        (m.acos, lambda x: -1 / m.sqrt((1 - x) * (1 + x)), lambda x: -x / m.sqrt((1 - x) * (1 + x)) ** 3),
        "to 1",
        {1.0: (0, -INF, -INF), -1.0: (+m.pi, -INF, INF)},
    ),
    "arctan": Row(
        np.arctan,
        (m.atan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
        limits=at_infinities((-m.pi / 2, 0, 0), (m.pi / 2, 0, 0)),
    ),
    "arcsinh": Row(
        np.arcsinh,
        (m.asinh, lambda x: 1 / m.sqrt(1 + x * x), lambda x: -x / m.sqrt(1 + x * x) ** 3),
        limits=at_infinities((-INF, 0, 0), (INF, 0, 0)),
    ),
    "arccosh": Row(
        np.arccosh,
        (m.acosh, lambda x: 1 / m.sqrt((x - 1) * (x + 1)), lambda x: -x / m.sqrt((x - 1) * (x + 1)) ** 3),
        "above 1",
        {INFINITE: (INF, 0, 0), 1.0: (0, INF, -INF)},
    ),
    "arctanh": Row(
        np.arctanh,
        (m.atanh, lambda x: 1 / ((1 - x) * (1 + x)), lambda x: 2 * x / ((1 - x) * (1 + x)) ** 2),
        "to 1",
        {1.0: (INF, INF, INF), -1.0: (-INF, INF, -INF)},
    ),
    "abs": Row(np.abs, (abs, m.sign, zero), limits=at_infinities((INF, -1, 0), IDENTITY_ABOVE)),
    **{
        name: Row(getattr(np, name), (f, zero, zero), limits=at_infinities((f(-INF), 0, 0), (f(INF), 0, 0)))
        for name, f in {
            "sign": m.sign,
            "floor": lambda x: x if m.isinf(x) else m.floor(x),
            "ceil": lambda x: x if m.isinf(x) else m.ceil(x),
            "rint": lambda x: x if m.isinf(x) else m.nint(x),
            "trunc": lambda x: x if m.isinf(x) else m.floor(x) if x >= 0 else m.ceil(x),
        }.items()
    },
    "erf": Row(
        bp.erf,
        (m.erf, lambda x: 2 / m.sqrt(m.pi) * m.exp(-x * x), lambda x: -4 * x / m.sqrt(m.pi) * m.exp(-x * x)),
        damped=True,
        limits=at_infinities((-1, 0, 0), (1, 0, 0)),
    ),
    "ndtr": Row(bp.ndtr, (ndtr, phi, lambda x: -x * phi(x)), damped=True, limits=at_infinities(FLAT_BELOW, (1, 0, 0))),
    "sigmoid": Row(bp.sigmoid, (s, slope, slope1), limits=at_infinities(FLAT_BELOW, (1, 0, 0))),
    "relu": Row(
        bp.relu,
        (lambda x: max(x, ZERO), lambda x: ONE * (x > 0), zero),
        limits=at_infinities(FLAT_BELOW, IDENTITY_ABOVE),
    ),
    "leaky_relu": Row(
        lambda x: bp.leaky_relu(x, 0.25),
        (lambda x: x if x > 0 else x / 4, lambda x: ONE if x > 0 else ONE / 4, zero),
        limits=at_infinities((-INF, 0.25, 0), IDENTITY_ABOVE),
    ),
    "elu": Row(
        lambda x: bp.elu(x, 1.5),
        (
            lambda x: x if x > 0 else 1.5 * m.expm1(x),
            lambda x: ONE if x > 0 else 1.5 * m.exp(x),
            lambda x: ZERO if x > 0 else 1.5 * m.exp(x),
        ),
        "nonzero",
        at_infinities((-1.5, 0, 0), IDENTITY_ABOVE),
    ),
    "selu": Row(
        bp.selu,
        (
            lambda x: SCALE * (x if x > 0 else ALPHA * m.expm1(x)),
            lambda x: SCALE * (1 if x > 0 else ALPHA * m.exp(x)),
            lambda x: ZERO if x > 0 else SCALE * ALPHA * m.exp(x),
        ),
        "nonzero",
        at_infinities((-SCALE * ALPHA, 0, 0), (INF, SCALE, 0)),
    ),
    "softplus": Row(bp.softplus, (softplus, s, slope), limits=at_infinities(FLAT_BELOW, IDENTITY_ABOVE)),
    "silu": Row(
        bp.silu,
        (lambda x: x * s(x), lambda x: s(x) + x * slope(x), lambda x: slope(x) * (2 - x * m.tanh(x / 2))),
        limits=at_infinities(FLAT_BELOW, IDENTITY_ABOVE),
        sizes={1: lambda x, y: s(x) + abs(x) * slope(x), 2: lambda x, y: slope(x) * (2 + abs(x * m.tanh(x / 2)))},
        damped=True,
        remark=ROOT,
    ),
    "mish": Row(
        bp.mish,
        (lambda x: x * m.tanh(softplus(x)), mish1, mish2),
        limits=at_infinities(FLAT_BELOW, IDENTITY_ABOVE),
        sizes={1: lambda x, y: m.tanh(softplus(x)) + abs(x) * s(x) * sech2(softplus(x)), 2: mish2_size},
        damped=True,
        remark=ROOT,
    ),
    "gelu": Row(
        bp.gelu,
        (lambda x: x * ndtr(x), lambda x: ndtr(x) + x * phi(x), lambda x: (2 - x * x) * phi(x)),
        limits=at_infinities(FLAT_BELOW, IDENTITY_ABOVE),
        sizes={1: lambda x, y: ndtr(x) + abs(x) * phi(x), 2: lambda x, y: (2 + x * x) * phi(x)},
        damped=True,
        remark=ROOT,
    ),
    "sigmoid_slope": Row(
        primitive("sigmoid_slope"),
        (slope, slope1, slope2),
        limits=at_infinities(FLAT_BELOW, FLAT_BELOW),
        sizes={2: lambda x, y: slope(x) * (m.tanh(x / 2) ** 2 + 2 * slope(x))},
        remark=ROOT,
    ),
    "exp_minus_square": Row(
        primitive("exp_minus_square"),
        (lambda x: m.exp(-x * x), lambda x: -2 * x * m.exp(-x * x), lambda x: (4 * x * x - 2) * m.exp(-x * x)),
        limits=at_infinities(FLAT_BELOW, FLAT_BELOW),
        sizes={2: lambda x, y: (4 * x * x + 2) * m.exp(-x * x)},
        damped=True,
        remark=ROOT,
    ),
    "exp_minus_half_square": Row(
        primitive("exp_minus_half_square"),
        (lambda x: m.exp(-x * x / 2), lambda x: -x * m.exp(-x * x / 2), lambda x: (x * x - 1) * m.exp(-x * x / 2)),
        limits=at_infinities(FLAT_BELOW, FLAT_BELOW),
        sizes={2: lambda x, y: (x * x + 1) * m.exp(-x * x / 2)},
        damped=True,
        remark=ROOT,
    ),
    "arcsin_slope": Row(
        primitive("arcsin_slope"),
        (
            lambda x: 1 / m.sqrt((1 - x) * (1 + x)),
            lambda x: x / m.sqrt((1 - x) * (1 + x)) ** 3,
            lambda x: (1 + 2 * x * x) / m.sqrt((1 - x) * (1 + x)) ** 5,
        ),
        "to 1",
        {1.0: (INF, INF, INF), -1.0: (INF, -INF, INF)},
    ),
    "arctan_slope": Row(
        primitive("arctan_slope"),
        (
            lambda x: 1 / (1 + x * x),
            lambda x: -2 * x / (1 + x * x) ** 2,
            lambda x: (6 * x * x - 2) / (1 + x * x) ** 3,
        ),
        limits=at_infinities(FLAT_BELOW, FLAT_BELOW),
        sizes={2: lambda x, y: (6 * x * x + 2) / (1 + x * x) ** 3},
        remark=ROOT,
    ),
    "arcsinh_slope": Row(
        primitive("arcsinh_slope"),
        (
            lambda x: 1 / m.sqrt(1 + x * x),
            lambda x: -x / m.sqrt(1 + x * x) ** 3,
            lambda x: (2 * x * x - 1) / m.sqrt(1 + x * x) ** 5,
        ),
        limits=at_infinities(FLAT_BELOW, FLAT_BELOW),
        sizes={2: lambda x, y: (2 * x * x + 1) / m.sqrt(1 + x * x) ** 5},
        remark=ROOT,
    ),
    "arccosh_slope": Row(
        primitive("arccosh_slope"),
        (
            lambda x: 1 / m.sqrt((x - 1) * (x + 1)),
            lambda x: -x / m.sqrt((x - 1) * (x + 1)) ** 3,
            lambda x: (2 * x * x + 1) / m.sqrt((x - 1) * (x + 1)) ** 5,
        ),
        "above 1",
        {INFINITE: (0, 0, 0), 1.0: (INF, -INF, None)},
    ),
    "arctanh_slope": Row(
        primitive("arctanh_slope"),
        (
            lambda x: 1 / ((1 - x) * (1 + x)),
            lambda x: 2 * x / ((1 - x) * (1 + x)) ** 2,
            lambda x: (2 + 6 * x * x) / ((1 - x) * (1 + x)) ** 3,
        ),
        "to 1",
        {1.0: (INF, INF, INF), -1.0: (INF, -INF, INF)},
    ),
}


def residual(s_: Any, t: Any) -> Any:
    return (1 - t) * s(s_) - t * s(-s_)


def at_ties(a: Any, b: Any) -> Any:
    return ONE if a > b else HALF if a == b else ZERO


def by_slots(
    name: str, ours: Callable[..., Any], domain: str, *exact: tuple[Exact, Exact, Exact], **facts: Any
) -> dict[str, Row]:
    """One row for each operand of a primitive; ``facts`` hold for all of them."""
    words = ("first", "second")
    return {f"{name}, {words[k]}": Row(ours, exact[k], domain, slot=k, **facts) for k in range(len(exact))}


BINARY: dict[str, Row] = {
    **by_slots("add", np.add, "pairs", (lambda a, b: a + b, one, zero), (lambda a, b: a + b, one, zero)),
    **by_slots(
        "subtract", np.subtract, "pairs", (lambda a, b: a - b, one, zero), (lambda a, b: a - b, lambda a, b: -ONE, zero)
    ),
    **by_slots(
        "multiply",
        np.multiply,
        "pairs",
        (lambda a, b: a * b, lambda a, b: b, zero),
        (lambda a, b: a * b, lambda a, b: a, zero),
    ),
    **by_slots(
        "divide",
        np.divide,
        "normal quotients",
        (lambda a, b: a / b, lambda a, b: 1 / b, zero),
        (lambda a, b: a / b, lambda a, b: -a / b**2, lambda a, b: 2 * a / b**3),
    ),
    **by_slots(
        "maximum",
        np.maximum,
        "pairs",
        (lambda a, b: max(a, b), at_ties, zero),
        (lambda a, b: max(a, b), lambda a, b: at_ties(b, a), zero),
    ),
    **by_slots(
        "minimum",
        np.minimum,
        "pairs",
        (lambda a, b: min(a, b), lambda a, b: at_ties(b, a), zero),
        (lambda a, b: min(a, b), at_ties, zero),
    ),
    **by_slots(
        "logaddexp",
        np.logaddexp,
        "pairs",
        (lambda a, b: max(a, b) + m.log1p(m.exp(-abs(a - b))), lambda a, b: s(a - b), lambda a, b: slope(a - b)),
        (lambda a, b: max(a, b) + m.log1p(m.exp(-abs(a - b))), lambda a, b: s(b - a), lambda a, b: slope(a - b)),
        sizes={
            0: lambda a, b, y: max(abs(a), abs(b)) + m.log1p(m.exp(-abs(a - b))),
            1: lambda a, b, y: max(1, abs(a), abs(b)) * y,
            2: lambda a, b, y: max(1, abs(a), abs(b)) * y,
        },
        remark=DIFFERENCE,
    ),
    **by_slots(
        "logaddexp_slope",
        primitive("logaddexp_slope"),
        "pairs",
        (lambda a, b: s(a - b), lambda a, b: slope(a - b), lambda a, b: slope1(a - b)),
        (lambda a, b: s(a - b), lambda a, b: -slope(a - b), lambda a, b: slope1(a - b)),
        sizes={k: lambda a, b, y: max(1, abs(a), abs(b)) * y for k in range(3)},
        remark=DIFFERENCE,
    ),
    **by_slots(
        "arctan2",
        np.arctan2,
        "pairs off 0",
        (m.atan2, lambda a, b: b / (a * a + b * b), lambda a, b: -2 * a * b / (a * a + b * b) ** 2),
        (m.atan2, lambda a, b: -a / (a * a + b * b), lambda a, b: 2 * a * b / (a * a + b * b) ** 2),
    ),
    **by_slots(
        "arctan2_slope",
        primitive("arctan2_slope"),
        "moderate pairs",
        (
            lambda a, b: b / (a * a + b * b),
            lambda a, b: -2 * a * b / (a * a + b * b) ** 2,
            lambda a, b: 2 * b * (3 * a * a - b * b) / (a * a + b * b) ** 3,
        ),
        (
            lambda a, b: b / (a * a + b * b),
            lambda a, b: (a * a - b * b) / (a * a + b * b) ** 2,
            lambda a, b: 2 * b * (b * b - 3 * a * a) / (a * a + b * b) ** 3,
        ),
        sizes={1: lambda a, b, y: 1 / (a * a + b * b), 2: lambda a, b, y: 6 * abs(b) / (a * a + b * b) ** 2},
        remark=ROOT,
    ),
    **by_slots(
        "hypot",
        np.hypot,
        "pairs off 0",
        (norm, lambda a, b: a / norm(a, b), lambda a, b: b * b / norm(a, b) ** 3),
        (norm, lambda a, b: b / norm(a, b), lambda a, b: a * a / norm(a, b) ** 3),
    ),
    **by_slots(
        "hypot_slope",
        primitive("hypot_slope"),
        "moderate pairs",
        (
            lambda a, b: a / norm(a, b),
            lambda a, b: b * b / norm(a, b) ** 3,
            lambda a, b: -3 * a * b * b / norm(a, b) ** 5,
        ),
        (
            lambda a, b: a / norm(a, b),
            lambda a, b: -a * b / norm(a, b) ** 3,
            lambda a, b: a * (2 * b * b - a * a) / norm(a, b) ** 5,
        ),
        sizes={2: lambda a, b, y: 2 * abs(a) / norm(a, b) ** 3},
        remark=ROOT,
    ),
    **by_slots(
        "power",
        np.power,
        "powers",
        (lambda a, b: a**b, lambda a, b: b * a ** (b - 1), lambda a, b: b * (b - 1) * a ** (b - 2)),
        (lambda a, b: a**b, lambda a, b: a**b * m.log(a), lambda a, b: a**b * m.log(a) ** 2),
        sizes={k: lambda a, b, y: max(1, abs(m.log(a))) * y for k in (1, 2)},
        remark="the exponent less 1 is rounded: in its last place, times log x",
    ),
    **by_slots(
        "where",
        lambda a, b: np.where(np.abs(a) > b, a, b),
        "pairs",
        (lambda a, b: a if abs(a) > b else b, lambda a, b: ONE * (abs(a) > b), zero),
    ),
    **by_slots(
        "sigmoid_cross_entropy",
        sigmoid_cross_entropy,
        "scores and probabilities",
        (lambda x, t: t * softplus(-x) + (1 - t) * softplus(x), residual, lambda x, t: slope(x)),
        (lambda x, t: t * softplus(-x) + (1 - t) * softplus(x), lambda x, t: -x, zero),
        sizes={1: lambda x, t, y: max(abs(y), min(t, 1 - t))},
        remark=ROOT,
    ),
    **by_slots(
        "sigmoid_residual",
        primitive("sigmoid_residual"),
        "scores and probabilities",
        (residual, lambda x, t: slope(x), lambda x, t: slope1(x)),
        (residual, lambda x, t: -ONE, zero),
        sizes={0: lambda x, t, y: max(abs(y), min(t, 1 - t))},
        remark=ROOT,
    ),
    **{
        f"integer_power, {n}": Row(
            lambda x, n=n: x**n,
            (lambda x, n=n: x**n, lambda x, n=n: n * x ** (n - 1), lambda x, n=n: n * (n - 1) * x ** (n - 2)),
            "all" if n > 1 else "nonzero",
        )
        for n in (3, 7, -1, -2, -5)
    },
}

ROWS: dict[str, Row] = UNARY | BINARY

LOCALLY_CONSTANT = frozenset(
    (
        "greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not isnan isinf isfinite "
        "signbit logical_xor floor_divide round spacing exponent bitwise_count bitwise_and bitwise_or bitwise_xor "
        "invert left_shift right_shift gcd lcm"
    ).split()
)
"""Truth values, whole numbers and steps, without a derivative."""

OF_NUMPY_ALONE = frozenset("sinc ldexp logaddexp2 exp2_share remainder fmod".split())
"""Not among the operations of the compiled engine; tests/ops/arrays/test_digits.py measures them."""
