"""What the page computes, against Python: path sums, adjoints, counts, paths, lengths."""

import math
from itertools import islice

import numpy as np
import pytest
from report.explorer.graphs import explanation, graphs, network, random_dag, random_expression, residual

import backpath as bp
from backpath.paths import ACTIVE_COUNT, MASS, PATH_COUNT, SUM_PRODUCT, pull_back, push_forward

GRAPHS = graphs()

SUMS = """(app) => {
    const { derived, graph } = app;
    return { adjoint: [...derived.adjoint], mass: [...derived.mass], counts: derived.counts.map(String),
             alpha: [...derived.alpha], total: String(derived.total), active: String(derived.active),
             values: graph.values && [...graph.values], z: [...graph.z].filter((_, w) => graph.carries[w]) };
}"""


def parts(what):
    """The graph, its output with its seed, and its sources."""
    if isinstance(what, bp.Explanation):
        return what.lin, what.output, what.seed, what.sources
    output = what.outputs[-1]
    return what, output, np.ones(what.shape(output)), what.inputs


def entries(weighted, sums, kind=float):
    """Path sums of all nodes in a row; 0 where no path leads."""
    rows = [
        np.ravel(sums[k]) if k in sums else np.zeros(math.prod(weighted.shape(k)), int) for k in range(len(weighted))
    ]
    return [kind(x) for row in rows for x in row]


