"""Optimizers and schedules against Optax's: the same gradients, a hundred steps."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

from backpath.training import optimizers, schedules
from backpath.training.chain import chain
from backpath.training.limits import Clip, ClipByGlobalNorm, Decay, Factors
from backpath.training.optimizers import sgd

jax.config.update("jax_enable_x64", True)

PAIRS = {
    "sgd": (sgd(0.1), optax.sgd(0.1)),
    "momentum": (sgd(0.1, 0.9), optax.sgd(0.1, 0.9)),
    "momentum of 1": (sgd(0.1, 1.0), optax.sgd(0.1, 1.0)),
    "nesterov": (sgd(0.1, 0.9, nesterov=True), optax.sgd(0.1, 0.9, nesterov=True)),
    "adagrad": (optimizers.adagrad(0.1), optax.adagrad(0.1)),
    "rmsprop": (optimizers.rmsprop(0.01), optax.rmsprop(0.01)),
    "adadelta": (optimizers.adadelta(), optax.adadelta(1.0)),
    "adam": (optimizers.adam(0.01), optax.adam(0.01)),
    "nadam": (optimizers.nadam(0.01), optax.nadam(0.01)),
    "adamw": (optimizers.adamw(0.01, weight_decay=0.1), optax.adamw(0.01, weight_decay=0.1)),
    "lion": (optimizers.lion(0.01), optax.lion(0.01)),
    "clip": (chain(Clip(0.5), sgd(0.1, 0.9)), optax.chain(optax.clip(0.5), optax.sgd(0.1, 0.9))),
    "clip by norm": (
        chain(ClipByGlobalNorm(2.0), optimizers.adam(0.01)),
        optax.chain(optax.clip_by_global_norm(2.0), optax.adam(0.01)),
    ),
    "clip by norm at the end": (
        chain(sgd(0.1, 0.9), ClipByGlobalNorm(0.3)),
        optax.chain(optax.sgd(0.1, 0.9), optax.clip_by_global_norm(0.3)),
    ),
    "l2": (chain(Decay(0.1), sgd(0.1)), optax.chain(optax.add_decayed_weights(0.1), optax.sgd(0.1))),
    "schedule": (
        optimizers.adam(schedules.warmup_cosine_decay(0.1, 10, 80)),
        optax.adam(optax.warmup_cosine_decay_schedule(0.0, 0.1, 10, 80)),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_hundred_steps_are_optaxs(name, size):
    ours, theirs = PAIRS[name]
    rng = np.random.default_rng(size)
    w = rng.standard_normal(size)
    v = jnp.array(w.copy())
    state, their_state = ours.init(w), theirs.init(v)
    step = jax.jit(theirs.update)
    for _ in range(100):
        gradient = rng.standard_normal(size) * rng.choice([1.0, 3.0]) + 0.1 * w
        updates, their_state = step(jnp.array(gradient), their_state, v)
        v = optax.apply_updates(v, updates)
        w, state = ours.update(gradient, state, w)
    # Optax computes its schedules in float32.
    np.testing.assert_allclose(w, v, rtol=1e-11, atol=1e-7 if name == "schedule" else 1e-12)
    assert state.steps == 100


@pytest.mark.parametrize("name", PAIRS)
def test_float32_stays_float32(name):
    w = np.ones(1000, np.float32)
    optimizer = PAIRS[name][0]
    state = optimizer.init(w)
    for k in range(3):
        w, state = optimizer.update(np.full(1000, k + 1.0, np.float32), state, w)
    assert all(a.dtype == np.float32 for arrays in state.arrays for a in arrays)
    assert w.dtype == np.float32
    assert np.isfinite(w).all()


def test_rprop_makes_pytorchs_steps():
    """Optax 0.2.8 applies each of rprop's steps one step late, and so is no oracle for it."""
    rng = np.random.default_rng(0)
    w = rng.standard_normal(9)
    v = torch.tensor(w, requires_grad=True)
    ours, theirs = optimizers.rprop(0.01), torch.optim.Rprop([v], lr=0.01)
    state = ours.init(w)
    for _ in range(100):
        gradient = rng.standard_normal(9) + 0.3 * w
        v.grad = torch.tensor(gradient)
        theirs.step()
        w, state = ours.update(gradient, state, w)
    np.testing.assert_allclose(w, v.detach().numpy(), rtol=1e-11)


