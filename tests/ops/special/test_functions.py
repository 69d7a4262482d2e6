"""Special functions in graphs: JAX's second orders, methods, engines, limits, refusals and stand-ins."""

import jax
import jax.scipy.special as jsp
import numpy as np
import pytest
import scipy.special as sp

import backpath as bp
import backpath.scipy as bs
from backpath.ops import PRIMITIVES
from backpath.ops.dispatch import UFUNCS

RNG = np.random.default_rng(0)
X = RNG.uniform(0.2, 0.9, (2, 3))
Y = RNG.uniform(0.2, 0.9, (3,))

OF_TWO = {
    "xlogy": (sp.xlogy, jsp.xlogy),
    "rel_entr": (sp.rel_entr, jsp.rel_entr),
    "kl_div": (sp.kl_div, jsp.kl_div),
    "beta": (sp.beta, jsp.beta),
}


@pytest.mark.parametrize("name", OF_TWO)
def test_functions_of_two_operands_that_broadcast(agree, name):
    agree(*OF_TWO[name], [X, Y], RNG, 1e-11)


OF_MANY = {
    "logsumexp": (lambda x: bs.special.logsumexp(x, 1), lambda x: jsp.logsumexp(x, 1)),
    "logsumexp of all": (bs.special.logsumexp, jsp.logsumexp),
    "logsumexp with weights": (
        lambda x: bs.special.logsumexp(x, 1, b=Y, keepdims=True),
        lambda x: jsp.logsumexp(x, 1, b=Y, keepdims=True),
    ),
    "softmax": (lambda x: bs.special.softmax(x, 0), lambda x: jax.nn.softmax(x, 0)),
    "softmax of all": (bs.special.softmax, lambda x: jax.nn.softmax(x, (0, 1))),
    "log_softmax of all": (bs.special.log_softmax, lambda x: jax.nn.log_softmax(x, (0, 1))),
}


@pytest.mark.parametrize("name", OF_MANY)
def test_functions_of_many_entries(agree, name):
    agree(*OF_MANY[name], [X], RNG, 1e-12)


EVERY = {
    name: rule
    for name, rule in UFUNCS.items()
    if isinstance(getattr(sp, name, None), np.ufunc) and not hasattr(np, name)
}
ORDERS = {"expn", "yn", "kn"}
"""Functions whose first operand is a whole number."""


def operands_of(name):
    count = getattr(sp, name).nin
    first = [np.full((), 2)] if name in ORDERS else [np.full((), 1.5)] * (count - 1)
    return [*first, X][-count:]


@pytest.mark.parametrize("name", EVERY)
def test_every_function_in_a_graph(name):
    known = operands_of(name)[:-1]
    function = getattr(sp, name)
    lin = bp.linearize(lambda x: np.sin(function(*known, x)), X)
    np.testing.assert_allclose(lin.values[lin.outputs[0]], np.sin(function(*known, X)), rtol=1e-13)
    reverse = lin.gradient("x")
    for method in ("forward", "elimination", "paths"):
        np.testing.assert_allclose(lin.gradient("x", method=method), reverse, rtol=1e-13, atol=0)
    total = lambda x: np.sum(function(*known, x) * X)  # noqa: E731
    found = bp.check_grads(total, (X,))
    assert found.ok, str(found)
    np.testing.assert_allclose(bp.compile(bp.grad(total))(X), bp.grad(total)(X), rtol=1e-13)
    small = X.astype(np.float32)
    assert bp.trace(lambda x: function(*(k.astype(np.float32) if k.dtype == float else k for k in known), x), small)
    assert bp.grad(lambda x: np.sum(function(*known, x)))(small).dtype == np.float32


def test_every_function_is_tried():
    assert len(EVERY) >= 70
    assert {"erfc", "erfcx", "ndtri", "log_ndtr", "gammaln", "psi", "betainc", "jv", "i0e", "entr", "exprel"} <= set(
        EVERY
    )


# Limits and kinks.


