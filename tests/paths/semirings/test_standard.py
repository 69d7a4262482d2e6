"""Every semiring keeps the laws, and its sweep finds what going over all paths one by one finds."""

import itertools
import math
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.ops import PRIMITIVES, Semiring
from backpath.paths import PATH_COUNT, SUM_PRODUCT, linearize, pull_back, push_forward
from backpath.paths.semirings.entropy import ENTROPY
from backpath.paths.semirings.extremes import BLOCK, MAX_PRODUCT, REACHABILITY
from backpath.paths.semirings.images import ACTIVE_COUNT, MASS, PathNorm
from backpath.paths.semirings.lengths import Lengths
from backpath.paths.semirings.log_scaled import LOG_SCALED, Scaled
from backpath.paths.semirings.of_ufuncs import UfuncSemiring


def step(target, slot=0):
    """The length that an edge has in these tests."""
    return target % 3


@dataclass
class Case:
    """A semiring, a path sum as plain numbers, and the same from the paths' products and their targets."""

    semiring: Semiring
    plain: Any
    brute: Any


def strongest(paths):
    return max((w for w, _ in paths), key=abs, default=0.0)


def entropy(paths):
    sizes = [abs(w) for w, _ in paths if w]
    return -math.fsum(s / math.fsum(sizes) * math.log(s / math.fsum(sizes)) for s in sizes)


def by_length(paths):
    found = {}
    for w, targets in paths:
        length = sum(step(j) for j in targets)
        found[length] = found.get(length, 0.0) + w
    return found


def entries(s, k):
    """One entry of an array of path sums of any kind."""
    if isinstance(s, dict):
        return {n: a[k] for n, a in s.items()}
    return (
        type(s)(*(x if np.ndim(x) == 0 and not isinstance(x, np.ndarray) else x[k] for x in s))
        if isinstance(s, tuple)
        else s[k]
    )


CASES = {
    "sum-product": Case(SUM_PRODUCT, float, lambda paths: math.fsum(w for w, _ in paths)),
    "path count": Case(PATH_COUNT, int, len),
    "active count": Case(ACTIVE_COUNT, int, lambda paths: sum(w != 0 for w, _ in paths)),
    "mass": Case(MASS, float, lambda paths: math.fsum(abs(w) for w, _ in paths)),
    "path norm": Case(
        PathNorm(3),
        lambda s: float(PathNorm(3).norm(s)),
        lambda paths: math.fsum(abs(w) ** 3 for w, _ in paths) ** (1 / 3),
    ),
    "of two ufuncs": Case(
        UfuncSemiring("largest", np.maximum, np.multiply, 0.0, 1.0, np.abs), float, lambda paths: abs(strongest(paths))
    ),
    "max-product": Case(MAX_PRODUCT, lambda s: abs(float(s)), lambda paths: abs(strongest(paths))),
    "reachability": Case(REACHABILITY, bool, lambda paths: any(w != 0 for w, _ in paths)),
    "entropy": Case(ENTROPY, lambda s: float(ENTROPY.entropy(s)), entropy),
    "log-scaled": Case(
        LOG_SCALED, lambda s: math.ldexp(float(s.entries), s.exponent), lambda paths: math.fsum(w for w, _ in paths)
    ),
    "lengths": Case(Lengths(step), lambda s: {n: float(a) for n, a in s.items()}, by_length),
}
weights = st.one_of(st.just(0.0), st.floats(0.1, 3), st.floats(-3, -0.1))


def assert_close(found, expected, tolerance=1e-10):
    if isinstance(expected, dict):
        for n in {*found, *expected}:
            assert found.get(n, 0.0) == pytest.approx(expected.get(n, 0.0), rel=tolerance, abs=tolerance)
    elif isinstance(expected, (bool, int)):
        assert found == expected
    else:
        assert found == pytest.approx(expected, rel=tolerance, abs=tolerance)


def walked(dag, source, output):
    """Product and targets of every path between two nodes of a DAG."""
    return [(float(p.product), p.positions[1:]) for p in dag.paths(source, output)]


