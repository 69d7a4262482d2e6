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
from backpath.nets.blocks import residual
from backpath.paths import entry_names

NET = bp.Network([4, 3, 3, 2], activation="tanh")
RNG = np.random.default_rng(0)
P, X = NET.init(1, float), RNG.standard_normal((2, 4))


def pairs(things):
    return itertools.pairwise(things)


def all_paths(e):
    """Every path neuron by neuron, by unrolling the graph and walking it."""
    dag = e.lin.unroll()
    ends = [n for n, seed in zip(entry_names(*of(e, e.output)), np.ravel(e.seed), strict=True) if seed]
    starts = [n for s in e.sources for n in entry_names(*of(e, s))]
    known = set(dag.names)
    return [path for start in starts for end in ends if {start, end} <= known for path in dag.paths(start, end)]


def of(e, position):
    return e.lin.names[position], e.lin.shape(position)


def array_of(name):
    return str(name).split("[")[0]


def assert_everything_is_what_all_paths_say(e):
    paths = all_paths(e)
    products = np.array([float(p.product) for p in paths])
    sizes, total = np.abs(products), np.abs(products).sum()
    close = {"rel": 1e-10, "abs": 1e-12 * max(1.0, total)}
    for name, masses in e.mass().items():
        for index in np.ndindex(masses.shape):
            start = entry_names(name, masses.shape)[flat(index, masses)]
            here = [k for k, p in enumerate(paths) if p.nodes[0] == start]
            assert e.gradient[name][index] == pytest.approx(products[here].sum(), **close)
            assert masses[index] == pytest.approx(sizes[here].sum(), **close)
            whole, chance = sizes[here].sum(), math.sqrt((sizes[here] ** 2).sum())
            if whole > 0:
                raw, relative = e.cancellation()[name][index], e.cancellation(relative=True)[name][index]
                assert raw * whole == pytest.approx(abs(products[here].sum()), **close)
                assert relative * chance == pytest.approx(abs(products[here].sum()), **close)
    assert e.total_mass == pytest.approx(total, **close)
    assert e.count() == len(paths)
    assert e.active_count() == np.count_nonzero(products)
    shares = sizes[sizes > 0] / (total or 1.0)
    assert e.entropy() == pytest.approx(-(shares * np.log(shares)).sum(), rel=1e-10, abs=1e-10)
    assert e.path_norm(3) == pytest.approx((sizes**3).sum() ** (1 / 3), **close)
    nodes, edges, lengths, layers = {}, {}, {}, {}
    for path, product in zip(paths, products, strict=True):
        arrays = [array_of(n) for n in path.nodes]
        for name in arrays:
            nodes[name] = nodes.get(name, 0.0) + abs(product)
        for pair in itertools.pairwise(arrays):
            edges[pair] = edges.get(pair, 0.0) + abs(product)
        lengths[len(path)] = lengths.get(len(path), 0.0) + product
        layer = sum(name.startswith("matmul") for name in arrays[1:])
        layers[layer] = layers.get(layer, 0.0) + product
    for name, found in e.flow().items():
        assert found == pytest.approx(nodes.get(name, 0.0), **close)
    found_edges = {}
    for (source, target, _), flow in e.flow("edge").items():
        found_edges[source, target] = found_edges.get((source, target), 0.0) + flow
    for pair, flow in found_edges.items():
        assert flow == pytest.approx(edges.get(pair, 0.0), **close)
    for by, expected in (("edge", lengths), ("layer", layers)):
        parts = e.length_spectrum(by).parts
        for n in {*parts, *expected}:
            carried = sum(float(np.sum(g)) for g in parts.get(n, {}).values())
            assert carried == pytest.approx(expected.get(n, 0.0), **close)
    top = e.top_paths(5)
    np.testing.assert_allclose([abs(p.product) for p in top], np.sort(sizes[sizes > 0])[::-1][:5], rtol=1e-10)
    np.testing.assert_allclose([p.share for p in top], [abs(p.product) / total for p in top], rtol=1e-10)
    assert e.verify() == dict.fromkeys(e.verify(), True)
    if len(paths) <= 2000:
        assert "the entropy is theirs" in e.verify()


def flat(index, array):
    return int(np.ravel_multi_index(index, array.shape)) if array.shape else 0


UNARY = [np.sin, np.tanh, np.exp, bp.relu, bp.sigmoid, lambda x: x * 0.0, lambda x: -x, np.square]
BINARY = [lambda x, y: x + y, lambda x, y: x * y, lambda x, y: x - y, np.maximum]


def random_function(rng):
    """A function of two numbers, of at most a dozen operations chosen at random."""
    steps = [(rng.random(), rng.integers(100, size=3).tolist()) for _ in range(int(rng.integers(2, 13)))]

    def f(u, v):
        values = [u, v]
        for kind, (op, i, j) in steps:
            x, y = values[-1 - i % min(len(values), 4)], values[j % len(values)]
            values.append(UNARY[op % len(UNARY)](x) if kind < 0.4 else BINARY[op % len(BINARY)](x, y))
        return values[-1] + 0.5 * values[-2]

    return f


