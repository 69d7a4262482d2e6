"""Layers as words, for those who write a model on one line: ``conv:16x3,pool:2,64``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from backpath.graph import SettingError
from backpath.nets.layers.convolution import Conv
from backpath.nets.layers.dense import Activation, Dense, Flatten
from backpath.nets.layers.layer import Layer, Shape, shape_in_words
from backpath.nets.layers.noise import Dropout, RandomFlip, RandomShift
from backpath.nets.layers.normalization import BatchNorm, LayerNorm
from backpath.nets.layers.pooling import GlobalMeanPool, MaxPool, MeanPool
from backpath.nets.layers.sequences import Embedding, PositionalEncoding, TransformerBlock

Word = int | str
"""A number of neurons, or the name of a layer with its numbers."""

FORMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "conv": (r"(\d+)x(\d+)(?:/(\d+))?", "conv:CHANNELSxSIZE, or conv:CHANNELSxSIZE/STRIDE"),
        "pool": (r"(\d+)(?:/(\d+))?", "pool:SIZE, or pool:SIZE/STRIDE"),
        "mean": (r"(\d+)(?:/(\d+))?", "mean:SIZE, or mean:SIZE/STRIDE"),
        "global": ("", "global"),
        "flatten": ("", "flatten"),
        "embed": (r"(\d+)", "embed:WIDTH"),
        "transformer": (r"(\d+)x(\d+)", "transformer:HEADSxHIDDEN"),
    }
)
"""For each word the numbers that follow, and how it is written."""

AUGMENTATIONS = ("shift", "flip")

SHIFTED = 8
"""The part of an image's shorter side by which it may be moved: one over this."""


def checked_word(word: str) -> Word:
    """A word that stands for a layer; a number of neurons as a number.

    Raises:
        SettingError: if it stands for none.
    """
    word = word.strip().lower()
    if word.isdecimal() and int(word) > 0:
        return int(word)
    name, numbers = _read(word)
    if any(int(n) < 1 for n in numbers):
        raise SettingError(f"{word!r}: its numbers must be 1 or more")
    return f"{name}:{word.partition(':')[2]}" if numbers else name


def _read(word: str) -> tuple[str, list[str]]:
    name, _, rest = word.partition(":")
    found = re.fullmatch(FORMS[name][0], rest) if name in FORMS else None
    if not found:
        forms = "; ".join(form for _, form in FORMS.values())
        raise SettingError(f"{word!r} is no layer. There are: a number of neurons; {forms}")
    return name, [n for n in found.groups() if n]


@dataclass(frozen=True, slots=True)
class Manner:
    """What goes with each layer.

    Attributes:
        activation: behind each dense and convolutional layer: one for all, or one for each.
        norm: in front of activations: ``"batch"``, ``"layer"``, or None.
        dropout: the probability with which what an activation makes is set to 0.
        augment: what is done to images in training, of ``AUGMENTATIONS``.
    """

    activation: Sequence[str] = ("relu",)
    norm: str | None = None
    dropout: float = 0.0
    augment: Sequence[str] = ()


def layers_of(words: Sequence[Word], inputs: Shape, outputs: int, manner: Manner, vocabulary: int = 0) -> list[Layer]:
    """The layers of a model that reads examples of that shape and gives so many scores.

    Raises:
        SettingError: if there are more or fewer activations than layers that need one.
    """
    hidden = [word for word in words if isinstance(word, int) or word.startswith("conv:")]
    names = list(manner.activation) * (len(hidden) if len(manner.activation) == 1 else 1)
    if len(names) != len(hidden):
        raise SettingError(f"{len(names)} activations were given for {len(hidden)} layers: give one, or one for each")
    layers = [_augmentation(name, inputs) for name in manner.augment]
    following = iter(names)
    flat = len(inputs) == 1 and not vocabulary
    for word in words:
        if isinstance(word, int):
            layers += [] if flat else [_flattening(layers)]
            layers += [Dense(word, bias=not manner.norm), *_behind(next(following), manner)]
            flat = True
            continue
        name, numbers = _read(word)
        counts = [*map(int, numbers), *([vocabulary] if name == "embed" else [])]
        layers += _MAKERS[name](*counts)
        if name == "conv":
            # What a normalization shifts needs no bias.
            layers[-1] = replace(layers[-1], bias=not manner.norm)  # type: ignore[type-var]
            layers += _behind(next(following), manner)
        if name == "transformer" and manner.dropout:
            layers[-1] = TransformerBlock(counts[0], counts[1], dropout=manner.dropout)
        flat = name in ("global", "flatten") or (flat and name not in ("conv", "embed"))
    return [*layers, *([] if flat else [_flattening(layers)]), Dense(outputs)]


def _flattening(layers: Sequence[Layer]) -> Layer:
    """What makes one vector of an image, or of a sequence, of which places may be many and none matters by itself."""
    return GlobalMeanPool() if any(isinstance(layer, TransformerBlock) for layer in layers) else Flatten()


def _behind(activation: str, manner: Manner) -> Iterator[Layer]:
    if manner.norm:
        yield BatchNorm() if manner.norm == "batch" else LayerNorm()
    yield Activation(activation)
    if manner.dropout:
        yield Dropout(manner.dropout)


def _augmentation(name: str, inputs: Shape) -> Layer:
    if len(inputs) != 3:
        raise SettingError(
            f"augment={name!r} is for images (height, width, channels), not for {shape_in_words(inputs)}"
        )
    return RandomFlip() if name == "flip" else RandomShift(max(1, min(inputs[:2]) // SHIFTED))


_MAKERS: Mapping[str, Callable[..., list[Layer]]] = {
    "conv": lambda channels, size, stride=1: [Conv(channels, size, stride=stride)],
    "pool": lambda size, stride=None: [MaxPool(size, stride)],
    "mean": lambda size, stride=None: [MeanPool(size, stride)],
    "global": lambda: [GlobalMeanPool()],
    "flatten": lambda: [Flatten()],
    "embed": lambda width, vocabulary: [Embedding(vocabulary, width), PositionalEncoding()],
    "transformer": lambda heads, hidden: [TransformerBlock(heads, hidden)],
}
