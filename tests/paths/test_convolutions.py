"""Sweeps that take a convolution as one edge: JAX's derivatives, and the same sums as edge by edge."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backpath as bp
from backpath.importers.operations import convolution, max_pool
from backpath.paths import (
    ENTROPY,
    MASS,
    PATH_COUNT,
    SCALED_MASS,
    SUM_PRODUCT,
    Lengths,
    linearize,
    pull_back,
    push_forward,
)
from backpath.paths.convolutions import Convolved, convolved, inner_nodes

jax.config.update("jax_enable_x64", True)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(1, 2, 9, 8))
FIRST, SECOND = RNG.normal(size=(18, 2, 3, 3)), RNG.normal(size=(4, 18, 3, 2))


def network(x):
    h = np.maximum(convolution(x, FIRST, strides=(2, 1), pads=[(1, 1), (1, 0)]), 0)
    h = max_pool(h, (2, 2), (1, 1))
    return np.sum(np.sin(convolution(h, SECOND)))


def by_jax(x, first=FIRST, second=SECOND, step=lambda h: jnp.maximum(h, 0), last=jnp.sin):
    h = step(jax.lax.conv(jnp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 0))), first, (2, 1), "VALID"))
    h = jax.lax.reduce_window(h, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 1, 1), "VALID")
    return jnp.sum(last(jax.lax.conv(h, second, (1, 1), "VALID")))


@pytest.fixture(scope="module")
def lin():
    return linearize(network, X)


def test_no_windows_are_laid_out_in_a_sweep(lin):
    inner = inner_nodes(lin.graph)
    assert {lin.graph.nodes[k].primitive for k in inner} >= {"unroll"}
    edges = convolved(lin, ())
    assert isinstance(edges, Convolved)
    assert len(edges.chains) == 2
    assert all(edges.edges_into(k) == () for k in inner)


def test_derivatives_are_those_of_jax(lin):
    (x,), (o,) = lin.inputs, lin.outputs
    found = pull_back(lin, {o: np.ones(())}, [x], SUM_PRODUCT)[x]
    np.testing.assert_allclose(found, jax.grad(by_jax)(X), rtol=1e-11, atol=1e-12)


def test_masses_are_derivatives_by_sizes():
    """Of a network that is linear here, with the sizes of its weights."""
    lin = linearize(lambda x: np.sum(convolution(convolution(x, FIRST, pads=[(1, 1), (1, 0)]), SECOND)), X)
    (x,), (o,) = lin.inputs, lin.outputs

    def sizes(x):
        h = jax.lax.conv(jnp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 0))), abs(FIRST), (1, 1), "VALID")
        return jnp.sum(jax.lax.conv(h, abs(SECOND), (1, 1), "VALID"))

    for semiring, seed in ((MASS, np.ones(())), (SCALED_MASS, SCALED_MASS.one((), float))):
        found = pull_back(lin, {o: seed}, [x], semiring)[x]
        found = found if semiring is MASS else found.array()
        np.testing.assert_allclose(found, jax.grad(sizes)(X), rtol=1e-11)


@pytest.mark.parametrize("semiring", [SUM_PRODUCT, MASS, PATH_COUNT, ENTROPY, Lengths(lambda target, slot: 1)])
def test_every_semiring_sums_as_edge_by_edge(lin, semiring):
    (x,), (o,) = lin.inputs, lin.outputs
    inner = sorted(inner_nodes(lin.graph))
    seed = semiring.one((), float)
    short = pull_back(lin, {o: seed}, [x], semiring)[x]
    long = pull_back(lin, {o: seed}, [x, *inner], semiring)
    for a, b in zip(_arrays(short), _arrays(long[x]), strict=True):
        np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=1e-11, atol=1e-12)
    assert set(long) == {x, *inner}


@pytest.mark.parametrize("semiring", [SUM_PRODUCT, MASS])
def test_sums_from_the_input_on_reach_windows_when_asked(lin, semiring):
    (x,) = lin.inputs
    start = np.abs(X) if semiring is MASS else X
    found = push_forward(lin, {x: start}, semiring)
    product = next(k for k in sorted(found) if lin.graph.nodes[k].primitive == "matmul")
    windows = lin.graph.nodes[product].parents[0]
    assert windows in inner_nodes(lin.graph)
    kernels = lin.values[lin.graph.nodes[product].parents[1]]
    kernels = np.abs(kernels) if semiring is MASS else kernels
    np.testing.assert_allclose(found[windows] @ kernels, found[product], rtol=1e-11, atol=1e-12)


def test_what_goes_through_windows_is_what_goes_through_the_image():
    e = bp.explain(network, (X,))
    flow = e.flow("node")
    shares = [value for name, value in flow.items() if name.split("_")[0] in ("unroll", "matmul")]
    np.testing.assert_allclose(shares, e.total_mass, rtol=1e-10)
    assert e.memory()["nodes"] < e.memory()["values"]


def _arrays(s):
    if isinstance(s, dict):
        return [s[n] for n in sorted(s)]
    return [np.asarray(part) for part in s] if isinstance(s, tuple) else [np.asarray(s)]