# Laws.


def lifted(semiring, numbers):
    """Each number as the path sum of one edge, after a step of its own length."""
    values = np.array(numbers)
    return semiring.cross(semiring.multiply(semiring.one(values.shape, float), values), len(numbers), 0)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_laws(name, data):
    case = CASES[name]
    semiring = case.semiring
    n = data.draw(st.integers(1, 4))
    r, s, t = (lifted(semiring, data.draw(st.lists(weights, min_size=n, max_size=n))) for _ in range(3))
    z, v = (np.array(data.draw(st.lists(weights, min_size=n, max_size=n))) for _ in range(2))
    zero = semiring.zero((n,), float)
    laws = {
        "plus is associative": (semiring.plus(semiring.plus(r, s), t), semiring.plus(r, semiring.plus(s, t))),
        "plus is commutative": (semiring.plus(r, s), semiring.plus(s, r)),
        "zero is neutral": (semiring.plus(r, zero), r),
        "one is neutral": (semiring.multiply(r, np.ones(n)), r),
        "zero absorbs": (semiring.multiply(zero, z), zero),
        "times is associative": (semiring.multiply(semiring.multiply(r, z), v), semiring.multiply(r, z * v)),
        "times distributes": (
            semiring.multiply(semiring.plus(r, s), z),
            semiring.plus(semiring.multiply(r, z), semiring.multiply(s, z)),
        ),
        "steps distribute": (
            semiring.cross(semiring.plus(r, s), 4, 0),
            semiring.plus(semiring.cross(r, 4, 0), semiring.cross(s, 4, 0)),
        ),
    }
    for law, (left, right) in laws.items():
        for k in range(n):
            try:
                assert_close(case.plain(entries(left, k)), case.plain(entries(right, k)))
            except AssertionError as error:
                raise AssertionError(law) from error


# Against all paths, one by one.


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_on_random_dags(name, data):
    n = data.draw(st.integers(2, 8))
    pairs = data.draw(st.lists(st.sampled_from(list(itertools.combinations(range(n), 2))), min_size=1, max_size=16))
    dag = bp.Dag.from_edges([(i, j, data.draw(weights)) for i, j in pairs])
    case, (s, o) = CASES[name], (dag.inputs[0], dag.outputs[-1])
    expected = case.brute(walked(dag, dag.names[s], dag.names[o]))
    one = case.semiring.one((), float)
    pulled = pull_back(dag, {o: one}, [s], case.semiring).get(s, case.semiring.zero((), float))
    pushed = push_forward(dag, {s: one}, case.semiring).get(o, case.semiring.zero((), float))
    assert_close(case.plain(pulled), expected)
    assert_close(case.plain(pushed), expected)


RNG = np.random.default_rng(3)
A, B = RNG.uniform(0.2, 1, (3, 2)), RNG.uniform(-1, -0.2, (2, 3))
NETWORKS = {
    "dense": lambda x: np.tanh(np.tanh(x @ A + 0.1) @ B) @ A,
    "relu with dead neurons": lambda x: bp.relu(bp.relu(x @ A - 1.0) @ B) @ A,
    "residual": lambda x: x + np.sin(x @ A) @ B + np.tanh(x) * 0.5,
    "softmax": lambda x: bp.softmax(x @ A) * np.array([2.0, -1.0]),
    "log_softmax": lambda x: bp.log_softmax(x * 1.5)[:2] * x[1:],
    "standardize": lambda x: bp.standardize(x * A[:, 0]) @ A,
    "reductions": lambda x: np.stack([x.mean(), x.max() * x[0], (x * x).sum(), np.maximum(x[0], x[1])]),
    "moves": lambda x: np.concatenate([x[::2], x[[1, 1, 0]] * x[2], np.pad(x, 1)[1:3]]),
    "attention": lambda x: bp.softmax(np.outer(x, x) * 0.3, axis=-1) @ x,
}


