"""Floor 5: networks, activations, losses and initial weights. Knows nothing of engines."""

from backpath.nets.activations import ACTIVATIONS
from backpath.nets.blocks import attention, convolution, layer_norm, max_pool, mean_pool, residual
from backpath.nets.described import model_from_json
from backpath.nets.forward import NORMS
from backpath.nets.initialization import GAINS, INITIALIZERS, critical_gain
from backpath.nets.layers import (
    Activation,
    Affine,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalMeanPool,
    Layer,
    LayerNorm,
    MaxPool,
    MeanPool,
    PositionalEncoding,
    RandomFlip,
    RandomShift,
    Residual,
    SelfAttention,
    TransformerBlock,
)
from backpath.nets.losses import LOSSES, Loss, smoothed
from backpath.nets.mode import Mode
from backpath.nets.model import Model
from backpath.nets.network import Network
from backpath.nets.sequential import Sequential

__all__ = [
    "ACTIVATIONS",
    "GAINS",
    "INITIALIZERS",
    "LOSSES",
    "NORMS",
    "Activation",
    "Affine",
    "BatchNorm",
    "Conv",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalMeanPool",
    "Layer",
    "LayerNorm",
    "Loss",
    "MaxPool",
    "MeanPool",
    "Mode",
    "Model",
    "Network",
    "PositionalEncoding",
    "RandomFlip",
    "RandomShift",
    "Residual",
    "SelfAttention",
    "Sequential",
    "TransformerBlock",
    "attention",
    "convolution",
    "critical_gain",
    "layer_norm",
    "max_pool",
    "mean_pool",
    "model_from_json",
    "residual",
    "smoothed",
]
