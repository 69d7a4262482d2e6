import json

import numpy as np
import pytest
from click.testing import CliRunner, Result

import backpath as bp
from backpath.cli import main
from backpath.training.run_folder import read_run
from backpath.training.tables import load_named


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    losses = {"iris": "cross_entropy", "diabetes": "squared_error", "breast_cancer": "sigmoid_cross_entropy"}
    for source, loss in losses.items():
        words = ("--epochs", "2", "--layers", "6,5", "--loss", loss, "--out", source, "--quiet")
        assert backpath("train", source, *words).exit_code == 0
    return tmp_path


def backpath(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_the_summary_is_printed_and_saved_with_a_picture(here):
    result = backpath("explain", "iris", "--sample", "3", "--class", "virginica")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("score of virginica, row 3 of iris")
    assert "120 paths" in result.stdout
    assert result.stdout.rstrip().endswith("saved explanations/iris-row-3-1")
    folder = here / "explanations/iris-row-3-1"
    assert (folder / "explanation.png").stat().st_size > 5000
    told = json.loads((folder / "explanation.json").read_text())
    assert told["features"][0]["name"] in result.stdout
    assert backpath("explain", "iris", "--sample", "3").stdout.rstrip().endswith("saved explanations/iris-row-3-2")


def test_the_derivatives_are_those_of_the_score():
    told = json.loads(backpath("explain", "iris", "--sample", "7", "--class", "setosa", "--json").stdout)
    model = read_run("iris")
    table, _ = load_named("iris")
    X = model.features.transform(table, np.array([7])).astype(float)
    parameters = {name: np.asarray(a, float) for name, a in model.parameters.items()}
    expected = bp.grad(lambda X: model.network.scores(parameters, X)[0, 0])(X)[0]
    found = {f["name"]: f["derivative"] for f in told["features"]}
    np.testing.assert_allclose([found[name] for name in model.features.labels], expected, rtol=1e-12)


def test_quantities_and_two_classes_have_one_output():
    assert backpath("explain", "diabetes").stdout.startswith("prediction of ")
    assert " over " in backpath("explain", "breast_cancer").stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none"], "none is no run folder: it does not exist"),
        (["iris", "--sample", "150"], "there is no row 150: iris has 150 rows, counted from 0"),
        (["iris", "--class", "rose"], "there is no class 'rose'; the run has setosa, versicolor, virginica"),
        (["diabetes", "--class", "1"], "it has no classes to choose"),
        (["iris", "--data", "wine"], "lacks the column"),
    ],
)
def test_bad_input_ends_in_a_sentence(words, message):
    result = backpath("explain", *words)
    assert result.exit_code == 2
    assert message in result.stderr
