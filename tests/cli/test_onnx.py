"""The commands on .onnx files: export, explain, check, and train."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from sklearn.datasets import load_iris

import backpath as bp
from backpath.cli import main


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of a network, inputs for it, and a table."""
    monkeypatch.chdir(tmp_path)
    network = bp.Network([4, 5, 3], "tanh")
    bp.to_onnx(network, tmp_path / "net.onnx", network.init(3))
    X, y = load_iris(return_X_y=True)
    np.savez(tmp_path / "x.npz", X=X[:3].astype(np.float32))
    np.save(tmp_path / "x.npy", X[:3].astype(np.float32))
    rows = [",".join(map(str, [*x, k])) for x, k in zip(X, y, strict=True)]
    (tmp_path / "iris.csv").write_text("\n".join(["a,b,c,d,kind", *rows]) + "\n")
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_explain_a_number_of_a_files_output(there: Path) -> None:
    told = run("explain", "net.onnx", "--input", "x.npz", "--output", "scores[1,2]", "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.output)
    network = bp.Network([4, 5, 3], "tanh")
    parameters = {name: np.asarray(x, float) for name, x in network.init(3).items()}
    X = np.asarray(np.load(there / "x.npz")["X"], float)
    expected = bp.explain(network, (parameters, X), (1, 2), "X")
    assert found["agrees_with_reference"] is True
    assert found["mass"] == pytest.approx(expected.total_mass)
    shown = run("explain", "net.onnx", "--input", "x.npy")
    assert shown.exit_code == 0, shown.output
    best = int(np.argmax(network.scores(parameters, X)[0]))
    assert f"scores at [0, {best}], x.npy" in shown.output
    assert "beside onnx.reference: values of 4 nodes" in shown.output
    assert "X[0," in shown.output
    assert (there / "explanations" / "net-explained-1" / "explanation.json").is_file()


def test_check_a_file(there: Path) -> None:
    told = run("check", "net.onnx")
    assert told.exit_code == 0, told.output
    assert "beside onnx.reference" in told.output
    assert "complex step" in told.output
    assert json.loads(run("check", "net.onnx", "--json").output)["ok"] is True


def test_train_a_files_model_further_and_all_that_a_run_can(there: Path) -> None:
    told = run(
        "train",
        "net.onnx",
        "iris.csv",
        "--target",
        "kind",
        "--epochs",
        "60",
        "--out",
        "run",
        "--rate",
        "0.02",
        "--optimizer",
        "adam",
    )
    assert told.exit_code == 0, told.output
    assert "net.onnx, cross_entropy" in told.output
    (there / "net.onnx").unlink()
    predicted = run("predict", "run", "iris.csv").output.splitlines()[1:]
    kinds = [line.split(",")[0] for line in predicted]
    assert np.mean(np.array(kinds, int) == load_iris().target) > 0.9
    for words in (("explain", "run", "--sample", "3"), ("check", "run")):
        again = run(*words)
        assert again.exit_code == 0, again.output
    written = run("export", "run", "again.onnx")
    assert written.exit_code == 0, written.output
    X = load_iris().data
    proto = onnx.load("again.onnx")
    labels, probabilities = ReferenceEvaluator(proto).run(None, {"columns": X})
    assert [str(k) for k in labels] == kinds
    np.testing.assert_allclose(probabilities[0], [float(p) for p in predicted[0].split(",")[1:]], rtol=1e-4)


def test_a_file_s_classes_keep_their_order(there: Path) -> None:
    """Its first score is that of the class that stands last in the alphabet."""
    kinds = np.array(["rose", "iris", "aster"])
    X, y = load_iris(return_X_y=True)
    rows = [",".join([*map(str, x), kinds[k]]) for x, k in zip(X, y, strict=True)]
    (there / "flowers.csv").write_text("\n".join(["a,b,c,d,kind", *rows]) + "\n")
    network = bp.Network([4, 3], "tanh")
    trained = bp.fit(network, X.astype(np.float32), y, epochs=80)
    proto = bp.to_onnx(network, there / "plain.onnx", trained.parameters)
    nodes = [
        helper.make_node("ArgMax", ["scores"], ["k"], axis=1, keepdims=0),
        helper.make_node("Gather", ["kinds", "k"], ["kind"]),
    ]
    proto.graph.node.extend(nodes)
    proto.graph.initializer.append(numpy_helper.from_array(kinds.astype(object), "kinds"))
    proto.graph.output.append(helper.make_tensor_value_info("kind", TensorProto.STRING, ["n"]))
    onnx.save(proto, there / "flowers.onnx")
    assert bp.from_onnx(there / "flowers.onnx").labels == ("rose", "iris", "aster")
    words = (
        "train",
        "flowers.onnx",
        "flowers.csv",
        "--target",
        "kind",
        "--epochs",
        "1",
        "--rate",
        "1e-6",
        "--out",
        "run",
    )
    told = run(*words)
    assert told.exit_code == 0, told.output
    lines = run("predict", "run", "flowers.csv").output.splitlines()
    assert lines[0] == "prediction,p(rose),p(iris),p(aster)"
    found = [line.split(",")[0] for line in lines[1:]]
    assert np.mean(np.array(found) == kinds[y]) > 0.9


def test_what_a_run_exported_is_explained_by_its_columns_texts_among_them(there: Path) -> None:
    rng = np.random.default_rng(0)
    towns, sizes = rng.choice(["ulm", "bonn"], 80), rng.normal(size=80)
    kinds = np.where(sizes + (towns == "ulm") > 0, "dear", "cheap")
    rows = [f"{s},{t},{k}" for s, t, k in zip(sizes, towns, kinds, strict=True)]
    (there / "homes.csv").write_text("\n".join(["size,town,price", *rows]) + "\n")
    assert run("train", "homes.csv", "--target", "price", "--epochs", "9", "--out", "run").exit_code == 0
    assert run("export", "run", "homes.onnx").exit_code == 0
    np.savez(there / "homes.npz", size=sizes[:4, None], town=towns[:4, None])
    words = "explain", "homes.onnx", "--input", "homes.npz", "--output", "probabilities[2,0]", "--json"
    told = run(*words)
    assert told.exit_code == 0, told.output
    found = json.loads(told.output)
    assert found["agrees_with_reference"] is True
    assert found["inputs"] == ["X.size"]
    model = bp.from_onnx(there / "homes.onnx")
    X = {"size": sizes[:, None], "town": towns[:, None].astype(object)}
    scores = model.scores(model.init(), X)
    lines = run("predict", "run", "homes.csv").output.splitlines()
    np.testing.assert_allclose(scores, [list(map(float, line.split(",")[1:])) for line in lines[1:]], atol=1e-5)
    assert model.labels == ("cheap", "dear")


def test_parts_of_a_file_s_model_and_what_they_carry(there: Path) -> None:
    def named(op: str, name: str, *inputs: str) -> Any:
        return helper.make_node(op, inputs, [name], f"/{name}/{op}")

    nodes = [named("MatMul", "stem", "x", "W"), named("Tanh", "block/act", "stem")]
    nodes += [named("MatMul", "block/mix", "block/act", "V"), named("Add", "block", "stem", "block/mix")]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in ("x", "block")]
    known = [numpy_helper.from_array(np.eye(3, dtype=np.float32) * k, name) for k, name in ((2, "W"), (-0.5, "V"))]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", values[:1], values[1:], known)), there / "parts.onnx")
    np.save(there / "three.npy", np.zeros((1, 3), np.float32))
    words = "explain", "parts.onnx", "--input", "three.npy", "--output", "block[0,1]", "--by"
    told = json.loads(run(*words, "module", "--json").output)["carried"]
    assert told["by"] == "module"
    shares = {part["name"]: part["share"] for part in told["parts"]}
    assert shares == pytest.approx({"stem": 1, "block": 1, "block.act": -1, "block.mix": -1})  # 2 - 1 of it
    assert "block.mix" in run(*words, "module").output
    assert json.loads(run(*words, "branch", "--json").output)["carried"]["parts"][0]["share"] == pytest.approx(-1)
    none = run(*words, "head")
    assert none.exit_code == 2
    assert "by='head': the graph has none" in none.output


