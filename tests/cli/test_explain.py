import json
import re

import numpy as np
import pytest
from click.testing import CliRunner, Result

import backpath as bp
from backpath.cli import main
from backpath.data.reading.named import load_named
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.run_folder import read_config, read_run
from backpath.training.runs.settings import Settings


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


def test_a_part_of_the_data_is_explained_together():
    told = json.loads(backpath("explain", "iris", "--batch", "test", "--class", "setosa", "--json").stdout)
    settings = Settings.from_json(read_config("iris"))
    table, column = load_named("iris")
    rows = Experiment.prepare(table, column, settings).data.parts.test
    assert told["rows"] == len(rows) == 30
    one_by_one = [
        json.loads(backpath("explain", "iris", "--sample", str(k), "--class", "setosa", "--json").stdout)
        for k in rows[:3]
    ]
    model = read_run("iris")
    assert told["paths"] == len(rows) * one_by_one[0]["paths"]
    X = model.features.transform(table, rows).astype(float)
    parameters = {name: np.asarray(a, float) for name, a in model.parameters.items()}
    slopes = bp.grad(lambda X: model.network.scores(parameters, X)[:, 0].sum())(X)
    found = {f["name"]: (f["derivative"], f["size"]) for f in told["features"]}
    for k, name in enumerate(model.features.labels):
        assert found[name] == pytest.approx((slopes[:, k].mean(), np.abs(slopes[:, k]).mean()), rel=1e-10)
    for k, one in enumerate(one_by_one):
        sizes = {f["name"]: f["derivative"] for f in one["features"]}
        np.testing.assert_allclose([sizes[n] for n in model.features.labels], slopes[k], rtol=1e-10)


def test_a_batch_says_what_its_rows_are():
    text = backpath("explain", "iris", "--batch", "all").stdout
    assert text.startswith("score of the class predicted, 150 rows of iris (all) together")
    assert re.search(r"(petal|sepal) \w+ \(cm\) of row \d+ -> linear", text)
    assert "saved explanations/iris-all-1" in text


def test_a_run_without_settings_is_refused(here):
    config = json.loads((here / "iris" / "config.json").read_text())
    del config["layers"]
    (here / "iris" / "config.json").write_text(json.dumps(config))
    result = backpath("explain", "iris", "--batch", "test")
    assert result.exit_code == 2
    assert "the run's config.json lacks 'layers'" in result.stderr


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
        (["iris", "--batch", "test", "--sample", "1"], "--sample and --batch exclude one another"),
        (["iris", "--batch", "test", "--data", "iris"], "with --data take --batch all"),
        (["iris", "--batch", "validation"], "the run has no validation part: train with --validation 0.1"),
    ],
)
def test_bad_input_ends_in_a_sentence(words, message):
    result = backpath("explain", *words)
    assert result.exit_code == 2
    assert message in result.stderr
