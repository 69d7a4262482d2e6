"""Epochs that take some of the rows, others each time."""

import numpy as np

from backpath.nets import Network
from backpath.training.loop.epochs import Loop
from backpath.training.loop.examples import InMemory
from backpath.training.loop.rows import rows_of
from backpath.training.optimizers import sgd


def test_an_epoch_of_so_many_rows_takes_others_each_time():
    X, y = np.arange(23.0)[:, None], np.zeros((23, 1))
    net = Network([1, 1], loss="squared_error")
    for most in (10, 13):
        examples = InMemory(rows_of(X), y, most=most)
        assert len(examples) == most
        loop = Loop(net, np.zeros(2), examples, 5, sgd(0.01), seed=0)
        assert loop.steps == -(-most // 5)
        assert loop.feed.weights.sum() == 1
        seen, last = set(), None
        for _ in range(40):
            taken = np.concatenate([loop.feed.examples(step)[0] for step in range(loop.steps)]).ravel()
            rows = np.concatenate([r.ravel() for _, r in loop.feed.stretches(0, loop.steps)])
            np.testing.assert_array_equal(taken, X[rows, 0])
            assert len(set(rows)) == most
            assert set(rows) != last
            last = set(rows)
            seen |= last
            loop.epoch()
        assert seen == set(range(23))
