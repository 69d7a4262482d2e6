"""Optimizers and schedules against Optax's: the same gradients, a hundred steps."""

import tracemalloc

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

from backpath.engines import Executable
from backpath.engines.compiled.engine import Machine
from backpath.engines.numpy import engine as numpy_engine
from backpath.training import optimizers
from backpath.training.loop.step import update_program
from backpath.training.optimizers import schedules
from backpath.training.optimizers.averaging import PolyakAverage
from backpath.training.optimizers.chain import chain
from backpath.training.optimizers.limits import Clip, ClipByGlobalNorm, Decay, Factors
from backpath.training.optimizers.named import sgd

LARGE = numpy_engine.BLOCK + 5

jax.config.update("jax_enable_x64", True)

PAIRS = {
    "sgd": (sgd(0.1), optax.sgd(0.1)),
    "momentum": (sgd(0.1, 0.9), optax.sgd(0.1, 0.9)),
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


class InPlace:
    """An optimizer's steps as an engine runs them: by a program that changes arrays in place."""

    def __init__(self, engine, optimizer, w, average=None):
        self.optimizer, self.average, self.state = optimizer, average, optimizer.init(w)
        self.gradient, self.total = np.empty_like(w), np.zeros_like(w)
        conditions = w.dtype if engine == "compiled" else None
        program = update_program(optimizer, average, w, self.state, conditions)
        changed = [w, *(a for arrays in self.state.arrays for a in arrays), *([self.total] if average else [])]
        self.scalars = np.empty(program.graph.nodes[program.graph.inputs[-1]].shape, w.dtype)
        part = program, [self.gradient, *changed, self.scalars], changed
        self.run = Executable(*part) if engine == "numpy" else Machine([part], w.dtype)

    def step(self, gradient):
        self.gradient[...] = gradient
        own = self.optimizer.scalars(self.state.steps, self.state.factor)[0]
        self.scalars[: len(own)] = own
        if self.average:
            self.scalars[len(own) :] = self.average.scalars(self.state.steps)[0]
        self.run()
        self.state = self.state._replace(steps=self.state.steps + 1)


class Pure:
    """An optimizer's steps by ``update``, which leaves what it is given as it was."""

    def __init__(self, optimizer, w):
        self.optimizer, self.w, self.state = optimizer, w, optimizer.init(w)

    def step(self, gradient):
        given = gradient, self.w, *(a for arrays in self.state.arrays for a in arrays)
        before = [a.copy() for a in given]
        after, self.state = self.optimizer.update(gradient, self.state, self.w)
        assert all(np.array_equal(a, b) for a, b in zip(given, before, strict=True))
        self.w[...] = after


WAYS = {
    "update": Pure,
    "numpy": lambda optimizer, w: InPlace("numpy", optimizer, w),
    "compiled": lambda optimizer, w: InPlace("compiled", optimizer, w),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("size", [1, 7, LARGE])
def test_a_hundred_steps_are_optaxs(name, size, way):
    ours, theirs = PAIRS[name]
    rng = np.random.default_rng(size)
    w = rng.standard_normal(size)
    v = jnp.array(w.copy())
    walk, their_state = WAYS[way](ours, w), theirs.init(v)
    step = jax.jit(theirs.update)
    steps = 100 if size < LARGE else 10
    for _ in range(steps):
        gradient = rng.standard_normal(size) * rng.choice([1.0, 3.0]) + 0.1 * w
        updates, their_state = step(jnp.array(gradient), their_state, v)
        v = optax.apply_updates(v, updates)
        walk.step(gradient)
    # Optax computes its schedules in float32.
    np.testing.assert_allclose(w, v, rtol=1e-11, atol=1e-7 if name == "schedule" else 1e-12)
    assert walk.state.steps == steps


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PAIRS)
def test_float32_stays_float32(name, way):
    w = np.ones(1000, np.float32)
    walk = WAYS[way](PAIRS[name][0], w)
    for k in range(3):
        walk.step(np.full(1000, k + 1.0, np.float32))
    assert all(a.dtype == np.float32 for arrays in walk.state.arrays for a in arrays)
    assert walk.state.steps == 3
    assert np.isfinite(w).all()
    assert (w != 1).all()


@pytest.mark.parametrize("average", [None, PolyakAverage(), PolyakAverage(0.9)])
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_a_step_in_place_allocates_no_array(engine, name, average):
    w = np.ones(4 * LARGE, np.float32)
    walk = InPlace(engine, PAIRS[name][0], w, average)
    walk.step(np.ones_like(w))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        walk.run()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 40_000 < w.nbytes


@pytest.mark.parametrize("decay", [None, 0.9])
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_an_average_in_place_is_that_of_the_parameters(engine, decay):
    rng = np.random.default_rng(0)
    average, w = PolyakAverage(decay), rng.standard_normal(50)
    walk, state = InPlace(engine, optimizers.adam(0.1), w, average), average.init(w)
    for _ in range(20):
        walk.step(rng.standard_normal(50))
        state = average.update(w, state)
        np.testing.assert_allclose(walk.total, state.total, rtol=1e-12)


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
        w, whole = optimizer.update(np.ones(5), whole, w)
        v, half = optimizer.update(np.ones(5), half, v)
    np.testing.assert_allclose(1 - v, (1 - w) / 2)
    assert half.factor == 0.5


def test_decay_by_a_schedule_is_each_steps_own():
    w, g = np.array([1.0, -2.0]), np.array([0.5, 0.5])
    optimizer = chain(Decay(lambda step: 0.1 * (step + 1)), sgd(1.0))
    state = optimizer.init(w)
    for l2 in (0.1, 0.2, 0.3):
        expected, _ = chain(Decay(l2), sgd(1.0)).update(g, chain(Decay(l2), sgd(1.0)).init(w), w)
        w, state = optimizer.update(g, state, w)
        np.testing.assert_allclose(w, expected)


def test_penalties_by_their_closed_form_and_by_mask():
    w = np.array([2.0, -3.0, 0.0, 5.0])
    optimizer = chain(Decay(0.5, 0.25, np.array([1, 1, 1, 0])), sgd(1.0))
    w, _ = optimizer.update(np.zeros(4), optimizer.init(w), w)
    np.testing.assert_allclose(w, [2 - 1.25, -3 + 1.75, 0.0, 5.0])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [7, LARGE])
def test_factors_are_step_sizes_of_their_own(size, way):
    rng = np.random.default_rng(size)
    factors = rng.choice([0.1, 1.0, 6.0], size)
    w = rng.standard_normal(size)
    v = w.copy()
    ours = WAYS[way](chain(optimizers.adam(0.01), Factors(factors)), w)
    plain = WAYS[way](optimizers.adam(0.01), v)
    for _ in range(10):
        gradient, before, theirs_before = rng.standard_normal(size), w.copy(), v.copy()
        ours.step(gradient)
        plain.step(gradient)
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
        lambda: sgd(0.1, 1.5),
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
