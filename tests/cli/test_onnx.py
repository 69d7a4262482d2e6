"""The commands on .onnx files: export, explain, check, and train."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
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
