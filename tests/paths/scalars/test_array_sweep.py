"""DAGs of floats in arrays: what compiled loops find is what the general sweep finds on exact numbers."""

from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.graph import GraphError
from backpath.paths import (
    ACTIVE_COUNT,
    ENTROPY,
    MASS,
    MAX_PRODUCT,
    PATH_COUNT,
    REACHABILITY,
    SUM_PRODUCT,
    Counted,
    Dag,
    PathNorm,
    leading_to,
    pull_back,
    push_forward,
    reachable,
)
from backpath.paths.scalars import compiled
from backpath.paths.scalars.array_sweep import array_sums
from backpath.paths.scalars.csr import Csr

# Sums and products of few such numbers are exact in float32 too.
SMALL = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
TYPES = ("float32", "float64", "complex64", "complex128")
SEMIRINGS = {s.name: s for s in (SUM_PRODUCT, MASS, PathNorm(2), MAX_PRODUCT, PATH_COUNT, ACTIVE_COUNT, REACHABILITY)}


@pytest.fixture(params=["as it stands", "compiled"], scope="module")
def route(request):
    """The same loops, run by Python as for few edges or by Numba as for many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "PAYS", np.inf if request.param == "as it stands" else -1)
        yield


@st.composite
def edges(draw, max_nodes=8):
    """Sources, targets and weights of a DAG whose nodes are numbered in any order, with parallel edges."""
    nodes = draw(st.integers(2, max_nodes))
    pairs = st.integers(1, nodes - 1).flatmap(lambda j: st.tuples(st.integers(0, j - 1), st.just(j), SMALL))
    drawn = draw(st.lists(pairs, min_size=1, max_size=2 * nodes))
    numbers = draw(st.permutations(range(nodes)))
    return [(numbers[i], numbers[j], z) for i, j, z in drawn]


def from_arrays(drawn, dtype):
    sources, targets, weights = zip(*drawn, strict=True)
    return Dag.from_arrays(sources, targets, np.array(weights, dtype))


def as_objects(drawn):
    return Dag.from_edges([(i, j, Fraction(z)) for i, j, z in drawn])


@pytest.mark.parametrize("dtype", TYPES)
@settings(max_examples=60, deadline=None)
@given(drawn=edges())
def test_derivatives_are_those_of_fractions(route, by_every_method, dtype, drawn):
    dag, exact = from_arrays(drawn, dtype), as_objects(drawn)
    names = sorted(exact.names)
    assert sorted(dag.names) == names
    truth = [exact.gradient(i, o, "paths") for o in names for i in names]
    for method, found in by_every_method(dag, names, names).items():
        assert found == truth, method


@pytest.mark.parametrize("name", SEMIRINGS)
@settings(max_examples=100, deadline=None)
@given(drawn=edges())
def test_path_sums_are_those_of_fractions_in_both_directions(route, name, drawn):
    semiring, dag, exact = SEMIRINGS[name], from_arrays(drawn, float), as_objects(drawn)
    for output in exact.names:
        truth = exact.path_sum(semiring, list(exact.names), output)
        seeds = {dag.find(output): semiring.one((), float)}
        assert array_sums(dag.csr, seeds, semiring, forward=False) is not None
        found = dag.path_sum(semiring, list(exact.names), output)
        pushed = {i: push_forward(dag, {dag.find(i): semiring.one((), float)}, semiring) for i in exact.names}
        for i in exact.names:
            forward = pushed[i].get(dag.find(output), 0)
            if semiring is MAX_PRODUCT:  # of two products of the same size either may be the strongest
                assert abs(found[i]) == abs(forward) == abs(truth[i])
            else:
                assert found[i] == forward == truth[i]


@settings(max_examples=100, deadline=None)
@given(drawn=edges())
def test_counts_and_strongest_paths_are_those_of_networkx(route, drawn):
    dag = from_arrays(drawn, float)
    graph = nx.MultiDiGraph([(i, j) for i, j, _ in drawn])
    largest = nx.DiGraph()
    for i, j, z in drawn:
        if z and abs(z) >= largest.get_edge_data(i, j, {"size": 0})["size"]:
            largest.add_edge(i, j, size=abs(z), weight=-np.log2(abs(z)))
    for i in graph:
        for o in graph:
            count = 1 if i == o else sum(1 for _ in nx.all_simple_paths(graph, i, o))
            assert dag.count_paths(i, o) == count
            assert type(dag.count_paths(i, o)) is int
            if i in largest and o in largest and nx.has_path(largest, i, o):
                length = nx.bellman_ford_path_length(largest, i, o)
                assert abs(dag.path_sum(MAX_PRODUCT, i, o)) == 2**-length
            elif i != o:
                assert dag.path_sum(MAX_PRODUCT, i, o) == 0


@settings(max_examples=60, deadline=None)
@given(drawn=edges(), data=st.data())
def test_a_sweep_visits_what_paths_meet(route, drawn, data):
    """Nodes without a path to a seed are absent from what the sweep returns, not zero."""
    dag = from_arrays(drawn, float)
    graph = nx.DiGraph([(i, j) for i, j, _ in drawn])
    chosen = data.draw(st.lists(st.sampled_from(dag.names), min_size=1, max_size=3, unique=True))
    positions = [dag.find(name) for name in chosen]
    before = set(chosen).union(*(nx.ancestors(graph, name) for name in chosen))
    after = set(chosen).union(*(nx.descendants(graph, name) for name in chosen))
    seeds = dict.fromkeys(positions, 1.0)
    pulled, pushed = pull_back(dag, seeds, range(len(dag)), SUM_PRODUCT), push_forward(dag, seeds, SUM_PRODUCT)
    assert {dag.names[k] for k in pulled} == before
    assert {dag.names[k] for k in pushed} == after
    assert len(pushed) == len(after)
    assert {dag.names[k] for k, flag in enumerate(leading_to(dag, positions)) if flag} == before
    assert {dag.names[k] for k, flag in enumerate(reachable(dag, positions)) if flag} == after


@settings(max_examples=60, deadline=None)
@given(drawn=edges())
def test_adjoints_are_all_derivatives_of_one_output(route, drawn):
    for dag in (from_arrays(drawn, float), as_objects(drawn)):
        for output in dag.names:
            found = dag.adjoints(output)
            assert found.dtype == dag.dtype(0)
            assert found.tolist() == [dag.gradient(name, output, "paths") for name in dag.names]


def test_the_type_of_the_weights_decides():
    ends = [0, 1], [1, 2]
    kinds = {dtype: Dag.from_arrays(*ends, np.ones(2, dtype)).csr.weights.dtype for dtype in ("f4", "F", ">f8", "D")}
    assert kinds == {"f4": np.float32, "F": np.complex64, ">f8": np.float64, "D": np.complex128}
    for exact in (np.ones(2, int), np.ones(2, bool), np.ones(2, np.longdouble), np.array([Fraction(1, 3)] * 2)):
        assert Dag.from_arrays(*ends, exact).csr.weights.dtype == object
    assert Dag.from_edges([(0, 1, 0.5), (1, 2, 1.5)]).csr.weights.dtype == float
    assert Dag.from_edges([(0, 1, 0.5), (1, 2, 1)]).csr.weights.dtype == object
    assert Dag.from_arrays(*ends, np.full(2, 2**62)).gradient(0, 2) == 2**124


def test_a_dag_does_not_change_with_the_arrays_it_was_made_from():
    weights = np.array([2.0, 3.0])
    dag = Dag.from_arrays([0, 1], [1, 2], weights)
    weights[:] = 0
    assert dag.gradient(0, 2) == 6


def test_other_semirings_sweep_one_by_one():
    dag = Dag.from_arrays([0, 0, 1, 2], [1, 2, 3, 3], [0.5, 0.25, 1.0, 2.0])
    counted = Counted(SUM_PRODUCT)
    assert dag.gradient(0, 3, semiring=counted) == 1
    assert counted.multiplications == 4
    assert ENTROPY.entropy(dag.path_sum(ENTROPY, 0, 3)) == pytest.approx(np.log(2), rel=1e-14)


def test_more_paths_than_a_float_counts_are_counted_exactly():
    """3^40 is beyond 2^53; and so is 2^53 + 1, which a float rounds."""
    triple = Dag.from_arrays(np.repeat(np.arange(40), 3), np.repeat(np.arange(1, 41), 3), np.ones(120))
    assert triple.count_paths(0, 40) == 3**40
    doubled = [np.repeat(np.arange(53), 2), np.repeat(np.arange(1, 54), 2)]
    odd = Dag.from_arrays(np.append(doubled[0], 0), np.append(doubled[1], 53), np.ones(107))
    assert odd.count_paths(0, 53) == 2**53 + 1
    assert odd.path_sum(ACTIVE_COUNT, 0, 53) == 2**53 + 1


@pytest.mark.parametrize("method", ["reverse", "forward"])
def test_infinite_weights_off_the_paths_leave_nothing_behind(route, method):
    """Node 3 leads nowhere and node 4 comes from nowhere: zero times infinity is never taken."""
    dag = Dag.from_arrays([0, 1, 0, 4], [1, 2, 3, 2], [2.0, 3.0, np.inf, np.inf])
    assert dag.gradient(0, 2, method) == 6
    assert dag.gradient(3, 2, method) == 0


def test_overflow_is_infinite_without_a_warning(route):
    assert Dag.from_arrays([0, 1], [1, 2], [1e200, 1e200]).gradient(0, 2) == np.inf


def test_loops_are_compiled_once_they_have_gone_through_many_edges(monkeypatch):
    monkeypatch.setattr(compiled, "PAYS", 10)
    monkeypatch.setattr(compiled, "_gone", 0)

    def loop(x):
        return x

    assert [hasattr(compiled.compiled(loop, 4), "signatures") for _ in range(4)] == [False, False, True, True]


# A million nodes.

WIDTH, LAYERS = 1000, 1000


@pytest.fixture(scope="module")
def layered():
    """Four random edges into each of a million nodes from the layer before, and its weights as sparse matrices."""
    rng = np.random.default_rng(0)
    targets = np.repeat(np.arange(WIDTH, WIDTH * LAYERS), 4)
    sources = (targets // WIDTH - 1) * WIDTH + rng.integers(0, WIDTH, targets.size)
    return sources, targets, rng.standard_normal(targets.size) / 2


def by_layers(sources, targets, weights):
    """The derivative of the last node by all others, a product with SciPy's sparse matrix for each layer."""
    from scipy.sparse import csr_array

    adjoints = np.zeros((LAYERS, WIDTH))
    adjoints[-1, -1] = 1
    for layer in range(LAYERS - 1, 0, -1):
        ours = slice((layer - 1) * 4 * WIDTH, layer * 4 * WIDTH)
        ends = sources[ours] % WIDTH, targets[ours] % WIDTH
        adjoints[layer - 1] = csr_array((weights[ours], ends), (WIDTH, WIDTH)) @ adjoints[layer]
    return adjoints.ravel()


