"""Functions of the user's own that drop out, draw, and normalize over batches."""

import json

import numpy as np
import pytest

import backpath as bp
from backpath.nets import Activation, BatchNorm, Dense, Dropout, Mode, Sequential

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((90, 6)), RNG.integers(0, 3, 90)
FIRST = {
    "W": RNG.standard_normal((6, 5)),
    "gain": np.ones(5),
    "shift": np.zeros(5),
    "V": RNG.standard_normal((5, 3)),
    "b": np.zeros(3),
}


def scores(p, X, mode):
    h = np.maximum(mode.normalize(X @ p["W"]) * p["gain"] + p["shift"], 0)
    return mode.drop(h, 0.3) @ p["V"] + p["b"]


MINE = bp.Model(scores, FIRST)
LAYERS = Sequential([Dense(5, bias=False), BatchNorm(), Activation("relu"), Dropout(0.3), Dense(3)], inputs=6)


@pytest.mark.parametrize("engine", ["numpy", "compiled", "xla"])
def test_trains_as_layers_do_and_predicts_as_they_do(engine):
    options = {"epochs": 4, "batch": 20, "engine": engine, "seed": 2}
    ours = bp.fit(MINE, X, Y, **options)
    theirs = bp.fit(LAYERS, X, Y, init=dict(zip(LAYERS.parameter_shapes, FIRST.values(), strict=True)), **options)
    assert [e.loss for e in ours.history] == pytest.approx([e.loss for e in theirs.history], rel=1e-6)
    np.testing.assert_allclose(ours.parameters["W"], theirs.parameters["dense_1.W"], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(ours.probabilities(X), theirs.probabilities(X), rtol=1e-4, atol=1e-6)
    # An example's prediction does not depend on those beside it.
    np.testing.assert_allclose(ours.probabilities(X)[:1], ours.probabilities(X[:1]), rtol=1e-6)


def test_statistics_are_those_of_the_examples():
    model, p = MINE.suited((6,)).folded(MINE.init(0, float), X)
    assert not model.trains_apart
    assert model.noise_shapes(7) == {}
    a = X @ FIRST["W"]
    h = np.maximum((a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + 1e-5), 0)
    np.testing.assert_allclose(model.scores(p, X[:4]), (h @ FIRST["V"])[:4], rtol=1e-10, atol=1e-12)
    assert json.loads(json.dumps(model.to_json())) == model.to_json()


def test_draws_are_named_in_order_for_any_batch():
    def several(p, X, mode):
        side = mode.uniform(np.shape(X)[0], 1)
        X = X if side is None else np.where(side < 0.5, -X, X)
        return mode.drop(mode.drop(X, 0.1) @ p, 0.2)

    model = bp.Model(several, np.ones((6, 3))).suited((6,))
    for batch in (4, 9):
        assert model.noise_shapes(batch) == {"uniform_1": (batch, 1), "drop_1": (batch, 6), "drop_2": (batch, 3)}
    fit = bp.fit(model, X, Y, epochs=2)
    assert not fit.network.trains_apart
    np.testing.assert_allclose(fit.network.scores(fit.parameters, X), X @ fit.parameters, rtol=1e-6)


def test_a_function_of_mode_keeps_its_batch_norm_over_images():
    def pictures(p, X, mode):
        return np.mean(np.maximum(mode.normalize(X @ p["W"]), 0), axis=(1, 2)) @ p["V"]

    images = RNG.standard_normal((60, 4, 4, 6))
    p = {"W": FIRST["W"], "V": FIRST["V"]}
    fit = bp.fit(bp.Model(pictures, p), images, Y[:60], epochs=2, dtype=float)
    h = images @ fit.parameters["W"]
    h = np.maximum((h - h.mean(axis=(0, 1, 2))) / np.sqrt(h.var(axis=(0, 1, 2)) + 1e-5), 0).mean(axis=(1, 2))
    np.testing.assert_allclose(fit.network.scores(fit.parameters, images), h @ fit.parameters["V"], rtol=1e-9)


def test_what_a_function_may_not_do_is_told(tmp_path):
    with pytest.raises(bp.SettingError, match=r"needs 4 arguments \(p, X, mode, rate\)"):
        bp.Model(lambda p, X, mode, rate: X, FIRST)
    with pytest.raises(bp.ShapeError, match="not known before it has seen the shape of X"):
        MINE.noise_shapes(3)
    with pytest.raises(bp.SettingError, match=r"mode\.drop: rate=1\.5"):
        bp.fit(bp.Model(lambda p, X, mode: mode.drop(X, 1.5) @ p, np.ones((6, 3))), X, Y)
    with pytest.raises(bp.ShapeError, match=r"mode\.normalize: x has shape \[6\]"):
        Mode().normalize(X[0])
    for noise in ({"drop_1": np.zeros((3, 5))}, {"drop_2": np.zeros((90, 5))}):
        with pytest.raises(bp.GraphError, match="is not what the function drew when it was first called"):
            MINE.scores(FIRST, X, noise)
    bp.save(bp.fit(MINE, X, Y, epochs=1), tmp_path / "run")
    with pytest.raises(bp.RunError, match="takes no mode") as told:
        bp.load(tmp_path / "run", scores=lambda p, X: X @ p["W"])
    assert "damaged" not in str(told.value)
