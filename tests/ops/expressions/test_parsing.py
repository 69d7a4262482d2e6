"""Expressions as graphs: values and derivatives of every function against SymPy's."""

import math

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.ops.expressions.functions import FUNCTIONS_BY_NAME

METHODS = ("paths", "reverse", "forward", "elimination")
x, y = sympy.symbols("x y", real=True)
SCALE, ALPHA = sympy.Float("1.0507009873554805", 20), sympy.Float("1.6732632423543772", 20)

ORACLES = {
    **{
        name: (f"{name}(x)", getattr(sympy, name)(x)) for name in "exp sqrt sin cos tan sinh cosh tanh erf sign".split()
    },
    **{f"arc{name}": (f"arc{name}(x)", getattr(sympy, f"a{name}")(x)) for name in "sin cos tan sinh tanh".split()},
    **{f"a{name}": (f"a{name}(x)", getattr(sympy, f"a{name}")(x)) for name in "sin cos tan sinh tanh".split()},
    "arccosh": ("arccosh(x+1)", sympy.acosh(x + 1)),
    "acosh": ("acosh(x+1)", sympy.acosh(x + 1)),
    "exp2": ("exp2(x)", 2**x),
    "expm1": ("expm1(x)", sympy.exp(x) - 1),
    "log": ("log(x)", sympy.log(x)),
    "ln": ("ln(x)", sympy.log(x)),
    "log2": ("log2(x)", sympy.log(x, 2)),
    "log10": ("log10(x)", sympy.log(x, 10)),
    "log1p": ("log1p(x)", sympy.log(1 + x)),
    "cbrt": ("cbrt(x)", x ** sympy.Rational(1, 3)),
    "square": ("square(x)", x**2),
    "reciprocal": ("reciprocal(x)", 1 / x),
    "negative": ("negative(x)", -x),
    "abs": ("abs(x - 1)", 1 - x),
    "fabs": ("fabs(x - 1)", 1 - x),
    "floor": ("floor(7*x)*x", 4 * x),
    "ceil": ("ceil(7*x)*x", 5 * x),
    "trunc": ("trunc(-7*x)*x", -4 * x),
    "rint": ("rint(7*x)*x", 4 * x),
    "round": ("round(7*x)*x", 4 * x),
    "ndtr": ("ndtr(x)", (1 + sympy.erf(x / sympy.sqrt(2))) / 2),
    "expit": ("expit(x)", 1 / (1 + sympy.exp(-x))),
    "sigmoid": ("sigmoid(x)", 1 / (1 + sympy.exp(-x))),
    "log_expit": ("log_expit(x)", -sympy.log(1 + sympy.exp(-x))),
    "arctan2": ("arctan2(x, y)", sympy.atan2(x, y)),
    "atan2": ("atan2(x, y)", sympy.atan2(x, y)),
    "power": ("power(x, y)", x**y),
    "pow": ("pow(x, 3)", x**3),
    "add": ("add(x, y)", x + y),
    "subtract": ("subtract(x, y)", x - y),
    "multiply": ("multiply(x, y)", x * y),
    "divide": ("divide(x, y)", x / y),
    "maximum": ("maximum(x, y, 0)", y),
    "minimum": ("minimum(x, y, 2)", x),
    "max": ("max(x, y)", y),
    "min": ("min(x, y)", x),
    "hypot": ("hypot(x, y, 2)", sympy.sqrt(x**2 + y**2 + 4)),
    "logaddexp": ("logaddexp(x, y)", sympy.log(sympy.exp(x) + sympy.exp(y))),
    "clip": ("clip(x, 0, 1) + clip(y, 0, 1)", x + 1),
    "relu": ("relu(x) + relu(-y)", x),
    "leaky_relu": ("leaky_relu(-x, 0.3) + leaky_relu(-y)", -0.3 * x - 0.01 * y),
    "elu": ("elu(-x, 2) + elu(-y)", 2 * (sympy.exp(-x) - 1) + sympy.exp(-y) - 1),
    "selu": ("selu(-x) + selu(y)", SCALE * ALPHA * (sympy.exp(-x) - 1) + SCALE * y),
    "gelu": ("gelu(x)", x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2),
    "silu": ("silu(x)", x / (1 + sympy.exp(-x))),
    "mish": ("mish(x)", x * sympy.tanh(sympy.log(1 + sympy.exp(x)))),
    "swish": ("swish(x)", x / (1 + sympy.exp(-x))),
    "softplus": ("softplus(x)", sympy.log(1 + sympy.exp(x))),
}
AT = {"x": 0.6180339887, "y": 1.4142135624}


def at(text, **values):
    graph = bp.parse(text)
    return graph.at(**{graph.nodes[i].name: values[graph.nodes[i].name] for i in graph.inputs})


def numbers(expression, **values):
    """SymPy's value and derivatives by x and y, to 30 digits."""
    at_point = {x: sympy.Float(values["x"], 30), y: sympy.Float(values["y"], 30)}
    return [float(sympy.N(e.subs(at_point), 30)) for e in (expression, *(expression.diff(v) for v in (x, y)))]


def assert_equals(p, expected, tolerance=1e-12):
    value, *slopes = expected
    assert float(p.values[p.outputs[0]]) == pytest.approx(value, rel=tolerance, abs=tolerance)
    for method in METHODS:
        found = p.gradient(method=method)
        for name, slope in zip("xy", slopes, strict=True):
            assert float(found.get(name, 0.0)) == pytest.approx(slope, rel=tolerance, abs=tolerance)