def test_a_million_nodes_agree_with_sparse_matrices(layered):
    dag = Dag.from_arrays(*layered, names=range(WIDTH * LAYERS))
    assert repr(dag) == "Dag of 1,000,000 nodes and 3,996,000 edges"
    found, truth = dag.adjoints(WIDTH * LAYERS - 1), by_layers(*layered)
    np.testing.assert_allclose(found, truth, rtol=1e-9, atol=1e-12 * np.abs(truth).max())
    assert dag.gradient(5, WIDTH * LAYERS - 1, "forward") == pytest.approx(truth[5], rel=1e-9)


def test_a_million_nodes_in_any_order(layered):
    """The order of edges and the numbers of nodes change nothing but the order of sums."""
    rng = np.random.default_rng(1)
    edge, number = rng.permutation(layered[0].size), rng.permutation(WIDTH * LAYERS)
    sources, targets, weights = (part[edge] for part in layered)
    dag = Dag.from_arrays(number[sources], number[targets], weights, range(WIDTH * LAYERS))
    position = np.empty(len(dag), int)
    position[np.array(dag.names)] = np.arange(len(dag))
    edges = dag.csr
    assert isinstance(edges, Csr)
    assert np.all(edges.sources < edges.targets)
    found, truth = dag.adjoints(number[-1])[position[number]], by_layers(*layered)
    np.testing.assert_allclose(found, truth, rtol=1e-9, atol=1e-12 * np.abs(truth).max())


def test_a_cycle_among_millions_of_edges_is_named(layered):
    """Three nodes that a path from the others leads to."""
    sources, targets, weights = layered
    a, b, c = WIDTH * LAYERS + np.arange(3)
    arrays = np.append(sources, [0, a, b, c]), np.append(targets, [a, b, c, a]), np.append(weights, np.ones(4))
    either = f"{a} -> {b} -> {c} -> {a}|{b} -> {c} -> {a} -> {b}|{c} -> {a} -> {b} -> {c}"
    with pytest.raises(GraphError, match=f"the edges close a cycle: ({either})$"):
        Dag.from_arrays(*arrays)


def test_a_long_cycle_is_named_by_its_beginning():
    nodes = np.arange(100_000)
    with pytest.raises(GraphError, match=r"cycle: 0 -> 1 -> 2 -> .* -> 11 -> \.\.\. -> 0 \(100,000 edges\)$"):
        Dag.from_arrays(nodes, np.roll(nodes, -1), np.ones(nodes.size))
