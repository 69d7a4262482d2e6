"""Values and local derivatives that the page computes again, against Python's."""

import json

import numpy as np
import pytest
from report.explorer.graphs import FUNCTIONS_OF_ONE, network, residual

import backpath as bp
from backpath.ops.expressions.functions import FUNCTIONS_BY_NAME
from backpath.report.explorer.folds import folds

AGAIN = """(app, changes) => changes.map(([name, value]) => {
    app.set({ at: `${name}=${value}` });
    const { graph } = app;
    const z = [...graph.z].map((z, w) => graph.carries[w] ? z : null);
    return { live: graph.live, why: graph.frozen, values: [...graph.values], z };
})"""

POINTS = (-3.7, -1.5, -0.3, 0.2, 0.7, 1.3, 2.5, 9.0)


def numbers(p):
    """All values in a row, and z of each edge by target and slot."""
    values = np.concatenate([np.ravel(np.asarray(v, float)) for v in p.values])
    z = [float(p.weight(k, slot)) for k in range(len(p)) for slot, _ in p.edges_into(k)]
    return values, z


def assert_same(told, values, z):
    assert told["live"], told["why"]
    np.testing.assert_allclose(np.array(told["values"], float), values, rtol=2e-13, atol=1e-15)
    found = [x for x in told["z"] if x is not None]
    np.testing.assert_allclose(np.array(found, float), z, rtol=1e-12, atol=1e-300)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_function_of_one_variable(laboratory):
    text = ", ".join(f"{name}(x)" for name in FUNCTIONS_OF_ONE)
    graph = bp.parse(text)
    told = laboratory(graph.at(x=0.5), AGAIN, [["x", x] for x in POINTS])
    for x, one in zip(POINTS, told, strict=True):
        assert_same(one, *numbers(graph.at(x=x)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_function_of_two_variables(laboratory):
    text = (
        "x+y, x-y, x*y, x/y, x**y, arctan2(x, y), maximum(x, y), minimum(x, y), hypot(x, y), logaddexp(x, y), "
        "x**3, x**-2, x**0, clip(x, -1, y), elu(x, 0.5), leaky_relu(x, 0.2), arccosh(1 + x*x), arccos(x / 10)"
    )
    graph = bp.parse(text)
    told = laboratory(graph.at(x=0.5, y=1.7), AGAIN, [["x", x] for x in POINTS])
    for x, one in zip(POINTS, told, strict=True):
        assert_same(one, *numbers(graph.at(x=x, y=1.7)))


@pytest.mark.parametrize("variables", ["both", "post", "pre"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_networks_follow_a_weight(laboratory, variables, activation):
    p = network(variables, activation)
    inputs = [np.array(p.values[k]) for k in p.inputs]
    inputs[2][1, 3] = 0.75
    expected = p.graph.at(**{p.names[k]: v for k, v in zip(p.inputs, inputs, strict=True)})
    (told,) = laboratory(p, AGAIN, [["parameters.W2[1,3]", 0.75]])
    assert told["live"], told["why"]
    np.testing.assert_allclose(told["values"], np.concatenate([np.ravel(v) for v in expected.values]), rtol=1e-13)
    fresh = laboratory(expected, "(app) => [...app.graph.z].filter((_, w) => app.graph.carries[w])")
    np.testing.assert_allclose([z for z in told["z"] if z is not None], fresh, rtol=1e-12, atol=1e-15)


def test_cross_entropy_and_residual_blocks(laboratory):
    for p in (network("both", "silu", "cross_entropy"), residual()):
        k = p.inputs[0]
        changed = {p.names[i]: np.array(p.values[i]) for i in p.inputs}
        changed[p.names[k]].flat[1] = -0.4
        entry = "[0,1]"
        (told,) = laboratory(p, AGAIN, [[f"{p.names[k]}{entry}", -0.4]])
        assert told["live"], told["why"]
        expected = np.concatenate([np.ravel(v) for v in p.graph.at(**changed).values])
        np.testing.assert_allclose(told["values"], expected, rtol=1e-12, atol=1e-15)


def test_what_the_page_cannot_compute_again_is_said(laboratory):
    p = bp.linearize(lambda A: np.sum(np.linalg.inv(A)), np.eye(2) * 2)
    (told,) = laboratory(p, AGAIN, [["A[0,0]", 5.0]])
    assert not told["live"]
    assert "inv" in told["why"]
    np.testing.assert_array_equal(told["values"][:4], [2, 0, 0, 2])


GRAPH = """(app, texts) => texts.map((text) => {
    app.set({ expr: text });
    if (app.error) return { error: app.error.message };
    const { names, primitives, parents, params, inputs, outputs } = app.base;
    return { names, primitives, parents, params, inputs, outputs, values: [...app.graph.values], folds: app.folds };
})"""

TEXTS = [
    "cos(w**2)",
    "y = w; z = y*pi; y*z, -(-w), 3",
    "pow(a,3)+a**-2+2*-3+(-2)**2 + --3 - -0.0*a",
    "max(a, b, c, 2) + hypot(a, b, c) + clip(a, -1, 1) + log_expit(b) + elu(a, 2) + leaky_relu(b)",
    "a**b**2 / -c**2\n\n d = (a +\n b); d*d ; e**a",
    "e = 2; e*x + pi",
    ".5*x + 1.*x + 1e-3*x + x_1 + σ",
    "multiply_3 = a*b; a*b*multiply_3 + add_4",
    "; ".join(f"v{k} = {f'v{k - 1}' if k else 'x'} * 2 + sin(x)" for k in range(60)),
]


def test_expressions_become_the_same_graph(laboratory):
    told = laboratory(bp.parse("q").at(q=1.0), GRAPH, TEXTS, expression="q")
    for text, found in zip(TEXTS, told, strict=True):
        graph = bp.parse(text)
        p = graph.at(**{graph.nodes[k].name: 1.0 for k in graph.inputs})
        assert found["names"] == p.names
        assert found["primitives"] == [n.primitive for n in graph.nodes]
        assert found["parents"] == [list(n.parents) for n in graph.nodes]
        assert (found["inputs"], found["outputs"]) == (list(graph.inputs), list(graph.outputs))
        for node, params in zip(graph.nodes, found["params"], strict=True):
            plain = {k: v for k, v in node.params.items() if k not in ("value", "shape")}
            assert (params or {}) == plain
        np.testing.assert_allclose(np.array(found["values"], float), [float(v) for v in p.values], rtol=1e-13)
        assert_same_folds(found["folds"], json.loads(json.dumps(folds(p))))


def assert_same_folds(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert [a[k] for k in ("name", "kind", "parent", "members")] == [
            b[k] for k in ("name", "kind", "parent", "members")
        ]
        np.testing.assert_allclose(a["at"], b["at"])
        assert [line[:2] for line in a["lines"]] == [line[:2] for line in b["lines"]]
        for one, other in zip(a["lines"], b["lines"], strict=True):
            np.testing.assert_allclose(np.array(one[2], float), np.array(other[2], float))


WRONG = [
    *"cos(w|cos w|w^2|2x|a = b = c|a == b|1e999|sin()|x[0]|a; a = 2|sin = 2|cos + 1|atan2(x)".split("|"),
    *"elu(x, y)|x = 1; x = 2".split("|"),
    *"pi*2; pi = 3|f(x|a b|x < 2|(((x)|x )|2 = x|hypot(x)|x # 2|coz(x)|frobnicate(x)|'a'|y = 1\nz = y +* 2|;".split(
        "|"
    ),
    "(" * 101 + "x" + ")" * 101,
    "x" * 120 + " ! " + "y" * 120,
]


def test_errors_say_the_same_and_point_to_the_same_place(laboratory):
    told = laboratory(bp.parse("q").at(q=1.0), GRAPH, WRONG, expression="q")
    for text, found in zip(WRONG, told, strict=True):
        with pytest.raises(bp.ExpressionError) as raised:
            bp.parse(text)
        expected = str(raised.value)
        assert "error" in found, text
        if "did you mean" in expected:
            assert "did you mean cos" in found["error"]
            expected, found["error"] = (m.splitlines()[1:] for m in (expected, found["error"]))
        assert found["error"] == expected


def test_the_page_knows_the_functions_of_the_grammar(laboratory):
    names = laboratory(bp.parse("q").at(q=1.0), "(app) => app.functions", expression="q")
    assert sorted(names) == sorted(FUNCTIONS_BY_NAME)
