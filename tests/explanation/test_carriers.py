"""What modules, residual branches and heads carry, against gradients with those parts cut out or held."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backpath as bp
from backpath.explanation.carriers import attentions
from backpath.explanation.skips import branches_of
from backpath.ops import scope

RNG = np.random.default_rng(0)
D, HEADS, LENGTH = 6, 2, 4
P = {name: 0.4 * RNG.normal(size=(D, D)) for name in ("q", "k", "v", "o", "up", "down")}
X = RNG.normal(size=(1, LENGTH, D))


def attention(p, x, softmax, keep=lambda y: y):
    parts = [np.reshape(x @ p[n], (1, LENGTH, HEADS, D // HEADS)) if softmax is bp.softmax else
             jnp.reshape(x @ p[n], (1, LENGTH, HEADS, D // HEADS)) for n in "qkv"]  # fmt: skip
    q, k, v = (part.swapaxes(1, 2) for part in parts)
    heads = keep(softmax(q @ k.swapaxes(-1, -2), axis=-1) @ v)
    return heads.swapaxes(1, 2).reshape((1, LENGTH, D)) @ p["o"]


def network(p, x):
    with scope("attn"):
        y = attention(p, x, bp.softmax)
    with scope(""):
        x = x + y
    with scope("mlp.up"):
        h = np.tanh(x @ p["up"])
    with scope("mlp.down"):
        y = h @ p["down"]
    return (x + y)[0, 2, 1]


def by_jax(x, branch=lambda y: y, mlp=lambda y: y, keep=lambda y: y):
    """The same in JAX, with what one part makes held: through ``stop_gradient`` no path leads."""
    p = {name: jnp.asarray(value) for name, value in P.items()}
    x = x + branch(attention(p, x, jax.nn.softmax, keep))
    return (x + mlp(jnp.tanh(x @ p["up"]) @ p["down"]))[0, 2, 1]


@pytest.fixture(scope="module")
def explained():
    return bp.explain(lambda x: network(P, x), (X,))


def share(**held):
    """<g_k, g> / <g, g> where g_k is g without the gradient when the part is held."""
    g = np.asarray(jax.grad(by_jax)(jnp.asarray(X)))
    rest = np.asarray(jax.grad(lambda x: by_jax(x, **held))(jnp.asarray(X)))
    return float(np.sum((g - rest) * g) / np.sum(g * g))


def test_branches_are_what_the_gradient_loses_without_them(explained):
    attn, mlp = explained.carried("branch")
    assert (attn.name, mlp.name) == ("attn", "mlp")
    assert attn.share == pytest.approx(share(branch=jax.lax.stop_gradient), rel=1e-10)
    assert mlp.share == pytest.approx(share(mlp=jax.lax.stop_gradient), rel=1e-10)


def test_heads_are_what_the_gradient_loses_without_them(explained):
    def held(head):
        return lambda y: y.at[:, head].set(jax.lax.stop_gradient(y[:, head]))

    found = explained.carried("head")
    assert [part.name for part in found] == ["attn head 0", "attn head 1"]
    for k, part in enumerate(found):
        assert part.share == pytest.approx(share(keep=held(k)), rel=1e-10)
    assert sum(part.mass for part in found) < 1


def test_modules_carry_what_their_branch_carries(explained):
    modules = {part.name: part for part in explained.carried("module")}
    assert list(modules) == ["attn", "mlp", "mlp.up", "mlp.down"]
    attn, mlp = explained.carried("branch")
    assert modules["attn"].share == pytest.approx(attn.share)
    assert modules["mlp.down"].share == pytest.approx(mlp.share)
    assert modules["mlp"].mass == pytest.approx(mlp.mass)
    flow = explained.flow("module")
    assert flow["mlp"] == pytest.approx(mlp.mass * explained.total_mass)


def test_mass_of_a_branch_is_that_of_its_paths():
    W = RNG.normal(size=(3, 3))
    e = bp.explain(lambda x: np.sum(x + np.tanh(x) @ W), (RNG.normal(size=3),))
    (branch,) = e.carried("branch")
    through = np.abs(1 - np.tanh(e.lin["x"]) ** 2) @ np.abs(W)
    assert branch.mass == pytest.approx(through.sum() / (through.sum() + 3))
    assert branch.kept == 1.0


def test_by_module_in_every_quantity(explained):
    spectrum = explained.length_spectrum("module")
    assert sum(spectrum.shares.values()) == pytest.approx(1)
    # Around both, through one of them, through both: attn, mlp.up and mlp.down.
    assert set(spectrum.parts) == {0, 1, 2, 3}
    assert set(explained.cancellation("module")) == {"attn", "mlp.up", "mlp.down"}
    scale = explained.depth_scale("module")
    assert [s.layer for s in scale] == ["mlp.down", "mlp.up", "attn"]


def test_a_projection_is_a_skip_where_modules_tell():
    W = [RNG.normal(size=(3, 3)) for _ in range(4)]

    def block(x, names):
        with scope("first"):
            x = np.tanh(x @ W[0])
        with scope(names[0]):
            y = np.tanh(x @ W[1])
        with scope(names[1]):
            y = y @ W[2]
        with scope(names[2]):
            z = x @ W[3]
        with scope(names[3]):
            return np.sum(y + z)

    e = bp.explain(lambda x: block(x, ("b.one", "b.two", "b.skip", "b")), (RNG.normal(size=3),))
    assert [b.name for b in branches_of(e.lin)] == ["b"]
    assert set(e.length_spectrum("block").parts) == {0, 1}
    plain = bp.explain(lambda x: block(x, ("", "", "", "")), (RNG.normal(size=3),))
    assert branches_of(plain.lin) == ()


def test_tables_and_data(explained):
    found = explained.carried("head")
    lines = str(found).splitlines()
    assert len(lines) == 3
    assert lines[0].split() == ["head", "gradient", "mass", "kept"]
    assert found.strongest[0].share == max((p.share for p in found), key=abs)
    assert all(part.share < 0 for part in found.opposed)
    assert found.to_json()[1]["name"] == "attn head 1"


def test_parts_that_are_not_there_are_refused():
    e = bp.explain(lambda x: np.sum(np.tanh(x)), (np.ones(3),))
    for by in ("module", "branch", "head"):
        with pytest.raises(bp.GraphError, match=f"by='{by}': the graph has none"):
            e.carried(by)
    with pytest.raises(bp.GraphError, match="by 'module', by 'branch' or by 'head'"):
        e.carried("layer")
    with pytest.raises(bp.GraphError, match="no node of the graph is of a module"):
        e.length_spectrum("module")


def test_memory_is_said_beforehand(explained):
    e = bp.explain(lambda x: np.sum(np.tanh(x @ np.ones((50, 50)))), (np.ones((20, 50)),))
    told = e.memory()
    assert told["adjoint"] == 2 * 8 * 20 * 50
    assert told["values"] == sum(np.asarray(v).nbytes for v in e.lin.values)
    assert told["spectrum"] == told["adjoint"]
    assert explained.memory("module")["spectrum"] > explained.memory("module")["adjoint"]


def test_gradients_from_any_node_on(explained):
    name = next(n for n in explained.lin.names if n.startswith("mlp.up/tanh"))
    e = bp.explain(lambda x: network(P, x), (X,), wrt=name)
    wanted = np.zeros((1, LENGTH, D))
    wanted[0, 2] = P["down"][:, 1]
    np.testing.assert_allclose(e.gradient[name], wanted, atol=1e-12)


def test_attention_of_parted_products_is_found():
    def flat(x):
        q = np.reshape(np.transpose(np.reshape(x, (2, 4, 3, 2)), (0, 2, 1, 3)), (6, 4, 2))
        y = bp.softmax(q @ np.swapaxes(q, 1, 2), axis=-1) @ q
        return np.sum(np.reshape(y, (2, 3, 4, 2)))

    graph = bp.trace(flat, np.ones((2, 4, 6)))
    ((place, axis),) = attentions(graph)
    assert (graph.nodes[place].shape, axis) == ((2, 3, 4, 2), 1)
