"""Functions of the literature on automatic differentiation whose derivatives are known in closed form."""

import numpy as np
import pytest

import backpath as bp
from backpath.engines import compile_graph
from backpath.ops import trace


def products(x):
    """Speelpenning's product, one factor after another (Griewank and Walther, 2008, example 3.1)."""
    y = 1.0
    for k in range(x.shape[0]):
        y = y * x[k]
    return y


def product_by_scan(x):
    return bp.scan(lambda y, factor: (y * factor, None), 1.0, x)[0]


def product_of_halves(x):
    """The same by halves: a tree."""
    while x.shape[0] > 1:
        half = x.shape[0] // 2
        rest = x[2 * half :]
        x = np.concatenate([x[:half] * x[half : 2 * half], rest])
    return x[0]


SPEELPENNING = [products, product_by_scan, product_of_halves]


@pytest.mark.parametrize("f", SPEELPENNING)
@pytest.mark.parametrize("n", [1, 2, 7, 50])
def test_speelpenning_s_product(f, n):
    """The derivative by x_k is the product of all the others, and of second order that of all but two."""
    x = np.random.default_rng(n).uniform(0.5, 1.5, n) * np.where(np.arange(n) % 3, 1, -1)
    others = np.prod(x) / x
    for gradient in (bp.grad(f), bp.compile(bp.grad(f))):
        np.testing.assert_allclose(gradient(x), others, rtol=1e-13)
    second = np.prod(x) / np.outer(x, x) * (1 - np.eye(n))
    np.testing.assert_allclose(bp.hessian(f)(x), second, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("f", SPEELPENNING)
def test_speelpenning_s_product_with_a_zero_factor(f):
    """Where dividing by x_k does not work."""
    x = np.array([2.0, 0.0, 3.0, 5.0])
    np.testing.assert_array_equal(bp.grad(f)(x), [0, 30, 0, 0])
    x = np.array([2.0, 0.0, 0.0, 5.0])
    assert bp.hessian(f)(x)[1, 2] == bp.hessian(f)(x)[2, 1] == 10


def test_the_operations_of_speelpenning_s_gradient():
    """At most 3 n products beside the n of the function (Griewank and Walther, section 3.3)."""
    n = 200
    count = [compile_graph(trace(g, np.ones(n))).flops for g in (products, bp.grad(products))]
    assert count[0] == n - 1
    assert count[1] <= 4 * count[0]


@pytest.mark.parametrize("point", [(-1.2, 1.0), (1.0, 1.0), (0.3, -2.0)])
def test_rosenbrock_s_hessian(point):
    def f(x):
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    a, b = point
    gradient = [-400 * a * (b - a**2) - 2 * (1 - a), 200 * (b - a**2)]
    hessian = [[1200 * a**2 - 400 * b + 2, -400 * a], [-400 * a, 200]]
    x = np.array(point)
    for compiled in (lambda f: f, bp.compile):
        np.testing.assert_allclose(compiled(bp.grad(f))(x), gradient, rtol=1e-14, atol=1e-13)
        np.testing.assert_allclose(compiled(bp.hessian(f))(x), hessian, rtol=1e-14)
    np.testing.assert_allclose(bp.hvp(f, (x,), (np.array([1.0, 2.0]),))[0], np.array(hessian) @ [1, 2], rtol=1e-14)


def test_the_helmholtz_energy():
    """Griewank's example (1989), with R T = 1: its gradient by hand."""
    rng = np.random.default_rng(0)
    n = 30
    x, b, root = rng.uniform(0.001, 0.02, n), rng.uniform(0, 1, n), rng.standard_normal((n, n))
    a = root @ root.T / n

    def f(x):
        bx = b @ x
        logs = np.log((1 + (1 + np.sqrt(2)) * bx) / (1 + (1 - np.sqrt(2)) * bx))
        return x @ np.log(x / (1 - bx)) - x @ a @ x / (np.sqrt(8) * bx) * logs

    bx, quadratic = b @ x, x @ a @ x
    upper, lower = 1 + (1 + np.sqrt(2)) * bx, 1 + (1 - np.sqrt(2)) * bx
    logs = np.log(upper / lower)
    slope = (1 + np.sqrt(2)) / upper - (1 - np.sqrt(2)) / lower
    expected = np.log(x / (1 - bx)) + 1 + b * np.sum(x) / (1 - bx)
    expected -= (2 * a @ x / bx - quadratic * b / bx**2) * logs / np.sqrt(8) + quadratic / bx * slope * b / np.sqrt(8)
    np.testing.assert_allclose(bp.grad(f)(x), expected, rtol=1e-11)
