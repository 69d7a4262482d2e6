"""Graphs in exact numbers: SymPy's symbols, and mpmath's 50 digits."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy

import backpath as bp
from backpath.ops.expressions import libraries
from backpath.ops.expressions.exact import in_library
from backpath.ops.expressions.libraries import simplest
from backpath.paths import linearize_graph

METHODS = ("paths", "reverse", "forward", "elimination")
MP = mpmath.mp.clone()
MP.dps = 60
w, x = sympy.symbols("w x", real=True)
RNG = np.random.default_rng(0)


def in_mpmath(f, *args):
    """The graph of ``f`` linearized in 50 digits at float64 arguments."""
    graph = bp.trace(f, *args)
    return linearize_graph(in_library(graph, "mpmath"), [in_library(np.asarray(a), "mpmath") for a in args])


def number(value):
    return MP.mpf(str(value))


# Symbols.


def test_local_derivatives_are_expressions():
    p = bp.parse("cos(w**2)", symbolic=True).at()
    assert [p.weight(1, 0), p.weight(2, 0)] == [2 * w, -sympy.sin(w**2)]
    assert sympy.sympify(p["cos_2"]) == sympy.cos(w**2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("cos(w**2)", sympy.cos(w**2)),
        ("y = w*x; exp(y)/(1 + y**2)", sympy.exp(w * x) / (1 + (w * x) ** 2)),
        ("0.5*w**3 + 2/3*x - 0.1", w**3 / 2 + 2 * x / 3 - sympy.Rational(1, 10)),
        ("sigmoid(sigmoid(w))*x", x / (1 + sympy.exp(-1 / (1 + sympy.exp(-w))))),
        ("log(w)*sqrt(x) + 2**x", sympy.log(w) * sympy.sqrt(x) + 2**x),
        ("tanh(w)*sinh(x)*pi", sympy.pi * sympy.tanh(w) * sympy.sinh(x)),
    ],
)
def test_symbolic_derivatives_are_sympys(text, expression, method):
    p = bp.parse(text, symbolic=True).at()
    for variable in expression.free_symbols:
        difference = sympy.sympify(p.gradient(variable.name, method=method)) - expression.diff(variable)
        assert sympy.simplify(difference) == 0


def test_some_inputs_may_have_values_which_stay_exact():
    p = bp.parse("w**2*x", symbolic=True).at(x=0.1)
    assert sympy.sympify(p.gradient("w")) == w / 5
    assert sympy.sympify(bp.parse("w/3", symbolic=True).at(w=Fraction(1, 7)).values[-1]) == sympy.Rational(1, 21)


def test_a_symbolic_power_keeps_the_convention_at_zero():
    p = bp.parse("w**x", symbolic=True).at()
    slope = sympy.sympify(p.gradient("x"))
    assert sympy.simplify(slope.subs(w, 3) - (3**x * sympy.log(3))) == 0
    assert slope.subs({w: 0, x: 2}) == 0


def test_relu_of_a_symbol_is_piecewise():
    slope = sympy.sympify(bp.parse("relu(w)", symbolic=True).at().gradient("w"))
    assert [slope.subs(w, value) for value in (-2, 3)] == [0, 1]


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (0.1, Fraction(1, 10)),
        (2 / 3, Fraction(2, 3)),
        (0.5, Fraction(1, 2)),
        (1e-20, Fraction(1, 10**20)),
        (3.0, Fraction(3)),
        (0.1 + 0.2, Fraction(0.1 + 0.2)),
        (-1.25, Fraction(-5, 4)),
    ],
)
def test_a_float_becomes_the_simplest_number_that_it_is_the_float_of(value, exact):
    assert simplest(value) == exact
    assert float(simplest(value)) == value


# Fifty digits.


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("text", "f"),
    [
        ("cos(w**2)", lambda w: MP.cos(w**2)),
        ("exp(-w)*erf(w)/sqrt(w) + 0.1", lambda w: MP.exp(-w) * MP.erf(w) / MP.sqrt(w) + MP.mpf(0.1)),
        ("gelu(w) + softplus(w)", lambda w: w * MP.ncdf(w) + MP.log(1 + MP.exp(w))),
        ("log2(w)*pi**w", lambda w: MP.log(w) / MP.log(2) * MP.pi**w),
        ("selu(-w)", lambda w: MP.mpf(1.0507009873554805) * MP.mpf(1.6732632423543772) * (MP.exp(-w) - 1)),
    ],
)
def test_expressions_in_fifty_digits(text, f, method):
    graph = in_library(bp.parse(text), "mpmath")
    p = linearize_graph(graph, [in_library(1.2, "mpmath")])
    at = MP.mpf(1.2)
    assert MP.almosteq(number(p.values[-1]), f(at), rel_eps=MP.mpf("1e-45"))
    assert MP.almosteq(number(p.gradient("w", method=method)), MP.diff(f, at), rel_eps=MP.mpf("1e-40"))


ARRAYS = {
    "network": lambda v: (np.tanh(v[:4].reshape(2, 2) @ v[4:] + 0.3) ** 2).sum(),
    "cross-entropy": lambda v: bp.softmax_cross_entropy(v.reshape(2, 3), np.eye(3)[[2, 0]]).sum(),
    "logsumexp": lambda v: bp.logsumexp(v.reshape(3, 2), axis=0) @ np.array([0.5, -2.0]),
    "softmax": lambda v: (bp.softmax(v) * np.arange(6.0)).sum(),
    "log_softmax": lambda v: bp.log_softmax(v)[3],
    "extremes": lambda v: v.max() * v.min() + np.maximum(v[0], v[1]) + np.abs(v).sum(),
    "where": lambda v: np.where(v > 0, v * v, np.exp(v)).mean(),
    "einsum": lambda v: np.einsum("ij,ik,jk->", v.reshape(2, 3), v.reshape(2, 3), np.arange(9.0).reshape(3, 3)),
    "moves": lambda v: np.concatenate([v[::2], np.stack([v[0], v[5]])]).std() + np.pad(v, 1).reshape(2, 4).T[1, 0],
}


@pytest.mark.parametrize("name", ARRAYS)
def test_array_graphs_in_fifty_digits(name):
    f, point = ARRAYS[name], RNG.permutation([-0.7, -0.4, 0.2, 0.45, 0.9, 1.3])
    p = in_mpmath(f, point)
    gradient = p.gradient(p.names[0])
    step = in_library("1e-20", "mpmath")
    for k in range(6):
        ends = []
        for sign in (1, -1):
            moved = in_library(point, "mpmath").copy()
            moved[k] = moved[k] + sign * step
            ends.append(linearize_graph(p.graph, [moved]).values[p.outputs[0]])
        difference = number((ends[0] - ends[1]) / (2 * step))
        assert MP.almosteq(number(gradient[k]), difference, rel_eps=MP.mpf("1e-25"), abs_eps=MP.mpf("1e-25"))
    in_floats = bp.grad(f)(point)
    np.testing.assert_allclose(np.asarray(gradient).astype(float), in_floats, rtol=1e-12, atol=1e-13)


def test_mpmaths_own_precision_is_not_touched():
    before = mpmath.mp.dps
    in_mpmath(lambda v: np.exp(v).sum(), np.ones(2))
    assert mpmath.mp.dps == before


# What does not go together.


def test_a_missing_library_says_how_to_get_it(monkeypatch):
    def missing(name):
        raise ImportError(name)

    libraries.library.cache_clear()
    monkeypatch.setattr(libraries, "import_module", missing)
    with pytest.raises(ImportError, match=r'exact numbers need sympy, .* pip install "backpath\[symbolic\]"'):
        bp.parse("cos(w)", symbolic=True)


def test_different_libraries_do_not_mix():
    with pytest.raises(TypeError, match=r"exact numbers of \w+ and \w+ met"):
        in_library(1.0, "sympy") + in_library(1.0, "mpmath")


def test_functions_without_a_rule_are_named():
    with pytest.raises(TypeError, match=r"np\.nextafter of exact numbers is not defined; functions that are: "):
        np.nextafter(in_library(1.0, "mpmath"), in_library(2.0, "mpmath"))
