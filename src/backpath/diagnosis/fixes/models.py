"""Changes of what is trained: activations, loss, output, size, normalization, initial weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backpath.diagnosis.fixes.ending import without_ending_of
from backpath.diagnosis.fixes.fix import Fix, with_settings
from backpath.diagnosis.subject import Subject
from backpath.nets import Activation, BatchNorm, Dense, Dropout, LayerNorm, Model, Network, Sequential
from backpath.nets.initialization import gain


def on_model(subject: Subject, model: Model | None, **changes: Any) -> Subject | None:
    """The subject with another model; initial parameters that no longer fit are drawn anew."""
    if model is None:
        return None
    init = subject.init
    if not isinstance(init, str) and model.parameter_shapes != subject.model.parameter_shapes:
        init = "auto"
    return subject.changed(model=model, init=init, **changes)


def remade(model: Model, **changes: Any) -> Network | None:
    """A network with other arguments."""
    if not isinstance(model, Network):
        return None
    made = {"sizes": model.sizes, "activation": model.activations, "loss": model.loss, **model.options, **changes}
    return Network(**made)


def relayered(model: Model, layers: Sequence[Any] | None) -> Sequential | None:
    """A sequence with other layers."""
    if not isinstance(model, Sequential) or not layers or tuple(layers) == model.layers:
        return None
    return Sequential(layers, model.inputs, model.loss)


def activation(name: str) -> Fix:
    """Another activation in all hidden layers; for functions of the user's own there is no such change."""

    def change(s: Subject) -> Subject | None:
        model = s.model
        if isinstance(model, Network):
            if not model.activations or set(model.activations) == {name}:
                return None
            new: Model | None = remade(model, activation=[name] * len(model.activations))
        elif isinstance(model, Sequential):
            new = relayered(model, _activated(model.layers, name))
        else:
            new = None
        return on_model(s, new, settings=with_settings(s, activation=(name,)))

    return Fix(f"{name} in all hidden layers", "activation", change)


def _activated(layers: Sequence[Any], name: str) -> list[Any]:
    """With an activation behind each dense layer but the last, and with those that are there replaced."""
    found: list[Any] = []
    last = max((k for k, layer in enumerate(layers) if isinstance(layer, Dense)), default=-1)
    for k, layer in enumerate(layers):
        hidden = k < last
        if isinstance(layer, Activation) and hidden:
            layer = Activation(name)
        found.append(layer)
        following = layers[k + 1] if k + 1 < len(layers) else None
        if isinstance(layer, Dense) and hidden and isinstance(following, Dense):
            found.append(Activation(name))
    return found


def without_ending() -> Fix:
    """Scores as the last layer makes them: the loss has the activation in it."""

    def change(s: Subject) -> Subject | None:
        return on_model(s, without_ending_of(s.model))

    return Fix("no activation behind the last layer: the loss brings its own", "output", change)


def loss(name: str, outputs: int) -> Fix:
    """Another loss, with targets as it reads them."""

    def change(s: Subject) -> Subject | None:
        new = _with_loss(s.model, name, outputs)
        return on_model(s, new, unit=(0.0, 1.0), settings=with_settings(s, loss=name), **recoded(s, name))

    return Fix(f"the loss {name}", "loss", change)


def recoded(s: Subject, name: str) -> dict[str, Any]:
    """The targets as a loss reads them."""
    if s.goal.classes:
        return {"y": s.goal.train, "held_y": s.goal.held}
    return {"y": s.goal.train.astype(np.float32), "held_y": s.goal.held.astype(np.float32)}


def _with_loss(model: Model, name: str, outputs: int) -> Model | None:
    if isinstance(model, Network):
        return remade(model, loss=name, sizes=[*model.sizes[:-1], outputs])
    if isinstance(model, Sequential):
        bare = without_ending_of(model) or model
        layers = [*bare.layers] if isinstance(bare, Sequential) else []
        if not layers or not isinstance(layers[-1], Dense):
            return None
        return Sequential([*layers[:-1], Dense(outputs, layers[-1].bias)], model.inputs, name)
    bare = without_ending_of(model) or model
    if bare.outputs != (outputs,):
        return None
    changed = copy.copy(bare)
    changed.loss = name
    return changed


