"""The strongest paths in order, against all paths sorted."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.paths import linearize
from backpath.paths.top_paths import strongest_paths


def names_of(path):
    """A path in the names that ``unroll`` gives to entries."""
    return tuple(
        f"{node}[{','.join(map(str, entry))}]" if entry else node
        for node, entry in zip(path.nodes, path.entries, strict=True)
    )


def assert_strongest(p, source, output, entry, limit):
    """``limit`` paths have the sizes, and are among the paths, that unrolling and sorting all of them finds."""
    name = p.names[output]
    label = f"{name}[{','.join(map(str, np.unravel_index(entry, p.shape(output))))}]" if p.shape(output) else name
    dag = p.unroll() if p.shape(output) or p.shape(source) else p
    everything = [
        path
        for k in range(int(np.prod(p.shape(source), dtype=int)))
        for path in dag.paths(names_of_entry(p, source, k), label)
        if names_of_entry(p, source, k) in dag.names and label in dag.names
    ]
    sizes = sorted((abs(float(path.product)) for path in everything if path.product), reverse=True)
    found = list(strongest_paths(p, [source], output, unit(p, output, entry), limit))
    np.testing.assert_allclose([path.share for path in found], np.array(sizes[:limit]) / sum(sizes), rtol=1e-12)
    np.testing.assert_allclose([abs(path.product) for path in found], sizes[:limit], rtol=1e-12)
    products = {}
    for path in everything:
        products.setdefault(path.nodes, []).append(float(path.product))
    for path in found:
        assert min(abs(path.product - other) for other in products[names_of(path)]) < 1e-12


def unit(p, node, k):
    """Of a node's shape: 1 at entry number k, else 0."""
    return (np.arange(np.prod(p.shape(node), dtype=int)) == k).astype(float).reshape(p.shape(node))


def names_of_entry(p, node, k):
    shape = p.shape(node)
    return f"{p.names[node]}[{','.join(map(str, np.unravel_index(k, shape)))}]" if shape else p.names[node]


NETWORKS = {
    "dense": lambda x, A, B: np.tanh(np.tanh(x @ A) @ B) @ A,
    "residual": lambda x, A, B: x + np.tanh(x @ A) @ B,
    "relu": lambda x, A, B: bp.relu(x @ A) @ B * 2.0,
    "softmax": lambda x, A, B: bp.softmax(x @ A) @ B,
    "shared": lambda x, A, B: (x @ A) * (x @ A) @ B,
}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(NETWORKS)), st.integers(0, 2**31), st.sampled_from([1, 2, 7, 1000]))
def test_on_networks(name, seed, limit):
    rng = np.random.default_rng(seed)
    A, B = rng.standard_normal((3, 2)), rng.standard_normal((2, 3))
    p = linearize(lambda x: NETWORKS[name](x, A, B), rng.standard_normal(3))
    o = p.outputs[0]
    assert_strongest(p, p.inputs[0], o, int(rng.integers(np.prod(p.shape(o)))), limit)


def test_with_respect_to_weights():
    rng = np.random.default_rng(0)
    p = linearize(lambda W, x: np.tanh(x @ W) @ np.ones(2), rng.standard_normal((3, 2)), rng.standard_normal(3))
    assert_strongest(p, p.find("W"), p.outputs[0], 0, 4)


def test_paths_come_with_their_entries_and_weights():
    W = np.array([[1.0, -5.0], [2.0, 0.5]])
    p = linearize(lambda x: x @ W, np.ones(2))
    first, second = strongest_paths(p, [0], p.outputs[0], np.array([0.0, 1.0]), 10)
    assert (first.nodes, first.entries, first.weights) == (("x", p.names[-1]), ((0,), (1,)), (-5.0,))
    assert str(first) == f"x[0] -> {p.names[-1]}[1]  -5"
    assert (second.product, len(second)) == (0.5, 1)
