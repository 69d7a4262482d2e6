"""Derivations as LaTeX: each line states a number that SymPy or arithmetic confirms."""

import re

import numpy as np
import pytest
import sympy

import backpath as bp
from backpath.report.latex import latex, symbol


def test_every_path_is_a_product_of_local_derivatives():
    p = bp.parse("y = w**2; o = cos(y) * w").at(w=1.2)
    lines = latex(p, "w", "o").splitlines()
    total = next(line for line in lines if line.startswith(r"\frac{\partial o}{\partial w} &="))
    assert total.count(r"\,") == 2
    assert total.count(" + ") == 1
    numbers = [float(x) for x in re.findall(r"-?\d+\.\d+", lines[-3])]
    assert sum(numbers) == pytest.approx(np.cos(1.44) - 2 * 1.44 * np.sin(1.44), rel=1e-5)


def test_braces_balance_and_rows_have_one_alignment_each():
    p = bp.parse("a = exp(-w)/3; sigmoid(a)**2 + sqrt(abs(w)) * relu(w) - 1e-12").at(w=0.3)
    text = latex(p, "w", p.names[p.outputs[0]])
    assert text.count("{") == text.count("}")
    assert all(row.count("&") == 1 for row in text.splitlines()[1:-1])
    assert r"1 \cdot 10^{-12}" in text
    assert "e-" not in text


def test_symbols_are_written_as_sympy_writes_them():
    w = sympy.Symbol("w", real=True)
    text = latex(bp.parse("exp(w)*w", symbolic=True).at(), "w", "multiply_2")
    assert sympy.latex(sympy.diff(sympy.exp(w) * w, w)) in text.splitlines()[-2]


def test_many_paths_end_in_dots():
    text = "; ".join(f"a{k} = {v} + {v}" for k in range(6) for v in ["w" if k == 0 else f"a{k - 1}"])
    lines = latex(bp.parse(text).at(w=1.0), "w", "a5").splitlines()
    assert lines[-2].endswith("64")
    assert lines[-3].replace(r" \\", "").endswith(r"\cdots")


def test_no_path_is_zero():
    p = bp.parse("a = w + 1; b = v; a, b").at(w=1.0, v=2.0)
    assert r"\frac{\partial b}{\partial w} &= 0" in latex(p, "w", "b")


def test_arrays_are_refused():
    with pytest.raises(bp.GraphError, match="'x' is an array"):
        latex(bp.linearize(lambda x: x.sum(), np.ones(3)), "x", "sum_1")


@pytest.mark.parametrize(
    ("name", "shown"), [("w", "w"), ("w_12", "w_{12}"), ("cos_2", "y_{2}"), ("my_rate", r"\mathrm{my\_rate}")]
)
def test_names_become_symbols(name, shown):
    assert symbol(name) == shown
