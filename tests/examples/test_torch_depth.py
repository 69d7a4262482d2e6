"""The example's readings of small networks, which take no time: it is run whole for docs/torch.md."""

import numpy as np
import torch

import backpath as bp
from examples import torch_depth
from examples.torch_networks import small_resnet


def test_shares_sum_to_one_and_are_told():
    model = bp.from_torch(small_resnet(), torch.zeros(1, 3, 32, 32), compare=False)
    X = np.random.default_rng(0).normal(size=(1, 3, 32, 32))
    shares, depth = torch_depth.by_blocks(model, model.first, X, (0, 1))
    assert set(shares) == set(range(9))
    assert abs(sum(shares.values()) - 1) < 1e-4
    assert 2 < depth < 18
    assert torch_depth.told("name", {0: 0.5, 1: 0.5}, 6.54) == "name                          50.0    50.0     6.5"


def test_sequences_repeat():
    tokens = torch_depth.repeating(3, torch.Generator().manual_seed(0))
    assert (tokens[:, : torch_depth.HALF] == tokens[:, torch_depth.HALF :]).all()


def test_heads_of_an_untrained_transformer():
    network, right = torch_depth.trained_transformer(steps=1)
    heads, branches = torch_depth.heads(network)
    assert 0 <= right < 0.5
    assert [part.name for part in heads][::4] == ["h.0.attn head 0", "h.1.attn head 0"]
    assert [part.name for part in branches] == ["h.0.attn", "h.0.mlp", "h.1.attn", "h.1.mlp"]
