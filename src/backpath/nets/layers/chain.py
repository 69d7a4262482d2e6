"""Layers one after another: their shapes, parameters and noise under names that say which layer they are of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import SettingError, ShapeError
from backpath.nets.layers.dense import Activation
from backpath.nets.layers.layer import Arrays, Draw, Layer, Shape, shape_in_words


@dataclass(frozen=True, slots=True)
class Chain:
    """Layers in order.

    Attributes:
        layers: at least one.
    """

    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, layers: Sequence[Layer], whose: str) -> Chain:
        """Some layers, checked.

        Raises:
            SettingError: if they are none.
        """
        if isinstance(layers, (str, Layer)) or not hasattr(layers, "__len__") or not len(layers):
            raise SettingError(f"{whose}: give a list of layers, such as [Dense(64), Activation('relu')]")
        for k, layer in enumerate(layers, 1):
            if not isinstance(layer, Layer):
                raise SettingError(f"{whose}: layer {k} is {layer!r}: give a layer such as Dense(64)")
        return cls(tuple(layers))

    @property
    def names(self) -> list[str]:
        """What each layer is called: ``conv_1``, ``activation_2``, ..."""
        return [f"{layer.word}_{k}" for k, layer in enumerate(self.layers, 1)]

    def shapes(self, inputs: Shape) -> list[Shape]:
        """The shape before each layer, and that behind the last.

        Raises:
            ShapeError: naming the layer that cannot take what comes, and its shape.
        """
        shapes = [inputs]
        for k, layer in enumerate(self.layers, 1):
            try:
                shapes.append(layer.outputs(shapes[-1]))
            except ShapeError as error:
                raise ShapeError(f"layer {k}, {layer!r}, after {shape_in_words(shapes[-1])}: {error}") from None
        return shapes

    def parameters(self, inputs: Shape) -> dict[str, Draw]:
        """Those of all layers."""
        made = {}
        for k, (name, layer, shape) in enumerate(self._at(inputs)):
            for own, draw in layer.parameters(shape, self._activation_behind(k)).items():
                made[f"{name}.{own}"] = draw
        return made

    def noise(self, inputs: Shape) -> dict[str, Shape]:
        """That of all layers."""
        at = self._at(inputs)
        return {f"{name}.{own}": s for name, layer, shape in at for own, s in layer.noise(shape).items()}

    def operations(self, inputs: Shape) -> list[int]:
        """Those of each layer."""
        return [layer.operations(shape) for _, layer, shape in self._at(inputs)]

    def apply(self, p: Arrays, x: Any, noise: Arrays | None = None) -> Any:
        """What becomes of a batch."""
        for name, layer in zip(self.names, self.layers, strict=True):
            x = layer.apply(within(p, name), x, within(noise, name) if noise else None)
        return x

    @property
    def trains_apart(self) -> bool:
        """Whether some layer does."""
        return any(layer.trains_apart for layer in self.layers)

    def folded(self, p: Arrays, x: np.ndarray) -> tuple[Chain, dict[str, Any]]:
        """The layers to predict with, and their parameters."""
        kept: list[Layer] = []
        parameters: dict[str, Any] = {}
        for name, layer in zip(self.names, self.layers, strict=True):
            folded, own = layer.folded(within(p, name), x)
            if folded is None:
                continue
            kept.append(folded)
            parameters |= {f"{folded.word}_{len(kept)}.{key}": value for key, value in own.items()}
            x = folded.apply(own, x)
        return Chain(tuple(kept)), parameters

    def _at(self, inputs: Shape) -> Iterator[tuple[str, Layer, Shape]]:
        return zip(self.names, self.layers, self.shapes(inputs)[:-1], strict=True)

    def _activation_behind(self, k: int) -> str:
        for layer in self.layers[k + 1 :]:
            if isinstance(layer, Activation):
                return layer.name
            if not layer.keeps_scale:
                break
        return "identity"


def within(arrays: Arrays, name: str) -> Mapping[str, Any]:
    """The arrays of one layer, under its own names."""
    lead = f"{name}."
    return {key.removeprefix(lead): value for key, value in arrays.items() if key.startswith(lead)}
