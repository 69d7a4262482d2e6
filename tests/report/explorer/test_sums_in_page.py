"""What the page computes, against Python: path sums, adjoints, counts, values and local derivatives."""

import numpy as np
import pytest

import backpath as bp
from backpath.paths import MASS, PATH_COUNT, SUM_PRODUCT, pull_back

SUMS = """() => {
    const { derived, graph } = window.backpath.app;
    return { adjoint: [...derived.adjoint], mass: [...derived.mass], counts: derived.counts.map(String),
             total: String(derived.total), values: graph.values && [...graph.values] };
}"""

EXPRESSIONS = {
    "cos(w**2)": {"w": 1.2},
    "y = w**2; cos(y)*w + y/w - exp(-y)": {"w": 1.2},
    "a0 = w*w; b0 = w*w; a1 = a0*b0; b1 = a0*b0; a1*b1": {"w": 1.1},
    "relu(x) * sqrt(x) + maximum(x, y) - abs(y)": {"x": 0.5, "y": -2.0},
}


def assert_same(page, weighted, output):
    told = page.evaluate(SUMS)
    every = range(len(weighted))
    seed = {output: np.ones((), weighted.dtype(output))}
    for name, found in (
        ("adjoint", pull_back(weighted, seed, every, SUM_PRODUCT)),
        ("mass", pull_back(weighted, seed, every, MASS)),
    ):
        expected = [float(found[k]) if k in found else 0.0 for k in every]
        np.testing.assert_allclose(told[name], expected, rtol=1e-12, atol=1e-300)
    counts = pull_back(weighted, {output: PATH_COUNT.one((), object)}, every, PATH_COUNT)
    assert told["counts"] == [str(int(counts[k])) if k in counts else "0" for k in every]
    return told


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions(open_page, text):
    p = bp.parse(text).at(**EXPRESSIONS[text])
    assert_same(open_page(p), p, p.outputs[-1])
