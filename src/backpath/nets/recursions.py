"""The textbook's recursions for a dense network, written from its equations and from nothing else of backpath's.

They are a route of their own to every gradient: with them, our graphs and sweeps are checked. Equation numbers are
those of Aggarwal, *Neural Networks and Deep Learning*, chapter 3. Layers are r = 1 ... k; the last one is linear.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

Array = np.ndarray
Slope = Callable[[Array], Array]

_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805


def expit(a: Array) -> Array:
    """1 / (1 + exp(-a))."""
    return 0.5 * (1 + np.tanh(0.5 * a))


def ndtr(a: Array) -> Array:
    """The standard normal distribution function."""
    return 0.5 * (1 + np.vectorize(math.erf, otypes=[float])(a / math.sqrt(2)))


PHI: Mapping[str, tuple[Slope, Slope]] = MappingProxyType(
    {
        "identity": (lambda a: a, np.ones_like),
        "relu": (lambda a: np.maximum(a, 0), lambda a: 1.0 * (a > 0)),
        "leaky_relu": (lambda a: np.where(a > 0, a, 0.01 * a), lambda a: np.where(a > 0, 1.0, 0.01)),
        "elu": (lambda a: np.where(a > 0, a, np.expm1(np.minimum(a, 0))), lambda a: np.exp(np.minimum(a, 0))),
        "selu": (
            lambda a: _SCALE * np.where(a > 0, a, _ALPHA * np.expm1(np.minimum(a, 0))),
            lambda a: _SCALE * np.where(a > 0, 1.0, _ALPHA * np.exp(np.minimum(a, 0))),
        ),
        "gelu": (
            lambda a: a * ndtr(a),
            lambda a: ndtr(a) + a * np.exp(-a * a / 2) / math.sqrt(2 * math.pi),
        ),
        "silu": (lambda a: a * expit(a), lambda a: expit(a) + a * expit(a) * expit(-a)),
        "mish": (
            lambda a: a * np.tanh(np.logaddexp(0, a)),
            lambda a: np.tanh(np.logaddexp(0, a)) + a * expit(a) / np.cosh(np.logaddexp(0, a)) ** 2,
        ),
        "softplus": (lambda a: np.logaddexp(0, a), expit),
        "tanh": (np.tanh, lambda a: 1 / np.cosh(a) ** 2),
        "sigmoid": (expit, lambda a: expit(a) * expit(-a)),
    }
)
"""Phi and Phi' of each activation."""


def _softmax(s: Array) -> Array:
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _hinge_slope(s: Array, t: Array) -> Array:
    if s.shape[1] == 1:
        sign = 2 * t - 1
        return np.where(sign * s < 1, -sign, 0.0)
    violated = 1.0 * ((1 + s - (s * t).sum(axis=1, keepdims=True) > 0) & (t == 0))
    return violated - t * violated.sum(axis=1, keepdims=True)


LOSS_SLOPES: Mapping[str, Callable[[Array, Array], Array]] = MappingProxyType(
    {
        "squared_error": lambda s, t: s - t,
        "cross_entropy": lambda s, t: _softmax(s) * t.sum(axis=1, keepdims=True) - t,
        "sigmoid_cross_entropy": lambda s, t: expit(s) - t,
        "hinge": _hinge_slope,
        "huber": lambda s, t: np.clip(s - t, -1, 1),
        "poisson": lambda s, t: np.exp(s) - t,
    }
)
"""dL/ds of each example's loss by the scores, for targets t."""


@dataclass(frozen=True, slots=True)
class Recursion:
    """What a recursion found.

    Attributes:
        deltas: every Delta or delta by name (``Delta_1``, ``delta_2``), of shape (batch, neurons of layer r); for many
            outputs (outputs, batch, neurons).
        gradient: the derivative by each weight and bias, summed over the batch; for many outputs with a leading axis.
    """

    deltas: dict[str, Array]
    gradient: dict[str, Array]


def forward_phase(activations: Sequence[str], p: Mapping[str, Array], X: Array) -> tuple[list[Array], list[Array]]:
    """Every layer's a_r and h_r; ``a[0]`` and ``h[0]`` are the inputs."""
    a, h = [X], [X]
    for r, activation in enumerate((*activations, "identity"), 1):
        a.append(h[-1] @ p[f"W{r}"] + p[f"b{r}"])
        h.append(PHI[activation][0](a[-1]))
    return a, h


