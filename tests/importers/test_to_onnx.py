"""Models as files: checked by ONNX's checker, run by its reference, read again, and refused where they cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

import backpath as bp
from backpath.importers import operations as op
from backpath.nets import ACTIVATIONS, Sequential
from backpath.nets.layers import (
    Activation,
    Affine,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalMeanPool,
    LayerNorm,
    MaxPool,
    MeanPool,
    PositionalEncoding,
    Residual,
    SelfAttention,
    TransformerBlock,
)


def agrees(model: bp.Model, X: np.ndarray, parameters: Any = None, **how: Any) -> Any:
    """The file gives our scores for several batches, and so does what is read of it."""
    parameters = model.init(1) if parameters is None else parameters
    proto = bp.to_onnx(model, None, parameters, **how)
    onnx.checker.check_model(proto, full_check=True)
    evaluator = ReferenceEvaluator(proto)
    again = bp.from_onnx(proto, X, compare=False)
    for n in {len(X)} if how.get("batch") else {1, len(X)}:
        some = X[:n]
        expected = np.asarray(model.scores(parameters, some))
        (found,) = evaluator.run(None, {"X": some})
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)
        np.testing.assert_allclose(again.scores(again.init(), some), expected, rtol=2e-5, atol=2e-6)
    return proto


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_networks(activation: str) -> None:
    proto = agrees(bp.Network([3, 5, 4, 2], activation), normal(6, 3))
    assert [array.name for array in proto.graph.initializer][:6] == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert [d.dim_param or d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim] == ["batch", 3]
    assert [d.dim_param or d.dim_value for d in proto.graph.output[0].type.tensor_type.shape.dim] == ["batch", 2]


IMAGES = {
    "convolutions": [Conv(4, 3), Activation("relu"), MaxPool(2), Conv(6, 3, stride=2, padding=1), Flatten(), Dense(3)],
    "groups and dilation": [Conv(4, 1), Conv(6, 3, groups=2, dilation=2), GlobalMeanPool(), Dense(3)],
    "pools": [Conv(3, (2, 3), padding="valid"), MeanPool(2), MaxPool(2, 1), Flatten(), Dense(3)],
    "normalizations": [Conv(4, 3), LayerNorm(), Affine(), Residual([Conv(4, 3)]), Flatten(), Dense(3)],
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_layers_of_images(name: str) -> None:
    agrees(Sequential(IMAGES[name], inputs=(9, 8, 2)), normal(4, 9, 8, 2))


def test_layers_of_sequences() -> None:
    blocks = [PositionalEncoding(), TransformerBlock(2, 12, causal=True, dropout=0.1), SelfAttention(2)]
    model = Sequential([Embedding(11, 8), *blocks, Dropout(0.2), Flatten(), Dense(3)], inputs=(5,))
    agrees(model, np.random.default_rng(0).integers(0, 11, (4, 5)))


def test_batch_normalization_is_written_as_it_predicts() -> None:
    model = Sequential([Dense(4), BatchNorm(), Activation("relu"), Dense(2)], inputs=(3,))
    X = normal(6, 3)
    folded, parameters = model.folded(model.init(0), X)
    agrees(folded, X, parameters)
    agrees(model, X[:2], batch=2)


def test_a_function_of_many_operations() -> None:
    def scores(p: Any, x: Any) -> Any:
        a = np.tanh(x @ p["W"])[:, ::-1]
        b = np.concatenate([a, np.cumsum(a, axis=1), np.roll(a, 1, axis=1)], axis=1)
        c = b[:, [0, 2, 4, 7]] * np.where(b[:, :4] > 0, 1.5, -np.exp(b[:, :4]))
        d = np.stack([np.max(c, axis=1), np.logaddexp(c[:, 0], c[:, 1]), np.hypot(c[:, 2], 1.0)], axis=1)
        e = np.expm1(0.01 * d) + np.log1p(np.abs(d)) + np.floor(3 * d) % 2 + np.mod(d, 0.7) + np.arctan(d) ** 3
        return e + bp.softplus(d) + bp.ndtr(d) + bp.logsumexp(d, 1, True) + np.einsum("bi,bj,ij->bi", d, d, p["V"])

    model = bp.Model(scores, {"W": normal(3, 4), "V": normal(3, 3)}, loss="squared_error").suited((3,))
    agrees(model, normal(7, 3))


def test_images_with_channels_in_front() -> None:
    """Transposes around windows cancel, in the file as in the graph."""

    def scores(p: Any, x: Any) -> Any:
        y = bp.relu(op.convolution(x, p["a"], p["b"], strides=2, pads=[(1, 1), (0, 1)]))
        y = op.max_pool(y, 2, 1)
        y = op.transposed_convolution(y, p["c"], strides=2, output_padding=1)
        y = op.resize(op.group_norm(y, 2), (2, 3), (7, 5), op.Resizing("linear"))
        return op.adaptive_pool(y, 1)[:, :, 0, 0]

    parameters = {"a": normal(4, 2, 3, 3), "b": normal(4), "c": normal(4, 4, 2, 2)}
    model = bp.Model(scores, parameters, loss="squared_error").suited((2, 9, 8))
    proto = agrees(model, normal(3, 2, 9, 8))
    operations = [node.op_type for node in proto.graph.node]
    assert {"Conv", "MaxPool", "ConvTranspose"} <= set(operations)


def test_a_file_that_was_read_is_written_again() -> None:
    first = bp.to_onnx(Sequential(IMAGES["convolutions"], inputs=(9, 8, 2)))
    model, X = bp.from_onnx(first, compare=False), normal(3, 9, 8, 2)
    second = bp.to_onnx(model)
    (expected,), (found,) = (ReferenceEvaluator(proto).run(None, {"X": X}) for proto in (first, second))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert [a.name for a in second.graph.initializer][:4] == [a.name for a in first.graph.initializer][:4]


def test_parameters_are_those_that_are_given() -> None:
    network = bp.Network([2, 2])
    parameters = {"W1": np.eye(2), "b1": np.zeros(2)}
    proto = bp.to_onnx(network, parameters=parameters)
    np.testing.assert_array_equal(numpy_helper.to_array(proto.graph.initializer[0]), np.eye(2))
    assert proto.graph.output[0].type.tensor_type.elem_type == onnx.TensorProto.DOUBLE


def test_files_are_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    bp.to_onnx(bp.Network([2, 2]), path)
    assert bp.from_onnx(path).parameter_shapes == {"W1": (2, 2), "b1": (2,)}
    with pytest.raises(bp.SettingError, match="exists: files are not overwritten"):
        bp.to_onnx(bp.Network([2, 2]), path)


def suited(scores: Any) -> bp.Model:
    return bp.Model(scores, {"w": np.ones(3, np.float32)}, loss="squared_error").suited((3,))


def test_all_primitives_that_cannot_be_written_in_one_error() -> None:
    model = suited(lambda p, x: (np.i0(x) + np.arctan2(x, p["w"])) * p["w"])
    with pytest.raises(bp.UnsupportedError) as error:
        bp.to_onnx(model)
    assert set(error.value.found) == {"i0", "arctan2"}


@pytest.mark.parametrize(
    "scores",
    [
        lambda p, x: x * p["w"] * len(x),
        lambda p, x: np.reshape(np.arange(len(x), dtype=np.float32), (-1, 1)) * x * p["w"],
        lambda p, x: np.concatenate([x[len(x) // 2 :], x[: len(x) // 2]]) * p["w"],
    ],
    ids=["number", "array", "slices"],
)
def test_what_follows_the_batch_otherwise_is_refused_or_written_for_one(scores: Any) -> None:
    with pytest.raises(bp.GraphError, match="batch=1"):
        bp.to_onnx(suited(scores))
    agrees(suited(scores), normal(3, 3), batch=3)


def test_inputs_that_are_not_known() -> None:
    model = bp.Model(lambda p, x: x * p["w"], {"w": np.ones(3, np.float32)}, loss="squared_error")
    with pytest.raises(bp.SettingError, match="give X, an example"):
        bp.to_onnx(model)
    assert bp.to_onnx(model, X=normal(2, 3)).graph.node[0].op_type == "Mul"
