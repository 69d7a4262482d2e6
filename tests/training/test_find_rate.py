"""The range test suggests what it has seen to work, and nothing else."""

import numpy as np
import pytest

import backpath as bp

RNG = np.random.default_rng(0)
X = RNG.standard_normal((400, 6))
Y = X @ RNG.standard_normal(6)
NET = bp.Network([6, 16, 1], loss="squared_error")


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("optimizer", [bp.optimizers.sgd, bp.optimizers.adam])
def test_the_suggestion_trains(scale, optimizer):
    found = bp.find_rate(NET, scale * X, Y, optimizer)
    assert 0 < found.decrease < 1
    assert (np.diff(found.rates) > 0).all()
    assert len(found.rates) == len(found.losses)
    fitted = bp.fit(NET, scale * X, Y, epochs=10, optimizer=optimizer(found.suggestion))
    assert fitted.history[-1].loss < 0.5 * fitted.history[0].loss
    assert fitted.history[-1].factor == 1.0


def test_larger_features_get_smaller_steps():
    small, large = (bp.find_rate(NET, s * X, Y).suggestion for s in (1.0, 100.0))
    assert large < small / 100


def test_what_no_rate_decreases_gets_no_suggestion():
    net = bp.Network([6, 4, 2])
    zeros = np.zeros((400, 6))
    with pytest.raises(bp.SettingError, match=r"no rate from 0\.1 to 0\.2 decreased the loss"):
        bp.find_rate(bp.Network([6, 1], loss="squared_error"), 1e4 * X, Y, lowest=0.1, highest=0.2)
    balanced = np.tile([0, 1], 200)
    with pytest.raises(bp.SettingError, match="decreased the loss from this start"):
        bp.find_rate(net, zeros, balanced, lowest=1e3, highest=1e4, init="normal")


@pytest.mark.parametrize("setting", [{"lowest": 1.0, "highest": 0.1}, {"steps": 2}, {"batch": 0}])
def test_bad_settings_are_refused(setting):
    with pytest.raises(bp.SettingError, match=next(iter(setting))):
        bp.find_rate(NET, X, Y, **setting)
