"""Networks of PyTorch as models of ours, beside PyTorch's own values and gradients."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

import backpath as bp
from backpath.importers.pytorch.model import TorchModel
from backpath.importers.pytorch.recipe import Recipe
from examples.torch_networks import images, small_resnet, small_transformer, tokens


class Tokens(nn.Module):
    """Embedded tokens, and a mask beside them."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(9, 4)
        self.out = nn.Linear(4, 3)

    def forward(self, tokens, mask):
        return {"scores": self.out((self.table(tokens) * mask[..., None]).mean(1)), "mask": mask}


class Mixed(nn.Module):
    def forward(self, x):
        y = torch.fft.fft(x).real + torch.fft.fft(x.flip(-1)).imag
        return y.sum(1, keepdim=True) + torch.linalg.eigvals(torch.eye(2)).abs().sum()


def gradients(network: nn.Module, x: torch.Tensor) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """PyTorch's scores, and the gradient of their squares' mean by every parameter."""
    scores = network(x)
    names = dict(network.named_parameters())
    found = torch.autograd.grad(scores.square().mean(), list(names.values()))
    return scores.detach().numpy(), {name: g.numpy() for name, g in zip(names, found, strict=True)}


@pytest.fixture(scope="module")
def resnet():
    return bp.from_torch(small_resnet().double(), images().double())


@pytest.fixture(scope="module")
def transformer():
    return bp.from_torch(small_transformer().double(), tokens())


CASES = {"resnet": (small_resnet, images), "transformer": (small_transformer, tokens)}


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_those_of_autograd(name, dtype, tolerance):
    network, x = (make() for make in CASES[name])
    network = network.to(dtype)
    x = x.to(dtype) if x.dtype.is_floating_point else x
    scores, wanted = gradients(network, x)
    model = bp.from_torch(network, x)
    value, found = bp.value_and_grad(lambda p, X: np.mean(np.square(model.scores(p, X))))(model.first, x.numpy())
    assert model.agreement.agrees, str(model.agreement)
    assert value == pytest.approx(float(np.mean(np.square(scores))), rel=tolerance)
    assert found.keys() == wanted.keys()
    largest = max(np.abs(g).max() for g in wanted.values())
    for parameter, g in wanted.items():
        np.testing.assert_allclose(found[parameter], g, rtol=0, atol=tolerance * max(np.abs(g).max(), 1e-3 * largest))


def test_names_modules_and_shapes(resnet):
    assert resnet.inputs == (3, 32, 32)
    assert resnet.outputs == (5,)
    assert resnet.parameter_shapes["layer3.0.downsample.0.weight"] == (8, 6, 1, 1)
    assert "layer2.1.bn2.running_var" in resnet.buffers
    graph = bp.trace(resnet.scores, resnet.first, images().double().numpy())
    scopes = {node.name.rpartition("/")[0] for node in graph.nodes}
    assert {"conv1", "layer4.1.conv2", "layer2.0.downsample.1", "layer1.0", "fc"} <= scopes


def test_the_agreement_names_what_differs():
    network, x = small_transformer(), tokens()
    model = bp.from_torch(network, x)
    assert model.agreement.agrees
    assert "gradients of 28 parameters" in str(model.agreement)
    from backpath.importers.pytorch.aten import ATEN

    right = ATEN["gelu.default"]
    ATEN["gelu.default"] = lambda x, approximate: right(x)
    try:
        wrong = bp.from_torch(network, x)
    finally:
        ATEN["gelu.default"] = right
    assert not wrong.agreement.agrees
    assert wrong.agreement.first.name == "h.0.mlp.1/gelu"


def test_any_batch(resnet, transformer):
    x = images(5).double()
    network = small_resnet().double()
    np.testing.assert_allclose(resnet.scores(resnet.first, x.numpy()), network(x).detach().numpy(), atol=1e-12)
    assert transformer.scores(transformer.first, tokens(7).numpy()).shape == (7, 6, 20)


def test_several_inputs_and_outputs():
    network, x = Tokens().eval(), (torch.tensor([[1, 8, 3]]), torch.tensor([[1.0, 0.0, 1.0]]))
    model = bp.from_torch(network, x)
    assert model.agreement.agrees
    assert model.output_names == ("scores", "mask")
    wanted = network(*x)["scores"].detach().numpy()
    np.testing.assert_allclose(model.scores(model.first, tuple(a.numpy() for a in x)), wanted, atol=1e-6)
    assert bp.from_torch(network, x, output="mask", compare=False).scores(
        model.first, tuple(a.numpy() for a in x)
    ).shape == (1, 3)
    with pytest.raises(bp.SettingError, match="the outputs of Tokens of PyTorch are scores, mask"):
        bp.from_torch(network, x, output="logits")


