"""The temperature against SciPy's minimum of a loss written out another way; means of rows by those that judge them."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from backpath.estimators.robust.calibration import SPREAD, out_of_fold, temperature
from backpath.estimators.robust.folds import held_out
from backpath.estimators.robust.judges import Judges

RNG = np.random.default_rng(0)
ROWS, MEMBERS = 60, 7


def case(multilabel, weights):
    y = (RNG.random((ROWS, 3)) < 0.4).astype(float) if multilabel else np.eye(3)[RNG.integers(0, 3, ROWS)]
    X = RNG.normal(size=(ROWS, 2))
    held = held_out(X, y, None, MEMBERS, 5, 0)
    judges = Judges.of(held, X, y, weights)
    whole = 3 * y + 2 * RNG.normal(size=(MEMBERS, ROWS, 3)) - multilabel
    return held, judges, whole, np.take_along_axis(whole, judges.rows[..., None], axis=1)


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_least_log_loss_of_unseen_rows(multilabel, weighted):
    weights = RNG.integers(1, 5, ROWS).astype(float) if weighted else None
    held, judges, whole, scores = case(multilabel, weights)
    w = np.ones(ROWS) if weights is None else weights

    def loss(log):
        scaled = whole / np.exp(log[0])
        total = 0.0
        for row in range(ROWS):
            seen = scaled[held[:, row], row]
            if multilabel:
                p = expit(seen).mean(axis=0)
                each = -np.sum(np.where(judges.y[row] == 1, np.log(p), np.log(1 - p)))
            else:
                each = -np.log(np.exp(log_softmax(seen, axis=1)).mean(axis=0)[judges.y[row].argmax()])
            total += w[row] * each
        return (total + (log[0] / SPREAD) ** 2 / 2) / w.sum()

    found = minimize(loss, [0.0], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12})
    assert temperature(scores, judges, weights, multilabel) == pytest.approx(np.exp(found.x[0]), rel=1e-3)
    assert temperature(100 * scores, judges, weights, multilabel) > 1


def test_rows_are_averaged_over_the_members_that_they_judge():
    held, judges, whole, scores = case(False, None)
    found, seen = out_of_fold(softmax(scores, axis=-1), judges)
    assert seen.all()
    for row in range(ROWS):
        np.testing.assert_allclose(found[row], softmax(whole[held[:, row], row], axis=-1).mean(axis=0))


def test_nothing_unseen_changes_nothing():
    _, _, whole, _ = case(False, None)
    none = Judges.of(np.zeros((MEMBERS, ROWS), bool), np.zeros((ROWS, 1)), np.eye(3)[np.zeros(ROWS, int)], None)
    assert temperature(whole[:, :0], none, None, False) == 1.0
