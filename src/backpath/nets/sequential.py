"""Models of layers one after another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backpath.graph import BackpathError, GraphError, SettingError, ShapeError
from backpath.nets.initialization import INITIALIZERS
from backpath.nets.layers.chain import Chain
from backpath.nets.layers.layer import Draw, Layer, Shape, shape_in_words, whole
from backpath.nets.layers.named import layer_from_json, layer_to_json
from backpath.nets.layers.sequences import Embedding
from backpath.nets.losses import Loss, checked_loss, loss_name
from backpath.nets.model import Model


class Sequential(Model):
    """Layers one after another, and a loss of what the last one makes.

    Shapes follow from the inputs'; ``print(model)`` shows them. Parameters are called after their layer's kind and
    number: ``conv_1.W``. Images are (height, width, channels), sequences (length, features), or (length,) of whole
    numbers for an ``Embedding``.

    Args:
        layers: frozen data such as ``Dense(64)``; see ``nets.layers``.
        inputs: the shape of an example, or how many features it has.
        loss: a name in ``nets.LOSSES``, or a ``nets.Loss``.

    Raises:
        ShapeError: if a layer cannot take what the ones before it make: it names the layer and the shape.
        SettingError: if what is given are no layers, or no shape.
        GraphError: for a loss that does not exist, or does not suit the outputs.

    >>> from backpath.nets.layers import Activation, Conv, Dense, Flatten, MaxPool
    >>> print(Sequential([Conv(8, 3), Activation("relu"), MaxPool(2), Flatten(), Dense(10)], inputs=(8, 8, 1)))
    layer                    outputs    parameters  operations
    inputs                   8 x 8 x 1
    1  Conv(8, 3)            8 x 8 x 8          80       9,216
    2  Activation('relu')    8 x 8 x 8           0         512
    3  MaxPool(2)            4 x 4 x 8           0         512
    4  Flatten()             128                 0           0
    5  Dense(10)             10              1,290       2,560
    cross_entropy: 1,370 parameters, 12,800 operations an example
    """

    __slots__ = ("_chain", "_draws", "_noise", "_shapes")

    def __init__(self, layers: Sequence[Layer], inputs: int | Shape, loss: str | Loss = "cross_entropy"):
        self._chain = Chain.of(layers, "Sequential")
        shape: Any = (inputs,) if whole(inputs) else inputs
        if not isinstance(shape, (tuple, list)) or not shape or not all(whole(n) for n in shape):
            raise SettingError(f"Sequential: inputs={inputs!r}: give the shape of an example, such as (28, 28, 1)")
        self.loss = checked_loss(loss)
        for k, layer in enumerate(self.layers[1:], 2):
            if isinstance(layer, Embedding):
                raise ShapeError(f"layer {k}, {layer!r}: it reads whole numbers, and must be the first layer")
        self._shapes = self._chain.shapes(tuple(int(n) for n in shape))
        self._draws = self._chain.parameters(self.inputs)
        self._noise = self._chain.noise(self.inputs)
        if not self._draws:
            raise SettingError("Sequential: no layer has parameters to train")
        if self.loss == "cross_entropy" and self.outputs[-1] < 2:
            raise GraphError("cross_entropy needs two or more outputs; for one, use sigmoid_cross_entropy")

    @property
    def layers(self) -> tuple[Layer, ...]:
        """In order."""
        return self._chain.layers

    @property
    def inputs(self) -> Shape:
        """The shape of an example."""
        return self._shapes[0]

    @property
    def outputs(self) -> Shape:
        """The shape of an example's scores."""
        return self._shapes[-1]

    @property
    def vocabulary(self) -> int:
        """That of an ``Embedding``, or 0."""
        return self.layers[0].vocabulary if isinstance(self.layers[0], Embedding) else 0

    @property
    def draws_weights(self) -> bool:
        """True."""
        return True

    @property
    def breadth(self) -> int:
        """The largest shape's numbers, with room for the windows of a convolution."""
        return 4 * max(math.prod(shape) for shape in self._shapes)

    @property
    def trains_apart(self) -> bool:
        """Whether some layer does."""
        return self._chain.trains_apart

    @property
    def draws(self) -> dict[str, Draw]:
        """What each parameter begins as."""
        return self._draws

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The shape of each parameter by name."""
        return {name: draw.shape for name, draw in self._draws.items()}

    def tree(self, named: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters by name."""
        return dict(named)

    def init(self, seed: int, dtype: Any = np.float32, weights: str = "auto") -> dict[str, np.ndarray]:
        """Initial parameters, views of one flat array; biases and shifts are zero, gains one.

        Args:
            seed: of the draws.
            dtype: of the parameters.
            weights: one of ``INITIALIZERS``; ``"auto"`` is normal, scaled by fan-in and the activation that follows.

        Raises:
            SettingError: for another name.
        """
        if weights not in INITIALIZERS:
            raise SettingError(f"no initializer is called {weights!r}; there are {', '.join(INITIALIZERS)}")
        rng = np.random.default_rng(seed)
        parameters = self.views(np.empty(self.parameter_count, dtype))
        for name, draw in self._draws.items():
            parameters[name][...] = draw.values(rng, weights)
        return parameters

    def scores(self, parameters: Mapping[str, Any], X: Any, noise: Mapping[str, Any] | None = None) -> Any:
        """What the last layer makes of X, of shape (batch, outputs).

        Args:
            parameters: by name.
            X: shape (batch, ...), whole numbers for an ``Embedding``.
            noise: in training, arrays of ``noise_shapes`` of numbers uniform in [0, 1).

        Raises:
            ShapeError: if X does not fit.
        """
        if np.shape(X)[1:] != self.inputs:
            needs = ", ".join(map(str, ("batch", *self.inputs)))
            raise ShapeError(f"X has shape {list(np.shape(X))}; {self!r} needs ({needs})")
        return self._chain.apply(parameters, X, noise)

    def noise_shapes(self, batch: int) -> dict[str, Shape]:
        """The shapes of the uniform numbers that training draws for each step, by layer."""
        return {name: (batch, *shape) for name, shape in self._noise.items()}

    def folded(self, parameters: Mapping[str, Any], X: np.ndarray) -> tuple[Sequential, dict[str, np.ndarray]]:
        """The model to predict with, and its parameters: batch normalization with the statistics of X, no dropout."""
        chain, found = self._chain.folded(parameters, X)
        model = Sequential(chain.layers, self.inputs, self.loss)
        return model, {name: np.array(found[name]) for name in model.parameter_shapes}

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :meth:`from_json` makes the same model.

        Raises:
            GraphError: if its loss has no name.
        """
        layers = [layer_to_json(layer) for layer in self.layers]
        return {"kind": "sequential", "inputs": list(self.inputs), "layers": layers, "loss": loss_name(self.loss)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Sequential:
        """The model described by :meth:`to_json`.

        Raises:
            GraphError: if the data describe none.
        """
        try:
            layers = [layer_from_json(layer) for layer in data["layers"]]
            return cls(layers, tuple(data["inputs"]), data["loss"])
        except (KeyError, TypeError, BackpathError) as error:
            raise GraphError(f"not the description of a model of layers: {error}") from None

    def __repr__(self) -> str:
        inputs = self.inputs[0] if len(self.inputs) == 1 else self.inputs
        return f"Sequential({list(self.layers)!r}, inputs={inputs}, loss={self.loss!r})"

    def __str__(self) -> str:
        rows = [("", "layer", "outputs", "parameters", "operations")]
        rows.append(("", "inputs", shape_in_words(self.inputs), "", ""))
        operations = self._chain.operations(self.inputs)
        for k, (name, layer) in enumerate(zip(self._chain.names, self.layers, strict=True)):
            own = sum(int(np.prod(d.shape)) for n, d in self._draws.items() if n.startswith(f"{name}."))
            rows.append(
                (str(k + 1), repr(layer), shape_in_words(self._shapes[k + 1]), f"{own:,}", f"{operations[k]:,}")
            )
        total = f"{self.parameter_count:,} parameters, {sum(operations):,} operations an example"
        return "\n".join([*_table(rows), f"{self.loss}: {total}"])


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows with columns of one width; numbers of layers in front, figures to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    lines = []
    for number, layer, shape, *figures in rows:
        left = f"{number:<{widths[0]}}  {layer}" if number else layer
        told = [f"{text:>{width}}" for text, width in zip(figures, widths[3:], strict=True)]
        lines.append("  ".join([f"{left:<{widths[0] + 2 + widths[1]}}", f"{shape:<{widths[2]}}", *told]).rstrip())
    return lines
