"""Every layer, activation and loss of ours as a model of each framework, and back: the same scores and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import backpath as bp
from backpath.nets import ACTIVATIONS, LOSSES, Sequential, layers
from backpath.nets.layers import Conv, Dense, Flatten

CODES, COUNTS, SHARES = slice(6, 9), slice(9, 12), slice(12, 15)
"""Columns of X that hold targets."""
TARGETS = {"hinge": CODES, "poisson": COUNTS}

OF_IMAGES = [
    *(Conv(3, 3, stride=2), layers.BatchNorm(), layers.MaxPool(2, 1), layers.Residual([Conv(3, 3)])),
    *(layers.RandomFlip(), layers.Dropout(0.5), layers.RandomShift(1), layers.LayerNorm()),
    *(layers.MeanPool((2, 3), 1), layers.GlobalMeanPool(), Dense(3)),
]
OF_SEQUENCES = [
    *(layers.Embedding(9, 4), layers.PositionalEncoding(), layers.TransformerBlock(2, 8)),
    *(layers.SelfAttention(2, causal=True), layers.Affine(), Flatten(), Dense(3)),
]
SEQUENTIALS: dict[str, tuple[list[Any], tuple[int, ...]]] = {
    "layers of images": (OF_IMAGES, (11, 12, 2)),
    "layers of sequences": (OF_SEQUENCES, (5,)),
    "activations": ([part for name in ACTIVATIONS for part in (Dense(4), layers.Activation(name))] + [Dense(3)], (6,)),
}


def model_of(name: str) -> tuple[bp.Model, Any, np.ndarray]:
    """A model of many parts, its parameters in double precision, and examples."""
    rng = np.random.default_rng(4)
    if name in SEQUENTIALS:
        parts, shape = SEQUENTIALS[name]
        model = Sequential(parts, inputs=shape)
        X = rng.integers(0, 9, (4, *shape)) if name == "layers of sequences" else rng.normal(size=(4, *shape))
        return model, model.init(1, np.float64), X

    def losses(p: Any, X: Any) -> Any:
        scores = X[:, :6] @ p["W"]
        found = [loss.function(scores, X[:, TARGETS.get(name, SHARES)]) for name, loss in LOSSES.items()]
        return np.stack(found, axis=1)

    counts, shares = rng.integers(0, 4, (4, 3)), rng.dirichlet(np.ones(3), 4)
    X = np.concatenate([rng.normal(size=(4, 6)), np.eye(3)[[0, 2, 1, 1]], counts, shares], axis=1)
    model = bp.Model(losses, {"W": rng.normal(size=(6, 3))})
    return model, model.init(0, np.float64), X


def test_every_layer_is_here() -> None:
    def names(parts: Any) -> set[str]:
        return {type(part).__name__ for part in parts}

    found = set.union(*(names(parts) for parts, _ in SEQUENTIALS.values()))
    assert {*found, "Layer"} == set(layers.__all__)


@pytest.fixture(scope="module", params=[*SEQUENTIALS, "losses"])
def case(request: pytest.FixtureRequest) -> tuple[bp.Model, Any, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    model, parameters, X = model_of(request.param)
    scores = np.asarray(model.scores(parameters, X))
    return model, parameters, X, scores, gradient(model, parameters, X)


def gradient(model: bp.Model, parameters: Any, X: np.ndarray) -> dict[str, np.ndarray]:
    return model.named(bp.grad(lambda p: np.sum(np.sin(model.scores(p, X))))(parameters))


def same(found: bp.Model, case: Any, tolerance: float = 1e-10) -> None:
    _, _, X, scores, wanted = case
    parameters = found.init(0, np.float64)
    np.testing.assert_allclose(found.scores(parameters, X), scores, rtol=tolerance, atol=tolerance)
    ours = gradient(found, parameters, X)
    assert sum(g.size for g in ours.values()) == sum(g.size for g in wanted.values())
    for name, g in wanted.items():
        np.testing.assert_allclose(ours[name], g, rtol=tolerance, atol=tolerance, err_msg=name)


def test_through_pytorch(case: Any) -> None:
    model, parameters, X, _, _ = case
    module = bp.to_torch(model, parameters)
    back = bp.from_torch(module, torch.from_numpy(X))
    assert back.agreement is not None
    assert back.agreement.agrees, str(back.agreement)
    same(back, case)


def test_through_jax(case: Any) -> None:
    model, parameters, X, _, _ = case
    f, p = bp.to_jax(model, parameters)
    back = bp.from_jax(f, p, X)
    assert back.agreement is not None
    assert back.agreement.agrees, str(back.agreement)
    same(back, case)


def test_through_onnx(case: Any) -> None:
    model, parameters, X, _, _ = case
    back = bp.from_onnx(bp.to_onnx(model, None, parameters, X=X), X)
    assert back.agreement is not None
    assert back.agreement.agrees, str(back.agreement)
    same(back, case)


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_a_step_of_pytorch_s_own_optimizer_is_ours(name: str) -> None:
    model = Sequential([Conv(3, 3), layers.Activation("relu"), Flatten(), Dense(3)], inputs=(6, 5, 1))
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(8, 6, 5, 1)), rng.integers(0, 3, 8)
    first = model.init(3, np.float64)
    module = bp.to_torch(model, first)
    theirs = torch.optim.Adam(module.parameters(), 0.1) if name == "adam" else torch.optim.SGD(module.parameters(), 0.1)
    for _ in range(3):
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(module(torch.from_numpy(X)), torch.from_numpy(y)).backward()
        theirs.step()
    own = bp.optimizers.adam(0.1) if name == "adam" else bp.optimizers.sgd(0.1)
    ours = bp.fit(model, X, y, epochs=3, batch=8, optimizer=own, init=first, dtype=np.float64, engine="numpy")
    for name, parameter in module.named_parameters():
        np.testing.assert_allclose(ours.parameters[name], parameter.detach().numpy(), rtol=1e-6, atol=1e-9)
