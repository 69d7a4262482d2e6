"""A residual network and a transformer of PyTorch, in any size: ResNet-18 and GPT-2 small in their own."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """Two convolutions, and a skip around them."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        plain = stride == 1 and inputs == outputs
        skip = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.downsample = None if plain else skip

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        y += x if self.downsample is None else self.downsample(x)
        return self.relu(y)


class ResNet18(nn.Module):
    """He and others, 2016: 11.7 million parameters with the widths of the paper."""

    def __init__(self, widths=(64, 128, 256, 512), classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = widths[0]
        for k, width in enumerate(widths, 1):
            self.add_module(f"layer{k}", nn.Sequential(Block(inputs, width, 1 + (k > 1)), Block(width, width, 1)))
            inputs = width
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for k in range(1, 5):
            x = self.get_submodule(f"layer{k}")(x)
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Attention(nn.Module):
    """Heads that see no place after their own."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.c_attn(x).split(width, dim=2)
        q, k, v = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in parts)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).contiguous().view(batch, length, width))


class Layer(nn.Module):
    """Attention, then two linear layers, each beside a skip."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        parts = nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width)
        self.mlp = nn.Sequential(*parts, nn.Dropout(dropout))

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    """Radford and others, 2019: GPT-2 small by default, with one table for what comes in and goes out."""

    def __init__(self, layers=12, width=768, heads=12, vocabulary=50257, context=1024, dropout=0.0):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.h = nn.ModuleList([Layer(width, heads, dropout) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        for layer in self.h:
            x = layer(x)
        return self.lm_head(self.ln_f(x))


def small_resnet() -> nn.Module:
    """A narrow one with statistics of its own, ready to predict."""
    torch.manual_seed(0)
    network = ResNet18((4, 6, 8, 10), classes=5)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d) and part.running_mean is not None and part.running_var is not None:
            part.running_mean.normal_(std=0.2)
            part.running_var.uniform_(0.5, 2.0)
    return network.eval()


def small_transformer(dropout: float = 0.0) -> nn.Module:
    """Two layers of two heads."""
    torch.manual_seed(0)
    return Transformer(2, 16, 2, 20, 8, dropout).eval()


def images(batch: int = 2, size: int = 32) -> torch.Tensor:
    """Noise."""
    return torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(1))


def tokens(batch: int = 2) -> torch.Tensor:
    """At random."""
    return torch.randint(0, 20, (batch, 6), generator=torch.Generator().manual_seed(2))
