"""Problems of MINPACK-2 (Averick, Carter, Moré and Xue, 1992): gradients are JAX's, and minima are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

import backpath as bp

N = 9
"""Interior points of a side of the unit square."""


def slopes(xp, v, h):
    """The gradient of a piecewise linear function on the lower and the upper triangles of the cells."""
    lower = (v[1:, :-1] - v[:-1, :-1]) / h, (v[:-1, 1:] - v[:-1, :-1]) / h
    upper = (v[1:, 1:] - v[:-1, 1:]) / h, (v[1:, 1:] - v[1:, :-1]) / h
    return lower, upper


def bordered(xp, v):
    n = round(v.size**0.5)
    return xp.pad(xp.reshape(v, (n, n)), 1)


def mean_of_corners(f, w):
    """Integrals of f(w) over the lower and the upper triangles, for cells of area 1."""
    g = f(w)
    lower = (g[1:, :-1] + g[:-1, 1:] + g[:-1, :-1]) / 6
    upper = (g[1:, 1:] + g[:-1, 1:] + g[1:, :-1]) / 6
    return lower.sum() + upper.sum()


def elastic_plastic_torsion(xp, v, c=5.0):
    w = bordered(xp, v)
    h = 1 / (w.shape[0] - 1)
    energy = sum((dx**2 + dy**2).sum() for dx, dy in slopes(xp, w, h)) * h**2 / 4
    return energy - c * h**2 * mean_of_corners(lambda w: w, w)


def journal_bearing(xp, v, eccentricity=0.1):
    w = bordered(xp, v)
    n = w.shape[0]
    h = 2 * np.pi / (n - 1)
    angle = np.linspace(0, 2 * np.pi, n)[:, None]
    stiffness = (1 + eccentricity * np.cos(angle)) ** 3
    parts = zip(slopes(xp, w, h), (stiffness[:-1], stiffness[1:]), strict=True)
    energy = sum((s * (dx**2 + dy**2)).sum() for (dx, dy), s in parts) * h**2 / 4
    return energy - h**2 * (eccentricity * np.sin(angle) * w).sum()


def enneper(n):
    """Enneper's minimal surface over a square, at n points of a side."""
    at = np.linspace(-0.5, 0.5, n)

    def height(x, y):
        u, v = scipy.optimize.fsolve(
            lambda p: [p[0] + p[0] * p[1] ** 2 - p[0] ** 3 / 3 - x, -p[1] - p[0] ** 2 * p[1] + p[1] ** 3 / 3 - y],
            [x, -y],
            xtol=1e-13,
        )
        return u**2 - v**2

    return np.array([[height(x, y) for y in at] for x in at])


SURFACE = enneper(N + 2)


def minimal_surface(xp, v):
    inside = bordered(xp, v)
    border = SURFACE * np.pad(np.zeros((N, N)), 1, constant_values=1.0)
    w = inside + border
    h = 1 / (N + 1)
    return sum(xp.sqrt(1 + dx**2 + dy**2).sum() for dx, dy in slopes(xp, w, h)) * h**2 / 2


def optimal_design(xp, v, scale=0.008):
    """Two composites, the stiffer one where the slope is small."""
    w = bordered(xp, v)
    h = 1 / (w.shape[0] - 1)
    t1, t2 = np.sqrt(scale), 2 * np.sqrt(scale)

    def density(square):
        root = xp.sqrt(square + 1e-12)
        between = 2 * t1 * (root - t1 / 2)
        beyond = (square - t2**2) / 2 + 2 * t1 * (t2 - t1 / 2)
        return xp.where(root <= t1, square, xp.where(root <= t2, between, beyond))

    energy = sum(density(dx**2 + dy**2).sum() for dx, dy in slopes(xp, w, h)) * h**2 / 2
    return energy + h**2 * mean_of_corners(lambda w: w, w)


def combustion(xp, v, parameter=5.0):
    """Steady state combustion, the problem of Bratu in two dimensions."""
    w = bordered(xp, v)
    h = 1 / (w.shape[0] - 1)
    energy = sum((dx**2 + dy**2).sum() for dx, dy in slopes(xp, w, h)) * h**2 / 4
    return energy - parameter * h**2 * mean_of_corners(xp.exp, w)


def superconductor(xp, v):
    """Ginzburg and Landau in one dimension: a layer of normal metal between two superconductors."""
    n = v.shape[0]
    t = np.linspace(-5, 5, n)
    alpha = np.where(np.abs(t[:-1] + t[1:]) / 2 < 0.5, 1.0, -1.0)
    cells = (v[1:] + v[:-1]) / 2
    return ((v[1:] - v[:-1]) ** 2 / (2 * (t[1] - t[0]) ** 2) + alpha * cells**2 / 2 + cells**4 / 4).mean()


def lennard_jones(xp, v):
    """Of all pairs of atoms, with the smallest energy of a pair -1 at distance 1."""
    atoms = xp.reshape(v, (-1, 3))
    first, second = np.triu_indices(atoms.shape[0], 1)
    square = ((atoms[first] - atoms[second]) ** 2).sum(axis=1)
    return (square**-6.0 - 2 * square**-3.0).sum()


