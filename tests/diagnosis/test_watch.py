"""Watching: each trouble is told once, and no time is spent on it."""

import math

import pytest

from backpath.diagnosis import Watch
from backpath.training import Epoch


def told(losses, factors=None, chance=math.nan, epochs=None, seconds=1.0):
    heard = []
    watch = Watch(epochs or len(losses), chance, lambda kind, message: heard.append((kind, message)))
    for k, loss in enumerate(losses, 1):
        watch(Epoch(k, loss, seconds, factors[k - 1] if factors else 1.0))
    return heard, watch


@pytest.mark.parametrize(
    ("losses", "options", "kinds"),
    [
        ([2 * 0.7**k for k in range(20)], {"chance": 2.3}, []),
        ([1, 0.8, 0.5, 0.5], {"factors": [1, 1, 0.5, 0.5]}, ["non_finite"]),
        ([1, 2, 4, 8, 16], {}, ["rate_too_large"]),
        ([1.0, 0.5, 0.9, 0.4, 0.8, 0.5, 0.9, 0.4, 0.9, 0.5, 0.9], {}, ["rate_too_large"]),
        ([1.1 - 0.0001 * k for k in range(12)], {"chance": 1.09}, ["underfitting", "rate_too_small"]),
        ([2 - 0.1 * k for k in range(12)], {}, ["too_few_epochs"]),
    ],
)
def test_what_losses_say(losses, options, kinds):
    heard, _ = told(losses, **options)
    assert [kind for kind, _ in heard if kind != "too_few_epochs" or kinds == ["too_few_epochs"]] == kinds


def test_epochs_are_left_out_where_looking_would_cost_too_much():
    heard, watch = told([1, 2, 4, 8, 16] * 400, seconds=1e-9)
    assert watch.spent < 0.1
    assert len(heard) <= 1
