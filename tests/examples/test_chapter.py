"""The chapter's examples, each against its own formula."""

import runpy
from fractions import Fraction
from math import cos, exp, sin
from pathlib import Path

import numpy as np
import pytest

import backpath as bp
from backpath.paths import Dag, linearize

PATH = str(Path(__file__).parents[2] / "examples" / "chapter.py")
CHAPTER = runpy.run_path(PATH)
METHODS = CHAPTER["METHODS"]


def every_derivative(f, *point):
    """The derivative by each method, all of which agree to 1e-12."""
    found = CHAPTER["derivatives"](linearize(f, *point))
    for derivatives in found.values():
        assert derivatives == pytest.approx(found["paths"], rel=1e-12)
    return found["reverse"]


def test_3_1_sigmoid_of_sigmoid():
    w = 0.7
    f = bp.sigmoid(w)
    g = bp.sigmoid(f)
    expected = g * (1 - g) * f * (1 - f)
    assert every_derivative(CHAPTER["sigmoid_of_sigmoid"], w)["w"] == pytest.approx(expected, rel=1e-14)


def test_cosine_of_square():
    w = 1.2
    assert every_derivative(CHAPTER["cosine_of_square"], w)["w"] == pytest.approx(-2 * w * sin(w * w), rel=1e-14)


def test_two_branches_have_two_paths():
    """do/dw = dK/dp g'(y) f'(w) + dK/dq h'(z) f'(w)."""
    w = 1.2
    expected = -sin(w * w) * 2 * w + cos(w * w) * 2 * w
    assert every_derivative(CHAPTER["two_branches"], w)["w"] == pytest.approx(expected, rel=1e-14)
    p = linearize(CHAPTER["two_branches"], w)
    products = [float(path.product) for path in p.paths("w", p.names[p.outputs[0]])]
    assert sorted(products) == pytest.approx(sorted([-sin(w * w) * 2 * w, cos(w * w) * 2 * w]), rel=1e-14)


def test_3_3_multivariate_rule():
    w = 0.4
    g1, g2, g3 = sin(w), w * w, exp(w)
    expected = (g2 + g3) * cos(w) + g1 * 2 * w + g1 * exp(w)
    assert every_derivative(CHAPTER["of_many_parts"], w)["w"] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(("layers", "width"), [(5, 2), (1, 3), (3, 3), (2, 5), (8, 2)])
def test_layers_of_products(layers, width):
    """Each of the width^layers paths has the same product, w to the number of paths less one."""
    w, paths = 1.01, width**layers
    f = CHAPTER["layers_of_products"](layers, width)
    assert every_derivative(f, w)["w"] == pytest.approx(paths * w ** (paths - 1), rel=1e-12)
    p = linearize(f, w)
    output = p.names[p.outputs[0]]
    assert p.count_paths("w", output) == paths
    products = np.array([path.product for path in p.paths("w", output)], float)
    np.testing.assert_allclose(products, w ** (paths - 1), rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_five_layers_of_two_products_exactly(method):
    """With Fractions, 32 w^31 to the last digit."""
    w = Fraction(3, 2)
    edges = [("w", (1, j), Fraction(1)) for j in range(2)]
    for layer in range(2, 6):
        other = w**2 ** (layer - 2)
        edges += [((layer - 1, i), (layer, j), other) for i in range(2) for j in range(2)]
    dag = Dag.from_edges(edges + [((5, i), "o", w**16) for i in range(2)])
    assert dag.count_paths("w", "o") == 32
    assert dag.gradient("w", "o", method) == 32 * w**31


@pytest.mark.parametrize("method", METHODS)
def test_3_8_sums_on_a_weighted_dag(method):
    dag = CHAPTER["weighted_dag"]()
    sums = CHAPTER["recursion"](dag, "o")
    assert sums[3] == 7 * 17 + 13 * 19 + 23
    assert sums[1] == 2 * (5 * 17 + 11 * 19) + 3 * sums[3]
    assert dag.gradient(list(dag.names), "o", method) == sums


def test_micrograd_readme():
    p = linearize(CHAPTER["micrograd_readme"], -4.0, 2.0)
    assert round(float(p[p.names[p.outputs[0]]]), 4) == 24.7041
    derivatives = every_derivative(CHAPTER["micrograd_readme"], -4.0, 2.0)
    assert {name: round(z, 4) for name, z in derivatives.items()} == {"a": 138.8338, "b": 645.5773}


def test_micrograd_sanity_check():
    p = linearize(CHAPTER["micrograd_sanity_check"], -4.0)
    assert float(p[p.names[p.outputs[0]]]) == -20
    assert every_derivative(CHAPTER["micrograd_sanity_check"], -4.0) == {"x": 46}


def test_the_script_prints_every_example(capsys):
    runpy.run_path(PATH, run_name="__main__")
    printed = capsys.readouterr().out
    assert all(name in printed for name in CHAPTER["EXAMPLES"])
    assert "do/dw = 614.2190" in printed
    assert "paths: 32" in printed
