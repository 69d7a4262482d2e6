"""Elementary functions in plain arithmetic: their errors, their limits, their machine code."""

import os
import platform
import re
import subprocess
import sys
from functools import cache

import mpmath
import numba
import numpy as np
import pytest
import scipy.special

from backpath.engines.compiled import bells, polynomials

EXACT = {
    "exp": mpmath.exp,
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "exp_minus_half_square": lambda x: mpmath.exp(-x * x / 2),
    "exp_minus_square": lambda x: mpmath.exp(-x * x),
    "ndtr": lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2 if abs(x) < 1e6 else mpmath.mpf(x > 0),
    "sigmoid_slope": lambda x: 1 / (1 + mpmath.exp(-x)) / (1 + mpmath.exp(x)),
    "expm1": mpmath.expm1,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "tanh": mpmath.tanh,
    "erf": mpmath.erf,
}
IN_DOUBLE = {name: getattr(np, name, None) for name in EXACT} | {
    "exp_minus_half_square": lambda x: np.exp(-x * x / 2),
    "exp_minus_square": lambda x: np.exp(-x * x),
    "ndtr": lambda x: np.where(
        x < 0, scipy.special.erfcx(-np.minimum(x, 0) / np.sqrt(2)) / 2 * np.exp(-x * x / 2), scipy.special.ndtr(x)
    ),
    "sigmoid": lambda x: np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))),
    "sigmoid_slope": lambda x: np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))) ** 2,
    "erf": scipy.special.erf,
}
INF, NAN = np.inf, np.nan
ZERO = [(0.0, 0.0), (-0.0, -0.0)]
LIMITS = {
    "exp": [(-INF, 0.0), (INF, INF), (0.0, 1.0), (-0.0, 1.0), (800.0, INF), (-800.0, 0.0)],
    "exp2": [(-INF, 0.0), (INF, INF), (0.0, 1.0), (-0.0, 1.0), (3.0, 8.0), (2000.0, INF), (-2000.0, 0.0)],
    "exp_minus_half_square": [(-INF, 0.0), (INF, 0.0), (0.0, 1.0), (-0.0, 1.0), (1e30, 0.0)],
    "exp_minus_square": [(-INF, 0.0), (INF, 0.0), (0.0, 1.0), (-0.0, 1.0), (-1e30, 0.0)],
    "ndtr": [(-INF, 0.0), (INF, 1.0), (0.0, 0.5), (-0.0, 0.5), (1e30, 1.0), (-1e30, 0.0)],
    "sigmoid_slope": [(-INF, 0.0), (INF, 0.0), (0.0, 0.25), (-0.0, 0.25), (800.0, 0.0)],
    "expm1": [*ZERO, (-INF, -1.0), (INF, INF), (800.0, INF), (-800.0, -1.0)],
    "sigmoid": [(-INF, 0.0), (INF, 1.0), (0.0, 0.5), (-0.0, 0.5), (800.0, 1.0), (-800.0, 0.0)],
    "log": [(-INF, NAN), (INF, INF), (0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, NAN), (-1e-40, NAN)],
    "log1p": [*ZERO, (-INF, NAN), (INF, INF), (-1.0, -INF), (-2.0, NAN)],
    "tanh": [*ZERO, (-INF, -1.0), (INF, 1.0), (20.0, 1.0), (-20.0, -1.0)],
    "erf": [*ZERO, (-INF, -1.0), (INF, 1.0), (6.0, 1.0), (-6.0, -1.0)],
}
FUNCTIONS = {name: getattr(polynomials, name, None) or getattr(bells, name) for name in EXACT}
NAMES, TYPES = sorted(EXACT), [np.float32, np.float64]


