"""Explanations: every quantity against all paths one by one, and against figures of the literature."""

import itertools
import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp

NET = bp.Network([4, 3, 3, 2], activation="tanh")
RNG = np.random.default_rng(0)
P, X = NET.init(1, float), RNG.standard_normal((2, 4))


def pairs(things):
    return itertools.pairwise(things)


def all_paths(e):
    """Product and nodes of every path, by unrolling the graph."""
    dag = e.lin.unroll()
    output = e.lin.names[e.output]
    starts = [n for s in e.sources for n in dag.names if n == e.lin.names[s] or str(n).startswith(f"{e.lin.names[s]}[")]
    return [path for start in starts for path in dag.paths(start, output)]


def array_nodes(path):
    return [str(name).split("[")[0] for name in path.nodes]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["tanh", "relu", "sigmoid"]))
def test_every_quantity_against_all_paths(seed, activation):
    rng = np.random.default_rng(seed)
    A, B = rng.standard_normal((3, 2)), rng.standard_normal((2, 3))
    phi = {"tanh": np.tanh, "relu": bp.relu, "sigmoid": bp.sigmoid}[activation]
    e = bp.explain(lambda x: (x + phi(phi(x @ A) @ B)) @ np.array([1.0, -2.0, 0.5]), (rng.standard_normal(3),))
    paths = all_paths(e)
    products = np.array([float(p.product) for p in paths])
    sizes = np.abs(products)
    total = sizes.sum()
    assert e.gradient["x"].sum() == pytest.approx(products.sum(), rel=1e-10, abs=1e-12)
    assert e.total_mass == pytest.approx(total, rel=1e-10)
    assert e.active_count() == np.count_nonzero(products)
    shares = sizes[sizes > 0] / total
    assert e.entropy() == pytest.approx(-(shares * np.log(shares)).sum(), rel=1e-10, abs=1e-12)
    assert e.path_norm(3) == pytest.approx((sizes**3).sum() ** (1 / 3), rel=1e-10)
    flow = dict.fromkeys(e.lin.names, 0.0)
    for path, size in zip(paths, sizes, strict=True):
        for name in array_nodes(path):
            flow[name] += size
    for name, found in e.flow().items():
        assert found == pytest.approx(flow[name], rel=1e-10, abs=1e-14)
    lengths = {}
    for path, product in zip(paths, products, strict=True):
        length = sum(name.startswith("matmul") for name in array_nodes(path)[1:])
        lengths[length] = lengths.get(length, 0.0) + product
    for n, part in e.length_spectrum().parts.items():
        assert part["x"].sum() == pytest.approx(lengths.get(n, 0.0), rel=1e-10, abs=1e-12)
    top = [path.product for path in e.top_paths(4)]
    np.testing.assert_allclose(np.abs(top), np.sort(sizes[sizes > 0])[::-1][: len(top)], rtol=1e-10)
    assert e.verify() == dict.fromkeys(e.verify(), True)


def test_a_network_is_explained_by_its_inputs_and_by_its_weights():
    e = bp.explain(NET, (P, X), output=(1, 0))

    def score(p, x):
        h = x
        for r in (1, 2):
            h = jnp.tanh(h @ p[f"W{r}"] + p[f"b{r}"])
        return (h @ p["W3"] + p["b3"])[1, 0]

    theirs_p, theirs_x = jax.grad(score, (0, 1))(P, X)
    np.testing.assert_allclose(e.gradient["X"], theirs_x, rtol=1e-12, atol=1e-14)
    for name, expected in theirs_p.items():
        np.testing.assert_allclose(e.gradient[f"parameters.{name}"], expected, rtol=1e-12, atol=1e-14)
    assert bp.explain(NET, (P, X), (1, 0), "X").count() == 4 * 3 * 3
    assert list(bp.explain(NET, (P, X), (1, 0), ["parameters.W2", "X"]).gradient) == ["parameters.W2", "X"]
    assert len(bp.explain(NET, (P, X), (1, 0), "parameters").gradient) == 6


def test_fifty_four_residual_blocks_have_the_lengths_of_the_literature():
    """Veit and others, 2016: 2^54 paths, of which 98.02 % are 19 to 35 blocks long, and 0.4537 % are 5 to 17."""

    def f(x):
        for _ in range(54):
            x = x + x @ np.ones((1, 1))
        return x[0]

    e = bp.explain(f, (np.ones(1),))
    assert e.count() == 2**54
    norms = e.length_spectrum().norms
    assert norms == {n: math.comb(54, n) for n in range(55)}
    share = {(a, b): sum(norms[n] for n in range(a, b + 1)) / 2**54 for a, b in [(19, 35), (5, 17)]}
    assert share[19, 35] == pytest.approx(0.9802, abs=5e-5)
    assert share[5, 17] == pytest.approx(0.004537, abs=5e-7)
    assert e.length_spectrum().effective_depth == pytest.approx(27)
    assert e.entropy() == pytest.approx(54 * math.log(2))
    assert e.evenness() == pytest.approx(1)


