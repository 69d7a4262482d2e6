"""Files that PyTorch and scikit-learn's models are exported to: values, gradients, names, and modules."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest
import skl2onnx
import torch
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

import backpath as bp
from backpath.ops import scope_of


class Block(torch.nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(outputs)
        self.conv2 = torch.nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(outputs)
        self.skip = torch.nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + self.skip(x))


class Residual(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 4, 5, 2, 2)
        self.pool = torch.nn.MaxPool2d(3, 2, 1)
        self.layer1 = torch.nn.Sequential(Block(4, 4, 1), Block(4, 8, 2))
        self.fc = torch.nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layer1(self.pool(torch.relu(self.stem(x))))
        return self.fc(torch.flatten(torch.nn.functional.adaptive_avg_pool2d(x, 1), 1))


class Transformer(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(20, 8)
        layer = torch.nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True, activation="gelu")
        self.body = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = torch.nn.Linear(8, 20)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mask = torch.nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.head(self.body(self.embed(x), mask=mask, is_causal=True))


class Recurrent(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(3, 4, 2, bidirectional=True)
        self.gru = torch.nn.GRU(8, 5)
        self.head = torch.nn.Linear(5, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.gru(self.lstm(torch.transpose(x, 0, 1))[0])[0][-1])


def exported(module: torch.nn.Module, x: torch.Tensor, **how: Any) -> bytes:
    """A file of the module in eval mode."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if how.pop("dynamo", False):
            batch = ({0: torch.export.Dim("batch")},)
            program = torch.onnx.export(module.eval(), (x,), dynamo=True, dynamic_shapes=batch, verbose=False)
            assert program is not None
            return program.model_proto.SerializeToString()
        axes = {"x": {0: "batch"}}
        torch.onnx.export(
            module.eval(), (x,), file, dynamo=False, input_names=["x"], dynamic_axes=axes, do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE, **how,
        )  # fmt: skip
    return file.getvalue()


def examples(kind: str, n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    match kind:
        case "residual":
            return rng.normal(size=(n, 3, 16, 16)).astype(np.float32)
        case "recurrent":
            return rng.normal(size=(n, 6, 3)).astype(np.float32)
        case _:
            return rng.integers(0, 20, (n, 7))


NAMED = {"residual": 0.7, "transformer": 0.4, "recurrent": 0.1}
"""Part of the parameters that the exporter writes down as they are; others it folds into new ones, as transposes."""

MODULES = {"residual": Residual, "transformer": Transformer, "recurrent": Recurrent}


@pytest.mark.parametrize("kind", MODULES)
def test_files_of_pytorch(kind: str) -> None:
    """Values for other batches, and the gradient by every parameter that the file names as the module does."""
    torch.manual_seed(0)
    module = MODULES[kind]()
    # The exporter keeps equal arrays once.
    for array in (*module.buffers(), *module.parameters()):
        array.data += (0.1 * torch.rand(array.shape)).to(array.dtype)
    model = bp.from_onnx(exported(module, torch.tensor(examples(kind, 2))))
    assert model.agreement is not None
    assert model.agreement.agrees, str(model.agreement)
    X = examples(kind, 5)
    scores = module(torch.tensor(X))
    parameters = model.init()
    np.testing.assert_allclose(model.scores(parameters, X), scores.detach().numpy(), rtol=1e-4, atol=1e-5)
    weights = np.random.default_rng(0).normal(size=scores.shape).astype(np.float32)
    (scores * torch.tensor(weights)).sum().backward()
    gradients = bp.grad(lambda p: np.sum(model.scores(p, X) * weights))(parameters)
    theirs = {name: p.grad.numpy() for name, p in module.named_parameters() if p.grad is not None}
    shared = theirs.keys() & gradients.keys()
    assert len(shared) >= NAMED[kind] * len(theirs)
    for name in shared:
        scale = np.abs(theirs[name]).max()
        np.testing.assert_allclose(gradients[name], theirs[name], rtol=1e-4, atol=1e-5 * max(scale, 1), err_msg=name)


def test_nodes_are_named_after_their_modules() -> None:
    model = bp.from_onnx(exported(Residual(), torch.tensor(examples("residual", 2))), compare=False)
    graph = bp.trace(model.scores, model.init(), examples("residual", 2))
    scopes = {scope_of(node.name) for node in graph.nodes}
    assert {"stem", "layer1.0.conv1", "layer1.0.bn2", "layer1.1.skip", "fc"} <= scopes


def test_a_file_of_pytorchs_newer_exporter() -> None:
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv1d(2, 4, 3), torch.nn.BatchNorm1d(4), torch.nn.GELU(), torch.nn.Flatten(), torch.nn.Linear(24, 3)
    )
    x = torch.randn(2, 2, 8)
    model = bp.from_onnx(exported(module, x, dynamo=True))
    assert model.agreement is not None
    assert model.agreement.agrees, str(model.agreement)
    X = torch.randn(5, 2, 8)
    np.testing.assert_allclose(model.scores(model.init(), X.numpy()), module(X).detach().numpy(), rtol=1e-4, atol=1e-6)
    assert {"4.weight", "4.bias"} <= set(model.parameter_shapes)
    graph = bp.trace(model.scores, model.init(), X.numpy())
    assert "4" in {scope_of(node.name) for node in graph.nodes}