def scalar_walks(p, source, output):
    """Of every scalar path of an array graph: its product, and the array nodes whose edges it crosses.

    Each array edge's matrix is taken from ordinary pushes of unit vectors.
    """
    matrices = {}
    for target in range(len(p)):
        for slot, origin in p.edges_into(target):
            shape = p.shape(origin)
            units = np.eye(int(np.prod(shape, dtype=int))).reshape(-1, *shape)
            local = p.local(target, slot)
            matrices[target, slot, origin] = np.stack([np.ravel(local.push(u, SUM_PRODUCT)) for u in units], 1)

    def walks(node, entry):
        """From the source's entries to one entry of a node."""
        if node == source:
            yield entry, 1.0, ()
        for (target, _, origin), matrix in matrices.items():
            if target == node and origin >= source:
                for k in np.flatnonzero(matrix[entry]):
                    for start, product, targets in walks(origin, int(k)):
                        yield start, product * matrix[entry, k], (*targets, node)

    size = int(np.prod(p.shape(output), dtype=int))
    return [walk for entry in range(size) for walk in walks(output, entry)]


STRUCTURAL = {"path count"}
"""Counts edges whose derivative happens to be zero, which the walks above leave out."""


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", [name for name in CASES if name not in STRUCTURAL])
def test_on_networks_neuron_by_neuron(name, network):
    case, x = CASES[name], np.array([0.9, -0.4, 0.7])
    p = linearize(NETWORKS[network], x)
    (s,), (o,) = p.inputs, p.outputs
    all_walks = scalar_walks(p, s, o)
    found = pull_back(p, {o: case.semiring.one(p.shape(o), float)}, [s], case.semiring)[s]
    for k in range(3):
        paths = [(product, targets) for start, product, targets in all_walks if start == k]
        assert_close(case.plain(entries(found, k)), case.brute(paths))
    forward = push_forward(p, {s: case.semiring.one((3,), float)}, case.semiring)[o]
    total = case.semiring.reduce(forward, tuple(range(len(p.shape(o)))))
    assert_close(case.plain(total), case.brute([walk[1:] for walk in all_walks]))


# What each is for.


def test_the_range_of_float32_is_no_limit():
    """Forty layers of derivatives of 1e-10, then forty of 1e10, then one of -3."""
    small, large = np.full((2, 2), 1e-10, np.float32), np.full((2, 2), 2.5e9, np.float32)

    def f(x):
        for w in [small] * 40 + [large] * 40:
            x = x @ w
        return -3 * x

    p = linearize(f, np.ones(2, np.float32))
    (s,), (o,) = p.inputs, p.outputs
    with np.errstate(over="ignore", invalid="ignore"):
        ordinary = pull_back(p, {o: np.ones(2, np.float32)}, [s], SUM_PRODUCT)[s]
    assert not np.isfinite(ordinary).any()
    found = pull_back(p, {o: LOG_SCALED.one((2,), np.float32)}, [s], LOG_SCALED)[s]
    expected = 40 * math.log10(2e-10) + 40 * math.log10(5e9) + math.log10(3)
    np.testing.assert_allclose(found.log10(), expected, atol=1e-4)
    assert (found.entries < 0).all()
    assert found.entries.dtype == np.float32


def test_scaled_numbers_of_very_different_size_add_up():
    tiny, huge = Scaled(np.array([0.5, -0.5]), -2000), Scaled(np.array([0.75, 0.5]), 3000)
    total = LOG_SCALED.plus(tiny, huge)
    assert (total.exponent, total.entries.tolist()) == (3000, [0.75, 0.5])
    assert LOG_SCALED.plus(LOG_SCALED.zero((2,), float), tiny) is tiny


@pytest.mark.parametrize(
    ("edges", "expected"), [([1.0, 1.0], math.log(2)), ([4.0, 2.0], 0.636514), ([5.0], 0.0), ([3.0, 0.0], 0.0)]
)
def test_entropies_of_the_literature(edges, expected):
    dag = bp.Dag.from_edges([("w", "o", z) for z in edges])
    found = pull_back(dag, {1: ENTROPY.one((), float)}, [0], ENTROPY)[0]
    assert float(ENTROPY.entropy(found)) == pytest.approx(expected, abs=1e-6)


