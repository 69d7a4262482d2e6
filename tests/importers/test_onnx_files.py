"""What is made of a file: what is trained, outputs, batches, precision, loops, functions, and the comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx_files
import pytest
from onnx import TensorProto, helper

import backpath as bp
from backpath.importers import compared


def real(*shape: int) -> np.ndarray:
    return np.random.default_rng(shape).normal(size=shape).astype(np.float32)


def convolutional(batch: Any = "n") -> Any:
    """Convolution, normalization, clip, a reshape for that batch, a dense layer, and softmax."""
    nodes = [
        helper.make_node("Conv", ["x", "conv.weight"], ["a"], pads=[1, 1, 1, 1], name="/body/conv/Conv"),
        helper.make_node("BatchNormalization", ["a", "bn.gain", "bn.shift", "bn.mean", "bn.var"], ["b"]),
        helper.make_node("Clip", ["b", "low", "high"], ["c"]),
        helper.make_node("Reshape", ["c", "shape"], ["d"]),
        helper.make_node("Gemm", ["d", "fc.weight", "fc.bias"], ["logits"], transB=1),
        helper.make_node("Softmax", ["logits"], ["p"]),
        helper.make_node("ArgMax", ["p"], ["label"], axis=1, keepdims=0),
    ]
    known = {
        "conv.weight": real(2, 1, 3, 3), "bn.gain": real(2), "bn.shift": real(2), "bn.mean": real(2),
        "bn.var": real(2) ** 2, "low": np.float32(-6.0), "high": np.float32(6.0), "fc.weight": real(3, 32),
        "fc.bias": real(3), "shape": np.array([1 if batch == 1 else -1, 32]), "unused": real(4),
    }  # fmt: skip
    outputs = [onnx_files.value("label", [batch], TensorProto.INT64), onnx_files.value("p", [batch, 3])]
    return onnx_files.model_of(nodes, [onnx_files.value("x", [batch, 1, 4, 4])], outputs, known)


def test_weights_are_trained_and_what_says_how_is_known() -> None:
    model = bp.from_onnx(convolutional())
    assert list(model.parameter_shapes) == ["conv.weight", "bn.gain", "bn.shift", "fc.weight", "fc.bias"]
    assert set(model.buffers) == {"bn.mean", "bn.var", "low", "high", "shape", "unused"}
    assert (model.inputs, model.outputs, model.loss, model.output) == ((1, 4, 4), (3,), "cross_entropy", "p")
    assert model.input_names == ("x",)
    assert "7 nodes" in str(model.agreement)


def test_scores_are_any_value_and_lead_to_no_more_nodes() -> None:
    proto, X = convolutional(), real(2, 1, 4, 4)
    logits = bp.from_onnx(proto, output="logits", compare=False)
    whole = bp.from_onnx(proto, compare=False)
    np.testing.assert_allclose(bp.log_softmax(logits.scores(logits.init(), X), 1),
                               np.log(whole.scores(whole.init(), X)), rtol=1e-4)  # fmt: skip
    assert bp.from_onnx(proto, before_link=True, compare=False).output == "logits"
    graph = bp.trace(logits.scores, logits.init(), X)
    assert not any(node.primitive in ("softmax", "argmax") for node in graph.nodes)
    label, p, more = logits.call(logits.init(), X)
    np.testing.assert_array_equal(label, p.argmax(1))
    assert more.shape == (2, 3)
    with pytest.raises(bp.SettingError, match="makes no such value; its outputs are label, p"):
        bp.from_onnx(proto, output="q")


def test_a_file_of_one_example_takes_any_batch() -> None:
    one, many, X = bp.from_onnx(convolutional(1)), bp.from_onnx(convolutional()), real(5, 1, 4, 4)
    parameters = one.init()
    assert one.inputs == (1, 4, 4)
    np.testing.assert_array_equal(one.scores(parameters, X), many.scores(parameters, X))
    y = np.arange(5) % 3
    trained = bp.fit(bp.from_onnx(convolutional(1), before_link=True), X, y, epochs=2, batch=3)
    assert np.isfinite(trained.history[-1].loss)


def test_in_double_precision_nothing_is_rounded_to_single() -> None:
    """A Cast to the file's own type, and its constants, follow the numbers that are given."""
    nodes = [
        helper.make_node("Cast", ["x"], ["a"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["a", "third"], ["b"]),
        helper.make_node("MatMul", ["b", "W"], ["y"]),
    ]
    known = {"third": np.float32(1 / 3), "W": real(3, 2)}
    proto = onnx_files.model_of(nodes, [onnx_files.value("x", ["n", 3])], [onnx_files.value("y", ["n", 2])], known)
    model = bp.from_onnx(proto)
    X = np.random.default_rng(1).normal(size=(4, 3))
    found = model.scores(model.init(0, np.float64), X)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, X * known["third"].astype(float) @ known["W"].astype(float), rtol=1e-14)
    assert model.scores(model.init(), X.astype(np.float32)).dtype == np.float32


