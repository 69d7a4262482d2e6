"""The interval of an effect: over seeds as SciPy has it, over rows and seeds as simulation has it."""

import numpy as np
import pytest
from scipy import stats

from backpath.diagnosis.comparison import T_95, effect_of, needed
from backpath.diagnosis.trials import Outcome


def outcomes(losses):
    return [Outcome(np.asarray(row, float), 0.0) for row in losses]


def test_quantiles_are_students():
    assert T_95[1:] == pytest.approx([stats.t.ppf(0.975, k) for k in range(1, len(T_95))], abs=1e-3)


def test_interval_over_seeds_is_that_of_a_paired_test():
    rng = np.random.default_rng(0)
    before, after = rng.random((5, 1)), rng.random((5, 1))
    effect = effect_of(outcomes(np.tile(before, 40)), outcomes(np.tile(after, 40)))
    theirs = stats.ttest_rel(before[:, 0], after[:, 0]).confidence_interval()
    assert (effect.low, effect.high) == pytest.approx((theirs.low, theirs.high), rel=1e-3)


def test_interval_covers_no_effect_where_rows_and_seeds_are_drawn():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        gains = rng.normal(0, 0.3, (1, 50)) + rng.normal(0, 0.1, (4, 1)) + rng.normal(0, 0.2, (4, 50))
        effect = effect_of(outcomes(gains), outcomes(np.zeros((4, 50))))
        covered += effect.low <= 0 <= effect.high
    assert covered >= 0.94 * 400


def test_a_certain_but_small_gain_is_no_repair():
    before, after = np.full((4, 100), 0.5), np.full((4, 100), 0.47)
    before += np.random.default_rng(2).normal(0, 1e-4, before.shape)
    effect = effect_of(outcomes(before), outcomes(after))
    assert effect.low > 0
    assert not effect.helps()
    assert needed(0.5) == pytest.approx(0.1)
    assert effect_of(outcomes(before), outcomes(np.full((4, 100), 0.2))).helps()