def test_the_maximum_goes_neuron_by_neuron():
    """For [1, 2] @ (2 [[3, 4, 5, 6], [3, 4, 5, 6]]) the strongest path from each x takes one column: 2 * 6."""
    p = linearize(lambda x, W: x @ (2 * W), np.array([1.0, 2.0]), np.array([[3.0, 4, 5, 6], [3, 4, 5, 6]]))
    found = pull_back(p, {p.outputs[0]: np.ones(4)}, [p.find("x")], MAX_PRODUCT)
    assert found[p.find("x")].tolist() == [12.0, 12.0]


def test_every_semiring_runs_on_every_primitive_of_an_activation():
    x = np.array([0.3, -0.8, 1.2])
    for name in ("sigmoid", "gelu", "softmax", "log_softmax", "standardize", "elu", "abs"):
        p = linearize(getattr(bp, name, np.abs), x)
        assert PRIMITIVES[p.graph.nodes[-1].primitive].name == name
        for case in CASES.values():
            seeds = {p.outputs[0]: case.semiring.one((3,), float)}
            assert pull_back(p, seeds, p.inputs, case.semiring)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_ufuncs_find_the_shortest_ways_that_networkx_finds(seed):
    rng = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(8) for j in range(i + 1, 8) if rng.random() < 0.5] + [(0, 7)]
    edges = [(i, j, float(rng.uniform(0.1, 2))) for i, j in dict.fromkeys(pairs)]
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(edges)
    cheapest = UfuncSemiring("cheapest", np.minimum, np.add, np.inf, 0.0)
    found = bp.Dag.from_edges(edges).path_sum(cheapest, 0, 7)
    assert found == pytest.approx(nx.shortest_path_length(graph, 0, 7, weight="weight"))


def test_ufuncs_go_neuron_by_neuron_through_outer_products():
    x, y = np.array([1.0, 2.0]), np.array([5.0, 3.0, 4.0])
    p = linearize(lambda x: np.outer(x, y) @ np.array([1.0, 0.0, 2.0]), x)
    cheapest = UfuncSemiring("cheapest", np.minimum, np.add, np.inf, 0.0)
    assert p.path_sum(cheapest, "x").tolist() == [3.0, 3.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_max_products_are_compiled_and_the_same(dtype):
    rng = np.random.default_rng(0)
    s, z = rng.standard_normal((3, 70, 40)).astype(dtype), rng.standard_normal((3, 40, 600)).astype(dtype)
    assert s.size * 600 > BLOCK
    products = s[:, :, :, None] * z[:, None]
    strongest_of = np.take_along_axis(products, np.abs(products).argmax(2)[:, :, None], 2)[:, :, 0]
    found = MAX_PRODUCT.contract(s, "bik", z, "bkj", "bij")
    np.testing.assert_array_equal(found, strongest_of)
    assert found.dtype == dtype
    np.testing.assert_array_equal(MAX_PRODUCT.contract(s[0], "ik", z[0].T.copy().T, "kj", "ij"), strongest_of[0])


def test_active_counts_are_exact_beyond_what_floats_hold():
    rng = np.random.default_rng(0)
    layers = [rng.integers(0, 2, (9, 9)) for _ in range(60)]

    def f(x):
        for W in layers:
            x = x @ W.astype(float)
        return x

    p = linearize(f, np.ones(9))
    expected = np.ones(9, object)
    for W in reversed(layers):
        expected = W.astype(object) @ expected
    assert max(expected) > 2**64
    assert p.path_sum(ACTIVE_COUNT, "x").tolist() == expected.tolist()


def test_a_path_norm_has_a_positive_exponent():
    with pytest.raises(ValueError, match="q=0: a path norm has a positive exponent"):
        PathNorm(0)
