"""Targets on other scales: there and back, and the mean of what was skewed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpath.estimators.robust.targets import learned
from backpath.graph import DataError

RNG = np.random.default_rng(0)
TARGETS = {
    "plain": RNG.normal(size=500),
    "log": np.exp(2 * RNG.normal(size=500)),
    "arcsinh": np.sinh(2.5 * RNG.normal(size=500)) + RNG.exponential(size=500) ** 4,
}


@pytest.mark.parametrize("kind", TARGETS)
def test_the_scale_that_suits(kind):
    found = learned(TARGETS[kind], None)
    assert found.curve == kind
    z = found.to_learn(TARGETS[kind])
    np.testing.assert_allclose([z.mean(), z.std()], [0, 1], atol=1e-9)
    np.testing.assert_allclose(found.given(z), TARGETS[kind], rtol=1e-9, atol=1e-9)


@given(seed=st.integers(0, 1000), kind=st.sampled_from(sorted(TARGETS)))
def test_weights_are_repetitions(seed, kind):
    y = TARGETS[kind][:60]
    weights = np.random.default_rng(seed).integers(1, 5, 60)
    one, two = learned(y, weights.astype(float)), learned(y.repeat(weights), None)
    assert one.curve == two.curve
    np.testing.assert_allclose(one.to_learn(y), two.to_learn(y), rtol=1e-9, atol=1e-12)


def test_predictions_are_of_the_mean():
    """Of exp(m + s e) that is exp(m + s^2 / 2), where members say m."""
    m, s = RNG.normal(size=4000), 0.8
    y = np.exp(m + s * RNG.normal(size=4000))
    found = learned(y, None)
    assert found.curve == "log"
    z = (m - found.center) / found.unit
    corrected = found.corrected(found.to_learn(y) - z, None)
    middle = np.abs(m) < 1.5
    np.testing.assert_allclose(corrected.predicted(z)[middle], np.exp(m + s**2 / 2)[middle], rtol=0.06)
    assert np.median(found.predicted(z) / np.exp(m + s**2 / 2)) < 0.8


def test_no_prediction_lies_far_beyond_what_was_seen():
    found = learned(TARGETS["log"], None)
    assert found.predicted(np.array([50.0]))[0] < 10 * TARGETS["log"].max()


def test_constant_and_huge_targets():
    assert learned(np.full(9, 3.0), None).predicted(np.zeros(2)).tolist() == [3.0, 3.0]
    with pytest.raises(DataError, match="scale it down"):
        learned(np.array([-1e308, 1e308, 1.7e308]), None)