@pytest.mark.parametrize("block", range(10))
def test_every_quantity_on_five_hundred_random_graphs(block):
    for seed in range(50 * block, 50 * block + 50):
        rng = np.random.default_rng(seed)
        assert_everything_is_what_all_paths_say(bp.explain(random_function(rng), tuple(rng.uniform(-1, 1, 2).tolist())))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([np.tanh, bp.relu, bp.sigmoid, bp.softmax, bp.standardize]))
def test_every_quantity_on_small_networks(seed, phi):
    rng = np.random.default_rng(seed)
    A, B = rng.standard_normal((3, 2)), rng.standard_normal((2, 3))
    one = bp.explain(lambda x: (x + phi(phi(x @ A) @ B)) @ np.array([1.0, -2.0, 0.5]), (rng.standard_normal(3),))
    assert_everything_is_what_all_paths_say(one)
    many = bp.explain(lambda x: np.tanh(x @ A) @ B, (rng.standard_normal((2, 3)),), (slice(None), 1))
    assert_everything_is_what_all_paths_say(many)
    for each in many.each():
        assert_everything_is_what_all_paths_say(each)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_paths_from_array_to_array_are_bundles_of_neuron_paths(seed):
    rng = np.random.default_rng(seed)
    A, B = rng.standard_normal((3, 2)), rng.standard_normal((2, 3))

    def f(x):
        for _ in range(3):
            x = x + 0.7 * np.tanh(x @ A) @ B
        return x[1]

    e = bp.explain(f, (rng.standard_normal(3),))
    bundles = {}
    for path in all_paths(e):
        way = tuple(array_of(n) for n in path.nodes)
        mass, product = bundles.get(way, (0.0, 0.0))
        bundles[way] = mass + abs(path.product), product + path.product
    found = e.top_paths(len(bundles) + 5, by="layer")
    assert len(found) == len(bundles) == 8
    assert [p.mass for p in found] == sorted((p.mass for p in found), reverse=True)
    for path in found:
        assert (path.mass, path.product) == pytest.approx(bundles[path.nodes], rel=1e-10, abs=1e-12)
        assert path.share == pytest.approx(path.mass / e.total_mass)
        assert len(path.locals) == len(path) == len(path.nodes) - 1
    assert [p.nodes for p in e.top_paths(3, by="layer")] == [p.nodes for p in found[:3]]


def test_the_strongest_of_2_to_the_40_array_paths_are_found_at_once():
    rng = np.random.default_rng(0)
    matrices = [rng.standard_normal((6, 6)) / 8 for _ in range(40)]

    def f(x):
        for W in matrices:
            x = x + np.tanh(x @ W)
        return x.sum()

    e = bp.explain(f, (rng.standard_normal(6),))
    first, second = e.top_paths(2, by="layer")
    assert len(first) == 41
    assert first.mass == 6.0
    assert len(second) == 43


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
    assert norms == {n: math.comb(54, n) for n in range(55)} == e.length_spectrum("block").norms
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


@pytest.mark.parametrize(("width", "layers"), [(64, 2), (16, 3), (30, 5)])
def test_gaussian_weights_cancel_as_their_closed_form_says(width, layers):
    """sqrt(pi/2) (pi/(2n))^((L-1)/2) of the mass is the root mean square of the gradient."""
    rng, squares, masses, chances = np.random.default_rng(1), [], [], []
    for _ in range(60):
        matrices = [rng.standard_normal((width, width)) for _ in range(layers)]

        def f(x, matrices=matrices):
            for W in matrices:
                x = x @ W
            return x

        e = bp.explain(f, (np.ones(width),), output=0)
        squares.append(np.mean(e.gradient["x"] ** 2))
        masses.append(np.mean(e.mass()["x"]))
        chances.append(e.chance_mass / e.total_mass)
    closed = math.sqrt(math.pi / 2) * (math.pi / (2 * width)) ** ((layers - 1) / 2)
    assert math.sqrt(np.mean(squares)) / np.mean(masses) == pytest.approx(closed, rel=0.15)
    assert np.mean(chances) == pytest.approx(closed, rel=0.08)


def test_the_chance_mass_is_the_root_mean_square_over_all_signs():
    rng = np.random.default_rng(2)
    A, v = rng.standard_normal((3, 4)), rng.standard_normal(4)
    e = bp.explain(lambda x: (x @ A) @ v, (np.ones(3),))
    squares = [(A @ (v * np.array(signs))) ** 2 for signs in itertools.product([1.0, -1.0], repeat=4)]
    expected = np.sqrt(np.mean(squares, axis=0))
    np.testing.assert_allclose(np.abs(e.gradient["x"]) / e.cancellation(relative=True)["x"], expected, rtol=1e-12)
    assert e.cancellation("layer", relative=True)[e.lin.names[-1]] == 1.0
    assert set(e.cancellation("node")) == {"x", *e.cancellation("layer")}