def test_an_exported_program_is_read_too():
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = torch.randn(2, 3)
    model = bp.from_torch(torch.export.export(network, (x,)), x)
    assert model.agreement.agrees
    assert list(model.parameter_shapes) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_everything_unsupported_stands_in_one_error():
    with pytest.raises(bp.UnsupportedError) as caught:
        bp.from_torch(Mixed(), torch.randn(2, 4))
    assert len(caught.value.found) >= 2
    assert "aten._fft_r2c.default: 2 times" in str(caught.value)
    assert "linalg_eig" in str(caught.value)


class Branching(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


def test_what_cannot_be_exported_says_why():
    with pytest.raises(bp.SettingError, match=r"torch\.export refuses Branching: "):
        bp.from_torch(Branching(), torch.randn(2, 4))
    with pytest.raises(bp.SettingError, match=r"neither a torch\.nn\.Module nor an ExportedProgram"):
        bp.from_torch(np.tanh, torch.randn(2, 4))
    with pytest.raises(bp.SettingError, match="example_inputs is empty"):
        bp.from_torch(nn.Tanh(), ())


def test_the_module_is_left_as_it_was():
    network = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)).train()
    before = [p.requires_grad for p in network.parameters()]
    bp.from_torch(network, torch.randn(2, 3))
    assert network.training
    assert network[1].training
    assert [p.requires_grad for p in network.parameters()] == before
    assert all(p.grad is None for p in network.parameters())


def test_training_keeps_dropout_and_the_statistics_of_the_batch():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.25), nn.Linear(8, 3)).double()
    x = torch.randn(16, 6).double()
    model = bp.from_torch(network, x, train=True)
    assert model.trains_apart
    ((name, shape),) = model.noise_shapes(16).items()
    assert shape == (16, 8)
    kept = np.random.default_rng(0).uniform(size=shape)
    network.train()
    h = torch.relu(network[1](network[0](x))) * torch.from_numpy((kept >= 0.25) / 0.75)
    found = model.scores(model.first, x.numpy(), {name: kept})
    np.testing.assert_allclose(found, network[4](h).detach().numpy(), atol=1e-10)
    folded, parameters = model.folded(model.first, x.numpy())
    network[1].momentum = None
    network[1].reset_running_stats()
    network(x)
    # PyTorch keeps the unbiased variance.
    network[1].running_var.mul_(15 / 16)
    wanted = network.eval()(x[:3]).detach().numpy()
    np.testing.assert_allclose(folded.scores(parameters, x[:3].numpy()), wanted, atol=1e-10)
    assert not folded.trains_apart


def test_fit_save_and_load(tmp_path):
    network = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.1), nn.Linear(8, 2))
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4)).astype(np.float32)
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    model = bp.from_torch(network, X[:4], train=True)
    fit = bp.fit(model, X, y, epochs=100, seed=0, optimizer=bp.optimizers.adam(1e-2))
    assert np.mean(fit.network.predict(fit.parameters, X) == y) > 0.9
    bp.save(fit, tmp_path / "run")
    again = bp.load(tmp_path / "run")
    assert isinstance(again.network, TorchModel)
    np.testing.assert_array_equal(again.network.scores(again.parameters, X), fit.network.scores(fit.parameters, X))


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_engines(engine, resnet):
    model = resnet
    X = images().double().numpy()
    f = bp.value_and_grad(lambda p, X: np.mean(np.square(model.scores(p, X))))
    value, found = bp.compile(f, engine=engine)(model.first, X)
    plain, wanted = f(model.first, X)
    assert value == pytest.approx(plain, rel=1e-12)
    for name, g in wanted.items():
        np.testing.assert_allclose(found[name], g, atol=1e-10 * max(np.abs(g).max(), 1e-6))


def test_check_and_svg():
    network = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1)).double()
    model = bp.from_torch(network, torch.randn(2, 2).double())
    X = np.array([[0.3, -0.2]])
    assert bp.check(lambda p: np.sum(model.scores(p, X)), model.first).ok
    picture = bp.svg(bp.linearize(lambda p: np.sum(model.scores(p, X)), model.first))
    assert "0/matmul" in str(picture)


def test_plain_data_describe_the_network(transformer):
    data = json.loads(json.dumps(transformer.to_json()))
    again = TorchModel.from_json(data)
    X = tokens().numpy()
    np.testing.assert_array_equal(again.scores(transformer.first, X), transformer.scores(transformer.first, X))
    assert (again.inputs, again.outputs, again.vocabulary) == ((6,), (6, 20), 20)


def test_damaged_data_are_refused(transformer):
    data = transformer.to_json()
    whole = data["recipe"]
    name, op, args, settings, module = whole["steps"][3]
    for step, match in (
        ([name, "system", args, settings, module], "there is no operation 'system'"),
        ([name, op, [{"value": "later"}], settings, module], "reads 'later', which nothing before it made"),
        ([name, op, [{"object": "x"}], settings, module], "not the description"),
    ):
        damaged = {**whole, "steps": [*whole["steps"][:3], step, *whole["steps"][4:]]}
        with pytest.raises(bp.GraphError, match=match):
            Recipe.from_json(damaged)
    with pytest.raises(bp.GraphError, match="not a network of PyTorch"):
        TorchModel.from_json({**data, "buffers": 3})
