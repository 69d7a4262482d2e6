"""Initial parameters by name; those of some names look at data."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.graph import SettingError
from backpath.nets import ACTIVATIONS, INITIALIZERS, Model, Network
from backpath.training.loop.autoencoder import TiedAutoencoder
from backpath.training.loop.epochs import descend
from backpath.training.loop.examples import InMemory
from backpath.training.loop.rows import DenseRows, Rows, rows_of
from backpath.training.loop.unit_variance import MOST_NUMBERS, unit_variance
from backpath.training.optimizers.named import adam

DATA_DRIVEN = ("lsuv", "pretrained", "pretrained_tied")
STARTS = (*INITIALIZERS, *DATA_DRIVEN)
"""Every way to begin by name: those of ``INITIALIZERS``, and the ones that need data."""

Parameters = Any
EXAMPLES = 1024


def start(model: Model, X: Any, how: str, seed: int, dtype: Any = np.float32) -> Parameters:
    """Initial parameters, views of one flat array.

    Args:
        model: whose.
        X: examples, of which the data-driven ways use no more than they need.
        how: a name in ``STARTS``.
        seed: of the draws.
        dtype: of the parameters.

    Raises:
        SettingError: for another name, or a model that the way is not for.
        DataError: if no scale gives a layer's pre-activations the variance 1.
    """
    if how == "lsuv":
        parameters = model.init(seed, dtype, "orthogonal" if model.draws_weights else "auto")
        most = min(EXAMPLES, max(MOST_NUMBERS // model.breadth, 64))
        unit_variance(model, model.shaped(some(rows_of(X), seed, model.input_dtype(dtype), most)), parameters)
        return parameters
    if how not in DATA_DRIVEN:
        return model.init(seed, dtype, how)
    if not isinstance(model, Network) or model.norm or model.ntk or model.input_scale:
        raise SettingError(
            f"init={how!r} starts plain dense layers; {model!r} has more: take another init, or leave it out"
        )
    return pretrained(model, rows_of(X), seed, dtype, tied=how == "pretrained_tied")


def pretrained(
    network: Network, X: Rows, seed: int, dtype: Any = np.float32, tied: bool = False, epochs: int = 10
) -> Parameters:
    """Each hidden layer as the encoder of an autoencoder of the layer below, one after another (Bengio, 2007).

    An autoencoder sees the layer below standardized, so that no layer's variation is too small to be learned. It has
    one hidden layer, a linear output and the squared error, and learns with Adam at a rate of 0.003 in batches of 32.
    The last layer of the network is drawn as by ``network.init``.

    Args:
        network: whose parameters.
        X: examples of shape (examples, inputs).
        seed: of the draws and of the orders of examples.
        dtype: of the parameters.
        tied: whether the decoder's weights are the encoder's, transposed.
        epochs: of each autoencoder.
    """
    parameters = network.init(seed, dtype)
    h = X.take(np.arange(len(X)), dtype)
    for r, activation in enumerate(network.activations, 1):
        mean, deviation = h.mean(axis=0), h.std(axis=0)
        deviation[deviation == 0] = 1
        h = (h - mean) / deviation
        kind = TiedAutoencoder if tied else Network
        coder = kind([h.shape[1], network.sizes[r], h.shape[1]], activation, "squared_error")
        flat = np.empty(coder.parameter_count, dtype)
        learned = coder.views(flat)
        for name, value in coder.init(seed + r, dtype).items():
            learned[name][...] = value
        descend(coder, flat, InMemory(DenseRows(h), h), epochs=epochs, batch=32, optimizer=adam(3e-3), seed=seed + r)
        # The encoder of standardized h, as weights and biases of h itself.
        parameters[f"W{r}"][...] = learned["W1"] / deviation[:, None]
        parameters[f"b{r}"][...] = learned["b1"] - (mean / deviation) @ learned["W1"]
        h = ACTIVATIONS[activation](h @ learned["W1"] + learned["b1"])
    return parameters


def some(X: Rows, seed: int, dtype: Any, most: int = EXAMPLES) -> np.ndarray:
    """No more than ``most`` random examples, in their order."""
    rows = np.random.default_rng([seed, 2]).permutation(len(X))[:most]
    return X.take(np.sort(rows), dtype)