def test_several_inputs_by_name_or_in_order() -> None:
    nodes = [helper.make_node("Gather", ["table", "ids"], ["e"]), helper.make_node("Mul", ["e", "mask"], ["y"])]
    inputs = [onnx_files.value("ids", ["n", 3], TensorProto.INT64), onnx_files.value("mask", ["n", 3, 1])]
    proto = onnx_files.model_of(nodes, inputs, [onnx_files.value("y", None)], {"table": real(7, 2)})
    model = bp.from_onnx(proto)
    ids, mask = np.array([[0, 6, 2]]), np.array([[[1.0], [0.0], [2.0]]], np.float32)
    expected = model.init()["table"][ids] * mask
    parameters = model.init()
    for X in ((ids, mask), [ids, mask], {"mask": mask, "ids": ids}):
        np.testing.assert_array_equal(model.scores(parameters, X), expected)
    with pytest.raises(bp.ShapeError, match=r"has 2 inputs \(ids, mask\), and 1 were given"):
        model.scores(parameters, ids)
    with pytest.raises(bp.ShapeError, match="given were ids, other"):
        model.scores(parameters, {"ids": ids, "other": mask})
    explained = bp.explain(model, (parameters, {"ids": ids, "mask": mask}), (0, 2, 1), "X.mask")
    assert explained.gradient["X.mask"][0, 2, 0] == pytest.approx(parameters["table"][2, 1])


def test_whole_numbers_that_pick_rows() -> None:
    nodes = [helper.make_node("Gather", ["table", "ids"], ["e"]), helper.make_node("ReduceSum", ["e", "one"], ["y"])]
    known = {"table": real(7, 2), "one": np.array([1])}
    proto = onnx_files.model_of(
        nodes, [onnx_files.value("ids", ["n", 3], TensorProto.INT64)], [onnx_files.value("y", None)], known
    )
    model = bp.from_onnx(proto)
    assert (model.vocabulary, model.inputs, list(model.parameter_shapes)) == (7, (3,), ["table"])


def test_arrays_that_a_shape_depends_on_are_no_parameters() -> None:
    nodes = [
        helper.make_node("Mul", ["scale", "two"], ["s"]),
        helper.make_node("Resize", ["x", "", "s"], ["a"], mode="linear"),
        helper.make_node("Conv", ["a", "W"], ["y"]),
    ]
    known = {
        "scale": np.array([0.5, 0.5, 1, 1], np.float32),
        "two": np.array([2, 2, 2, 2], np.float32),
        "W": real(1, 1, 2, 2),
    }
    proto = onnx_files.model_of(nodes, [onnx_files.value("x", ["n", 1, 3, 3])], [onnx_files.value("y", None)], known)
    model = bp.from_onnx(proto)
    assert list(model.parameter_shapes) == ["W"]
    assert model.scores(model.init(), real(2, 1, 3, 3)).shape == (2, 1, 5, 5)


def test_masks_are_no_weights() -> None:
    nodes = [helper.make_node("Add", ["x", "mask"], ["a"]), helper.make_node("Add", ["a", "b"], ["y"])]
    known = {"mask": np.array([0, -np.inf, 0], np.float32), "b": real(3)}
    proto = onnx_files.model_of(nodes, [onnx_files.value("x", ["n", 3])], [onnx_files.value("y", None)], known)
    assert list(bp.from_onnx(proto).parameter_shapes) == ["b"]


def doubling() -> Any:
    """x, doubled three times, and all that is on the way."""
    body = helper.make_graph(
        [
            helper.make_node("Add", ["v", "v"], ["w"]),
            helper.make_node("Mul", ["w", "gain"], ["row"]),
            helper.make_node("Identity", ["c"], ["again"]),
        ],
        "body",
        [
            onnx_files.value("i", [], TensorProto.INT64), onnx_files.value("c", [], TensorProto.BOOL),
            onnx_files.value("v", [2]),
        ],
        [onnx_files.value("again", [], TensorProto.BOOL), onnx_files.value("w", [2]), onnx_files.value("row", [2])],
    )  # fmt: skip
    loop = helper.make_node("Loop", ["three", "", "x"], ["last", "rows"], body=body)
    return onnx_files.model_of(
        [loop, helper.make_node("ReduceSum", ["rows", "zero"], ["y"], keepdims=0)], [onnx_files.value("x", [2])],
        [onnx_files.value("y", [2])], {"three": np.array(3), "zero": np.array([0]), "gain": real(2)},
    )  # fmt: skip


