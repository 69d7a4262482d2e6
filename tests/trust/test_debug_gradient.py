"""Hand-written gradients with the usual mistakes."""

import numpy as np
import pytest

import backpath as bp
from backpath.trust import debug_gradient

rng = np.random.default_rng(0)
X, W, Y = rng.standard_normal((6, 3)), rng.standard_normal((3, 3)), rng.standard_normal((6, 3))


def loss(W):
    return 0.5 * ((X @ W - Y) ** 2).sum() / 6


RIGHT = X.T @ (X @ W - Y) / 6


def verdict(gradient, f=loss, at=W):
    return debug_gradient(f, lambda _: gradient, (at,)).arrays[0]


def test_the_right_gradient_is_right():
    assert verdict(RIGHT).ok
    assert str(verdict(RIGHT)) == "W: right, 9 of 9 entries"


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        (2 * RIGHT, "a factor 2 too many"),
        (RIGHT / 2, "a factor 2 is missing"),
        (-RIGHT, "the sign is wrong"),
        (RIGHT.T, "transposed"),
        (0 * RIGHT, "missing"),
        (RIGHT - 1.5, "lacks the same 1.5: a term is missing"),
        (np.where(np.eye(3) == 1, 0, RIGHT), "these entries are zero"),
        (np.where(np.eye(3) == 1, -RIGHT, RIGHT), "the sign is wrong in these entries"),
        (np.where(np.eye(3) == 1, np.nan, RIGHT), "not finite"),
        (RIGHT * 0.7, "0.7 times the right one"),
        (RIGHT + rng.standard_normal((3, 3)), "no common factor"),
        (RIGHT[:2], r"its shape is \[2, 3\] and must be \[3, 3\]"),
    ],
)
def test_mistakes_are_named(gradient, words):
    import re

    assert re.search(words, verdict(gradient).diagnosis)


def test_the_batch_is_recognised():
    def by_all(X, W):
        return ((X @ W) ** 2).mean(axis=0).sum()

    def hand(X, W):
        return 2 * X @ W @ W.T, 2 * X.T @ (X @ W) / 6

    found = debug_gradient(by_all, hand, (X, W))
    assert "divide by the batch of 6" in found.arrays[0].diagnosis
    assert found.arrays[1].ok
    assert not found.ok


def test_the_worst_entry_is_named():
    gradient = RIGHT.copy()
    gradient[1, 2] += 7
    found = verdict(gradient)
    assert (found.where, found.wrong, found.total) == ((1, 2), 1, 9)


def test_a_transposed_shape_is_recognised():
    found = verdict(RIGHT[:, :2].T, f=lambda W: (W * RIGHT[:, :2]).sum(), at=np.ones((3, 2)))
    assert "transposed" in found.diagnosis


def test_another_number_of_arrays_is_refused():
    with pytest.raises(bp.DataError, match="has 2 arrays; it needs 1: W"):
        debug_gradient(loss, lambda _: (RIGHT, RIGHT), (W,))
