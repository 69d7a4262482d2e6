"""A layer as one primitive: three readings of the same neurons, over post-activations, pre-activations, or both.

Each is made of simpler primitives; its local derivatives are their composition. ``one`` is the bias neuron, fixed at +1
for every example, and ``b`` its weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.nets.activations import ACTIVATIONS
from backpath.ops import Composition, Contract, LocalDerivative, Spec, apply, define
from backpath.paths import linearize


def _affine(h: Any, W: Any, one: Any, b: Any) -> Any:
    return h @ W + np.outer(one, b)


def _spec(h: Spec, W: Spec, one: Spec, b: Spec, **_: Any) -> Spec:
    return Spec((h.shape[0], W.shape[1]), np.result_type(h.dtype, W.dtype, one.dtype, b.dtype))


def _affine_local(slot: int, h: Any, W: Any, one: Any, b: Any) -> LocalDerivative:
    """z of h W + one b by each of its four operands."""
    by_operand = (("nx", W, "xy"), ("xy", h, "nx"), ("n", b, "y"), ("y", one, "n"))
    x_letters, operand, letters = by_operand[slot]
    return Contract(x_letters, operand, letters, "ny")


def _slope(activation: str, a: Any) -> LocalDerivative:
    """Phi'(a), elementwise."""
    lin = linearize(ACTIVATIONS[activation], a)
    edges = lin.edges_into(lin.outputs[0])
    return lin.local(lin.outputs[0], edges[0][0]) if edges else Composition()


def _post_local(slot: int, y: Any, h: Any, W: Any, one: Any, b: Any, activation: str) -> LocalDerivative:
    """dh_r = Phi'(a_r) d(h_{r-1} W + b): first the weights, then the slope (Aggarwal, eq. 3.11)."""
    return Composition((_affine_local(slot, h, W, one, b), _slope(activation, _affine(h, W, one, b))))


def _pre_local(slot: int, y: Any, a: Any, W: Any, one: Any, b: Any, activation: str) -> LocalDerivative:
    """da_r = d(Phi(a_{r-1}) W + b): first the slope, then the weights (Aggarwal, eq. 3.15)."""
    weights = _affine_local(slot, ACTIVATIONS[activation](a), W, one, b)
    return Composition((_slope(activation, a), weights)) if slot == 0 else weights


LINEAR = define(
    "linear",
    _affine,
    _spec,
    lambda slot, y, *operands: _affine_local(slot, *operands),
    composite=True,
)
POST_ACTIVATION = define(
    "post_activation",
    lambda h, W, one, b, activation: ACTIVATIONS[activation](_affine(h, W, one, b)),
    _spec,
    _post_local,
    composite=True,
)
PRE_ACTIVATION = define(
    "pre_activation",
    lambda a, W, one, b, activation: _affine(ACTIVATIONS[activation](a), W, one, b),
    _spec,
    _pre_local,
    composite=True,
)


def linear(h: Any, W: Any, one: Any, b: Any) -> Any:
    """h W + b: the pre-activations of a layer; shapes (batch, inputs), (inputs, outputs), (batch,), (outputs,)."""
    return apply(LINEAR, h, W, one, b)


def post_activation(h: Any, W: Any, one: Any, b: Any, activation: str) -> Any:
    """Phi(h W + b): from one layer's post-activations to the next one's."""
    return apply(POST_ACTIVATION, h, W, one, b, activation=activation)


def pre_activation(a: Any, W: Any, one: Any, b: Any, activation: str) -> Any:
    """Phi(a) W + b: from one layer's pre-activations to the next one's."""
    return apply(PRE_ACTIVATION, a, W, one, b, activation=activation)
