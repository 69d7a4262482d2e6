"""Layers: frozen data, from which a ``Sequential`` is made."""

from backpath.nets.layers.convolution import Conv
from backpath.nets.layers.dense import Activation, Dense, Flatten
from backpath.nets.layers.layer import Layer
from backpath.nets.layers.noise import Dropout, RandomFlip, RandomShift
from backpath.nets.layers.normalization import Affine, BatchNorm, LayerNorm
from backpath.nets.layers.pooling import GlobalMeanPool, MaxPool, MeanPool
from backpath.nets.layers.residual import Residual
from backpath.nets.layers.sequences import Embedding, PositionalEncoding, SelfAttention, TransformerBlock

__all__ = [
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
    "MaxPool",
    "MeanPool",
    "PositionalEncoding",
    "RandomFlip",
    "RandomShift",
    "Residual",
    "SelfAttention",
    "TransformerBlock",
]
