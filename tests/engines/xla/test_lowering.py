"""Every primitive's value and gradient by XLA: those of the NumPy engine, or a reason why there are none."""

import jax
import numpy as np
import pytest
from sample_operands import IMAGE, PADDED, SPECIAL, A, B, operands_of

from backpath.calculus import value_and_grad
from backpath.engines.xla.lowering.graphs import lowered
from backpath.engines.xla.lowering.table import LOWERINGS
from backpath.engines.xla.refusals import REFUSED
from backpath.ops import PRIMITIVES, Windows, apply, cond, scan, trace
from backpath.paths import evaluate

L = np.linalg
rng = np.random.default_rng(1)
M = np.array([[3.0, 1.0, 0.2], [0.5, 2.0, -0.4], [0.1, 0.3, 1.5]])
S = M @ M.T + np.eye(3)
TALL = np.array([[3.0, 1.0], [0.5, 2.0], [-1.0, 0.3]])
STACK = np.stack([M, S])
U = np.concatenate([L.svd(TALL, full_matrices=False)[0], L.svd(TALL, full_matrices=False)[2].T])
V = rng.standard_normal(4)
ONE = np.ones(3)
D = A - 0.45
WHOLE = np.arange(12).reshape(3, 4) % 7

MORE = {
    **SPECIAL,
    "leaky_relu": ((D,), {"slope": 0.1}),
    "elu": ((D,), {"alpha": 0.7}),
    "standardize": ((A,), {"axis": 1, "epsilon": 1e-5}),
    "einsum": ((A, B), {"subscripts": "ij,kj->ik"}),
    "logsumexp": ((A,), {"axes": (1,), "keepdims": False}),
    "softmax": ((A,), {"axis": 0}),
    "log_softmax": ((A,), {"axis": 1}),
    "arccosh_slope": ((A + 1.5,), {}),
    "exponent": ((A,), {}),
    "linear": ((A, B.T.copy(), ONE, ONE), {}),
    "post_activation": ((A, B.T.copy(), ONE, ONE), {"activation": "tanh"}),
    "pre_activation": ((A, B.T.copy(), ONE, ONE), {"activation": "silu"}),
    "inv": ((STACK,), {}),
    "solve": ((M, TALL), {"form": "general"}),
    "cholesky": ((S,), {}),
    "det": ((STACK,), {}),
    "cofactor": ((M,), {}),
    "logabsdet": ((STACK,), {}),
    "sign_of_det": ((STACK,), {}),
    "eigenvectors": ((S,), {}),
    "eigenvalues": ((S, L.eigh(S)[1]), {}),
    "expm": ((STACK,), {}),
    "expm_frechet": ((STACK, STACK[::-1].copy()), {}),
    "orthonormal": ((TALL,), {}),
    "complement": ((L.qr(TALL)[0],), {}),
    "singular_vectors": ((TALL,), {}),
    "singular_values": ((TALL, U), {}),
    "norm": ((TALL,), {"axes": (0,), "p": 3}),
    "pinv": ((TALL,), {"rcond": 1e-15}),
    "matrix_rank": ((STACK,), {"tol": None, "rtol": None, "hermitian": False}),
    "hyp1f1": ((A + 1, A + 2, 2 * D), {}),
    "hyp2f1": ((A, A + 1, A + 2, D), {}),
    "betainc": ((A + 1, B + 2, B), {}),
    "betaincc": ((A + 1, B + 2, B), {}),
    "beta_density": ((A + 1, B + 2, B), {}),
    "expn": ((WHOLE, A), {}),
    "hurwitz_zeta": ((A + 1.5, B), {}),
    "riemann_zeta": ((np.array([-3.3, -0.5, 0.3, 0.9, 1.7, 30.0]),), {}),
    "scaled_erfc": ((4 * D,), {"order": 1}),
    "exponential_moment": ((4 * D,), {"order": 1}),
    "polygamma": ((A,), {"n": 1}),
    "iv": ((np.array([0.5, 1.0, 2.0, 3.5]), 100 * A), {}),
    "ive": ((np.array([0.5, 1.0, 2.0, 3.5]), 100 * A), {}),
    "kl_div": ((A, 2 * B), {}),
    "erfinv": ((D,), {}),
    "sinc": ((4 * D,), {"n": 1}),
    "binom": ((A + 3, B), {}),
}
TWICE = {
    "solve": [((M, TALL), {"form": form}) for form in ("lower", "upper")],
    "norm": [((TALL,), {"axes": (0, 1), "p": 2})],
    "matrix_rank": [((S,), {"tol": 1.0, "rtol": None, "hermitian": True})],
    "hyp1f1": [((1.5, 2.0, np.array([-400.0, -60.0, -20.0, 30.0, 80.0])), {})],
    "index": [
        ((A,), {"index": index})
        for index in (1, (slice(None, None, -2), None, 2), (..., np.array([True, False, True, True])))
    ],
    "scatter": [
        ((A,), {"index": (slice(1, 6, 2), slice(None)), "shape": (7, 4)}),
        ((A,), {"index": (slice(2, None, -1),), "shape": (3, 4)}),
    ],
    "take": [((A, np.array([[2, -1], [0, 0]])), {})],
    "argmax": [((A,), {"axis": None})],
    "sum": [((x,), {"axes": (0,), "keepdims": False}) for x in (A > 0.5, WHOLE.astype(np.uint8))],
    "max_pool": [
        ((rng.integers(99, size=(1, 12, 12, 2)),), dict.fromkeys(("rows", "columns"), Windows.over(12, 9, 3)))
    ],
    "concatenate": [((A, np.float32(B), WHOLE), {"axis": 0})],
    "unroll": [((IMAGE[..., None, :] + np.arange(2)[:, None],), PADDED)],
    "cumsum": [((A,), {"axis": 0, "reverse": False})],
    "sign": [((np.array([-2.0, 0.0, np.nan]),), {})],
}
LOOPS = {
    "scan": lambda w: np.sum(scan(lambda c, x: (np.tanh(c + x * w), c * w), w, A)[1] * A),
    "scan backwards": lambda w: np.sum(scan(lambda c, x: (c * x, np.sum(c)), w, A, reverse=True)[0]),
    "cond": lambda w: np.sum(cond(np.sum(w) > 0, lambda w: w * w, lambda w: np.sin(w), w)),
    "cond otherwise": lambda w: np.sum(cond(np.sum(w) < -9, lambda w: w * w, lambda w: np.sin(w), w)),
}