def post_activation_recursion(activations: Sequence[str], p: Mapping[str, Array], X: Array, seed: Array) -> Recursion:
    """Backpropagation over post-activation variables: Delta(h_r, o) = dL/dh_r.

    Args:
        activations: of the hidden layers.
        p: weights and biases by name.
        X: shape (batch, inputs).
        seed: Delta(o, o) = dL/do (eq. 3.9), shape (batch, outputs); or one of them for each of many outputs.
    """
    a, h = forward_phase(activations, p, X)
    slopes = [PHI[name][1] for name in ("identity", *activations, "identity")]
    Delta, deltas, gradient = seed, {}, {}
    for r in range(len(a) - 1, 0, -1):
        deltas[f"Delta_{r}"] = Delta
        through = Delta * slopes[r](a[r])
        # dL/dw = h_{r-1} Phi'(a_r) Delta(h_r, o), and for the bias neuron h = 1 (eq. 3.13).
        gradient[f"W{r}"], gradient[f"b{r}"] = h[r - 1].T @ through, through.sum(axis=-2)
        # Delta(h_{r-1}, o) = sum over h_r of Phi'(a_r) w Delta(h_r, o) (eqs. 3.10 to 3.12).
        Delta = through @ p[f"W{r}"].T
    return _in_order(deltas, gradient)


def pre_activation_recursion(activations: Sequence[str], p: Mapping[str, Array], X: Array, seed: Array) -> Recursion:
    """Backpropagation over pre-activation variables: delta(h_r, o) = dL/da_r.

    See :func:`post_activation_recursion` for the arguments; the last layer is linear, so delta(o, o) is the seed too.
    """
    a, h = forward_phase(activations, p, X)
    slopes = [PHI[name][1] for name in ("identity", *activations, "identity")]
    delta, deltas, gradient = seed, {}, {}
    for r in range(len(a) - 1, 0, -1):
        deltas[f"delta_{r}"] = delta
        # dL/dw = delta(h_r, o) h_{r-1}, and for the bias neuron h = 1 (eq. 3.14).
        gradient[f"W{r}"], gradient[f"b{r}"] = h[r - 1].T @ delta, delta.sum(axis=-2)
        # delta(h_{r-1}, o) = Phi'(a_{r-1}) sum over h_r of w delta(h_r, o) (eq. 3.15).
        if r > 1:
            delta = slopes[r - 1](a[r - 1]) * (delta @ p[f"W{r}"].T)
    return _in_order(deltas, gradient)


def decoupled_recursion(activations: Sequence[str], p: Mapping[str, Array], X: Array, seed: Array) -> Recursion:
    """Both kinds of variables, linear and activation layers apart: delta and Delta take turns.

    See :func:`post_activation_recursion` for the arguments.
    """
    a, h = forward_phase(activations, p, X)
    slopes = [PHI[name][1] for name in ("identity", *activations, "identity")]
    Delta, deltas, gradient = seed, {}, {}
    for r in range(len(a) - 1, 0, -1):
        delta = Delta * slopes[r](a[r])
        deltas[f"Delta_{r}"], deltas[f"delta_{r}"] = Delta, delta
        gradient[f"W{r}"], gradient[f"b{r}"] = h[r - 1].T @ delta, delta.sum(axis=-2)
        Delta = delta @ p[f"W{r}"].T
    return _in_order(deltas, gradient)


RECURSIONS: Mapping[str, Callable[[Sequence[str], Mapping[str, Array], Array, Array], Recursion]] = MappingProxyType(
    {"post": post_activation_recursion, "pre": pre_activation_recursion, "both": decoupled_recursion}
)
"""The recursion for each choice of variables."""


def unit_seeds(batch: int, outputs: int) -> Array:
    """The seeds of many outputs, do/do = 1 for each output o by itself; of shape (outputs, batch, outputs)."""
    return np.broadcast_to(np.eye(outputs)[:, None, :], (outputs, batch, outputs))


def _in_order(deltas: dict[str, Array], gradient: dict[str, Array]) -> Recursion:
    names = [f"{kind}{r}" for r in range(1, len(gradient) // 2 + 1) for kind in "Wb"]
    return Recursion(dict(reversed(deltas.items())), {name: gradient[name] for name in names})