def assert_same(told, what):
    weighted, output, seed, sources = parts(what)
    every = range(len(weighted))
    for name, semiring in (("adjoint", SUM_PRODUCT), ("mass", MASS)):
        expected = entries(weighted, pull_back(weighted, {output: seed}, every, semiring))
        np.testing.assert_allclose(told[name], expected, rtol=1e-12, atol=1e-14)
    ones = seed.astype(int).astype(object)
    counts = pull_back(weighted, {output: ones}, every, PATH_COUNT)
    assert told["counts"] == [str(n) for n in entries(weighted, counts, int)]
    assert told["total"] == str(sum(int(np.sum(counts[s])) for s in sources if s in counts))
    active = pull_back(weighted, {output: ones}, every, ACTIVE_COUNT)
    assert told["active"] == str(sum(int(np.sum(active[s])) for s in sources if s in active))
    alpha = push_forward(weighted, {s: np.ones(weighted.shape(s)) for s in sources}, MASS)
    np.testing.assert_allclose(told["alpha"], entries(weighted, alpha), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", GRAPHS)
def test_adjoints_masses_and_counts(laboratory, name):
    told = laboratory(GRAPHS[name], SUMS)
    assert_same(told, GRAPHS[name])
    weighted = parts(GRAPHS[name])[0]
    if isinstance(weighted, bp.Linearization):
        np.testing.assert_array_equal(told["values"], np.concatenate([np.ravel(v) for v in weighted.values]))


def test_counts_beyond_any_float_are_exact(laboratory):
    dag = bp.Dag.from_edges([(k, k + 1, 1.0) for k in range(1200) for _ in range(2)])
    assert laboratory(dag, "(app) => String(app.derived.total)") == str(2**1200)


WRITTEN = """(app, [text, at]) => {
    app.set({ expr: text, at });
    if (app.error) throw app.error;
    const { derived, graph } = app;
    return { names: graph.names, adjoint: [...derived.adjoint], values: [...graph.values], total: String(derived.total),
             parents: graph.parents };
}"""


@pytest.mark.parametrize("seed", range(20))
def test_random_expressions_written_in_the_page(laboratory, seed):
    text, point = random_expression(seed)
    p = bp.parse(text).at(
        **{name: point[name] for name in (bp.parse(text).nodes[k].name for k in bp.parse(text).inputs)}
    )
    at = ";".join(f"{name}={value!r}" for name, value in point.items())
    told = laboratory(bp.parse("x + y").at(x=1.0, y=1.0), WRITTEN, [text, at], expression="x + y")
    assert told["names"] == p.names
    assert told["parents"] == [list(node.parents) for node in p.graph.nodes]
    np.testing.assert_allclose(told["values"], [float(v) for v in p.values], rtol=1e-12, atol=1e-14)
    sums = pull_back(p, {p.outputs[-1]: np.ones(())}, range(len(p)), SUM_PRODUCT)
    np.testing.assert_allclose(told["adjoint"], entries(p, sums), rtol=1e-12, atol=1e-13)
    assert told["total"] == str(sum(p.count_paths(p.names[i], p.names[p.outputs[-1]]) for i in p.inputs))


PATHS = """(app, most) => {
    app.set({ tab: "paths" });
    const { graph, derived } = app;
    const found = [];
    for (const path of app.strongest()) {
        const names = [path.start, ...path.wires.map((w) => graph.targets[w])].map((e) => graph.nameOf(e));
        found.push([names.join(" -> "), path.product]);
        if (found.length === most) break;
    }
    return found;
}"""


def test_the_strongest_paths_are_those_of_an_explanation(laboratory):
    e = explanation()
    told = laboratory(e, PATHS, 40)
    expected = e.top_paths(40)
    np.testing.assert_allclose([p for _, p in told], [p.product for p in expected], rtol=1e-12)
    assert [route for route, _ in told[:10]] == [p.route for p in expected[:10]]


@pytest.mark.parametrize("name", ["y = w**2; cos(y)*w + y/w - exp(-y)", "parallel edges", "dag"])
def test_all_paths_from_the_strongest_on(laboratory, name):
    p = GRAPHS[name]
    source, output = p.inputs[0], p.outputs[-1]
    paths = list(islice(p.paths(p.names[source], p.names[output]), 5000))
    told = laboratory(
        p,
        f"""(app) => {{ app.set({{ src: app.graph.nameOf({source}) }}); return ({PATHS})(app, 6000); }}""",
    )
    products = sorted((float(q.product) for q in paths), key=lambda x: -abs(x))
    np.testing.assert_allclose([z for _, z in told], products, rtol=1e-12)
    total = sum(z for _, z in told)
    np.testing.assert_allclose(total, float(p.gradient(p.names[source], p.names[output])), rtol=1e-11)


LENGTHS = """(app, by) => {
    const spectrum = app.spectrum(by);
    const { lengths, norms, shares, depth } = spectrum;
    const light = spectrum.lightOf(lengths.at(-1));
    return { lengths, norms, shares, depth, lit: light.size, most: Math.max(...light.values()) };
}"""


@pytest.mark.parametrize("by", ["layer", "edge"])
@pytest.mark.parametrize("make", [explanation, residual])
def test_lengths_are_those_of_an_explanation(laboratory, make, by):
    what = make()
    e = what if isinstance(what, bp.Explanation) else bp.Explanation(what, what.inputs)
    told, spectrum = laboratory(e, LENGTHS, by), e.length_spectrum(by)
    assert told["lengths"] == list(spectrum.norms)
    np.testing.assert_allclose(told["norms"], list(spectrum.norms.values()), rtol=1e-11)
    np.testing.assert_allclose(told["shares"], list(spectrum.shares.values()), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(told["depth"], spectrum.effective_depth, rtol=1e-11)
    assert told["lit"] > 0
    assert told["most"] == 1


def test_flow_and_cancellation_are_those_of_an_explanation(laboratory):
    lin = network()
    e = bp.Explanation(lin, lin.inputs)
    told = laboratory(
        e, "(app) => ['flow', 'cancellation'].map((q) => [...app.derived.quantity(q)].map((x) => x === x ? x : null))"
    )
    flow, first = e.flow("node"), 0
    for k, node in enumerate(lin.graph.nodes):
        size = math.prod(node.shape)
        if node.name in flow:
            found = sum(x or 0 for x in told[0][first : first + size])
            np.testing.assert_allclose(found * e.total_mass, flow[node.name], rtol=1e-11)
        if k in lin.inputs:
            expected = np.ravel(e.cancellation("element")[node.name])
            np.testing.assert_allclose(told[1][first : first + size], expected, rtol=1e-11)
        first += size


def test_operations_of_both_ways(laboratory):
    """Five layers of two products: 32 paths of 6 edges; the recursion visits each of 11 edges behind the seed's."""
    text = "a0=w*1;b0=w*1;a1=a0*b0;b1=a0*b0;a2=a1*b1;b2=a1*b1;a3=a2*b2;b3=a2*b2;a4=a3*b3;b4=a3*b3;a4*b4"
    told = laboratory(
        bp.parse(text).at(w=1.1),
        "(app) => { const o = app.operations(); return [o.paths, ...o.byPaths, ...o.bySweep].map(String); }",
    )
    assert told == ["32", "160", "31", "18", "9"]


def test_five_thousand_nodes(laboratory):
    dag = random_dag(5000)
    told = laboratory(dag, SUMS)
    expected = pull_back(dag, {dag.outputs[-1]: np.ones(())}, range(len(dag)), SUM_PRODUCT)
    np.testing.assert_allclose(np.array(told["adjoint"], float), entries(dag, expected), rtol=1e-12)