@pytest.mark.parametrize(("gain", "expected"), [("one", 10.0), ("over blocks", 0.952), ("over depth", 2.645)])
def test_residual_linear_networks_have_the_lengths_that_their_gains_say(gain, expected):
    """Twenty blocks with branch gain a^2 = 1, 1/B or 1/l: g_L has squared norms whose mean length is known."""
    rng, blocks, width, lengths = np.random.default_rng(5), 20, 64, []
    for _ in range(30):
        scales = [
            {"one": 1.0, "over blocks": 1 / blocks, "over depth": 1 / k}[gain] ** 0.5 for k in range(1, blocks + 1)
        ]
        matrices = [a * rng.standard_normal((width, width)) / math.sqrt(width) for a in scales]

        def f(x, v, matrices=matrices):
            for W in matrices:
                x = x + x @ W
            return x @ v

        e = bp.explain(f, (rng.standard_normal(width), rng.standard_normal(width)), wrt="x")
        squares = {n: norm**2 for n, norm in e.length_spectrum("layer").norms.items()}
        lengths.append(sum((n - 1) * s for n, s in squares.items()) / sum(squares.values()))
    error = np.std(lengths) / math.sqrt(len(lengths))
    assert abs(np.mean(lengths) - expected) < max(4 * error, 0.02 * expected)


def test_opposite_paths_cancel():
    e = bp.explain(lambda w: 5.0 * w - 5.0 * w + np.sin(w), (0.0,))
    assert e.gradient["w"] == 1.0
    assert e.total_mass == 11.0
    assert e.cancellation()["w"] == pytest.approx(1 / 11)


def test_where_a_gradient_vanishes():
    matrices = [np.eye(3)] * 12

    def f(x):
        for W in matrices:
            x = bp.sigmoid(x @ W)
        return x.sum()

    scales = bp.explain(f, (np.zeros(3),)).depth_scale()
    assert [math.isnan(s.ratio) for s in scales] == [True] + [False] * 11
    assert all(earlier.layer > later.layer or len(earlier.layer) > len(later.layer) for earlier, later in pairs(scales))
    for earlier, later in pairs(scales):
        assert later.ratio == pytest.approx((later.rms / earlier.rms) ** 2)
        assert 0.05 < later.ratio < 0.0626


def test_dead_neurons_close_their_paths():
    W, v = np.array([[1.0, -1.0], [1.0, -1.0]]), np.array([1.0, 1.0])
    e = bp.explain(lambda x: bp.relu(x @ W) @ v, (np.ones(2),))
    assert (e.count(), e.active_count()) == (4, 2)
    assert {path.entries[1] for path in e.top_paths(10)} == {(0,)}


def test_json_and_summary_say_the_same():
    e = bp.explain(NET, (P, X), (0, 1), "X")
    told = json.loads(json.dumps(e.to_json()))
    assert told["paths"] == 36
    text = e.summary()
    assert "36 paths, 36 of them active" in text
    assert f"{told['top_paths'][0]['product']:.4g}" in text
    assert f"effective depth {told['effective_depth']:.2f}" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (NET, (P, X)),
            r"output=None leaves values .* \[2, 2\]: choose one number by its index, or output=\.\.\. for",
        ),
        ((NET, (P, X), (0, 1), "Y"), "no input of real numbers is called 'Y'; there are parameters.W1"),
        ((lambda n: n * 2, (3,)), r"pass 3\.0 in place of 3"),
    ],
)
def test_what_cannot_be_explained_is_refused(arguments, message):
    with pytest.raises(bp.GraphError, match=message):
        bp.explain(*arguments)


def test_other_words_for_lengths_and_flows_are_refused():
    e = bp.explain(NET, (P, X), (0, 1))
    for refused, message in [
        (lambda: e.length_spectrum("node"), "by='node': lengths are counted by 'layer', by 'block' or by 'edge'"),
        (lambda: e.length_spectrum("block"), "no sum of the graph joins a value and what was made from it"),
        (lambda: e.flow("block"), "flow is by 'node', by 'layer' or by 'edge'"),
        (lambda: e.cancellation("edge"), "cancellation is by 'element', by 'layer' or by 'node'"),
        (lambda: e.top_paths(3, "block"), "paths are by 'element' or by 'layer'"),
        (lambda: bp.explain(lambda x: [x, x], (1.0,), output=2), "output=2 chooses nothing from what .* out of range"),
    ]:
        with pytest.raises(bp.GraphError, match=message):
            refused()