def sampled(name):
    cases = [MORE[name]] if name in MORE else [operands_of(name)]
    return [*cases, *TWICE.get(name, [])]


def graph_of(name, operands, params):
    """Value and gradients of a weighted sum of a primitive's entries; of one that is constant, the value."""
    primitive = PRIMITIVES[name]
    operands = tuple(np.asarray(x) for x in operands)
    slots = [k for k, x in enumerate(operands) if x.dtype.kind == "f" and primitive.differentiable(k)]
    if not slots:
        return trace(lambda *xs: apply(primitive, *xs, **params), *operands), operands

    def total(*xs):
        y = apply(primitive, *xs, **params)
        weights = np.random.default_rng(0).uniform(0.5, 1.5, np.shape(y))
        return np.sum(y * weights)

    return trace(value_and_grad(total, tuple(slots)), *operands), operands


GRAPHS = {
    f"{name} {number}": graph_of(name, *case)
    for name in sorted(set(PRIMITIVES) - set(REFUSED) - {"scan", "cond"})
    for number, case in enumerate(sampled(name))
} | {name: (trace(value_and_grad(f), V), (V,)) for name, f in LOOPS.items()}
"""By the name of the primitive: graphs with their inputs."""


def test_every_primitive_is_lowered_or_refused_with_a_reason():
    plain = {name for name, primitive in PRIMITIVES.items() if not primitive.composite}
    assert set(LOWERINGS) | set(REFUSED) == plain | {"convolve", "convolve_by_kernel"}
    assert not set(LOWERINGS) & set(REFUSED)
    assert all(len(reason) > 20 for reason in REFUSED.values())


@pytest.mark.parametrize("name", GRAPHS)
def test_values_and_gradients_are_those_of_numpy(name):
    graph, operands = GRAPHS[name]
    found = jax.jit(lowered(graph))(*operands)
    with np.errstate(all="ignore"):
        values = evaluate(graph, operands)
    for ours, o in zip(found, graph.outputs, strict=True):
        expected = np.asarray(values[o])
        assert ours.dtype == graph.nodes[o].dtype
        scale = np.abs(expected[np.isfinite(expected)]).max(initial=1e-300)
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12 * scale)