def test_every_function_has_an_oracle():
    assert set(ORACLES) == set(FUNCTIONS_BY_NAME)


@pytest.mark.parametrize("name", ORACLES)
def test_value_and_derivatives(name):
    text, expression = ORACLES[name]
    assert_equals(at(text, **AT), numbers(expression, **AT))


def extended(inner):
    def pair(word, f):
        return st.tuples(inner, inner).map(lambda two: (word.format(two[0][0], two[1][0]), f(two[0][1], two[1][1])))

    def single(word, f):
        return inner.map(lambda one: (word.format(one[0]), f(one[1])))

    return st.one_of(
        pair("({} + {})", lambda a, b: a + b),
        pair("({} - {})", lambda a, b: a - b),
        pair("{} * {}", lambda a, b: a * b).map(lambda e: (f"({e[0]})", e[1])),
        single("sin({})", sympy.sin),
        single("tanh({})", sympy.tanh),
        single("({})**2", lambda a: a**2),
        single("exp(-({})**2)", lambda a: sympy.exp(-(a**2))),
        single("(-{})", lambda a: -a),
        single("log1p(({})**2)", lambda a: sympy.log(1 + a**2)),
    )


expressions = st.recursive(
    st.sampled_from([("x", x), ("y", y), ("2", sympy.Integer(2)), ("pi", sympy.pi)]), extended, max_leaves=7
)


@settings(max_examples=80, deadline=None)
@given(expressions, st.floats(-1, 1), st.floats(-1, 1))
def test_random_expressions_by_every_method(drawn, a, b):
    text, expression = drawn
    assert_equals(at(f"{text} + 0*x + 0*y", x=a, y=b), numbers(expression, x=a, y=b), 1e-9)


def test_assigned_names_are_the_nodes_names():
    graph = bp.parse("y = w**2; z = y; o = cos(z) + y")
    assert [n.name for n in graph.nodes if n.name in "wyzo"] == ["w", "y", "z", "o"]
    p = graph.at(w=1.2)
    assert float(p["z"]) == float(p["y"]) == pytest.approx(1.44)
    assert p.count_paths("w", "o") == 2


def test_outputs_are_what_stands_alone_or_is_never_used():
    graph = bp.parse("a = x*y\nb = a + 1; c = a - 1\na, sin(x)")
    assert [graph.nodes[o].name for o in graph.outputs] == ["b", "c", "a", "sin_6"]


def test_numbers_are_shared_and_names_win_over_constants():
    assert sum(n.primitive == "constant" for n in bp.parse("2*x + sin(2) + 2.0").nodes) == 1
    assert float(bp.parse("x*pi").at(x=2.0).values[-1]) == 2 * math.pi
    assert float(bp.parse("e = 3; e*x").at(x=2.0).values[-1]) == 6.0


def test_static_exponents_are_no_nodes():
    assert [n.primitive for n in bp.parse("x**-3").nodes] == ["input", "integer_power"]
    assert [n.primitive for n in bp.parse("x**0.5").nodes] == ["input", "constant", "power"]


def test_a_parsed_graph_is_a_graph_like_any_other():
    def f(x):
        return bp.parse("sin(x)*x").at(x=x).values[-1]

    assert bp.grad(f)(0.7) == pytest.approx(math.cos(0.7) * 0.7 + math.sin(0.7), rel=1e-14)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("cosine(w)", 1, "there is no function cosine; did you mean sin or cos"),
        ("w + qqq(w)", 5, "there is no function qqq; a product is written qqq*(...)"),
        ("sin(w, w)", 1, "sin takes one argument, and 2 were given"),
        ("arctan2(w)", 1, "arctan2 takes 2 arguments, and 1 were given"),
        ("max(w)", 1, "max takes two or more arguments, and 1 were given"),
        ("elu(w, v)", 8, "the alpha of elu is part of the function: expected a number"),
        ("y = w; y = 2*w", 8, "y is assigned twice"),
        ("z = y; y = w", 8, "y is assigned after it was used as an input"),
        ("z = pi*w; pi = 3", 11, "pi is assigned after it was used as the constant"),
        ("sin = w", 1, "sin is a function; expected another name"),
        ("w + cos", 5, "cos is a function: expected its argument, cos(...)"),
        ("eval(w)", 1, "there is no function eval"),
    ],
)
def test_names_used_wrongly(text, column, message):
    with pytest.raises(bp.ExpressionError) as error:
        bp.parse(text)
    assert message in str(error.value)
    assert error.value.column == column


def test_a_sum_of_thousands_of_terms_is_no_deep_stack():
    p = bp.parse("+".join(["x"] * 4000)).at(x=1.0)
    assert float(p.gradient("x")) == 4000.0


def test_values_are_taken_where_they_are_asked_for():
    with pytest.raises(bp.GraphError, match="the graph's inputs are x, y; values were given for x"):
        bp.parse("x*y").at(x=1.0)
    assert bp.parse("x**-2").at(x=2).gradient("x") == -0.25
    np.testing.assert_allclose(bp.parse("x*y").at(x=np.float32(2), y=3).gradient("y"), 2.0)
