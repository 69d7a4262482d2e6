"""The benchmark's functions are what they say; its table is what the built-in orders cost."""

import sys
from math import erf, exp, log, pi, sqrt
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backpath.paths import linearize
from backpath.paths.order_search import search_order

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def functions():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        import elimination_functions

        yield elimination_functions
        del sys.modules["elimination_functions"]


def cases(functions):
    return {case.name: case for case in functions.CASES}


@pytest.mark.parametrize("name", ["HumanHeartDipole", "PropaneCombustion", "Roe flux, 1-D"])
def test_jacobians_are_jaxs(functions, name, monkeypatch):
    case = cases(functions)[name]
    p = linearize(case.function, *case.point)
    ours = p.gradient(method="elimination")
    with monkeypatch.context() as patch:
        patch.setattr(functions, "np", jnp)
        theirs = jax.jacobian(case.function, range(len(case.point)))(*map(jnp.float64, case.point))
    for (_, by_source), row in zip(ours.items(), theirs, strict=True):
        np.testing.assert_allclose([*by_source.values()], row, rtol=1e-10, atol=1e-12)


def test_the_flux_between_equal_states_is_eulers(functions):
    rho, m, e = 1.1, 0.37, 2.7
    v = m / rho
    p = (functions.GAMMA - 1) * (e - 0.5 * m * v)
    assert functions.roe_flux(rho, m, e, rho, m, e) == pytest.approx((m, m * v + p, v * (e + p)))


def test_a_supersonic_flux_is_upwind(functions):
    left, right = (1.0, 5.0, 15.0), (0.9, 4.6, 14.2)
    assert functions.roe_flux(*left, *right) == pytest.approx(functions.roe_flux(*left, *left))


def test_the_arm_is_a_chain_of_its_joints(functions):
    """Denavit and Hartenberg's frames multiplied, and the angles Z-Y-Z of the product."""
    angles = (0.3, 0.7, -0.4, 0.9, 0.5, -1.1)
    f = functions
    rows = [(f.A1, pi / 2, f.D1), (f.A2, 0, 0), (f.A3, pi / 2, 0), (0, -pi / 2, f.D4), (0, pi / 2, 0), (0, 0, f.D6)]
    hand = np.eye(4)
    for t, (a, alpha, d) in zip(angles, rows, strict=True):
        c, s, ca, sa = np.cos(t), np.sin(t), np.cos(alpha), np.sin(alpha)
        hand = hand @ [[c, -s * ca, s * sa, a * c], [s, c * ca, -c * sa, a * s], [0, sa, ca, d], [0, 0, 0, 1]]
    z = hand[:3, 2]
    euler = [np.arctan2(z[1], z[0]), np.arctan2(np.hypot(z[0], z[1]), z[2]), np.arctan2(hand[2, 1], -hand[2, 0])]
    np.testing.assert_allclose(functions.robot_arm(*angles), [*hand[:3, 3], *euler], rtol=1e-12)


def test_greeks_have_their_closed_forms(functions):
    spot, strike, rate, volatility, time = cases(functions)["Black-Scholes, Greeks"].point
    spread = volatility * sqrt(time)
    d1 = (log(spot / strike) + (rate + volatility**2 / 2) * time) / spread
    density, below = exp(-d1 * d1 / 2) / sqrt(2 * pi), lambda x: (1 + erf(x / sqrt(2))) / 2
    price = spot * below(d1) - strike * exp(-rate * time) * below(d1 - spread)
    point = (spot, strike, rate, volatility, time)
    assert float(functions.black_scholes(*point)) == pytest.approx(price)
    p = linearize(functions.greeks, *point)
    delta = p.names[p.outputs[0]]
    assert float(p[delta]) == pytest.approx(below(d1))
    second = p.gradient(output=delta, method="elimination")
    assert float(second["spot"]) == pytest.approx(density / (spot * spread))
    assert float(second["volatility"]) == pytest.approx(-density * (d1 - spread) / volatility)


def searched(case, **options):
    p = linearize(case.function, *case.point)
    inputs, outputs = ([p.names[k] for k in ks] for ks in (p.inputs, p.outputs))
    return search_order(p.unroll(), inputs, outputs, **options)


def test_a_searched_order_beats_forward_and_reverse_on_most(functions):
    beaten = 0
    for case in functions.CASES:
        found = searched(case, budget=2000)
        beaten += found.multiplications < min(found.built_in["forward"], found.built_in["reverse"])
    assert beaten >= 4


def test_the_page_says_what_the_built_in_orders_cost(functions):
    page = (ROOT / "docs" / "elimination.md").read_text(encoding="utf-8")
    for case in functions.CASES:
        for free_units in (False, True):
            costs = searched(case, budget=0, free_units=free_units).built_in.values()
            assert f" | {' | '.join(map(str, costs))} | **" in page, case.name
