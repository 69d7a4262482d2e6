"""Files of ONNX's read for training: dropout as noise, batch statistics, and the model to predict with afterwards."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import backpath as bp

RNG = np.random.default_rng(5)
ARRAYS = {
    "W": RNG.normal(size=(4, 6)),
    "gain": RNG.normal(size=6) + 2,
    "shift": RNG.normal(size=6),
    "mean": RNG.normal(size=6),
    "variance": RNG.uniform(1, 2, 6),
    "V": RNG.normal(size=(6, 3)),
}
NORM = ["gain", "shift", "mean", "variance"]


def tensor(x: Any, name: str, dtype: Any = np.float32) -> Any:
    return numpy_helper.from_array(np.asarray(x, dtype), name)


def file(nodes: list[Any], functions: tuple[Any, ...] = (), more: tuple[Any, ...] = ()) -> Any:
    value = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", k]) for n, k in (("x", 4), ("y", 3))]
    known = [tensor(x, name) for name, x in ARRAYS.items()] + [tensor(0.25, "ratio"), tensor(True, "on", bool), *more]
    graph = helper.make_graph(nodes, "net", value[:1], value[1:], known)
    own = [helper.make_opsetid("", 21), *([helper.make_opsetid("own", 1)] if functions else [])]
    return helper.make_model(graph, opset_imports=own, functions=functions, ir_version=10)


def network(training: bool) -> Any:
    """A layer with batch normalization and dropout, as an exporter writes it in either mode."""
    told = {"training_mode": 1} if training else {}
    made = ["n", "new_mean", "new_variance"] if training else ["n"]
    return file(
        [
            helper.make_node("MatMul", ["x", "W"], ["h"]),
            helper.make_node("BatchNormalization", ["h", *NORM], made, **told),
            helper.make_node("Relu", ["n"], ["r"]),
            helper.make_node("Dropout", ["r", "ratio", *(["on"] if training else [])], ["d"]),
            helper.make_node("MatMul", ["d", "V"], ["y"]),
        ]
    )


@pytest.mark.parametrize("written", [False, True])
def test_the_loss_in_training_and_its_gradient_are_those_of_pytorch(written: bool) -> None:
    model = bp.from_onnx(network(written), train=True)
    X, y = RNG.normal(size=(7, 4)), RNG.integers(0, 3, 7)
    (name, shape), *others = model.noise_shapes(7).items()
    assert shape == (7, 6)
    assert not others
    noise = RNG.uniform(size=shape)
    parameters = model.init(dtype=np.float64)
    value, gradient = bp.value_and_grad(lambda p: model.loss_value(p, X, y, noise={name: noise}))(parameters)

    theirs = {n: torch.tensor(x, requires_grad=True) for n, x in parameters.items()}
    h = torch.tensor(X) @ theirs["W"]
    n = torch.nn.functional.batch_norm(h, None, None, theirs["gain"], theirs["shift"], training=True, eps=1e-5)
    d = n.relu() * torch.tensor(noise >= 0.25) / 0.75
    loss = torch.nn.functional.cross_entropy(d @ theirs["V"], torch.tensor(y))
    loss.backward()
    assert float(value) == pytest.approx(loss.item(), rel=1e-12)
    for key, x in theirs.items():
        np.testing.assert_allclose(gradient[key], x.grad, atol=1e-7, err_msg=key)  # epsilon is of single precision


@pytest.mark.parametrize("written", [False, True])
def test_by_default_a_file_is_read_as_it_predicts(written: bool) -> None:
    model = bp.from_onnx(network(written))
    assert model.agreement is not None
    assert model.agreement.agrees, str(model.agreement)
    assert len(model.agreement.values) >= 5
    assert not model.trains_apart
    assert not model.noise_shapes(3)
    x = RNG.normal(size=(3, 4))
    a = {name: value.astype(np.float32).astype(float) for name, value in ARRAYS.items()}
    n = (x @ a["W"] - a["mean"]) / np.sqrt(a["variance"] + 1e-5) * a["gain"] + a["shift"]
    expected = np.maximum(n, 0) @ a["V"]
    np.testing.assert_allclose(model.scores(model.init(dtype=np.float64), x), expected, rtol=1e-6)


def test_what_was_trained_predicts_with_the_statistics_of_its_examples(tmp_path: Any) -> None:
    model = bp.from_onnx(network(True), train=True)
    X = RNG.normal(size=(400, 4)).astype(np.float32) * 3 + 1
    y = (X[:, 0] > 1).astype(int) + (X[:, 1] > 1)
    fit = bp.fit(model, X, y, epochs=12, batch=20)
    assert np.mean(fit.predict(X) == y) > 0.9
    assert not fit.network.trains_apart
    h = X @ fit.parameters["W"]
    statistics = [x for name, x in fit.network.buffers.items() if name.startswith("n_")]
    np.testing.assert_allclose(statistics, [h.mean(0), h.var(0)], rtol=1e-4, atol=1e-4)
    bp.save(fit, tmp_path / "run")
    np.testing.assert_array_equal(bp.load(tmp_path / "run").predict(X), fit.predict(X))


def test_a_model_that_was_read_for_training_is_saved_as_such(tmp_path: Any) -> None:
    from backpath.training.runs.run_folder import read_model, write_model

    model = bp.from_onnx(network(False), train=True)
    write_model(tmp_path / "run", model, model.init(), {"features": None, "target": None}, (), {})
    read, _, _ = read_model(tmp_path / "run")
    assert read.trains_apart
    assert read.noise_shapes(2) == model.noise_shapes(2)


def test_a_function_that_is_called_twice_normalizes_with_two_statistics() -> None:
    opset = [helper.make_opsetid("", 21)]
    block = helper.make_function(
        "own", "block", ["a", *NORM], ["b"], [helper.make_node("BatchNormalization", ["a", *NORM], ["b"])], opset
    )
    proto = file(
        [
            helper.make_node("MatMul", ["x", "W"], ["h"]),
            helper.make_node("block", ["h", *NORM], ["one"], domain="own"),
            helper.make_node("Sin", ["one"], ["s"]),
            helper.make_node("block", ["s", *NORM], ["two"], domain="own"),
            helper.make_node("MatMul", ["two", "V"], ["y"]),
        ],
        (block,),
    )
    model = bp.from_onnx(proto, train=True)
    X = RNG.normal(size=(50, 4)).astype(np.float32)
    predicting, parameters = model.folded(model.init(), X)
    np.testing.assert_allclose(predicting.scores(parameters, X), model.scores(parameters, X), atol=1e-5)
    assert np.abs(predicting.scores(parameters, X[:9]) - model.scores(parameters, X[:9])).max() > 0.1


def test_batch_statistics_inside_a_branch_are_refused_where_they_have_no_place() -> None:
    value = helper.make_tensor_value_info("t", TensorProto.FLOAT, ["n", 6])
    branches = {
        key: helper.make_graph([helper.make_node(op, ["h", *more], ["t"])], key, [], [value])
        for key, op, more in (("then_branch", "BatchNormalization", NORM), ("else_branch", "Relu", []))
    }
    nodes = [
        helper.make_node("MatMul", ["x", "W"], ["h"]),
        helper.make_node("If", ["on"], ["c"], **branches),
        helper.make_node("MatMul", ["c", "V"], ["y"]),
    ]
    onnx.checker.check_model(file(nodes))
    assert bp.from_onnx(file(nodes)).agreement.agrees
    with pytest.raises(bp.UnsupportedError, match=r"BatchNormalization \(in a branch or a loop, read for training\)"):
        bp.from_onnx(file(nodes), train=True)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_pytorch_exports_for_training() -> None:
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3),
        torch.nn.BatchNorm2d(2),
        torch.nn.Dropout(0.2),
        torch.nn.Flatten(),
        torch.nn.Linear(8, 3),
    )
    written = io.BytesIO()
    x = torch.randn(5, 1, 4, 4)
    how = {"training": torch.onnx.TrainingMode.TRAINING, "do_constant_folding": False, "dynamo": False}
    named = {"input_names": ["x"], "dynamic_axes": {"x": {0: "n"}}}
    torch.onnx.export(module.train(), (x,), written, **how, **named)
    model = bp.from_onnx(written.getvalue(), train=True)
    assert list(model.parameter_shapes) == [name for name, _ in module.named_parameters()]
    assert list(model.noise_shapes(7).values()) == [(7, 2, 2, 2)]
    module[2].eval()
    np.testing.assert_allclose(model.scores(model.init(), x.numpy()), module(x).detach(), rtol=1e-4, atol=1e-5)
