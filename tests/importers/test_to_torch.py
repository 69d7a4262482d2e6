"""Models of ours as modules of PyTorch: the same scores and gradients, and the same names."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import backpath as bp
from backpath.importers.pytorch.lowering import LOWERINGS
from backpath.nets import Sequential
from backpath.nets.layers import (
    Activation,
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    LayerNorm,
    MaxPool,
    MeanPool,
    SelfAttention,
)
from examples.torch_networks import images, small_resnet, small_transformer, tokens

IMAGES = Sequential(
    [Conv(4, 3), BatchNorm(), Activation("gelu"), MaxPool(2), Conv(4, 3, stride=2), MeanPool(2), Flatten(), Dense(3)],
    inputs=(12, 12, 2),
)
SEQUENCES = Sequential([SelfAttention(heads=2), LayerNorm(), Activation("mish"), Flatten(), Dense(3)], inputs=(5, 6))
NETWORK = bp.Network([4, 8, 3], activation="elu")
LOOP = bp.Model(
    lambda p, X: bp.softmax(np.cumsum(X, axis=1)[:, ::-1] @ p["W"]) + np.sort(X, axis=1)[:, :1], {"W": np.ones((4, 3))}
)


@pytest.mark.parametrize(
    "model", [IMAGES, SEQUENCES, NETWORK, LOOP], ids=["images", "sequences", "network", "function"]
)
def test_scores_and_gradients(model):
    rng = np.random.default_rng(0)
    parameters = model.init(0, np.float64)
    X = rng.normal(size=(3, *(model.inputs or (4,))))
    module = bp.to_torch(model, parameters)
    scores = module(torch.from_numpy(X))
    np.testing.assert_allclose(scores.detach().numpy(), model.scores(parameters, X), atol=1e-12)
    wanted = bp.grad(lambda p: np.sum(np.square(model.scores(p, X))))(parameters)
    scores.square().sum().backward()
    for (name, parameter), g in zip(module.named_parameters(), model.named(wanted).values(), strict=True):
        np.testing.assert_allclose(parameter.grad.numpy(), g, atol=1e-10, err_msg=name)


@pytest.mark.parametrize(("make", "x"), [(small_resnet, images()), (small_transformer, tokens())])
def test_a_network_comes_back_with_its_state(make, x):
    network = make()
    model = bp.from_torch(network, x, compare=False)
    module = bp.to_torch(model, model.first)
    assert {name for name, _ in module.named_parameters()} == {name for name, _ in network.named_parameters()}
    np.testing.assert_allclose(module(x).detach().numpy(), network(x).detach().numpy(), atol=2e-5)
    module.load_state_dict({name: torch.zeros_like(p) for name, p in module.named_parameters()})
    assert not module(x).detach().numpy().any()


def test_what_pytorch_does_not_have_is_refused():
    model = bp.Model(lambda p, X: np.linalg.pinv(X @ p["W"]), {"W": np.ones((2, 2))})
    with pytest.raises(bp.UnsupportedError, match="pinv: once"):
        bp.to_torch(model)(torch.eye(2))
    with pytest.raises(bp.SettingError, match="is no model"):
        bp.to_torch(np.tanh)


RNG = np.random.default_rng(3)
ONE = RNG.uniform(0.1, 0.9, (3, 4))
POINTWISE = """add subtract multiply divide negative square reciprocal sqrt cbrt abs maximum minimum sign floor ceil
rint trunc power exp exp2 expm1 log log2 log10
log1p logaddexp logaddexp2 sin cos tan sinh cosh tanh arcsin arccos
arctan arcsinh arctanh arctan2 hypot remainder fmod sigmoid erf relu ndtr gelu silu mish selu softplus""".split()


@pytest.mark.parametrize("name", POINTWISE)
def test_each_operation(name):
    function = getattr(np, name, None) or getattr(bp, name)
    two = getattr(function, "nin", 1) == 2
    model = bp.Model(lambda p, X: function(X * p["w"], p["w"]) if two else function(X * p["w"]), {"w": np.full(4, 0.7)})
    found = bp.to_torch(model)(torch.from_numpy(ONE)).detach().numpy()
    np.testing.assert_allclose(found, model.scores({"w": np.full(4, np.float32(0.7))}, ONE), rtol=1e-6, atol=1e-12)
    assert name in LOWERINGS
