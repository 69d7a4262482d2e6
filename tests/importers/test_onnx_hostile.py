"""Files that are damaged or made to do harm are refused with a clear error, and take little memory."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_files
import pytest
from onnx import TensorProto, helper

import backpath as bp


@contextmanager
def refused(match: str, error: type[Exception] = bp.DataError, most: int = 20 << 20) -> Iterator[None]:
    """An error with such words, after at most so many bytes."""
    tracemalloc.start()
    try:
        with pytest.raises(error, match=match):
            yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def saved(model: Any, folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


# Arrays outside the file.


def test_external_arrays_of_the_same_folder_are_read(tmp_path: Path) -> None:
    W = np.arange(6, dtype=np.float32).reshape(3, 2)
    (tmp_path / "weights.bin").write_bytes(b"12345678" + W.tobytes())
    path = saved(onnx_files.dense({"location": "weights.bin", "offset": "8", "length": "24"}), tmp_path)
    model = bp.from_onnx(path)
    np.testing.assert_array_equal(model.init()["W"], W)
    assert model.agreement is not None
    assert model.agreement.agrees
    assert len(model.agreement.values) == 1


@pytest.mark.parametrize(
    "location",
    ["../secret.bin", "/etc/passwd", "sub/weights.bin", "sub\\weights.bin", "..", ".", "", "a\0b", "./weights.bin"],
)
def test_arrays_outside_the_folder_are_not_read(tmp_path: Path, location: str) -> None:
    (tmp_path / "inner" / "sub").mkdir(parents=True)
    for place in (tmp_path / "secret.bin", tmp_path / "inner" / "sub" / "weights.bin"):
        place.write_bytes(bytes(24))
    path = saved(onnx_files.dense({"location": location}), tmp_path / "inner")
    with refused("no file of the model's own folder"):
        bp.from_onnx(path)


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(24))
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "weights.bin").symlink_to(tmp_path / "secret.bin")
    path = saved(onnx_files.dense({"location": "weights.bin"}), tmp_path / "inner")
    with refused("symbolic link"):
        bp.from_onnx(path)


def test_what_is_no_ordinary_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        path = saved(onnx_files.dense({"location": name}), tmp_path)
        with refused("no ordinary file|cannot be read"):
            bp.from_onnx(path)


@pytest.mark.parametrize(
    ("told", "match"),
    [
        ({"offset": "8"}, "takes 24 bytes from 8 on"),
        ({"offset": "-8"}, "no position"),
        ({"offset": "99999999999999999999"}, "no position"),
        ({"offset": "eight"}, "no position"),
        ({"length": "23"}, "takes 24 bytes, and 23 are there"),
        ({"length": "2000000000"}, "takes 24 bytes, and 2,000,000,000 are there"),
    ],
)
def test_sizes_of_external_arrays_that_lie(tmp_path: Path, told: dict[str, str], match: str) -> None:
    (tmp_path / "weights.bin").write_bytes(bytes(24))
    path = saved(onnx_files.dense({"location": "weights.bin", **told}), tmp_path)
    with refused(match):
        bp.from_onnx(path)


def test_external_arrays_of_a_model_without_a_folder() -> None:
    with refused("give from_onnx the model's path"):
        bp.from_onnx(onnx_files.dense({"location": "weights.bin"}))


def test_a_missing_external_file(tmp_path: Path) -> None:
    path = saved(onnx_files.dense({"location": "weights.bin"}), tmp_path)
    with refused("cannot be read: No such file"):
        bp.from_onnx(path)


# Sizes.


def tensor(dims: list[int], kind: int = TensorProto.FLOAT, **data: Any) -> Any:
    model = onnx_files.dense()
    made = TensorProto(name="W", data_type=kind, dims=dims, **data)
    model.graph.initializer[0].CopyFrom(made)
    return model


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (lambda: tensor([50_000, 10_000], raw_data=bytes(24)), "takes 2,000,000,000 bytes, and 24 are there"),
        (lambda: tensor([2**40, 2**40], raw_data=bytes(24)), "and 24 are there"),
        (lambda: tensor([2**62, 4, 2**62], raw_data=b""), "and 0 are there"),
        (lambda: tensor([-3, -2], raw_data=bytes(24)), "has shape"),
        (lambda: tensor([3, 2], raw_data=bytes(23)), "takes 24 bytes, and 23 are there"),
        (lambda: tensor([3, 2], float_data=[1.0] * 5), "has 5 numbers of 6"),
        (lambda: tensor([10**9], float_data=[1.0] * 5), "has 5 numbers"),
        (lambda: tensor([3, 2], kind=TensorProto.COMPLEX64, raw_data=bytes(48)), "numbers of type 14"),
        (lambda: tensor([3, 2], kind=77, raw_data=bytes(24)), "numbers of type 77"),
        (lambda: tensor([10**9], kind=TensorProto.STRING, string_data=[b"a"]), "holds 1 texts"),
    ],
)
def test_sizes_of_arrays_that_lie(model: Callable[[], Any], match: str) -> None:
    with refused(match):
        bp.from_onnx(model())


GIANT = np.array([1 << 20, 1 << 20], np.int64)


def node(op: str, inputs: list[str], **attributes: Any) -> Any:
    return helper.make_node(op, inputs, ["big"], **attributes)


@pytest.mark.parametrize(
    "made",
    [
        node("ConstantOfShape", ["giant"]),
        node("Expand", ["one", "giant"]),
        node("Tile", ["line", "many"]),
        node("Range", ["zero", "most", "step"]),
        node("Pad", ["line", "pads"]),
        node("OneHot", ["places", "depth", "values"]),
        node("Add", ["row", "column"]),
        node("Einsum", ["line", "line"], equation="i,j->ij"),
        node("Resize", ["line", "", "scales"]),
        node("Gather", ["wide", "indices"]),
    ],
    ids=lambda made: made.op_type,
)
def test_nodes_that_ask_for_giant_arrays(made: Any) -> None:
    n = 1 << 16
    known = {
        "giant": GIANT, "one": np.ones(1, np.float32), "line": np.ones(n, np.float32),
        "many": np.array([1 << 30]), "zero": np.array(0), "most": np.array(1 << 50), "step": np.array(1),
        "pads": np.array([0, 1 << 50]), "places": np.zeros(n, np.int64), "depth": np.array(1 << 30),
        "values": np.array([0, 1], np.float32), "row": np.ones((1, n), np.float32),
        "column": np.ones((n, 1), np.float32), "scales": np.array([1e12], np.float32),
        "wide": np.ones((2, n), np.float32), "indices": np.zeros(n, np.int64),
    }  # fmt: skip
    used = {name: known[name] for name in made.input if name}
    inputs = [onnx_files.value("x", ["n"])]
    outputs = [onnx_files.value("y", None)]
    # Weights of real numbers are traced, and take no room; what the file makes of whole numbers does.
    for name in ("line", "row", "column", "wide", "one"):
        if name in used:
            used[name] = used[name].astype(np.int64)
    last = helper.make_node("Size", ["big"], ["size"]), helper.make_node("Cast", ["size"], ["real"], to=1)
    nodes = [made, *last, helper.make_node("Mul", ["x", "real"], ["y"])]
    with refused("entries are the most|known numbers", bp.UnsupportedError, most=64 << 20):
        bp.from_onnx(onnx_files.model_of(nodes, inputs, outputs, used))


def test_an_array_that_doubles_and_doubles() -> None:
    nodes = [helper.make_node("Concat", [f"v{k}", f"v{k}"], [f"v{k + 1}"], axis=0) for k in range(60)]
    nodes += [helper.make_node("ReduceSum", ["v60"], ["s"]), helper.make_node("Mul", ["x", "s"], ["y"])]
    known = {"v0": np.ones(1024, np.int8)}
    model = onnx_files.model_of(nodes, [onnx_files.value("x", ["n"])], [onnx_files.value("y", None)], known)
    with refused("known numbers", bp.UnsupportedError, most=1 << 30):
        bp.from_onnx(model)


# Shapes of graphs.


def test_a_cycle() -> None:
    nodes = [helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Neg", ["a"], ["b"])]
    model = onnx_files.model_of(nodes, [onnx_files.value("x", [2])], [onnx_files.value("b", [2])])
    with refused("the graph has a cycle: a, b read what is made of their own results"):
        bp.from_onnx(model)


def test_a_value_made_twice() -> None:
    nodes = [helper.make_node("Neg", ["x"], ["y"]), helper.make_node("Abs", ["x"], ["y"])]
    with refused("the value y is made twice"):
        bp.from_onnx(onnx_files.model_of(nodes, [onnx_files.value("x", [2])], [onnx_files.value("y", [2])]))


def test_a_value_that_nothing_makes() -> None:
    nodes = [helper.make_node("Neg", ["z"], ["y"], name="minus")]
    with refused("node minus reads z, which nothing makes"):
        bp.from_onnx(onnx_files.model_of(nodes, [onnx_files.value("x", [2])], [onnx_files.value("y", [2])]))


def test_nodes_out_of_order_are_put_in_order() -> None:
    nodes = [helper.make_node("Neg", ["a"], ["y"]), helper.make_node("Exp", ["x"], ["a"])]
    model = bp.from_onnx(
        onnx_files.model_of(nodes, [onnx_files.value("x", [2])], [onnx_files.value("y", [2])]), compare=False
    )
    np.testing.assert_allclose(model.scores({}, np.array([0.0, 1.0])), [-1.0, -np.e])


def function(name: str, calls: list[str]) -> Any:
    nodes = [helper.make_node(call, ["a"], [f"b{k}"], domain="own") for k, call in enumerate(calls)]
    return helper.make_function("own", name, ["a"], ["b0"], nodes, [helper.make_opsetid("own", 1)])


def calling(functions: list[Any]) -> Any:
    nodes = [helper.make_node("f0", ["x"], ["y"], domain="own")]
    return onnx_files.model_of(nodes, [onnx_files.value("x", [2])], [onnx_files.value("y", [2])], {}, functions)


def test_functions_that_call_themselves() -> None:
    with refused("call each other without end, or too deeply: f0 calls f1 calls f0"):
        bp.from_onnx(calling([function("f0", ["f1"]), function("f1", ["f0"])]))


def test_functions_that_grow_without_bound() -> None:
    chain = [function(f"f{k}", [f"f{k + 1}"] * 10) for k in range(20)]
    end = helper.make_function(
        "own", "f20", ["a"], ["b0"], [helper.make_node("Neg", ["a"], ["b0"])], [helper.make_opsetid("", 21)]
    )
    with refused("more than 200,000 nodes"):
        bp.from_onnx(calling([*chain, end]))


def test_graphs_in_graphs() -> None:
    def nested(depth: int) -> Any:
        inner = [helper.make_node("Identity", ["x"], ["o"])] if depth == 0 else [branch(depth - 1)]
        return helper.make_graph(inner, "g", [], [onnx_files.value("o", [2])])

    def branch(depth: int) -> Any:
        graph = nested(depth)
        return helper.make_node(
            "If",
            ["c"],
            ["o"],
            then_branch=graph,
            else_branch=helper.make_graph(
                [helper.make_node("Identity", ["x"], ["o"])], "e", [], [onnx_files.value("o", [2])]
            ),
        )

    model = onnx_files.model_of(
        [branch(24)], [onnx_files.value("x", [2])], [onnx_files.value("o", [2])], {"c": np.array(True)}
    )
    assert bp.from_onnx(model, compare=False).scores({}, np.ones(2)).tolist() == [1.0, 1.0]
    # The bytes of deeper ones are refused where they are read, or their graphs are.
    with refused("inside each other|nested too deeply", most=200 << 20):
        bp.from_onnx(deep_bytes(200))


def deep_bytes(depth: int) -> bytes:
    """Graphs in graphs, written by hand: the library's own writer refuses them."""

    def field(number: int, body: bytes) -> bytes:
        size, head = len(body), bytes([number << 3 | 2])
        while size >= 128:
            head, size = head + bytes([size & 127 | 128]), size >> 7
        return head + bytes([size]) + body

    graph = b""
    for _ in range(depth):
        attribute = field(1, b"then_branch") + field(6, graph) + bytes([20 << 3 | 0]).replace(b"\xa0", b"\xa0\x01")
        graph = field(1, field(2, b"o") + field(4, b"If") + field(5, attribute + b"\x05"))
    opset = field(8, bytes([2 << 3, 21]))
    return b"\x08\x0a" + field(7, graph) + opset


