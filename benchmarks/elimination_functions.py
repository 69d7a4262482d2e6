"""The functions on which the literature on vertex elimination counts multiplications, in NumPy.

MINPACK-2's two systems are from Averick, Carter, Moré and Xue, "The MINPACK-2 test problem collection" (1992); the flux
is from Roe, "Approximate Riemann solvers, parameter vectors, and difference schemes" (1981); the arm is an
anthropomorphic one with a spherical wrist (Siciliano et al., "Robotics", section 2.9); the price is from Black and
Scholes (1973).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import backpath as bp

DIPOLE_MOMENTS = (0.485, -0.0019, -0.0581, 0.015, 0.105, 0.0406, 0.167, -0.399)
GAMMA = 1.4
PRESSURE, AIR = 40.0, 10.0
A1, A2, A3, D1, D4, D6 = 175.0, 890.0, 50.0, 575.0, 1035.0, 185.0
"""Lengths of the arm's links in millimetres."""


def human_heart_dipole(a: Any, b: Any, c: Any, d: Any, t: Any, u: Any, v: Any, w: Any) -> tuple[Any, ...]:
    """The eight residuals of the human heart dipole problem."""
    mx, my, sa, sb, sc, sd, se, sf = DIPOLE_MOMENTS
    tv, uw = t * t - v * v, u * u - w * w
    t3, v3 = t * (t * t - 3.0 * v * v), v * (v * v - 3.0 * t * t)
    u3, w3 = u * (u * u - 3.0 * w * w), w * (w * w - 3.0 * u * u)
    return (
        a + b - mx,
        c + d - my,
        t * a + u * b - v * c - w * d - sa,
        v * a + w * b + t * c + u * d - sb,
        a * tv - 2.0 * c * t * v + b * uw - 2.0 * d * u * w - sc,
        c * tv + 2.0 * a * t * v + d * uw + 2.0 * b * u * w - sd,
        a * t3 + c * v3 + b * u3 + d * w3 - se,
        c * t3 - a * v3 + d * u3 - b * w3 - sf,
    )


def propane_combustion(
    n1: Any, n2: Any, n3: Any, n4: Any, n5: Any, n6: Any, n7: Any, n8: Any, n9: Any, n10: Any, n11: Any
) -> tuple[Any, ...]:
    """The eleven residuals of propane burning in air at 40 atmospheres, with all constants of reaction one."""
    p = PRESSURE / n11
    root = np.sqrt(p)
    return (
        n1 + n4 - 3.0,
        2.0 * n1 + n2 + n4 + n7 + n8 + n9 + 2.0 * n10 - AIR,
        2.0 * n2 + 2.0 * n5 + n6 + n7 - 8.0,
        2.0 * n3 + n9 - 4.0 * AIR,
        n2 * n4 - n1 * n5,
        np.sqrt(n2 * n4) - np.sqrt(n1) * n6 * root,
        np.sqrt(n1 * n2) - np.sqrt(n4) * n7 * root,
        n1 - n4 * n8 * p,
        n1 * np.sqrt(n3) - n4 * n9 * root,
        n1 * n1 - n4 * n4 * n10 * p,
        n11 - n1 - n2 - n3 - n4 - n5 - n6 - n7 - n8 - n9 - n10,
    )


