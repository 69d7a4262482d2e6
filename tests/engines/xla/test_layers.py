"""Every layer's value and gradients by XLA, those of the NumPy engine; convolutions and their gradients are such."""

import jax
import numpy as np
import pytest

from backpath.calculus import value_and_grad
from backpath.engines.xla.lowering.graphs import lowered
from backpath.nets import layers
from backpath.nets.layers import Layer
from backpath.ops import leaves_of, trace
from backpath.paths import evaluate

rng = np.random.default_rng(0)
FLAT, IMAGE, SEQUENCE = (rng.standard_normal(shape) for shape in ((3, 6), (2, 7, 6, 2), (2, 5, 4)))
CASES = {
    "Activation": [(layers.Activation("mish"), FLAT)],
    "Affine": [(layers.Affine(), FLAT)],
    "BatchNorm": [(layers.BatchNorm(), IMAGE)],
    "Conv": [
        (layers.Conv(3, 3), IMAGE),
        (layers.Conv(3, (3, 2), stride=2, padding="valid"), IMAGE),
        (layers.Conv(4, 2, dilation=2, groups=2), IMAGE),
        (layers.Conv(2, 3, stride=(1, 2), padding=2, dilation=(2, 1)), IMAGE),
    ],
    "Dense": [(layers.Dense(3), FLAT)],
    "Dropout": [(layers.Dropout(0.4), FLAT)],
    "Embedding": [(layers.Embedding(9, 3), rng.integers(9, size=(3, 5)))],
    "Flatten": [(layers.Flatten(), IMAGE)],
    "GlobalMeanPool": [(layers.GlobalMeanPool(), IMAGE)],
    "LayerNorm": [(layers.LayerNorm(), SEQUENCE)],
    "MaxPool": [(layers.MaxPool(2), IMAGE), (layers.MaxPool(3, 1), np.round(IMAGE))],
    "MeanPool": [(layers.MeanPool(2, 1), IMAGE)],
    "PositionalEncoding": [(layers.PositionalEncoding(), SEQUENCE)],
    "RandomFlip": [(layers.RandomFlip(), IMAGE)],
    "RandomShift": [(layers.RandomShift(1), IMAGE)],
    "Residual": [(layers.Residual([layers.Dense(6), layers.Activation("relu")]), FLAT)],
    "SelfAttention": [(layers.SelfAttention(2, causal=True), SEQUENCE)],
    "TransformerBlock": [(layers.TransformerBlock(2, 8), SEQUENCE)],
}


def test_every_layer_is_tried():
    assert set(CASES) == set(layers.__all__) - {"Layer"}
    assert all(isinstance(layer, Layer) for cases in CASES.values() for layer, _ in cases)


def graph_of(layer, x):
    """The weighted sum of what a layer makes, and its gradients by the parameters and, if they are real, the inputs."""
    drawn = layer.parameters(x.shape[1:], "identity")
    p = {name: rng.standard_normal(draw.shape) for name, draw in drawn.items()}
    noise = {name: rng.random((len(x), *shape)) for name, shape in layer.noise(x.shape[1:]).items()}
    weights = rng.standard_normal((len(x), *layer.outputs(x.shape[1:])))

    def total(p, x, noise):
        return np.sum(layer.apply(p, x, noise or None) * weights)

    slots = [*([0] if p else []), *([1] if x.dtype.kind == "f" else [])]
    return trace(value_and_grad(total, tuple(slots)), p, x, noise), leaves_of((p, x, noise))


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_those_of_numpy(name):
    graphs = [graph_of(*case) for case in CASES[name]]
    functions = [lowered(graph) for graph, _ in graphs]
    run = jax.jit(lambda inputs: [f(*own) for f, own in zip(functions, inputs, strict=True)])
    found = run([inputs for _, inputs in graphs])
    for (graph, inputs), ours in zip(graphs, found, strict=True):
        values = evaluate(graph, inputs)
        for value, output in zip(ours, graph.outputs, strict=True):
            expected = np.asarray(values[output])
            np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max(initial=1e-300))


def test_a_convolution_and_its_gradients_are_convolutions_of_xla():
    graph, inputs = graph_of(layers.Conv(3, 3), IMAGE)
    text = jax.jit(lowered(graph)).lower(*inputs).as_text()
    assert text.count("stablehlo.convolution") == 3