PROBLEMS = {
    "elastic-plastic torsion": (elastic_plastic_torsion, N * N),
    "journal bearing": (journal_bearing, N * N),
    "minimal surface": (minimal_surface, N * N),
    "optimal design with composites": (optimal_design, N * N),
    "steady state combustion": (combustion, N * N),
    "superconductor": (superconductor, 40),
    "Lennard-Jones": (lennard_jones, 12),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_gradients_are_those_of_jax(name):
    f, size = PROBLEMS[name]
    rng = np.random.default_rng(size)
    at, along = rng.uniform(0.1, 1, size), rng.standard_normal(size)
    theirs = jax.grad(lambda v: f(jnp, v))

    @jax.jit
    def of_theirs(at, along):
        return theirs(at), jax.jvp(theirs, (at,), (along,))[1]

    gradient, product = of_theirs(at, along)

    def ours(v):
        return f(np, v)

    for found, expected in (
        (bp.grad(ours)(at), gradient),
        (bp.compile(bp.grad(ours))(at), gradient),
        (bp.hvp(ours, (at,), (along,))[0], product),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12 * float(np.abs(expected).max()))


def least(f, start):
    """The minimum, by Newton's method with Hessian-vector products."""
    value_and_grad = bp.compile(bp.value_and_grad(f))
    product = bp.compile(lambda v, p: bp.hvp(f, (v,), (p,))[0])
    found = scipy.optimize.minimize(
        value_and_grad, start, jac=True, hessp=product, method="trust-krylov", options={"gtol": 1e-10}
    )
    return found.x, found.fun


def test_the_torsion_of_a_square_bar():
    """In the elastic range the least energy is -c^2/8 times 0.1405770150, the torsion constant of a square."""
    energies = [least(lambda v: elastic_plastic_torsion(np, v), np.zeros(n * n))[1] for n in (11, 23)]
    extrapolated = energies[1] + (energies[1] - energies[0]) / 3
    assert extrapolated == pytest.approx(-25 / 8 * 0.1405770150, rel=1e-4)


def test_enneper_s_surface_has_the_least_area():
    v, area = least(lambda v: minimal_surface(np, v), np.zeros(N * N))
    inside = SURFACE[1:-1, 1:-1].reshape(-1)
    np.testing.assert_allclose(v, inside, atol=1e-3)
    assert area <= minimal_surface(np, inside)


def test_bratu_in_one_dimension():
    """u'' + exp(u) = 0 with u(0) = u(1) = 0: u = -2 log(cosh((x - 1/2) t / 2) / cosh(t / 4)).

    There t = sqrt(2) cosh(t / 4).
    """
    t = scipy.optimize.brentq(lambda t: t - np.sqrt(2) * np.cosh(t / 4), 1, 2)
    errors = []
    for n in (31, 63):
        h, x = 1 / (n + 1), np.arange(1.0, n + 1) / (n + 1)

        def energy(v, h=h):
            w = np.pad(v, 1)
            return ((w[1:] - w[:-1]) ** 2).sum() / (2 * h) - h * np.exp(v).sum()

        v, _ = least(energy, np.zeros(n))
        errors.append(np.abs(v + 2 * np.log(np.cosh((x - 0.5) * t / 2) / np.cosh(t / 4))).max())
    assert errors[1] < 1e-5
    assert errors[0] / errors[1] == pytest.approx(4, abs=0.1)


def test_the_energy_of_a_wall():
    """Of v'^2/2 + (1 - v^2)^2/4 from -1 to 1 the least is 2 sqrt(2)/3, at v = tanh(x / sqrt(2))."""
    n, width = 401, 20.0
    h = width / (n - 1)
    x = np.linspace(-width / 2, width / 2, n)

    def energy(inside):
        v = np.concatenate([[-1.0], inside, [1.0]])
        return ((v[1:] - v[:-1]) ** 2).sum() / (2 * h) + h * ((1 - v**2) ** 2).sum() / 4

    v, found = least(energy, np.sign(x[1:-1]))
    assert found == pytest.approx(2 * np.sqrt(2) / 3, abs=1e-4)
    np.testing.assert_allclose(v, np.tanh(x[1:-1] / np.sqrt(2)), atol=1e-2)


LENNARD_JONES = {2: -1.0, 3: -3.0, 4: -6.0, 5: -9.103852, 6: -12.712062, 7: -16.505384, 13: -44.326801}


def cluster(n):
    """Atoms near where they are best: a simplex, bipyramids, and an icosahedron about its centre."""
    ring = [[0.8 * np.cos(t), 0.8 * np.sin(t), 0] for t in 2 * np.pi * np.arange(n - 2) / max(n - 2, 1)]
    if n == 13:
        golden = (1 + np.sqrt(5)) / 2
        corners = [(a, b * golden) for a in (-1, 1) for b in (-1, 1)]
        ring = [np.roll([0, a, b], k) / np.sqrt(1 + golden**2) for k in range(3) for a, b in corners]
        return np.array([[0, 0, 0], *ring])
    return np.array([*ring, [0, 0, 0.7], [0, 0, -0.7]])


@pytest.mark.parametrize("n", LENNARD_JONES)
def test_clusters_of_atoms(n):
    """The energies of the Cambridge Cluster Database, to all of its digits."""
    start = cluster(n) + 0.02 * np.random.default_rng(n).standard_normal((n, 3))
    value_and_grad = bp.compile(bp.value_and_grad(lambda v: lennard_jones(np, v)))
    found = scipy.optimize.minimize(value_and_grad, start.reshape(-1), jac=True, method="BFGS", options={"gtol": 1e-8})
    assert found.fun == pytest.approx(LENNARD_JONES[n], abs=6e-7)
