"""Averages of parameters and plateaus, against Optax's and against plain means."""

import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.training.optimizers.averaging import PolyakAverage
from backpath.training.optimizers.plateau import ReduceOnPlateau

RNG = np.random.default_rng(0)
X, CLASSES = RNG.standard_normal((60, 4)), RNG.integers(3, size=60)
NET = bp.Network([4, 5, 3], "tanh")


@pytest.mark.parametrize("decay", [None, 0.0, 0.9, 0.99])
def test_averages_are_optaxs_or_plain_means(decay):
    average = PolyakAverage(decay)
    theirs = optax.ema(decay or 0.0, debias=True)
    seen, out = [], np.empty(5)
    state, their_state = average.init(np.zeros(5)), theirs.init(jnp.zeros(5))
    for _ in range(100):
        seen.append(RNG.standard_normal(5))
        state = average.update(seen[-1], state)
        mean, their_state = theirs.update(jnp.array(seen[-1]), their_state)
        average.read(state, out)
        np.testing.assert_allclose(out, np.mean(seen, axis=0) if decay is None else mean, rtol=1e-9, atol=1e-12)


def test_fit_returns_the_average_of_what_it_went_through():
    # A step is an epoch, so that shorter fits show the parameters after each.
    steps = {"batch": 60, "seed": 1, "dtype": np.float64}
    seen = [bp.fit(NET, X, CLASSES, epochs=k, **steps).parameters for k in (1, 2, 3)]
    mean = bp.fit(NET, X, CLASSES, epochs=3, average=PolyakAverage(), **steps)
    for name, value in mean.parameters.items():
        np.testing.assert_allclose(value, np.mean([p[name] for p in seen], axis=0), rtol=1e-12, atol=1e-14)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=60), st.integers(1, 5), st.sampled_from([1e-4, 0.1]))
def test_plateaus_are_optaxs(losses, patience, tolerance):
    ours = ReduceOnPlateau(0.5, patience, tolerance)
    theirs = optax.contrib.reduce_on_plateau(factor=0.5, patience=patience, rtol=tolerance, atol=0.0)
    state, their_state, factor = ours.init(), theirs.init(jnp.zeros(1)), 1.0
    for loss in losses:
        lowered, state = ours.update(np.float32(loss), state)
        factor *= lowered
        _, their_state = theirs.update(jnp.ones(1), their_state, value=np.float32(loss))
        assert factor == pytest.approx(float(their_state.scale))


def test_fit_lowers_its_steps_on_a_plateau():
    descent = bp.optimizers.sgd(3.0)
    fitted = bp.fit(NET, X, CLASSES, epochs=60, optimizer=descent, plateau=ReduceOnPlateau(0.5, 3))
    factors = [epoch.factor for epoch in fitted.history]
    assert factors[0] == 1.0
    assert factors[-1] < 0.5
    assert factors == sorted(factors, reverse=True)
    assert fitted.history[-1].loss < bp.fit(NET, X, CLASSES, epochs=60, optimizer=descent).history[-1].loss


@pytest.mark.parametrize(
    "make", [lambda: PolyakAverage(1.0), lambda: ReduceOnPlateau(1.5), lambda: ReduceOnPlateau(patience=0)]
)
def test_impossible_settings_are_refused(make):
    with pytest.raises(bp.SettingError, match="="):
        make()