def roe_flux(rl: Any, ml: Any, el: Any, rr: Any, mr: Any, er: Any) -> tuple[Any, ...]:
    """Roe's flux between two states (density, momentum, energy) of a gas in one dimension."""
    vl, vr = ml / rl, mr / rr
    pl = (GAMMA - 1.0) * (el - 0.5 * ml * vl)
    pr = (GAMMA - 1.0) * (er - 0.5 * mr * vr)
    hl, hr = (el + pl) / rl, (er + pr) / rr
    wl, wr = np.sqrt(rl), np.sqrt(rr)
    total = wl + wr
    v = (wl * vl + wr * vr) / total
    h = (wl * hl + wr * hr) / total
    a2 = (GAMMA - 1.0) * (h - 0.5 * v * v)
    a = np.sqrt(a2)
    rho = wl * wr
    dr, dv, dp = rr - rl, vr - vl, pr - pl
    still = np.abs(v) * (dr - dp / a2)
    half = 0.5 / a2
    with_flow = np.abs(v + a) * half * (dp + rho * a * dv)
    against = np.abs(v - a) * half * (dp - rho * a * dv)
    jumps = (
        still + with_flow + against,
        still * v + with_flow * (v + a) + against * (v - a),
        still * (0.5 * v * v) + with_flow * (h + v * a) + against * (h - v * a),
    )
    fluxes = (ml + mr, (ml * vl + pl) + (mr * vr + pr), vl * (el + pl) + vr * (er + pr))
    return tuple(0.5 * (flux - jump) for flux, jump in zip(fluxes, jumps, strict=True))


def robot_arm(t1: Any, t2: Any, t3: Any, t4: Any, t5: Any, t6: Any) -> tuple[Any, ...]:
    """Where the hand of a six-joint arm is, and its three Euler angles (Z-Y-Z), from the joints' angles."""
    (c1, s1), (c2, s2), (c3, s3), (c4, s4), (c5, s5), (c6, s6) = (
        (np.cos(t), np.sin(t)) for t in (t1, t2, t3, t4, t5, t6)
    )
    c23, s23 = c2 * c3 - s2 * s3, s2 * c3 + c2 * s3
    inward, across = c23 * c4 * s5 + s23 * c5, s4 * s5
    ax, ay, az = c1 * inward + s1 * across, s1 * inward - c1 * across, s23 * c4 * s5 - c23 * c5
    lever = c23 * s5 + s23 * c4 * c5
    nz, oz = c6 * lever - s23 * s4 * s6, -s6 * lever - s23 * s4 * c6
    reach = A1 + A2 * c2 + A3 * c23 + D4 * s23
    return (
        c1 * reach + D6 * ax,
        s1 * reach + D6 * ay,
        D1 + A2 * s2 + A3 * s23 - D4 * c23 + D6 * az,
        np.arctan2(ay, ax),
        np.arctan2(np.sqrt(1.0 - az * az), az),
        np.arctan2(oz, -nz),
    )


def black_scholes(spot: Any, strike: Any, rate: Any, volatility: Any, time: Any) -> Any:
    """The price of a European call."""
    spread = volatility * np.sqrt(time)
    d1 = (np.log(spot / strike) + (rate + 0.5 * volatility * volatility) * time) / spread
    return spot * bp.ndtr(d1) - strike * np.exp(-rate * time) * bp.ndtr(d1 - spread)


def greeks(spot: Any, strike: Any, rate: Any, volatility: Any, time: Any) -> tuple[Any, ...]:
    """The call's five first derivatives, as a graph: their Jacobian holds the second-order Greeks."""
    return bp.grad(black_scholes, argnums=(0, 1, 2, 3, 4))(spot, strike, rate, volatility, time)


@dataclass(frozen=True)
class Case:
    """A function, and a point that is special in no way, where no derivative is 0, 1 or -1 by chance."""

    name: str
    function: Callable[..., tuple[Any, ...]]
    point: tuple[float, ...]


CASES = (
    Case("HumanHeartDipole", human_heart_dipole, (0.31, 0.17, -0.43, 0.29, 0.61, -0.37, 0.53, 0.47)),
    Case("PropaneCombustion", propane_combustion, (0.7, 1.3, 9.1, 1.7, 0.9, 1.1, 0.6, 0.8, 1.9, 1.2, 15.3)),
    Case("Roe flux, 1-D", roe_flux, (1.1, 0.37, 2.7, 0.9, 0.23, 2.3)),
    Case("robot arm, 6 joints", robot_arm, (0.3, 0.7, -0.4, 0.9, 0.5, -1.1)),
    Case("Black-Scholes, Greeks", greeks, (103.0, 97.0, 0.03, 0.21, 0.7)),
)