def test_a_factor_lowers_every_step():
    w, v = np.ones(5), np.ones(5)
    optimizer = sgd(0.1, 0.9)
    whole, half = optimizer.init(w), optimizer.init(v)._replace(factor=0.5)
    for _ in range(3):
        (w, whole), (v, half) = optimizer.update(np.ones(5), whole, w), optimizer.update(np.ones(5), half, v)
    np.testing.assert_allclose(1 - v, (1 - w) / 2)
    assert half.factor == 0.5


def test_penalties_by_their_closed_form_and_by_mask():
    w = np.array([2.0, -3.0, 0.0, 5.0])
    optimizer = chain(Decay(0.5, 0.25, np.array([1, 1, 1, 0])), sgd(1.0))
    w, _ = optimizer.update(np.zeros(4), optimizer.init(w), w)
    np.testing.assert_allclose(w, [2 - 1.25, -3 + 1.75, 0.0, 5.0])


@pytest.mark.parametrize("size", [7, 1000])
def test_factors_are_step_sizes_of_their_own(size):
    rng = np.random.default_rng(size)
    factors = rng.choice([0.1, 1.0, 6.0], size)
    w = rng.standard_normal(size)
    v = w.copy()
    ours, plain = chain(optimizers.adam(0.01), Factors(factors)), optimizers.adam(0.01)
    state, their_state = ours.init(w), plain.init(v)
    for _ in range(10):
        gradient, before, theirs_before = rng.standard_normal(size), w, v
        w, state = ours.update(gradient, state, w)
        v, their_state = plain.update(gradient, their_state, v)
        np.testing.assert_allclose(w - before, factors * (v - theirs_before), rtol=1e-6, atol=1e-12)


SCHEDULES = {
    "piecewise": (
        schedules.piecewise_constant(0.5, {10: 0.1, 40: 0.5}),
        optax.piecewise_constant_schedule(0.5, {10: 0.1, 40: 0.5}),
    ),
    "exponential": (schedules.exponential_decay(0.5, 20, 0.7), optax.exponential_decay(0.5, 20, 0.7)),
    "cosine": (
        schedules.warmup_cosine_decay(0.5, 10, 80, 0.1, 0.01),
        optax.warmup_cosine_decay_schedule(0.1, 0.5, 10, 80, 0.01),
    ),
    "cosine without warm-up": (schedules.warmup_cosine_decay(0.5, 0, 80), optax.cosine_decay_schedule(0.5, 80)),
    "one cycle": (schedules.one_cycle(0.5, 80), optax.cosine_onecycle_schedule(80, 0.5)),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_optaxs(name):
    ours, theirs = SCHEDULES[name]
    for step in range(100):
        assert ours(step) == pytest.approx(float(theirs(step)), rel=1e-6, abs=1e-9), step


def test_schedules_by_their_closed_forms():
    inverse = schedules.inverse_time_decay(0.3, 10)
    assert [inverse(0), inverse(10), inverse(20)] == pytest.approx([0.3, 0.15, 0.1])
    wave = schedules.coslog4(2.0, 150)
    assert wave(0) == 0
    # 1 + 15 t runs from 1 to 16: the waves end where it is 2, 4, 8 and 16, highest where it is sqrt(2) times less.
    assert [wave(10), wave(30), wave(70), wave(150)] == pytest.approx([0.0] * 4, abs=1e-12)
    assert max(wave(step) for step in range(150)) == pytest.approx(2.0, rel=0.01)


@pytest.mark.parametrize(
    "make",
    [
        lambda: sgd(0.0),
        lambda: sgd(float("nan")),
        lambda: sgd(0.1, 1.1),
        lambda: sgd(0.1, float("nan")),
        lambda: optimizers.adam(b1=1.0),
        lambda: optimizers.adam(eps=0.0),
        lambda: optimizers.rprop(100.0),
        lambda: Clip(-1.0),
        lambda: ClipByGlobalNorm(0.0),
        lambda: Decay(-1.0),
        lambda: schedules.warmup_cosine_decay(0.1, 10, 10),
        lambda: schedules.one_cycle(0.1, 1),
        lambda: schedules.exponential_decay(-0.1, 10, 0.5),
    ],
)
def test_impossible_settings_are_refused(make):
    with pytest.raises(ValueError, match="="):
        make()