def test_a_loop_of_known_length_reads_values_around_it() -> None:
    model = bp.from_onnx(doubling())
    parameters, x = model.init(0, np.float64), np.array([1.0, -2.0])
    np.testing.assert_allclose(model.scores(parameters, x), 14 * x * parameters["gain"])
    np.testing.assert_allclose(bp.grad(lambda x: np.sum(model.scores(parameters, x)))(x), 14 * parameters["gain"])


def test_a_branch_by_a_traced_condition() -> None:
    def one(op: str) -> Any:
        return helper.make_graph([helper.make_node(op, ["x"], ["o"])], op, [], [onnx_files.value("o", [2])])

    nodes = [
        helper.make_node("ReduceSum", ["x"], ["s"], keepdims=0),
        helper.make_node("Greater", ["s", "zero"], ["c"]),
        helper.make_node("If", ["c"], ["y"], then_branch=one("Exp"), else_branch=one("Neg")),
    ]
    proto = onnx_files.model_of(
        nodes, [onnx_files.value("x", [2])], [onnx_files.value("y", [2])], {"zero": np.float32(0)}
    )
    model = bp.from_onnx(proto)
    for x in (np.array([1.0, 2.0]), np.array([-1.0, -2.0])):
        slope = np.exp(x) if x.sum() > 0 else -np.ones(2)
        np.testing.assert_allclose(bp.grad(lambda x: np.sum(model.scores({}, x)))(x), slope)


def test_functions_of_the_file_with_attributes_and_scopes() -> None:
    inner = helper.make_node("LeakyRelu", ["a"], ["b"])
    attribute = inner.attribute.add()
    attribute.name, attribute.ref_attr_name, attribute.type = "alpha", "slope", 1
    leaky = helper.make_function("own", "Leaky", ["a"], ["b"], [inner], [helper.make_opsetid("", 21)], ["slope"])
    twice = helper.make_function(
        "own", "Twice", ["a"], ["c"],
        [
            helper.make_node("Leaky", ["a"], ["b"], domain="own", slope=0.5),
            helper.make_node("Leaky", ["b"], ["c"], domain="own", slope=0.25),
        ],
        [helper.make_opsetid("own", 1)],
    )  # fmt: skip
    nodes = [helper.make_node("Twice", ["x"], ["y"], domain="own", name="/body/act/Twice")]
    proto = onnx_files.model_of(nodes, [onnx_files.value("x", [2])], [onnx_files.value("y", [2])], {}, [leaky, twice])
    model = bp.from_onnx(proto)
    np.testing.assert_allclose(model.scores({}, np.array([-8.0, 8.0])), [-1.0, 8.0])
    assert [n.name for n in bp.trace(model.scores, {}, np.zeros(2)).nodes][1].startswith("body.act/leaky_relu")


def test_the_first_node_that_differs_is_named() -> None:
    x = np.ones(3)
    found = compared("a model", "a framework", [("a", x, x), ("b", x, 1.5 * x), ("c", x, 2 * x)], {"W": (x, x)})
    assert not found.agrees
    assert found.first is not None
    assert found.first.name == "b"
    assert found.largest == pytest.approx(0.5)
    assert "first to differ: b: 5.0e-01" in str(found)
    for other in (np.ones(2), np.array([1.0, 1.0, np.nan])):
        assert not compared("a", "b", [("a", x, other)]).agrees
    infinite = np.array([np.inf, 1.0, -np.inf])
    assert compared("a", "b", [("a", infinite, infinite)]).agrees


def test_a_rule_that_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from backpath.importers.onnx_reading import RULES

    monkeypatch.setitem(RULES, "Clip", lambda c: c[0] + 1)
    agreement = bp.from_onnx(convolutional()).agreement
    assert agreement is not None
    assert not agreement.agrees
    assert agreement.first is not None
    assert agreement.first.name == "c"


def test_paths_and_bytes(tmp_path: Path) -> None:
    proto = convolutional()
    (tmp_path / "net.onnx").write_bytes(proto.SerializeToString())
    for source in (tmp_path / "net.onnx", str(tmp_path / "net.onnx"), proto.SerializeToString()):
        assert bp.from_onnx(source, compare=False).parameter_count == 18 + 4 + 96 + 3
    assert "net.onnx" in repr(bp.from_onnx(tmp_path / "net.onnx", compare=False))