def slope(f, x):
    with np.errstate(divide="ignore", invalid="ignore"):
        return bp.grad(lambda x: np.sum(f(x)))(np.asarray(x, float))


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (sp.entr, [0.0, -1.0], [np.inf, 0.0]),
        (lambda x: sp.xlogy(x, 2.0), [0.0], [np.log(2.0)]),
        (lambda x: sp.xlogy(0.0, x), [0.0, 3.0], [0.0, 0.0]),
        (lambda x: sp.xlog1py(0.0, x), [-1.0, 3.0], [0.0, 0.0]),
        (lambda x: sp.rel_entr(x, 2.0), [0.0], [-np.inf]),
        (lambda x: sp.rel_entr(0.0, x), [2.0], [0.0]),
        (lambda x: sp.kl_div(x, 2.0), [0.0, 2.0], [-np.inf, 0.0]),
        (sp.rgamma, [0.0, -1.0, -2.0, -3.0], [1.0, -1.0, 2.0, -6.0]),
        (sp.exprel, [0.0, np.inf, -np.inf], [0.5, np.inf, 0.0]),
        (sp.erfc, [0.0, np.inf, -np.inf], [-2 / np.sqrt(np.pi), 0.0, 0.0]),
        (sp.erfcx, [np.inf], [0.0]),
        (sp.erfinv, [0.0], [np.sqrt(np.pi) / 2]),
        (sp.ndtri, [0.5], [np.sqrt(2 * np.pi)]),
        (sp.log_ndtr, [0.0, 50.0], [np.sqrt(2 / np.pi), 0.0]),
        (sp.j1, [0.0], [0.5]),
        (sp.i1e, [0.0], [0.5]),
        (sp.i0e, [0.0], [0.0]),
        (sp.spence, [1.0], [-1.0]),
        (sp.ellipk, [0.0], [np.pi / 8]),
        (lambda x: sp.boxcox(2.0, x), [0.0], [np.log(2.0) ** 2 / 2]),
        (lambda x: sp.huber(1.0, x), [-1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]),
        (bs.special.factorial, [-2.0], [0.0]),
    ],
)
def test_limits(f, x, expected):
    np.testing.assert_allclose(slope(f, x), expected, rtol=1e-14)


def test_kinks_are_stated():
    stated = {name for name, primitive in PRIMITIVES.items() if primitive.kink}
    assert {"xlogy", "xlog1py", "entr", "rel_entr", "kl_div", "i0e", "ive", "norm", "singular_values"} <= stated


# Refusals.


@pytest.mark.parametrize(
    ("f", "word"),
    [
        (lambda x: sp.gammainc(x, 1.0), "gammainc has no derivative by a"),
        (lambda x: sp.betainc(1.0, x, 0.5), "betainc has no derivative by b"),
        (lambda x: sp.jv(x, 1.0), "jv has no derivative by the order"),
        (sp.zeta, "zeta has no derivative by x"),
        (lambda x: bs.special.polygamma(x, 1.0), "known integer"),
        (lambda x: bs.special.polygamma(-1, x), "known integer"),
        (lambda x: bs.special.logsumexp(x, return_sign=True), "return_sign"),
        (lambda x: bs.special.factorial(x, exact=True), "exact"),
    ],
)
def test_refusals(f, word):
    with pytest.raises(bp.TraceError, match=word):
        bp.grad(f)(1.5)


@pytest.mark.parametrize("name", bs.special.__all__)
def test_functions_that_read_arrays_name_their_stand_ins(name):
    arguments = {"polygamma": lambda x: (1, x), "multigammaln": lambda x: (x, 2)}.get(name, lambda x: (x,))
    with pytest.raises(bp.TraceError, match=rf"Write backpath.scipy.special.{name}\(\.\.\.\) in its place"):
        bp.trace(lambda x: getattr(sp, name)(*arguments(x)), X + 2)
    ours, theirs = (getattr(module, name)(*arguments(X + 2)) for module in (bs.special, sp))
    np.testing.assert_allclose(ours, theirs, rtol=1e-13)


def test_other_names_are_those_of_scipy():
    assert bs.special.gammaln is sp.gammaln
    assert bs.special.roots_legendre is sp.roots_legendre
