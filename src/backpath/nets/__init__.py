"""Floor 5: networks, activations, losses and initial weights. Knows nothing of engines."""

from backpath.nets.activations import ACTIVATIONS
from backpath.nets.blocks import attention, convolution, layer_norm, max_pool, mean_pool, residual
from backpath.nets.forward import NORMS
from backpath.nets.initialization import GAINS, INITIALIZERS, critical_gain
from backpath.nets.losses import LOSSES, Loss, smoothed
from backpath.nets.network import Network

__all__ = [
    "ACTIVATIONS",
    "GAINS",
    "INITIALIZERS",
    "LOSSES",
    "NORMS",
    "Loss",
    "Network",
    "attention",
    "convolution",
    "critical_gain",
    "layer_norm",
    "max_pool",
    "mean_pool",
    "residual",
    "smoothed",
]
