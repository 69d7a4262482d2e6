"""A model without what stands behind its last layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.diagnosis.evidence.layout import end_of_layers
from backpath.nets import Activation, Dense, Model, Network, Sequential
from backpath.ops import leaves_of
from backpath.ops.recursion import evaluate
from backpath.ops.tracing.recording import record


def without_ending_of(model: Model) -> Model | None:
    """The model whose scores are what its last layer makes; None where nothing is behind it."""
    if isinstance(model, Network):
        return None
    if isinstance(model, Sequential):
        layers = list(model.layers)
        while layers and isinstance(layers[-1], Activation):
            layers.pop()
        found = len(layers) < len(model.layers) and layers and isinstance(layers[-1], Dense)
        return Sequential(layers, model.inputs, model.loss) if found else None

    def scores(parameters: Any, X: Any) -> Any:
        traced = record(model.scores, parameters, X)
        values = evaluate(traced.graph, [*leaves_of((parameters, X)), *traced.captured])
        return values[end_of_layers(traced.graph)]

    probe = record(model.scores, model.init(0), np.zeros((2, *(model.inputs or ())), model.input_dtype(np.float32)))
    end = end_of_layers(probe.graph)
    if end < 0 or end == probe.graph.outputs[0]:
        return None
    made = Model(scores, model.init(0, np.float64), loss=model.loss, vocabulary=model.vocabulary)
    return made.suited(model.inputs) if model.inputs else made
