"""The fit loop: the same steps as PyTorch, to the bit from its seed, without copies."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
import torch

import backpath as bp
from backpath.nets.losses import LOSSES, smoothed
from backpath.training.loop.rows import rows_of
from backpath.training.loop.step import BatchGradient

rng = np.random.default_rng(0)
X = rng.standard_normal((70, 5))
CLASSES = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
NET = bp.Network([5, 16, 3], activation="tanh")


def same(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not():
    runs = [bp.fit(NET, X, CLASSES, epochs=3, seed=seed).parameters for seed in (1, 1, 2)]
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


def test_one_epoch_makes_pytorchs_steps():
    fitted = bp.fit(
        NET, X, CLASSES, epochs=1, batch=32, optimizer=bp.optimizers.sgd(0.1, 0.9), seed=4, dtype=np.float64
    )
    theirs = {k: torch.tensor(v, requires_grad=True) for k, v in NET.init(4, np.float64).items()}
    optimizer = torch.optim.SGD(list(theirs.values()), lr=0.1, momentum=0.9)
    order = np.arange(70)
    np.random.default_rng([4, 1]).shuffle(order)
    for rows in (order[:32], order[32:64], order[64:]):
        optimizer.zero_grad()
        h = torch.tanh(torch.tensor(X[rows]) @ theirs["W1"] + theirs["b1"])
        scores = h @ theirs["W2"] + theirs["b2"]
        torch.nn.functional.cross_entropy(scores, torch.tensor(CLASSES[rows])).backward()
        optimizer.step()
    for name, value in fitted.parameters.items():
        np.testing.assert_allclose(value, theirs[name].detach().numpy(), rtol=1e-11, atol=1e-13)
    assert fitted.steps == 3


def test_the_last_batch_takes_what_is_left_and_the_loss_is_the_mean():
    fitted = bp.fit(NET, X, CLASSES, epochs=1, batch=64, optimizer=bp.optimizers.sgd(1e-12), seed=0, dtype=np.float64)
    loss = NET.loss_value(NET.init(0, np.float64), X, CLASSES)
    assert fitted.history[0].loss == pytest.approx(loss, rel=1e-9)


def test_exclusive_or_is_learned():
    inputs, outputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    net = bp.Network([2, 8, 1], activation="tanh", loss="sigmoid_cross_entropy")
    fitted = bp.fit(net, inputs, outputs, epochs=300, batch=4, optimizer=bp.optimizers.sgd(0.3, 0.9), seed=0)
    assert np.array_equal(fitted.predict(inputs), outputs)
    assert fitted.history[-1].loss < 0.05
    assert [e.number for e in fitted.history] == list(range(1, 301))


@pytest.mark.parametrize("loss", ["squared_error", "huber", "poisson"])
def test_regression_losses_go_down(loss):
    net = bp.Network([5, 16, 1], loss=loss)
    y = np.abs(X[:, 0] + X[:, 1])
    fitted = bp.fit(net, X, y, epochs=60, optimizer=bp.optimizers.sgd(0.02, 0.9))
    assert fitted.history[-1].loss < fitted.history[0].loss
    assert np.corrcoef(fitted.predict(X.astype(np.float32)), y)[0, 1] > 0.9


def test_training_goes_on_from_given_parameters_and_leaves_them_alone():
    start = NET.init(7)
    kept = {name: value.copy() for name, value in start.items()}
    given = bp.fit(NET, X, CLASSES, epochs=2, seed=7, init=start)
    assert same(start, kept)
    assert same(given.parameters, bp.fit(NET, X, CLASSES, epochs=2, seed=7).parameters)


def test_the_callback_sees_every_epoch():
    seen = []
    fitted = bp.fit(NET, X, CLASSES, epochs=3, on_epoch=seen.append)
    assert tuple(seen) == fitted.history


@pytest.mark.parametrize("source", [np.float32, np.float64, np.int64, bool])
def test_a_batch_is_gathered_from_any_type_of_number(source):
    data = (X > 0).astype(source)
    flat = np.empty(NET.parameter_count, np.float32)
    for name, value in NET.init(0).items():
        NET.views(flat)[name][...] = value
    gradient = np.empty_like(flat)
    batch = BatchGradient(NET, flat, gradient, rows_of(data), CLASSES, 10)
    rows = np.arange(5, 15)
    batch(rows)
    value, expected = bp.value_and_grad(NET.loss_value)(NET.init(0), data[rows].astype(np.float32), CLASSES[rows])
    assert batch.loss == pytest.approx(float(value), rel=1e-6)
    for name, ours in NET.views(gradient).items():
        np.testing.assert_allclose(ours, expected[name], rtol=1e-4, atol=1e-6)


def test_the_data_set_is_not_copied_and_steps_allocate_nothing():
    big = np.random.default_rng(0).standard_normal((200_000, 5))
    labels = np.zeros(200_000, int)
    bp.fit(NET, big[:64], labels[:64], epochs=1)
    peaks = []
    tracemalloc.start()
    try:
        for epochs in (1, 3):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            bp.fit(NET, big, labels, epochs=epochs, batch=1000, engine="numpy")
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    # The order of the examples, 1.6 MB, is all that grows with the data; a copy in float32 would take 4 MB.
    assert max(peaks) < 4e6
    assert peaks[1] < peaks[0] + 2e5


def test_kernels_need_no_copy_of_the_data_set_either():
    big = np.random.default_rng(0).standard_normal((400_000, 5))
    labels = np.zeros(400_000, int)
    bp.fit(NET, big[:64], labels[:64], epochs=1, engine="compiled")
    peaks = []
    for rows in (200_000, 200_000, 400_000):
        tracemalloc.start()
        try:
            bp.fit(NET, big[:rows], labels[:rows], epochs=2, batch=1000, engine="compiled")
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    # What begins the engine is there after the first; 200,000 places in an order are 1.6 MB, a copy in float32 4 MB.
    assert peaks[2] < peaks[1] + 2.4e6


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((X[:, :4], CLASSES), bp.ShapeError, r"needs \(examples, 5\)"),
        ((X, CLASSES[:-1]), bp.DataError, "70 examples and y has 69"),
        ((X[:0], CLASSES[:0]), bp.DataError, "at least one"),
        ((np.where(X > 2, np.nan, X), CLASSES), bp.DataError, "not finite"),
        ((X.astype(str), CLASSES), bp.DataError, "must hold numbers"),
        ((X, CLASSES + 1), bp.ShapeError, "from 0 to 2"),
        ((X, X[:, 0]), bp.ShapeError, "whole numbers from 0 to 2"),
    ],
)
def test_bad_data_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        bp.fit(NET, *arguments)


WITHOUT_B1 = {name: value for name, value in NET.init(0).items() if name != "b1"}


@pytest.mark.parametrize(
    ("setting", "error", "message"),
    [
        ({"epochs": 0}, bp.SettingError, "epochs=0: it must be a whole number, at least 1"),
        ({"epochs": 1.5}, bp.SettingError, "epochs=1.5: it must be a whole number"),
        ({"epochs": True}, bp.SettingError, "epochs=True: it must be a whole number"),
        ({"batch": 0}, bp.SettingError, "batch=0: it must be a whole number"),
        ({"threads": 0}, bp.SettingError, "threads=0: it must be a whole number, at least 1"),
        ({"seed": -1}, bp.SettingError, "seed=-1: it must be a whole number, at least 0"),
        ({"optimizer": "adam"}, bp.SettingError, "optimizer='adam': give something like bp.optimizers.adam"),
        ({"optimizer": None}, bp.SettingError, "optimizer=None: give something like"),
        ({"average": 0.9}, bp.SettingError, r"average=0.9: give something like bp.PolyakAverage\(\)"),
        ({"plateau": 1}, bp.SettingError, r"plateau=1: give something like bp.ReduceOnPlateau\(\)"),
        ({"on_epoch": 3}, bp.SettingError, "on_epoch=3: give a function of an Epoch, such as print"),
        ({"checkpoint": 3}, bp.SettingError, "checkpoint=3: give the path of a file"),
        ({"dtype": int}, bp.SettingError, "dtype=<class 'int'>: give a type of real numbers"),
        ({"engine": "abacus"}, bp.SettingError, "engine='abacus': it is one of auto, numpy, compiled, xla"),
        ({"init": 3}, bp.SettingError, "init=3: give a name"),
        ({"init": WITHOUT_B1}, bp.ShapeError, r"init: the parameter b1 .* needs shape \[16\], and is missing"),
        (
            {"init": {**WITHOUT_B1, "b1": np.zeros((1, 16))}},
            bp.ShapeError,
            r"init: the parameter b1 .* needs shape \[16\], and has shape \[1, 16\]",
        ),
    ],
)
def test_bad_settings_are_refused(setting, error, message):
    with pytest.raises(error, match=message):
        bp.fit(NET, X, CLASSES, **setting)


def test_a_diverging_loss_is_an_error_that_says_what_to_do():
    net = bp.Network([5, 16, 1], loss="squared_error")
    message = r"loss is (inf|nan) at step \d+ of epoch \d+, where \w+ is the first node .* halved 3 times\. Lower"
    with pytest.raises(bp.NonFiniteError, match=message):
        bp.fit(net, 1e3 * X, 1e3 * X[:, 0], epochs=50, optimizer=bp.optimizers.sgd(10.0))


def test_an_epoch_whose_loss_is_not_finite_is_made_again_with_half_the_steps():
    inputs = np.random.default_rng(0).standard_normal((3000, 5))
    net = bp.Network([5, 1], loss="squared_error")
    settings = {"epochs": 2, "batch": 1, "seed": 3, "dtype": np.float32}
    fitted = bp.fit(net, inputs, inputs[:, 0], optimizer=bp.optimizers.sgd(0.8), **settings)
    assert [epoch.factor for epoch in fitted.history] == [0.25, 0.25]
    at_once = bp.fit(net, inputs, inputs[:, 0], optimizer=bp.optimizers.sgd(0.2), **settings)
    assert same(fitted.parameters, at_once.parameters)
    assert [e.loss for e in fitted.history] == [e.loss for e in at_once.history]


# Trainings that diverge over many epochs: one step an epoch of a quadratic whose curvature the rate is too large for.

INPUTS = np.random.default_rng(0).standard_normal((64, 5))
LINEAR = bp.Network([5, 1], loss="squared_error")


def linear(rate, y=INPUTS[:, 0], *, epochs=400, scale=1.0, **options):
    told = []
    optimizer = bp.optimizers.sgd(rate)
    settings = {"epochs": epochs, "batch": 64, "optimizer": optimizer, "on_epoch": told.append, **options}
    fitted = bp.fit(LINEAR, scale * INPUTS, y, **settings)
    turns = [(a, b) for a, b in pairwise(told) if b.number <= a.number]
    return fitted, turns


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_a_loss_that_grew_for_many_epochs_is_undone_to_where_it_was_low(engine):
    fitted, turns = linear(3.0, engine=engine)
    assert fitted.history[-1].loss < 1e-12
    np.testing.assert_allclose(fitted.parameters["W1"], np.eye(5)[:, :1], atol=1e-5)
    assert [epoch.number for epoch in fitted.history] == list(range(1, 401))
    assert max(epoch.loss for epoch in fitted.history) < 10
    assert turns
    for before, after in turns:
        assert before.loss > 1e30
        assert after.number < before.number - 10
        assert after.factor == before.factor / 2


def test_epochs_near_the_lowest_loss_are_kept():
    """The step size explodes after 60 epochs: those are not made again."""
    rate = bp.schedules.piecewise_constant(0.1, {60: 40.0})
    fitted, turns = linear(rate, INPUTS[:, 0] + 0.3 * INPUTS[:, 1] ** 2)
    assert all(60 < after.number < before.number - 10 for before, after in turns)
    assert [epoch.factor for epoch in fitted.history[:60]] == [1.0] * 60
    best = np.linalg.lstsq(np.c_[INPUTS, np.ones(64)], INPUTS[:, 0] + 0.3 * INPUTS[:, 1] ** 2)[1][0] / 128
    assert fitted.history[-1].loss == pytest.approx(best, rel=1e-5)


def test_a_plateau_waits_as_it_did_where_training_goes_back_to():
    """A loss that was low before the roll-back is not held against the epochs after it."""
    plateau = bp.ReduceOnPlateau(0.9, 4)
    fitted, turns = linear(6.0, epochs=100, plateau=plateau)
    ((before, after),) = turns
    assert (before.number - after.number + 1) % plateau.patience != 0
    _, state = plateau.update(fitted.history[0].loss, plateau.init())
    factor = after.factor
    for epoch in fitted.history[1:]:
        assert epoch.factor == factor
        lowered, state = plateau.update(epoch.loss, state)
        factor *= lowered


@pytest.mark.parametrize("rate", [30.0, 1e30])
@pytest.mark.parametrize("plateau", [None, bp.ReduceOnPlateau(0.9, 5)], ids=["constant", "plateau"])
def test_the_error_of_a_divergence_names_the_node_whatever_the_targets_type(rate, plateau):
    for dtype in (np.float32, np.float64):
        with pytest.raises(
            bp.NonFiniteError, match=r"the loss is inf at step 1 of epoch \d+, where \w+ is the first node"
        ):
            linear(max(rate, 100.0) if plateau else rate, INPUTS[:, 0].astype(dtype), plateau=plateau)


def test_the_error_names_the_largest_node_where_only_the_steps_program_overflows():
    """Half a square is finite where the square, which the program of a step sums up first, is not."""
    with pytest.raises(
        bp.NonFiniteError, match=r"the loss is inf at step 1 of epoch \d+, where sum_11 reaches 1\.\de\+38,"
    ):
        linear(30.0, epochs=100, plateau=bp.ReduceOnPlateau(0.99, 1), engine="numpy")


def test_weights_that_are_not_finite_after_the_last_step_count():
    settings = {"epochs": 1, "scale": 1e3}
    fitted, _ = linear(5e33, **settings)
    assert 0 < fitted.history[0].factor < 1
    assert all(np.isfinite(value).all() for value in fitted.parameters.values())
    with pytest.raises(bp.NonFiniteError, match="the weights are not finite after step 1 of epoch 1, with step sizes"):
        linear(1e36, **settings)


OUTSIDE = {
    "hinge": (np.where(X[:, 0] > 0, 1.0, -1.0), r"-1 in row \d+.*0 and 1.*\(y \+ 1\) / 2"),
    "poisson": (X[:, 0], "0 or more"),
    "sigmoid_cross_entropy": (2.0 * (X[:, 0] > 0), "2 in row.*from 0 to 1"),
    "cross_entropy": (np.stack([1 + X[:, 0] ** 2, -(X[:, 0] ** 2)], axis=1), "probabilities"),
}


@pytest.mark.parametrize("loss", OUTSIDE)
def test_targets_outside_the_domain_of_a_loss_are_refused(loss):
    y, message = OUTSIDE[loss]
    net = bp.Network([5, 4, 2 if y.ndim == 2 else 1], loss=loss)
    for train in (bp.fit, lambda *a: bp.minimize(*a, method="lbfgs"), bp.find_rate):
        with pytest.raises(bp.DataError, match=message):
            train(net, X, y)


def test_smoothed_losses_ask_the_same_of_targets():
    net = bp.Network([5, 4, 1], loss=smoothed(LOSSES["sigmoid_cross_entropy"], 0.1, 2))
    bp.fit(net, X, (X[:, 0] > 0).astype(float), epochs=1)
    with pytest.raises(bp.DataError, match="of your own are probabilities"):
        bp.fit(net, X, X[:, 0])


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_an_explosion_ends_in_our_words(loss):
    outputs = 2 if loss == "cross_entropy" else 1
    y = (X[:, 0] > 0).astype(int if outputs == 2 else float)
    net = bp.Network([5, 4, outputs], loss=loss)
    with pytest.raises(bp.NonFiniteError, match="training diverged"):
        bp.fit(net, X, y, epochs=3, optimizer=bp.optimizers.sgd(1e30))
