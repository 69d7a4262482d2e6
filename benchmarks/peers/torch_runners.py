"""PyTorch as its users write it: modules, autograd and torch.optim; eager, or through torch.compile.

Batches are slices of one tensor, which is quicker than a DataLoader.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers.cases import MOMENTUM, RATE, Case
from benchmarks.peers.runners import Runner


def eager(case: Case) -> Runner:
    return _runner(case, lambda loss: loss)


def compiled(case: Case) -> Runner:
    return _runner(case, lambda loss: torch.compile(loss, fullgraph=True))


def model(case: Case) -> nn.Sequential:
    """The network at the case's initial weights."""
    modules: list[nn.Module] = []
    for W, b in case.layers():
        linear = nn.Linear(*W.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T.copy()))
            linear.bias.copy_(torch.from_numpy(b.copy()))
        modules += [linear, nn.ReLU() if case.activation == "relu" else nn.Tanh()]
    return nn.Sequential(*modules[:-1])


def _runner(case: Case, wrapped: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Runner:
    network = model(case)
    optimizer = torch.optim.SGD(network.parameters(), RATE, MOMENTUM)
    X, y = (torch.from_numpy(part) for part in case.data())
    batches = list(zip(X.split(case.batch), y.split(case.batch), strict=True))

    def loss_of(X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        scores = network(X)
        if case.loss == "cross_entropy":
            return functional.cross_entropy(scores, y)
        return 0.5 * (scores - y).square().sum(1).mean()

    forward = wrapped(loss_of)

    def epoch() -> float:
        losses = []
        for rows, targets in batches:
            optimizer.zero_grad()
            loss = forward(rows, targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses).mean().item()

    return epoch
