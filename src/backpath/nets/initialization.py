"""Initial weights: draws whose scale keeps values, or derivatives, from growing or fading from layer to layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from backpath.calculus import grad
from backpath.graph import SettingError
from backpath.nets.activations import ACTIVATIONS

GAINS: Mapping[str, float] = MappingProxyType(
    {"relu": 2.0, "leaky_relu": 2.0, "elu": 1.5, "gelu": 2.0, "silu": 2.0, "mish": 2.0, "softplus": 2.0}
)
"""Var(weight) * fan_in by the activation that follows: 2 for those that pass half of their input (He and others, 2015),
1 for all that are not listed, nearly linear around 0 (LeCun and others, 1998)."""

Variance = Callable[[int, int, str], float]
"""From fan-in, fan-out and the name of the activation that follows to the variance of a weight."""


@dataclass(frozen=True, slots=True)
class Initializer:
    """How the weights of a layer are drawn.

    Attributes:
        shape: of the draws: ``"normal"``, ``"uniform"``, or ``"orthogonal"``, whose rows or columns are orthogonal.
        variance: of a weight; for orthogonal ones, with fan-in times it as the square of their columns' length.
    """

    shape: str
    variance: Variance

    def weights(
        self,
        rng: np.random.Generator,
        rows: int,
        columns: int,
        activation: str,
        fans: tuple[int, int] | None = None,
    ) -> np.ndarray:
        """Weights of shape (rows, columns), in float64; these are fan-in and fan-out, too, unless fans are given."""
        fan_in, fan_out = fans or (rows, columns)
        deviation = np.sqrt(self.variance(fan_in, fan_out, activation))
        if self.shape == "uniform":
            return rng.uniform(-1, 1, (rows, columns)) * (np.sqrt(3) * deviation)
        draws = rng.standard_normal((rows, columns))
        return draws * deviation if self.shape == "normal" else _orthogonal(draws) * (np.sqrt(rows) * deviation)


def gain(activation: str) -> float:
    """Its entry in ``GAINS``, or 1."""
    return GAINS.get(activation, 1.0)


@cache
def critical_gain(activation: str) -> float:
    """The gain at which derivatives keep their size through any number of wide layers, while values stay bounded.

    With q the mean square of a pre-activation and z normal, it solves q = gain E[phi(sqrt(q) z)^2] and
    gain E[phi'(sqrt(q) z)^2] = 1 (Poole and others, 2016; Schoenholz and others, 2017), without biases. Where all q
    do, as for relu, the gain is the same for all. Where none does, it is the limit for small q, if values then do not
    grow.

    >>> round(critical_gain("relu"), 6), round(critical_gain("tanh"), 6), round(critical_gain("sigmoid"), 1)
    (2.0, 1.0, 103.0)

    Raises:
        SettingError: if the activation has no such gain.
    """
    from scipy.optimize import root_scalar

    phi = ACTIVATIONS[activation]
    slope = grad(lambda a: np.sum(phi(a)))
    # Points that leave out 0, where a derivative may jump; beyond 10 a normal number is never seen.
    z = np.linspace(-10, 10, 40_000)
    density = np.exp(-z * z / 2)
    density /= density.sum()

    def values(q: float) -> float:
        return float(density @ np.square(phi(np.sqrt(q) * z)))

    def slopes(q: float) -> float:
        return float(density @ np.square(slope(np.sqrt(q) * z)))

    def excess(q: float) -> float:
        return values(q) / q - slopes(q)

    grid = np.geomspace(SMALLEST, 1e4, 60)
    heights = np.array([excess(q) for q in grid])
    if np.all(np.abs(heights) < 1e-9):
        return 1 / slopes(1.0)
    crossings = np.flatnonzero((heights[:-1] > 0) & (heights[1:] < 0))
    if len(crossings):
        first = int(crossings[0])
        found = root_scalar(excess, bracket=(float(grid[first]), float(grid[first + 1])))
        return 1 / slopes(float(found.root))
    limit = 1 / slopes(SMALLEST)
    if not values(1.0) * limit <= 1:
        raise SettingError(f"{activation} has no gain at which derivatives keep their size and values do not grow")
    return limit


SMALLEST = 1e-8
"""The mean square of pre-activations that stands for none."""


INITIALIZERS: Mapping[str, Initializer] = MappingProxyType(
    {
        "auto": Initializer("normal", lambda i, o, phi: gain(phi) / i),
        "normal": Initializer("normal", lambda i, o, phi: 0.01**2),
        "uniform": Initializer("uniform", lambda i, o, phi: 0.01**2 / 3),
        "lecun_normal": Initializer("normal", lambda i, o, phi: 1 / i),
        "lecun_uniform": Initializer("uniform", lambda i, o, phi: 1 / i),
        "he_normal": Initializer("normal", lambda i, o, phi: 2 / i),
        "he_uniform": Initializer("uniform", lambda i, o, phi: 2 / i),
        "glorot_normal": Initializer("normal", lambda i, o, phi: 2 / (i + o)),
        "glorot_uniform": Initializer("uniform", lambda i, o, phi: 2 / (i + o)),
        "orthogonal": Initializer("orthogonal", lambda i, o, phi: gain(phi) / i),
        "critical": Initializer("normal", lambda i, o, phi: critical_gain(phi) / i),
    }
)
"""Ways to draw initial weights by name; fan-in is the number of a layer's inputs, fan-out that of its neurons.

``normal`` breaks the symmetry of zeros with deviation 0.01, ``uniform`` between -0.01 and 0.01, whatever the fans.
"""


def _orthogonal(draws: np.ndarray) -> np.ndarray:
    """Orthonormal columns, or rows where there are fewer of them, uniform over all such matrices (Saxe, 2014)."""
    tall = draws if draws.shape[0] >= draws.shape[1] else draws.T
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return q if draws.shape[0] >= draws.shape[1] else q.T