def test_blocks_are_found_where_a_value_meets_what_was_made_from_it():
    rng = np.random.default_rng(0)
    matrices = [rng.standard_normal((4, 4)) / 2 for _ in range(3)]

    def f(x, b):
        x = residual(lambda h: bp.relu(h @ matrices[0] + b) @ matrices[1], x)
        x = np.tanh(x @ matrices[2]) + x
        return np.sum(x - bp.standardize(x))

    e = bp.explain(f, (rng.standard_normal(4), np.ones(4)), wrt="x")
    spectrum = e.length_spectrum("block")
    assert sorted(spectrum.parts) == [0, 1, 2, 3]
    np.testing.assert_allclose(spectrum.parts[0]["x"], np.ones(4))
    np.testing.assert_allclose(sum(part["x"] for part in spectrum.parts.values()), e.gradient["x"], atol=1e-12)


def test_examples_of_a_batch_together_and_apart():
    whole = bp.explain(NET, (P, X), (slice(None), 1), "X")
    apart = [bp.explain(NET, (P, X[k : k + 1]), (0, 1), "X") for k in range(2)]
    for k, one in enumerate(whole.each()):
        np.testing.assert_allclose(one.gradient["X"][k], apart[k].gradient["X"][0], rtol=1e-12)
        assert not one.gradient["X"][1 - k].any()
        assert one.active_count() == apart[k].active_count()
        assert one.entropy() == pytest.approx(apart[k].entropy())
        assert one.top_paths(1)[0].product == pytest.approx(apart[k].top_paths(1)[0].product)
    np.testing.assert_allclose(whole.gradient["X"], sum(one.gradient["X"] for one in whole.each()), rtol=1e-12)
    assert whole.total_mass == pytest.approx(sum(one.total_mass for one in apart))
    assert whole.count() == 2 * apart[0].count()


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
        (
            lambda: e.length_spectrum("node"),
            "by='node': lengths are counted by 'layer', by 'block', by 'module' or by 'edge'",
        ),
        (lambda: e.length_spectrum("block"), "no sum of the graph joins a value and what was made from it"),
        (lambda: e.flow("block"), "flow is by 'node', by 'layer', by 'module' or by 'edge'"),
        (lambda: e.cancellation("edge"), "cancellation is by 'element', by 'layer', by 'node' or by 'module'"),
        (lambda: e.top_paths(3, "block"), "paths are by 'element' or by 'layer'"),
        (lambda: bp.explain(lambda x: [x, x], (1.0,), output=2), "output=2 chooses nothing from what .* out of range"),
    ]:
        with pytest.raises(bp.GraphError, match=message):
            refused()


def deep(dtype, layers=40, gain=30.0):
    rng = np.random.default_rng(5)
    weights = [(gain * rng.normal(size=(8, 8))).astype(dtype) for _ in range(layers)]

    def f(x):
        for w in weights:
            x = x + np.maximum(x @ w, 0) / np.asarray(50 * gain, dtype)
        return np.sum(x)

    # Without a bend, so that both types have the same derivatives.
    return bp.explain(lambda x: f(np.abs(x)) * np.asarray(1e30, dtype), (np.ones(8, dtype),))


def test_masses_beyond_float32_are_those_of_float64():
    ours, exact = deep(np.float32), deep(np.float64)
    assert exact.total_mass > 1e31
    assert ours.total_mass == pytest.approx(exact.total_mass, rel=1e-4)
    assert ours.log10_mass == pytest.approx(np.log10(exact.total_mass), abs=1e-4)
    np.testing.assert_allclose(ours.mass()["x"], exact.mass()["x"], rtol=1e-4)
    for by in ("layer", "node"):
        assert list(ours.flow(by).values()) == pytest.approx(list(exact.flow(by).values()), rel=1e-3)
        assert list(ours.cancellation(by).values()) == pytest.approx(list(exact.cancellation(by).values()), rel=1e-2)
    relative = [e.cancellation("layer", relative=True) for e in (ours, exact)]
    assert list(relative[0].values()) == pytest.approx(list(relative[1].values()), rel=1e-2)


def test_masses_of_any_depth_have_a_logarithm():
    def f(x):
        for _ in range(300):
            x = x @ np.full((4, 4), 1e3, np.float32)
        return np.sum(x)

    with np.errstate(over="ignore", invalid="ignore"):
        e = bp.explain(f, (np.ones(4, np.float32),))
        assert e.log10_mass == pytest.approx(300 * np.log10(4e3) + np.log10(4), rel=1e-6)
        assert e.total_mass == np.inf