IRIS, LABELS = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[LABELS]
SUGARS, PROGRESS = load_diabetes(return_X_y=True)


def fitted(model: Any, X: np.ndarray, y: np.ndarray) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


CLASSIFIERS = {
    "perceptron": (make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=20, random_state=0)), LABELS),
    "perceptron, names": (MLPClassifier((8, 5), "tanh", max_iter=20, random_state=0), NAMES),
    "perceptron, two classes": (MLPClassifier((4,), "logistic", max_iter=20, random_state=0), LABELS > 0),
    "logistic": (make_pipeline(MinMaxScaler(), LogisticRegression()), LABELS),
    "logistic, two classes": (make_pipeline(Normalizer(), LogisticRegression()), (LABELS > 0).astype(int)),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("options", [{"zipmap": False}, {}], ids=["arrays", "dictionaries"])
def test_classifiers_of_scikit_learn(name: str, options: dict[str, Any]) -> None:
    """The example is of type double in the one, and single in the other."""
    made, y = CLASSIFIERS[name]
    made = fitted(made, IRIS, y)
    proto = skl2onnx.to_onnx(made, IRIS[:1].astype(np.float32), options={id(made): options} if options else None)
    model = bp.from_onnx(proto)
    parameters = model.init()
    found = model.scores(parameters, IRIS.astype(np.float32))
    np.testing.assert_allclose(found, made.predict_proba(IRIS), rtol=1e-4, atol=1e-5)
    assert model.parameter_count > 4
    slope = bp.grad(lambda X: np.sum(model.scores(parameters, X)[:, 0]))(IRIS[:3].astype(np.float64))
    assert np.isfinite(slope).all()
    assert np.abs(slope).max() > 0


@pytest.mark.parametrize(
    "made", [MLPRegressor(hidden_layer_sizes=(6,), max_iter=20, random_state=0), LinearRegression()]
)
def test_regressors_of_scikit_learn(made: Any) -> None:
    made = fitted(made, SUGARS, PROGRESS)
    model = bp.from_onnx(skl2onnx.to_onnx(made, SUGARS[:1].astype(np.float32)))
    assert model.loss == "squared_error"
    found = model.scores(model.init(), SUGARS.astype(np.float32))
    np.testing.assert_allclose(found[:, 0], made.predict(SUGARS), rtol=1e-4)


def test_trees_of_scikit_learn_are_refused_by_name() -> None:
    made = DecisionTreeClassifier(max_depth=2).fit(IRIS, LABELS)
    with pytest.raises(bp.UnsupportedError, match=r"ai\.onnx\.ml\.TreeEnsembleClassifier: once"):
        bp.from_onnx(skl2onnx.to_onnx(made, IRIS[:1].astype(np.float32)))


def test_training_goes_on_from_a_file() -> None:
    made, y = CLASSIFIERS["perceptron"]
    proto = skl2onnx.to_onnx(fitted(made, IRIS, y), IRIS[:1].astype(np.float32), options={id(made): {"zipmap": False}})
    model = bp.from_onnx(proto, before_link=True)
    assert model.output_names[-1] not in ("label", "probabilities")
    X = IRIS.astype(np.float32)
    before = model.loss_value(model.init(), X, LABELS)
    trained = bp.fit(model, X, LABELS, epochs=30, seed=0)
    assert model.loss_value(trained.parameters, X, LABELS) < 0.7 * before
    assert np.mean(trained.predict(X) == LABELS) > 0.9


def test_what_is_saved_of_a_trained_file_is_read_again(tmp_path: Any) -> None:
    made, y = CLASSIFIERS["logistic"]
    proto = skl2onnx.to_onnx(fitted(made, IRIS, y), IRIS[:1].astype(np.float32), options={id(made): {"zipmap": False}})
    X = IRIS.astype(np.float32)
    trained = bp.fit(bp.from_onnx(proto, before_link=True), X, LABELS, epochs=2, seed=0)
    bp.save(trained, tmp_path / "run")
    loaded = bp.load(tmp_path / "run")
    np.testing.assert_array_equal(
        loaded.network.scores(loaded.parameters, X), trained.network.scores(trained.parameters, X)
    )
    (tmp_path / "run" / "model.onnx").write_bytes(b"other")
    with pytest.raises(bp.RunError, match="checksum"):
        bp.load(tmp_path / "run")