def test_a_loop_without_end() -> None:
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["again"]), helper.make_node("Neg", ["v"], ["w"])],
        "body",
        [
            onnx_files.value("i", [], TensorProto.INT64),
            onnx_files.value("c", [], TensorProto.BOOL),
            onnx_files.value("v", [2]),
        ],
        [onnx_files.value("again", [], TensorProto.BOOL), onnx_files.value("w", [2])],
    )
    loop = helper.make_node("Loop", ["", "true", "x"], ["y"], body=body)
    model = onnx_files.model_of(
        [loop], [onnx_files.value("x", [2])], [onnx_files.value("y", [2])], {"true": np.array(True)}
    )
    with refused("more than 1,000 steps", bp.UnsupportedError, most=200 << 20):
        bp.from_onnx(model)


# What is no file.


@pytest.mark.parametrize("data", [b"", b"\x80\x04pickle", b"PK\x03\x04", bytes(range(137, 201)), b"\x0a" * 1000])
def test_bytes_that_are_no_model(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(data)
    for source in (data, tmp_path / "model.onnx"):
        with refused(r"no \.onnx file"):
            bp.from_onnx(source)


def test_a_truncated_file(tmp_path: Path) -> None:
    data = onnx_files.dense().SerializeToString()
    for length in range(0, len(data) - 1, 7):
        with pytest.raises(bp.BackpathError):
            bp.from_onnx(data[:length])


def test_changed_bytes_end_in_errors_of_ours() -> None:
    """Any byte may be another; what can still be read is read."""
    data = bytearray(onnx_files.dense().SerializeToString())
    rng = np.random.default_rng(0)
    for _ in range(300):
        changed = bytearray(data)
        for place in rng.integers(0, len(data), 2):
            changed[place] = rng.integers(0, 256)
        try:
            bp.from_onnx(bytes(changed), compare=False)
        except bp.BackpathError:
            continue


def test_a_missing_file(tmp_path: Path) -> None:
    with refused("cannot be read: No such file"):
        bp.from_onnx(tmp_path / "none.onnx")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    with refused("at most 2,147,483,647"):
        bp.from_onnx(path)


def test_an_object_that_is_no_model() -> None:
    with refused("was given a list"):
        bp.from_onnx([1, 2])


@pytest.mark.parametrize(("opset", "cure"), [(6, "version_converter"), (99, "pip install -U onnx")])
def test_versions_that_are_not_read(opset: int, cure: str) -> None:
    model = onnx_files.dense()
    model.opset_import[0].version = opset
    with refused(f"opset {opset}; 7 to {onnx.defs.onnx_opset_version()} are read: .*{cure}"):
        bp.from_onnx(model)


def test_complex_inputs() -> None:
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    kinds = [onnx_files.value(name, [2], TensorProto.COMPLEX64) for name in ("x", "y")]
    with refused("its input x holds complex64"):
        bp.from_onnx(onnx_files.model_of(nodes, kinds[:1], kinds[1:]))


def test_all_that_is_unsupported_in_one_error() -> None:
    nodes = [
        helper.make_node("DFT", ["x"], ["a"], name="first"),
        helper.make_node("DFT", ["x"], ["b"], name="second"),
        helper.make_node("Strange", ["x"], ["c"], name="third", domain="com.example"),
        helper.make_node("Sum", ["a", "b", "c"], ["y"]),
    ]
    model = onnx_files.model_of(nodes, [onnx_files.value("x", [2])], [onnx_files.value("y", [2])])
    with pytest.raises(bp.UnsupportedError) as error:
        bp.from_onnx(model)
    assert error.value.found == {"DFT": ("first", "second"), "com.example.Strange": ("third",)}
    assert "at 3 of its nodes" in str(error.value)
    assert "DFT: 2 times: first, second" in str(error.value)


def test_all_refusals_of_rules_in_one_error() -> None:
    nodes = [
        helper.make_node("NonZero", ["x"], ["a"], name="one"),
        helper.make_node("Cast", ["x"], ["b"], to=TensorProto.STRING, name="two"),
        helper.make_node("Cast", ["x"], ["c"], to=TensorProto.BFLOAT16, name="three"),
        helper.make_node("Neg", ["b"], ["y"]),
    ]
    model = onnx_files.model_of(nodes, [onnx_files.value("x", [2])], [onnx_files.value("y", [2])])
    with pytest.raises(bp.UnsupportedError) as error:
        bp.from_onnx(model)
    assert list(error.value.found.values()) == [("one",), ("two",), ("three",)]
