"""A step of linear algebra is one edge: methods sum the same, and each semiring sees its scalar derivatives whole."""

import numpy as np
import pytest

import backpath as bp
import backpath.scipy as bs
from backpath.ops import PRIMITIVES, apply
from backpath.paths import LOG_SCALED, MASS, MAX_PRODUCT, PATH_COUNT, SUM_PRODUCT

L = np.linalg
A = np.array([[3.0, 1.0], [0.5, 2.0]])
S = np.array([[3.0, 1.0], [1.0, 2.0]])
TALL = np.array([[3.0, 1.0], [0.5, 2.0], [-1.0, 0.3]])
WIDE = TALL.T.copy()

CASES = {
    "inv": (L.inv, A),
    "solve": (lambda x: L.solve(x, np.ones((2, 1))), A),
    "solve by the right side": (lambda x: L.solve(A, x), S),
    "solve lower": (lambda x: bs.linalg.solve_triangular(x, np.ones((2, 1)), lower=True), A),
    "det": (L.det, A),
    "cofactor": (lambda x: apply(PRIMITIVES["cofactor"], x), A),
    "logabsdet": (lambda x: L.slogdet(x)[1], A),
    "cholesky": (L.cholesky, S),
    "eigenvectors": (lambda x: L.eigh(x)[1], S),
    "eigenvalues": (L.eigvalsh, S),
    "singular_vectors": (lambda x: L.svd(x, full_matrices=False)[0], TALL),
    "singular_vectors of a wide one": (lambda x: L.svd(x, full_matrices=False)[2], WIDE),
    "singular_values": (L.svdvals, TALL),
    "orthonormal": (lambda x: L.qr(x)[0], TALL),
    "complement": (lambda x: L.qr(x, "complete")[0][:, 2:], TALL),
    "pinv": (L.pinv, TALL),
    "norm": (lambda x: L.norm(x, 3, axis=0), TALL),
    "expm": (bs.linalg.expm, A),
    "expm_frechet": (lambda x: apply(PRIMITIVES["expm_frechet"], x, np.broadcast_to(A, x.shape)), S),
}


@pytest.mark.parametrize("name", CASES)
def test_methods_agree(name):
    f, x = CASES[name]
    lin = bp.linearize(lambda x: np.sin(f(x * 1.0)), x)
    reverse = lin.gradient("x")
    for method in ("forward", "elimination", "paths"):
        np.testing.assert_allclose(lin.gradient("x", method=method), reverse, rtol=1e-12, atol=1e-13)
    unrolled = lin.unroll()
    entry, first = unrolled.outputs[-1], unrolled.inputs[0]
    assert unrolled.gradient(unrolled.names[first], unrolled.names[entry]) == pytest.approx(
        reverse[(-1,) * (reverse.ndim - x.ndim) + (0,) * x.ndim], rel=1e-10, abs=1e-13
    )


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("lead", [(), (2,)])
def test_an_edge_is_its_jacobian_in_every_semiring(name, lead):
    f, x = CASES[name]
    stack = np.broadcast_to(x, (*lead, *x.shape)).copy()
    lin = bp.linearize(f, stack)
    target = next(k for k, node in enumerate(lin.graph.nodes) if node.primitive == name.split()[0])
    slot, source = lin.edges_into(target)[-1 if "right side" in name else 0]
    local = lin.local(target, slot)
    shape, out = lin.shape(source), lin.shape(target)
    size = int(np.prod(shape))
    columns = [local.push(unit.reshape(shape), SUM_PRODUCT).reshape(-1) for unit in np.eye(size)]
    jacobian = np.stack(columns, 1)
    seed = np.cos(np.arange(int(np.prod(out)))).reshape(out)

    def pulled(semiring, seed):
        return np.asarray(local.pull(seed, semiring)).reshape(-1)

    np.testing.assert_allclose(pulled(SUM_PRODUCT, seed), seed.reshape(-1) @ jacobian, atol=1e-12)
    np.testing.assert_allclose(pulled(MASS, np.abs(seed)), np.abs(seed).reshape(-1) @ np.abs(jacobian), atol=1e-12)
    scaled = local.pull(LOG_SCALED.multiply(LOG_SCALED.one(out, float), seed), LOG_SCALED)
    np.testing.assert_allclose(np.ldexp(scaled.entries, scaled.exponent).reshape(-1), pulled(SUM_PRODUCT, seed))
    counts = pulled(PATH_COUNT, np.ones(out, object)).astype(int)
    assert (counts >= (np.abs(jacobian) > 1e-12).sum(0)).all()
    assert counts.max() <= int(np.prod(out[len(lead) :]))
    strongest = MAX_PRODUCT.multiply(MAX_PRODUCT.one(out, float), seed)
    found = local.pull(strongest, MAX_PRODUCT)
    best = np.abs(seed.reshape(-1, 1) * jacobian).max(0)
    np.testing.assert_allclose(np.abs(np.asarray(found)).reshape(-1), best, atol=1e-12)
