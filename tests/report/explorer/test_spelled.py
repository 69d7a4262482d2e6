"""Graphs written as expressions: read again, they are the same."""

import numpy as np
import pytest
from report.explorer.graphs import FUNCTIONS_OF_ONE, network, random_expression

import backpath as bp
from backpath.report.explorer.spelled import spelled

TEXTS = [
    "cos(w**2)",
    "y = w**2; z = sin(w)*y; cos(y) + z, y",
    "(a - b) - (a - b*(a + 2)) / (b/a) / -a",
    "-a**2 + (-a)**b**2 + (a**b)**2 - (-3)**2 + a**-2",
    "maximum(a, b) + hypot(a, b) + elu(a, 0.3) + leaky_relu(b) + clip(a, -1, b) + 1e-7*a + 2.5",
    ", ".join(f"{name}(a)" for name in FUNCTIONS_OF_ONE),
    "o = a; p = o * 1; p*p*p",
]


def at(graph, **point):
    names = [graph.nodes[k].name for k in graph.inputs]
    return graph.at(**{name: point[name] for name in names})


def same(text, point):
    p = at(bp.parse(text), **point)
    written = spelled(p.graph)
    assert written is not None
    q = at(bp.parse(written), **point)
    np.testing.assert_array_equal([p.values[k] for k in p.outputs], [q.values[k] for k in q.outputs])
    for k, j in zip(p.outputs, q.outputs, strict=True):
        for i in p.inputs:
            name = p.names[i]
            np.testing.assert_equal(p.gradient(name, p.names[k]), q.gradient(name, q.names[j]))
    return written


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("text", TEXTS)
def test_texts(text):
    same(text, {"a": 0.7, "b": 0.4, "w": 1.2})


@pytest.mark.parametrize("seed", range(20))
def test_random_expressions(seed):
    same(*random_expression(seed))


def test_traced_functions_are_written_as_one_would():
    assert spelled(bp.linearize(lambda w: np.cos(w * w) - 2 / w, 1.2).graph) == "cos(w*w) - 2/w"
    assert same("y = w**2; cos(y)", {"w": 1.2}) == "y = w**2; cos(y)"


def test_what_the_grammar_has_no_words_for():
    assert spelled(network().graph) is None
    assert spelled(bp.linearize(lambda w: (), 0.5).graph) is None
    assert spelled(bp.linearize(lambda w: np.sinc(w), 0.5).graph) is None
    assert spelled(bp.linearize(lambda sin: sin * 2.0, 0.5).graph) is None
