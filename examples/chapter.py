"""The examples of Aggarwal, "Neural Networks and Deep Learning", chapter 3, each differentiated by every method.

Run with ``python examples/chapter.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

import backpath as bp
from backpath.paths import Dag, Linearization, linearize

METHODS = ("paths", "reverse", "forward", "elimination")


def sigmoid_of_sigmoid(w: Any) -> Any:
    """o = g(f(w)), both sigmoids: the chain rule's do/dw = dg/df df/dw (3.1)."""
    return bp.sigmoid(bp.sigmoid(w))


def cosine_of_square(w: Any) -> Any:
    """o = cos(w^2): do/dw = -2 w sin(w^2)."""
    return np.cos(w**2)


def two_branches(w: Any) -> Any:
    """o = K(p, q) with p = g(y), q = h(z) and y = z = f(w); here f is the square, g cos, h sin, and K the sum."""
    y, z = w**2, w**2
    p, q = np.cos(y), np.sin(z)
    return p + q


def of_many_parts(w: Any) -> Any:
    """o = f(g1(w), g2(w), g3(w)): the multivariate rule, do/dw = the sum over k of df/dgk dgk/dw (3.3)."""
    g1, g2, g3 = np.sin(w), w**2, np.exp(w)
    return g1 * g2 + g3 * g1


def layers_of_products(layers: int, width: int) -> Callable[[Any], Any]:
    """Each of ``width`` nodes in a layer multiplies the layer before; the first layer holds w, the last node is o.

    So o = w^(width^layers), along width^layers paths of the same product: do/dw = 32 w^31 for five layers of two.
    """

    def f(w: Any) -> Any:
        layer = [w * 1.0 for _ in range(width)]
        for _ in range(layers - 1):
            layer = [reduce(mul, layer) for _ in range(width)]
        return reduce(mul, layer)

    return f


def weighted_dag() -> Dag:
    """A DAG of bare weights z(i, j), on which S(i, o) is the sum over paths of their products (3.8)."""
    return Dag.from_edges(
        [(1, 2, 2), (1, 3, 3), (2, 4, 5), (3, 4, 7), (2, 5, 11), (3, 5, 13), (4, "o", 17), (5, "o", 19), (3, "o", 23)]
    )


def recursion(dag: Dag, output: Any) -> dict[Any, Any]:
    """S(i, o) of every node: S(o, o) = 1, and S(i, o) = the sum over j in A(i) of S(j, o) z(i, j) (3.8)."""
    sums = dict.fromkeys(dag.names, 0)
    sums[output] = 1
    edges = list(dag.edges())
    for node in reversed(dag.names):
        if node != output:
            sums[node] = sum(sums[j] * z for i, j, z in edges if i == node)
    return sums


def micrograd_readme(a: Any, b: Any) -> Any:
    """The expression of micrograd's README, which is also ``test_more_ops`` of its tests."""
    c = a + b
    d = a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c + (-a))
    d = d + (d * 2 + bp.relu(b + a))
    d = d + (3 * d + bp.relu(b - a))
    e = c - d
    f = e**2
    g = f / 2.0
    return g + 10.0 / f


def micrograd_sanity_check(x: Any) -> Any:
    """``test_sanity_check`` of micrograd's tests."""
    z = 2 * x + 2 + x
    q = bp.relu(z) + z * x
    h = bp.relu(z * z)
    return h + q + q * x


EXAMPLES: dict[str, tuple[Callable[..., Any], tuple[float, ...]]] = {
    "sigmoid of sigmoid (3.1)": (sigmoid_of_sigmoid, (0.7,)),
    "cos(w^2)": (cosine_of_square, (1.2,)),
    "K(g(f(w)), h(f(w)))": (two_branches, (1.2,)),
    "multivariate rule (3.3)": (of_many_parts, (0.4,)),
    "five layers of two products": (layers_of_products(5, 2), (1.1,)),
    "three layers of four products": (layers_of_products(3, 4), (1.01,)),
    "micrograd, README": (micrograd_readme, (-4.0, 2.0)),
    "micrograd, sanity check": (micrograd_sanity_check, (-4.0,)),
}


def derivatives(p: Linearization) -> dict[str, dict[str, float]]:
    """By method, the derivative of the output by each input."""
    return {method: {name: float(z) for name, z in p.gradient(method=method).items()} for method in METHODS}


def main() -> None:
    """Print each example's value, derivatives, and in how many paths they were found."""
    for name, (f, point) in EXAMPLES.items():
        p = linearize(f, *point)
        (output,) = (p.names[k] for k in p.outputs)
        found = derivatives(p)
        print(f"{name}: o = {float(p[output]):.4f}")
        for source, derivative in found["reverse"].items():
            spread = max(abs(by[source] - derivative) for by in found.values())
            paths = p.count_paths(source, output)
            print(f"    do/d{source} = {derivative:.4f}; paths: {paths}; the four methods differ by {spread:.0e}")
    dag = weighted_dag()
    print(f"S(i, o) on a weighted DAG (3.8): {recursion(dag, 'o')}")


if __name__ == "__main__":
    main()
