"""Whole diagnoses: each kind of fault is named and its fix shown; a healthy training is left alone."""

import json

import numpy as np
import pytest
from sklearn.datasets import make_blobs

import backpath as bp
from backpath.diagnosis import KINDS
from backpath.nets import Activation, Dense, Sequential
from backpath.training.optimizers import chain, sgd
from backpath.training.optimizers.limits import Decay

X, Y = make_blobs(180, n_features=4, centers=3, cluster_std=1.6, random_state=3)[:2]
X = (X - X.mean(axis=0)) / X.std(axis=0)
GOOD = sgd(0.05, 0.9)
NETWORK = bp.Network([4, 10, 3], "tanh")
STEPS = 40_000


def found(model=NETWORK, X=X, y=Y, **options):
    settings = {"optimizer": GOOD, "epochs": 15, "budget": None, "steps": STEPS, **options}
    return bp.diagnose(model, X, y, **settings)


def kinds(diagnosis):
    return [f.kind for f in diagnosis.findings]


def softmaxed(p, X):
    return bp.softmax(np.tanh(X @ p["W"]) @ p["V"])


def redrawn(y, part=0.3):
    rng = np.random.default_rng(5)
    y = y.copy()
    rows = rng.permutation(len(y))[: int(part * len(y))]
    y[rows] = (y[rows] + 1) % 3
    return y


def with_leak():
    return np.column_stack([np.random.default_rng(1).standard_normal((180, 3)), Y + 1e-3 * X[:, 0]])


FAULTS = [
    ("rate_too_small", {"optimizer": sgd(1e-6)}, True),
    ("rate_too_large", {"model": bp.Network([4, 10, 10, 3]), "optimizer": sgd(5.0)}, True),
    ("too_few_epochs", {"optimizer": sgd(0.002), "epochs": 2}, None),
    ("wrong_loss", {"model": bp.Network([4, 10, 3], "tanh", "sigmoid_cross_entropy")}, None),
    (
        "wrong_output",
        {
            "model": bp.Model(
                softmaxed,
                {"W": bp.Network([4, 8]).init(0)["W1"], "V": bp.Network([8, 3]).init(1)["W1"]},
            )
        },
        None,
    ),
    ("bad_initialization", {"init": {k: np.zeros(s) for k, s in NETWORK.parameter_shapes.items()}}, True),
    ("vanishing_gradient", {"model": bp.Network([4, *[10] * 6, 3], "sigmoid")}, True),
    ("over_regularized", {"optimizer": chain(Decay(1.0), GOOD)}, True),
    ("unscaled_features", {"X": X * [1e4, 1, 1, 1e3] + 1e4}, True),
    ("noisy_labels", {"y": redrawn(Y)}, None),
    ("leakage", {"X": with_leak()}, None),
    ("non_finite", {"X": np.where(np.random.default_rng(2).random(X.shape) < 0.02, np.nan, X)}, True),
    ("underfitting", {"model": bp.Network([4, 1, 3], "tanh")}, True),
    ("bad_normalization", {"model": bp.Network([4, 10, 3], "tanh", norm="batch"), "batch": 1, "epochs": 3}, True),
]


@pytest.mark.parametrize(("kind", "fault", "confirmed"), FAULTS, ids=[kind for kind, *_ in FAULTS])
def test_a_fault_is_named_and_its_fix_tried(kind, fault, confirmed):
    diagnosis = found(**fault)
    equivalent = {"too_few_epochs": {"rate_too_small", "too_few_epochs"}}.get(kind, {kind})
    assert equivalent & set(kinds(diagnosis)), str(diagnosis)
    finding = next(f for f in diagnosis.findings if f.kind in equivalent)
    assert finding.evidence
    if confirmed:
        assert finding.confirmed
        assert finding.effect.low > 0
        assert diagnosis.repaired is not None


def test_a_healthy_training_is_left_alone():
    diagnosis = found(epochs=25)
    assert diagnosis.ok, str(diagnosis)
    assert diagnosis.skill > 0.8
    assert diagnosis.repaired is None
    assert "Nothing is wrong" in str(diagnosis)


def test_a_budget_that_was_spent_is_told():
    short = found(epochs=2, steps=1)
    assert short.cut_short
    assert "Nothing is wrong that could be shown before the budget was spent" in str(short)
    assert "before the budget was spent: a larger one tries more" in short.page()


def test_the_same_steps_give_the_same_findings():
    fault = {"optimizer": sgd(1e-5), "epochs": 8}
    assert found(**fault).to_json() == found(**fault).to_json()


def test_findings_are_plain_data_with_the_keys_that_are_promised():
    diagnosis = found(optimizer=sgd(1e-6))
    told = json.loads(json.dumps(diagnosis.to_json(), allow_nan=False))
    for finding in told:
        assert {"kind", "where", "evidence", "fix", "effect", "confirmed"} <= set(finding)
        assert finding["kind"] in KINDS
    assert told[0]["effect"]["seeds"] >= 3
    for name in ("kind", "where", "evidence", "fix", "effect", "confirmed"):
        assert hasattr(diagnosis.findings[0], name)
    assert "rate_too_small" in diagnosis.page()


def test_a_hand_written_gradient_is_checked():
    model = bp.Network([4, 1], loss="squared_error")
    y = X @ [1.0, -2, 0.5, 3]

    def gradient(p, X, y):
        error = X @ p["W1"] + p["b1"] - np.reshape(y, (-1, 1))
        return {"W1": -X.T @ error / len(X), "b1": error.mean(axis=0)}

    diagnosis = found(model, y=y, gradient=gradient)
    wrong = diagnosis.findings[0]
    assert (wrong.kind, wrong.where, wrong.confirmed) == ("wrong_gradient", "W1", True)
    assert "sign" in wrong.message

    def right(p, X, y):
        return {**gradient(p, X, y), "W1": -gradient(p, X, y)["W1"]}

    assert "wrong_gradient" not in kinds(found(model, y=y, gradient=right))


def test_two_faults_are_found_together():
    diagnosis = found(
        Sequential([Dense(10), Activation("tanh"), Dense(3), Activation("sigmoid")], 4), optimizer=sgd(1e-6)
    )
    assert {"wrong_output", "rate_too_small"} <= set(kinds(diagnosis))


def test_a_budget_of_steps_is_kept_and_bad_ones_refused():
    assert found(optimizer=sgd(1e-6), steps=50).trainings < found(optimizer=sgd(1e-6)).trainings
    with pytest.raises(bp.SettingError, match="budget"):
        bp.diagnose(NETWORK, X, Y, budget=-1)
    with pytest.raises(bp.DataError, match="rows"):
        bp.diagnose(NETWORK, X[:0], Y[:0])


def test_paths_of_a_vanishing_gradient_are_told():
    finding = next(
        f for f in found(bp.Network([4, *[10] * 6, 3], "sigmoid")).findings if f.kind == "vanishing_gradient"
    )
    spectrum = finding.evidence["gradient by path length"]
    assert spectrum[1] > spectrum[6]
    assert 0 <= finding.evidence["dead paths"] < finding.evidence["paths"]
    assert list(finding.evidence["adjoint by layer, over the last"]) == [f"W{r}" for r in range(1, 8)]
    assert finding.where in finding.evidence["adjoint by layer, over the last"]
