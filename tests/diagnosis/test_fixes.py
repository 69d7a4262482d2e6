"""Fixes change what they say, and nothing else."""

import numpy as np
import pytest

import backpath as bp
from backpath.diagnosis.fixes import models, rows, steps
from backpath.diagnosis.fixes.ending import without_ending_of
from backpath.diagnosis.fixes.random import random_change
from backpath.diagnosis.subject import Goal, parted, read_target, subject_of
from backpath.nets import Activation, Dense, Dropout, Sequential
from backpath.training.optimizers import adam, chain, sgd
from backpath.training.optimizers.limits import Decay

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((90, 4)) * [1, 10, 100, 0.1] + 5, RNG.integers(0, 3, 90)


def given(model=None, **options):
    return subject_of(model or bp.Network([4, 6, 3], "tanh"), X, options.pop("y", Y), **options)


def test_a_functions_ending_is_cut_off_where_its_last_layer_ends():
    def scores(p, X):
        return bp.softmax(np.tanh(X @ p["W"]) @ p["V"] + p["c"])

    p = {"W": RNG.standard_normal((4, 5)), "V": RNG.standard_normal((5, 3)), "c": RNG.standard_normal(3)}
    model = bp.Model(scores, p).suited((4,))
    bare = without_ending_of(model)
    assert bare is not None
    for count in (3, 7):
        Z = RNG.standard_normal((count, 4))
        assert bare.scores(p, Z) == pytest.approx(np.tanh(Z @ p["W"]) @ p["V"] + p["c"])
    assert without_ending_of(bp.Model(lambda p, X: X @ p["V"], {"V": p["W"]}).suited((4,))) is None
    layered = Sequential([Dense(3), Activation("sigmoid")], 4)
    found = without_ending_of(layered)
    assert isinstance(found, Sequential)
    assert found.layers == (Dense(3),)


def test_rates_penalties_and_constants():
    s = given(optimizer=chain(Decay(0.1), sgd(0.5, 0.999)))
    w, g = np.ones(3), np.full(3, 2.0)
    for fix, optimizer in (
        (steps.rate(0.1), chain(Decay(0.1), sgd(0.05, 0.999))),
        (steps.without_decay(), sgd(0.5, 0.999)),
        (steps.usual_constants(), chain(Decay(0.1), sgd(0.5, 0.9))),
    ):
        changed = fix.of(s)
        assert changed is not None
        ours, _ = changed.optimizer.update(g, changed.optimizer.init(w), w)
        theirs, _ = optimizer.update(g, optimizer.init(w), w)
        assert np.array_equal(ours, theirs)
    scheduled = steps.at_rate(adam(lambda step: 0.1 / (step + 1)), 10)
    assert scheduled is not None
    assert scheduled.scalars(0, 1.0, 2)[:, -1] == pytest.approx([-1, -0.5])


def test_standardized_features_are_scikit_learns():
    from sklearn.preprocessing import StandardScaler

    s = given()
    changed = rows.standardized().of(s)
    assert changed is not None
    scaler = StandardScaler().fit(s.X)
    assert pytest.approx(scaler.transform(s.X), abs=1e-5) == changed.X
    assert changed.held == pytest.approx(scaler.transform(s.held), abs=1e-5)


def test_weights_make_classes_count_alike():
    from sklearn.utils.class_weight import compute_sample_weight

    s = given(y=np.r_[np.zeros(70, int), np.ones(20, int)], model=bp.Network([4, 2]))
    changed = rows.balanced().of(s)
    assert changed is not None
    assert changed.weights == pytest.approx(compute_sample_weight("balanced", s.goal.train))


def test_targets_are_scaled_and_predictions_scaled_back():
    y = X @ [1.0, 2, 3, 4] * 100
    s = subject_of(bp.Network([4, 1], loss="squared_error"), X, y)
    changed = rows.scaled_target().of(s)
    assert changed is not None
    assert np.std(changed.y) == pytest.approx(1, rel=1e-5)
    W = np.linalg.lstsq(np.column_stack([s.X, np.ones(len(s.X))]), changed.y.ravel(), rcond=None)[0]
    parameters = {"W1": W[:4, None], "b1": W[4:]}
    assert changed.predicted(changed.model, parameters, s.held)[:, 0] == pytest.approx(s.goal.held[:, 0], rel=1e-3)


MODELS = [bp.Network([4, 6, 6, 3], "tanh", dropout=0.5), Sequential([Dense(6), Dropout(0.5), Dense(6), Dense(3)], 4)]


@pytest.mark.parametrize("model", MODELS)
def test_models_are_changed_layer_by_layer(model):
    s = given(model)
    wider = models.widths(2).of(s)
    assert wider is not None
    assert wider.model.parameter_count > 2 * model.parameter_count
    active = models.activation("relu").of(s)
    assert active is not None
    assert "relu" in (repr(active.model) if isinstance(active.model, bp.Network) else repr(active.model.layers))
    kept = models.dropout(0.0).of(s)
    assert kept is not None
    assert models.dropout_of(kept.model) == 0
    values = models.loss("squared_error", 1).of(s)
    assert values is not None
    assert (values.model.loss, values.model.outputs) == ("squared_error", (1,))


@pytest.mark.parametrize(
    "knob", "rate epochs batch optimizer penalty clip activation init size norm dropout rows columns".split()
)
def test_random_changes_turn_the_same_knob(knob):
    s = given()
    changed = random_change(s, knob, np.random.default_rng(1))
    assert changed is not None
    assert changed is not s
    assert changed.goal.classes == 3


def test_targets_are_read_whatever_loss_is_used():
    network = bp.Network([4, 3])
    labels, classes = read_target(network, Y)
    assert classes == 3
    assert read_target(bp.Network([4, 1], loss="squared_error"), Y)[1] == 3
    one_hot = np.eye(3)[Y]
    again, classes = read_target(bp.Network([4, 3], loss="squared_error"), one_hot)
    assert classes == 3
    assert np.array_equal(again, labels)
    assert read_target(bp.Network([4, 1], loss="squared_error"), X[:, 0])[1] == 0
    assert read_target(bp.Network([4, 1], loss="poisson"), Y)[1] == 0


def test_skill_is_balanced_accuracy_or_r2():
    from sklearn.metrics import balanced_accuracy_score, r2_score

    truth, guess = RNG.integers(0, 3, 50), RNG.integers(0, 3, 50)
    goal = Goal(truth, truth, 3)
    ours = 1 - np.mean(goal.losses(guess, truth))
    assert ours == pytest.approx(balanced_accuracy_score(truth, guess, adjusted=True))
    values = RNG.random((50, 1))
    predicted = values + RNG.normal(0, 0.1, (50, 1))
    ours = 1 - np.mean(Goal(values, values, 0).losses(predicted, values))
    assert ours == pytest.approx(r2_score(values, predicted))


def test_parts_keep_classes_in_proportion():
    train, held = parted(np.r_[np.zeros(60, int), np.ones(20, int)], 80, 0)
    assert (np.sum(held < 60), np.sum(held >= 60)) == (21, 7)
    assert sorted([*train, *held]) == list(range(80))
