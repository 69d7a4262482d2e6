"""The models as PyTorch's users write them: modules, eager or compiled, images with their channels last in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from backpath.nets import layers
from backpath.nets.layers.chain import within
from benchmarks.peers.models.cases import MOMENTUM, RATE, ModelCase
from benchmarks.peers.runners import Runner

Parameters = Mapping[str, np.ndarray]


class Moved(nn.Module):
    """Channels to where PyTorch counts them first, or back; memory stays as it is."""

    def __init__(self, *axes: int):
        super().__init__()
        self.axes = axes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(self.axes)


class Encoding(nn.Module):
    """Adds sines and cosines of the places."""

    waves: torch.Tensor

    def __init__(self, length: int, width: int):
        super().__init__()
        waves = layers.PositionalEncoding().apply({}, np.zeros((length, width), np.float32))
        self.register_buffer("waves", torch.from_numpy(waves))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.waves


class Mean(nn.Module):
    """The mean over places."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(1)


class Attention(nn.Module):
    """Self-attention in heads."""

    def __init__(self, p: Parameters, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.value, self.output = (linear(p, f"_{name}") for name in ("query", "value", "output"))
        self.key = linear({"W_key": p["W_key"]}, "_key")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = (f(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for f in (self.query, self.key, self.value))
        y = functional.scaled_dot_product_attention(*parts)
        return self.output(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention and two dense layers, each beside a skip and behind a layer normalization."""

    def __init__(self, p: Parameters, heads: int):
        super().__init__()
        first, second = within(p, "residual_1"), within(p, "residual_2")
        self.norm_1 = norm(within(first, "layer_norm_1"), nn.LayerNorm)
        self.attention = Attention(within(first, "self_attention_2"), heads)
        self.norm_2 = norm(within(second, "layer_norm_1"), nn.LayerNorm)
        self.inner, self.outer = linear(within(second, "dense_2")), linear(within(second, "dense_4"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm_1(x))
        return x + self.outer(functional.gelu(self.inner(self.norm_2(x))))


def linear(p: Parameters, end: str = "") -> nn.Linear:
    """W and b as a module."""
    made = nn.Linear(*p[f"W{end}"].shape, bias=f"b{end}" in p)
    return filled(made, weight=p[f"W{end}"].T, **({"bias": p[f"b{end}"]} if f"b{end}" in p else {}))


def norm(p: Parameters, kind: Any) -> Any:
    """Gain and shift as a module."""
    return filled(kind(len(p["gain"])), weight=p["gain"], bias=p["shift"])


def filled(module: Any, **arrays: np.ndarray) -> Any:
    """The module with these parameters."""
    with torch.no_grad():
        for name, array in arrays.items():
            getattr(module, name).copy_(torch.from_numpy(array.copy()))
    return module


def module(case: ModelCase) -> nn.Sequential:
    """The model at its initial parameters."""
    parameters, images = case.parameters(), len(case.inputs) == 3
    made: list[nn.Module] = [Moved(0, 3, 1, 2)] if images else []
    for k, layer in enumerate(case.layers, 1):
        made += _modules(layer, within(parameters, f"{layer.word}_{k}"), case)
    return nn.Sequential(*made)


def _modules(layer: layers.Layer, p: Parameters, case: ModelCase) -> list[nn.Module]:
    if isinstance(layer, layers.Conv):
        conv = nn.Conv2d(p["W"].shape[2], layer.channels, p["W"].shape[:2], padding="same")
        return [filled(conv, weight=p["W"].transpose(3, 2, 0, 1), bias=p["b"]).to(memory_format=torch.channels_last)]
    if isinstance(layer, layers.MaxPool):
        return [nn.MaxPool2d(layer.size)]
    if isinstance(layer, layers.Flatten):
        return [Moved(0, 2, 3, 1), nn.Flatten()]
    if isinstance(layer, layers.TransformerBlock):
        return [Block(p, layer.heads)]
    if isinstance(layer, layers.PositionalEncoding):
        return [Encoding(*case.inputs, case.layers[0].width)]  # type: ignore[attr-defined]
    makers = {
        layers.Activation: nn.ReLU,
        layers.BatchNorm: lambda: norm(p, nn.BatchNorm2d),
        layers.LayerNorm: lambda: norm(p, nn.LayerNorm),
        layers.Dense: lambda: linear(p),
        layers.Embedding: lambda: filled(nn.Embedding(*p["table"].shape), weight=p["table"]),
        layers.GlobalMeanPool: Mean,
    }
    return [makers[type(layer)]()]


def eager(case: ModelCase, device: str = "cpu") -> Runner:
    return _runner(case, module(case).to(device), device)


def compiled(case: ModelCase, device: str = "cpu") -> Runner:
    return _runner(case, torch.compile(module(case).to(device)), device)


def _runner(case: ModelCase, network: Any, device: str) -> Runner:
    optimizer = torch.optim.SGD(network.parameters(), RATE, MOMENTUM)
    X, y = (torch.from_numpy(part).to(device) for part in case.data())
    batches = list(zip(X.split(case.batch), y.split(case.batch), strict=True))

    def epoch() -> float:
        losses = []
        for rows, targets in batches:
            optimizer.zero_grad()
            loss = functional.cross_entropy(network(rows), targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses).mean().item()

    return epoch
