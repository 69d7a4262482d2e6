"""Layers for sequences: tokens become vectors, places are told apart, and places attend to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.nets.activations import ACTIVATIONS
from backpath.nets.blocks import attention
from backpath.nets.layers.chain import Chain
from backpath.nets.layers.dense import Activation, Dense
from backpath.nets.layers.layer import Arrays, Draw, Layer, Shape, require, require_axes, whole
from backpath.nets.layers.noise import Dropout
from backpath.nets.layers.normalization import LayerNorm
from backpath.nets.layers.residual import Residual
from backpath.ops import spec_of, take_rows


@dataclass(frozen=True, slots=True, repr=False)
class Embedding(Layer):
    """A learned vector for each whole number, the first layer of a model that reads them.

    Attributes:
        vocabulary: how many different numbers there are: 0 to ``vocabulary - 1``.
        width: of the vectors.
    """

    vocabulary: int
    width: int

    def __post_init__(self) -> None:
        require(self, whole(self.vocabulary) and whole(self.width), "give two whole numbers, 1 or more")

    def outputs(self, inputs: Shape) -> Shape:
        return *inputs, self.width

    def parameters(self, inputs: Shape, activation: str) -> dict[str, Draw]:
        # Of the rows of 0 with one 1 that the numbers stand for, one entry counts.
        return {"table": Draw((self.vocabulary, self.width), fans=(1, self.width), activation=activation)}

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        if isinstance(x, np.ndarray) and x.size:
            if not 0 <= x.min() <= x.max() < self.vocabulary:
                raise ShapeError(f"{self!r} takes whole numbers below {self.vocabulary}; X has {x.min()} to {x.max()}")
            if x.dtype.kind == "f" and not (x == np.floor(x)).all():
                raise ShapeError(f"{self!r} takes whole numbers; X holds {x[x != np.floor(x)][0]:g}")
        return take_rows(p["table"], x)


@dataclass(frozen=True, slots=True, repr=False)
class PositionalEncoding(Layer):
    """Adds sines and cosines that tell places apart, of wavelengths from 2 pi to ``longest`` times that.

    (Vaswani and others, 2017.)

    Attributes:
        longest: about how many places are told apart.
    """

    longest: int = 10_000

    def __post_init__(self) -> None:
        require(self, whole(self.longest), "give a whole number, 1 or more")

    def outputs(self, inputs: Shape) -> Shape:
        require_axes(inputs, 2, "length, features")
        return inputs

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        length, width = np.shape(x)[-2:]
        frequencies = self.longest ** (-np.arange(0, width, 2) / width)
        angles = np.arange(length)[:, None] * frequencies
        waves = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, -1)[:, :width]
        return x + waves.astype(spec_of(x).dtype)


@dataclass(frozen=True, slots=True, repr=False)
class SelfAttention(Layer):
    """Each place of a sequence takes in values of all, by how its query meets their keys: see ``nets.attention``.

    Attributes:
        heads: that attend apart, each in its part of the features.
        causal: whether a place sees none of those after it.
    """

    heads: int = 1
    causal: bool = False

    def __post_init__(self) -> None:
        require(self, whole(self.heads), "heads: give 1 or more")

    def outputs(self, inputs: Shape) -> Shape:
        require_axes(inputs, 2, "length, features")
        if inputs[1] % self.heads:
            raise ShapeError(f"{inputs[1]} features do not divide into {self.heads} heads")
        return inputs

    def parameters(self, inputs: Shape, activation: str) -> dict[str, Draw]:
        width = inputs[1]
        made = {}
        for name in ("query", "key", "value", "output"):
            following = activation if name == "output" else "identity"
            made[f"W_{name}"] = Draw((width, width), fans=(width, width), activation=following)
            # A number added to all keys changes no attention.
            made |= {} if name == "key" else {f"b_{name}": Draw((width,))}
        return made

    def operations(self, inputs: Shape) -> int:
        length, width = inputs
        return 8 * length * width * width + 4 * length * length * width

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        biases = p["b_query"], p["b_value"]
        y = attention(x, p["W_query"], p["W_key"], p["W_value"], biases, heads=self.heads, causal=self.causal)
        return y @ p["W_output"] + p["b_output"]


@dataclass(frozen=True, slots=True, repr=False)
class TransformerBlock(Layer):
    """Attention, then two dense layers at each place, both beside a skip and behind a layer normalization.

    (Vaswani and others, 2017, with the normalization in front, as Xiong and others, 2020.)

    Attributes:
        heads: of the attention.
        hidden: neurons of the inner dense layer.
        activation: of the inner dense layer.
        causal: whether a place sees none of those after it.
        dropout: the probability with which what goes beside a skip is set to 0.
    """

    heads: int
    hidden: int
    activation: str = "gelu"
    causal: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        require(self, whole(self.heads) and whole(self.hidden), "heads and hidden: give whole numbers, 1 or more")
        require(self, self.activation in ACTIVATIONS, f"activation: there are {', '.join(ACTIVATIONS)}")
        Dropout(self.dropout)

    def parts(self, width: int) -> Chain:
        """The layers that it is made of, for vectors of that width."""
        last = [Dropout(self.dropout)] if self.dropout else []
        attend: list[Layer] = [LayerNorm(), SelfAttention(self.heads, self.causal), *last]
        think: list[Layer] = [LayerNorm(), Dense(self.hidden), Activation(self.activation), Dense(width), *last]
        return Chain((Residual(attend), Residual(think)))

    def outputs(self, inputs: Shape) -> Shape:
        require_axes(inputs, 2, "length, features")
        return self.parts(inputs[1]).shapes(inputs)[-1]

    def parameters(self, inputs: Shape, activation: str) -> dict[str, Draw]:
        return self.parts(inputs[1]).parameters(inputs)

    def noise(self, inputs: Shape) -> dict[str, Shape]:
        return self.parts(inputs[1]).noise(inputs)

    def operations(self, inputs: Shape) -> int:
        return sum(self.parts(inputs[1]).operations(inputs))

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        return self.parts(np.shape(x)[-1]).apply(p, x, noise)

    @property
    def trains_apart(self) -> bool:
        return self.dropout > 0

    def folded(self, p: Arrays, x: np.ndarray) -> tuple[Layer, Arrays]:
        return TransformerBlock(self.heads, self.hidden, self.activation, self.causal), dict(p)