def widths(factor: float) -> Fix:
    """All hidden layers wider or narrower."""

    def scaled(width: int) -> int:
        return max(round(width * factor), 1)

    def change(s: Subject) -> Subject | None:
        model, new, told = s.model, None, {}
        if isinstance(model, Network) and len(model.sizes) > 2:
            hidden = [scaled(n) for n in model.sizes[1:-1]]
            new, told = remade(model, sizes=[model.sizes[0], *hidden, model.sizes[-1]]), {"layers": tuple(hidden)}
        elif isinstance(model, Sequential):
            last = max((k for k, layer in enumerate(model.layers) if isinstance(layer, Dense)), default=0)
            layers = [
                Dense(scaled(layer.width), layer.bias) if isinstance(layer, Dense) and k < last else layer
                for k, layer in enumerate(model.layers)
            ]
            new = relayered(model, layers)
        return on_model(s, new, settings=with_settings(s, **told))

    return Fix(f"hidden layers {factor:g} times as wide", "size", change)


def hidden_layers(sizes: Sequence[int], name: str = "relu") -> Fix:
    """Other hidden layers altogether."""

    def change(s: Subject) -> Subject | None:
        model = s.model
        if isinstance(model, Network):
            wanted = [model.sizes[0], *sizes, model.sizes[-1]]
            if tuple(wanted) == model.sizes:
                return None
            dropped = dropout_of(model)
            new: Model | None = Network(wanted, name, model.loss, norm=model.norm, dropout=dropped)
        elif isinstance(model, Sequential) and len(model.inputs) == 1:
            layers = [part for n in sizes for part in (Dense(n), Activation(name))]
            new = Sequential([*layers, Dense(model.outputs[-1])], model.inputs, model.loss)
        else:
            return None
        return on_model(s, new, settings=with_settings(s, layers=tuple(sizes), activation=(name,)))

    return Fix(f"hidden layers of {', '.join(map(str, sizes))} units with {name}", "size", change)


def norm(kind: str | None) -> Fix:
    """Another normalization of hidden layers, or none."""

    def change(s: Subject) -> Subject | None:
        model, new = s.model, None
        if isinstance(model, Network) and model.norm != kind and len(model.sizes) > 2:
            new = remade(model, norm=kind)
        elif isinstance(model, Sequential):
            made = {None: None, "batch": BatchNorm(), "layer": LayerNorm()}[kind]
            known = [made if isinstance(layer, (BatchNorm, LayerNorm)) else layer for layer in model.layers]
            new = relayered(model, [layer for layer in known if layer is not None])
        return on_model(s, new, settings=with_settings(s, norm=kind))

    return Fix("no normalization" if kind is None else f"{kind} normalization", "norm", change)


def dropout(part: float) -> Fix:
    """Another part of hidden units that drop out."""

    def change(s: Subject) -> Subject | None:
        model, new = s.model, None
        if isinstance(model, Network) and set(model.dropout) != {part} and model.activations:
            new = Network(
                model.sizes, model.activations, model.loss, norm=model.norm, ntk=model.ntk,
                input_scale=model.input_scale, dropout=part,
            )  # fmt: skip
        elif isinstance(model, Sequential):
            kept = [Dropout(part) if part and isinstance(layer, Dropout) else layer for layer in model.layers]
            new = relayered(model, [layer for layer in kept if part or not isinstance(layer, Dropout)])
        return on_model(s, new, settings=with_settings(s, dropout=part))

    return Fix(f"dropout {part:g}", "dropout", change)


def dropout_of(model: Model) -> float:
    """The largest part of units that drop out."""
    if isinstance(model, Network):
        return max(model.dropout, default=0.0)
    if isinstance(model, Sequential):
        return max((layer.rate for layer in model.layers if isinstance(layer, Dropout)), default=0.0)
    return 0.0


def init(name: str = "auto") -> Fix:
    """Initial weights by a rule."""

    def change(s: Subject) -> Subject | None:
        if s.model.draws_weights:
            return s.changed(init=name, settings=with_settings(s, init=name)) if s.init != name else None
        return s.changed(init=fan_rule(s.model)) if name == "auto" else None

    words = "initial weights by the fan rule" if name == "auto" else f"initial weights: {name}"
    return Fix(words, "init", change)


def fan_rule(model: Model) -> Any:
    """Parameters for a function of the user's own: normal weights over the root of fan-in, and zeros for the rest."""
    rng = np.random.default_rng(0)
    drawn: Mapping[str, np.ndarray] = {
        name: rng.standard_normal(shape) * math.sqrt(gain("relu") / math.prod(shape[:-1]))
        if len(shape) > 1
        else np.zeros(shape)
        for name, shape in model.parameter_shapes.items()
    }
    return model.tree(drawn)
