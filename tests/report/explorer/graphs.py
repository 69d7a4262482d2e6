"""What the page is shown in tests: expressions, networks in each reading, an explanation, a DAG."""

from __future__ import annotations

import random

import numpy as np

import backpath as bp

EXPRESSIONS = {
    "cos(w**2)": {"w": 1.2},
    "y = w**2; cos(y)*w + y/w - exp(-y)": {"w": 1.2},
    "a0 = w*w; b0 = w*w; a1 = a0*b0; b1 = a0*b0; a1*b1": {"w": 1.1},
    "relu(x) * sqrt(x) + maximum(x, y) - abs(y)": {"x": 0.5, "y": -2.0},
}

FUNCTIONS_OF_ONE = (
    "exp exp2 expm1 log log2 log10 log1p sqrt cbrt square reciprocal negative abs sin cos tan sinh cosh tanh arcsin "
    "arctan "
    "arcsinh arctanh erf ndtr expit gelu relu selu sigmoid silu mish softplus log_expit elu leaky_relu floor rint"
).split()


def network(variables="both", activation="tanh", loss="squared_error"):
    net = bp.Network([3, 4, 4, 2], activation=activation, loss=loss)
    X = np.array([[0.5, -1.0, 0.3], [1.0, 0.2, -0.4]])
    y = np.array([0, 1]) if loss == "cross_entropy" else np.array([[1.0, 0.0], [0.5, -1.0]])
    return net.linearize(net.init(0, float), X, y, variables=variables)


def explanation():
    net = bp.Network([6, 8, 5, 3], activation="relu", loss="cross_entropy")
    X = np.random.default_rng(3).standard_normal((1, 6))
    return bp.explain(net, (net.init(1, float), X), (0, 2), wrt="X")


def residual():
    def f(x, W):
        h = x
        for _ in range(3):
            h = h + np.tanh(h @ W)
        return np.sum(h)

    rng = np.random.default_rng(0)
    return bp.linearize(f, rng.standard_normal((1, 4)), rng.standard_normal((4, 4)) / 2)


def random_dag(nodes, seed=0, reach=40):
    rng = np.random.default_rng(seed)
    sources = [int(rng.integers(max(0, k - reach), k)) for k in range(1, nodes) for _ in range(2)]
    return bp.Dag.from_arrays(sources, np.repeat(np.arange(1, nodes), 2), rng.standard_normal(2 * (nodes - 1)))


def graphs():
    """By name, what Python has of it: a linearization, a DAG or an explanation."""
    by_text = {text: bp.parse(text).at(**point) for text, point in EXPRESSIONS.items()}
    readings = {f"network, {v}": network(v) for v in ("both", "post", "pre")}
    others = {
        "network, cross-entropy": network("both", "relu", "cross_entropy"),
        "explanation": explanation(),
        "one of several outputs": bp.explain(lambda x: np.tanh(x * x[::-1]), (np.array([0.3, -0.2, 0.9]),), ...).each()[
            2
        ],
        "whole numbers": bp.linearize(lambda n: n * n - n, 3),
        "residual blocks": residual(),
        "dag": random_dag(60),
        "parallel edges": bp.Dag.from_edges([("w", "o", 4), ("w", "o", -3), ("w", "v", 2), ("v", "o", 0.5)]),
    }
    return {**by_text, **readings, **others}


def random_expression(seed):
    """An expression of two variables without a pole nearby, and a point."""
    rng = random.Random(seed)
    names = ["x", "y"]
    lines = []
    for k in range(rng.randint(2, 6)):
        a, b = rng.choice(names), rng.choice(names)
        form = rng.choice(
            ["{a} * {b}", "{a} + {b}", "{a} - 0.5 * {b}", "{f}({a})", "{f}({a}) * {b}", "{a}**2 - {b}", "-{a}"]
        )
        f = rng.choice(["sin", "cos", "tanh", "sigmoid", "gelu", "exp", "relu", "softplus", "arctan", "erf"])
        lines.append(f"v{k} = {form.format(a=a, b=b, f=f)}")
        names.append(f"v{k}")
    text = "; ".join([*lines, f"{names[-1]} * x + {names[-2]} / (2 + y**2)"])
    return text, {"x": rng.uniform(-1.2, 1.2), "y": rng.uniform(-1.2, 1.2)}