def test_export_says_what_goes_in_and_out(there: Path) -> None:
    assert run("train", "iris.csv", "--target", "kind", "--epochs", "1", "--out", "run").exit_code == 0
    told = run("export", "run", "iris.onnx")
    assert told.exit_code == 0, told.output
    assert "a (number), b (number), c (number), d (number)" in told.output
    assert "prediction, probabilities" in told.output
    for words, why in (
        (("export", "run", "iris.onnx"), "not overwritten"),
        (("export", "run", "x.pt"), "ends in .onnx"),
    ):
        again = run(*words)
        assert again.exit_code == 2
        assert why in again.output


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("explain", "net.onnx"), "--input FILE.npz"),
        (("explain", "net.onnx", "--input", "x.npz", "--sample", "1"), "are of runs"),
        (("explain", "run", "--input", "x.npz"), "are of .onnx files"),
        (("explain", "net.onnx", "--input", "x.npz", "--output", "nothing[0]"), "makes no such value"),
        (("explain", "net.onnx", "--input", "x.npz", "--output", "scores[0,a]"), "'a' is no position"),
        (("explain", "net.onnx", "--input", "x.npz", "--output", "scores[0,9]"), "out of bounds"),
        (("explain", "net.onnx", "--input", "iris.csv"), "no .npy or .npz file"),
        (("explain", "net.onnx", "--input", "none.npz"), "No such file"),
        (("train", "net.onnx"), "give the data to train net.onnx on"),
        (("train", "iris.csv", "iris.csv"), "is no .onnx file"),
        (("train", "net.onnx", "iris.csv", "--target", "a", "--out", "r"), "asks for 1"),
        (
            ("train", "net.onnx", "iris.csv", "--target", "kind", "--layers", "3", "--out", "r"),
            "--layers makes networks",
        ),
        (("check", "none.onnx"), "no folder none.onnx"),
    ],
)
def test_mistakes_end_in_a_sentence(there: Path, words: tuple[str, ...], why: str) -> None:
    told = run(*words)
    assert told.exit_code == 2, told.output
    assert why in told.output
    assert "Traceback" not in told.output
