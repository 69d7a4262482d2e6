"""Layers by name, and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from backpath.graph import SettingError
from backpath.nets.layers.convolution import Conv
from backpath.nets.layers.dense import Activation, Dense, Flatten
from backpath.nets.layers.layer import Layer
from backpath.nets.layers.noise import Dropout, RandomFlip, RandomShift
from backpath.nets.layers.normalization import Affine, BatchNorm, LayerNorm
from backpath.nets.layers.pooling import GlobalMeanPool, MaxPool, MeanPool
from backpath.nets.layers.residual import Residual
from backpath.nets.layers.sequences import Embedding, PositionalEncoding, SelfAttention, TransformerBlock

LAYERS: Mapping[str, type[Layer]] = MappingProxyType(
    {
        kind.__name__: kind
        for kind in (
            Activation,
            Affine,
            BatchNorm,
            Conv,
            Dense,
            Dropout,
            Embedding,
            Flatten,
            GlobalMeanPool,
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
    }
)
"""Every layer that a ``Sequential`` may have."""


def layer_to_json(layer: Layer) -> dict[str, Any]:
    """Plain data from which :func:`layer_from_json` makes the same layer."""
    told = {field.name: _plain(getattr(layer, field.name)) for field in fields(layer)}  # type: ignore[arg-type]
    return {"kind": type(layer).__name__, **told}


def layer_from_json(data: Any) -> Layer:
    """The layer described by :func:`layer_to_json`.

    Raises:
        SettingError: if the data describe none.
    """
    if not isinstance(data, Mapping) or data.get("kind") not in LAYERS:
        raise SettingError(f"not the description of a layer: {data!r}")
    kind = LAYERS[data["kind"]]
    try:
        return kind(**{name: _layer_setting(value) for name, value in data.items() if name != "kind"})
    except TypeError as error:
        raise SettingError(f"not the description of a layer: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Layer):
        return layer_to_json(value)
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def _layer_setting(value: Any) -> Any:
    if isinstance(value, Mapping):
        return layer_from_json(value)
    return tuple(_layer_setting(part) for part in value) if isinstance(value, list) else value
