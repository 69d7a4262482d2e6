"""The memory that training takes is what is told of it before."""

import tracemalloc

import numpy as np
import pytest

import backpath as bp
from backpath.training.loop.epochs import Loop
from backpath.training.loop.examples import InMemory
from backpath.training.loop.footprint import footprint
from backpath.training.loop.rows import rows_of


@pytest.mark.parametrize("optimizer", [bp.optimizers.sgd(0.01), bp.optimizers.adam(0.01)], ids=["sgd", "adam"])
@pytest.mark.parametrize("sizes", [(300, 400, 300, 10), (20, 3000, 10)], ids=str)
def test_what_is_told_is_what_is_taken(sizes, optimizer):
    network, batch = bp.Network(sizes), 256
    X, y = np.zeros((batch, sizes[0]), np.float32), np.zeros(batch, int)
    told = footprint(network, optimizer, batch)
    tracemalloc.start()
    try:
        flat = np.zeros(network.parameter_count, np.float32)
        loop = Loop(network, flat, InMemory(rows_of(X), y), batch, optimizer, 0)
        loop.epoch()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Registers, the order of examples and Python's own objects come on top.
    assert told.total <= peak <= 1.05 * told.total + 2_500_000
    assert told.total == told.parameters + told.snapshot + told.batch + told.buffers