@cache
def loop(name, dtype):
    """The function over an array, in one loop, as an engine runs it."""
    function = FUNCTIONS[name]
    array = numba.from_dtype(np.dtype(dtype))[::1]

    @numba.njit(numba.void(array, array))
    def run(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    return run


def computed(name, x):
    out = np.empty_like(x)
    loop(name, x.dtype.type)(x, out)
    return out


def stated(name, dtype):
    """The error in the docstring."""
    text = FUNCTIONS[name].__doc__
    return float(re.search(rf"([\d.]+) ulp \({np.dtype(dtype).name}\)", text)[1])


def samples(dtype, size):
    """Numbers of every kind: of any bits, of any magnitude, near 0, 1 and -1, and where functions rise and saturate."""
    rng = np.random.default_rng(0)
    word = np.int32 if dtype == np.float32 else np.int64
    any_bits = rng.integers(np.iinfo(word).min, np.iinfo(word).max, size, word, endpoint=True).view(dtype)
    small = rng.choice([-1, 1], size) * 10.0 ** rng.uniform(-12, -1, size)
    parts = [
        small,
        1 + small,
        -1 + np.abs(small),
        *(rng.uniform(-bound, bound, size) for bound in (1, 4, 10, 110, 750)),
        # Where the exponent of the result, or of the argument's reduced form, goes from one to the next.
        (rng.integers(-40, 40, size) + 0.5) * np.log(2) + small,
        np.sqrt(0.5) * 2.0 ** rng.integers(-40, 40, size) * (1 + small),
    ]
    return np.concatenate([any_bits, np.abs(any_bits), *parts], dtype=dtype, casting="same_kind")


def exact_values(name, x):
    """The exact values of a function, to far more digits than its type has."""
    if x.dtype == np.float32:
        return IN_DOUBLE[name](x.astype(float))
    with mpmath.workprec(120):
        return np.array([EXACT[name](mpmath.mpf(float(v))) for v in x], dtype=object)


def in_units(y, exact):
    """How far ``y`` is from the exact values, in units in the last place."""
    info = np.finfo(y.dtype)
    exponent = np.frexp(exact.astype(float))[1] - 1
    unit = np.ldexp(1.0, np.maximum(exponent, info.minexp) - info.nmant)
    with mpmath.workprec(120):
        return np.abs((y.astype(exact.dtype) - exact) / unit).astype(float)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", NAMES)
def test_errors_are_as_stated(name, dtype):
    x = samples(dtype, 50_000 if dtype == np.float32 else 300)
    y = computed(name, x)
    with np.errstate(all="ignore"):
        near = IN_DOUBLE[name](x.astype(float)).astype(dtype)
    rounded = np.isfinite(near) & (near != 0)
    # A product of two may be rounded up to the smallest number where less than half of it is right.
    zero = (near == 0) & (name == "ndtr")
    assert (y[zero] <= np.finfo(dtype).smallest_subnormal).all()
    np.testing.assert_array_equal(y[~rounded & ~zero], near[~rounded & ~zero])
    errors = in_units(y[rounded], exact_values(name, x[rounded]))
    assert stated(name, dtype) / 2 < errors.max() <= stated(name, dtype), x[rounded][errors.argmax()]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("name", "x", "expected"), [(name, *pair) for name in NAMES for pair in LIMITS[name]])
def test_limits(name, x, expected, dtype):
    (y,) = computed(name, np.array([x], dtype))
    np.testing.assert_equal(y, dtype(expected))
    assert np.isnan(expected) or np.signbit(y) == np.signbit(expected)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_nan(name, dtype):
    assert np.isnan(computed(name, np.array([np.nan, -np.nan], dtype))).all()


@pytest.mark.parametrize("name", ["tanh", "erf"])
@pytest.mark.parametrize("dtype", TYPES)
def test_values_never_leave_their_range(name, dtype):
    x = samples(dtype, 10_000)
    y = computed(name, x[~np.isnan(x)])
    assert (np.abs(y) <= 1).all()
    np.testing.assert_array_equal(computed(name, -x), -computed(name, x))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", NAMES)
def test_a_loop_is_vectorized(name, dtype):
    (assembly,) = loop(name, dtype).inspect_asm().values()
    if platform.machine() in ("x86_64", "AMD64"):
        suffix = "ps" if dtype == np.float32 else "pd"
        assert len(re.findall(rf"\tv?(?:mul|fmadd\d+){suffix}\t", assembly)) >= 7
    # Nothing is handed to the C library.
    assert not re.search(rf"\b{name}f?\b", assembly)


def test_callers_are_cached(tmp_path):
    (tmp_path / "caller.py").write_text(CALLER)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", "import caller; print(len(caller.double.stats.cache_hits))"]
    hits = [subprocess.run(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, check=True) for _ in "ab"]
    assert [int(done.stdout) for done in hits] == [0, 1]


CALLER = """
import numba
from backpath.engines.compiled.polynomials import exp

@numba.njit(numba.float32(numba.float32), cache=True)
def double(x):
    return 2 * exp(x)
"""
