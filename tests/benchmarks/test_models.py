"""Models of layers are the same ones for all who train them: same losses, epoch after epoch."""

from __future__ import annotations

import numpy as np
import pytest

from backpath.nets import layers
from benchmarks.peers.models.cases import MODELS, ModelCase
from benchmarks.peers.models.report import maker, names_for
from benchmarks.peers.neighbour import busy
from benchmarks.peers.steps import started_of

_IMAGES = [
    layers.Conv(3, 3), layers.BatchNorm(), layers.Activation("relu"), layers.MaxPool(2), layers.Conv(5, 3),
    layers.Activation("relu"), layers.Flatten(), layers.Dense(10),
]  # fmt: skip
_SEQUENCES = [
    layers.Embedding(7, 8), layers.PositionalEncoding(), layers.TransformerBlock(2, 12), layers.LayerNorm(),
    layers.GlobalMeanPool(), layers.Dense(10),
]  # fmt: skip
SMALL = (
    ModelCase("images", tuple(_IMAGES), (6, 6, 2), 4, 3),
    ModelCase("sequences", tuple(_SEQUENCES), (5,), 4, 3),
)


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_all_reach_the_same_losses(case):
    runners, failures = started_of(case.name, {name: lambda name=name: maker(name)(case) for name in names_for(case)})
    assert not failures
    assert len(runners) >= 3
    for _ in range(3):
        losses = [runner() for runner in runners.values()]
        np.testing.assert_allclose(losses, losses[0], rtol=1e-4)


def test_models_are_those_that_are_told():
    small, four, sequences = (case.model for case in MODELS)
    assert small.parameter_count == 9 * 8 + 8 + 72 * 16 + 16 + 784 * 10 + 10
    assert [shape[-1] for name, shape in four.parameter_shapes.items() if len(shape) == 4] == [32, 32, 64, 64]
    assert (sequences.vocabulary, sequences.outputs) == (64, (10,))


def test_a_neighbour_comes_and_goes():
    with busy() as neighbour:
        assert neighbour.is_alive()
    assert neighbour.exitcode is not None
