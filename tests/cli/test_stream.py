"""Parquet files on the command line: in memory, streamed, resumed, predicted."""

import json

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from backpath.cli import main
from backpath.training.runs.run_folder import read_run

QUICK = ["--epochs", "3", "--layers", "8", "--quiet"]


def backpath(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 2))
    table = pa.table({"x": x[:, 0], "z": x[:, 1], "way": np.where(x[:, 0] > x[:, 1], "up", "down")})
    parquet.write_table(table, "ways.parquet", row_group_size=100)
    (tmp_path / "folder").mkdir()
    for k in range(2):
        parquet.write_table(table.slice(300 * k, 300), f"folder/{k}.parquet")
    return tmp_path


@pytest.mark.parametrize("source", ["ways.parquet", "folder"])
@pytest.mark.parametrize("stream", [(), ("--stream", "1")])
def test_trains_and_predicts(here, source, stream):
    result = backpath("train", source, "--target", "way", "--out", "run", *stream, *QUICK)
    assert (result.exit_code, result.stdout) == (0, "run\n"), result.output
    predicted = backpath("predict", "run", source, "--out", "p.csv")
    assert predicted.exit_code == 0
    assert "600 predictions" in predicted.stderr
    lines = (here / "p.csv").read_text().splitlines()
    assert lines[0] == "prediction,p(down),p(up)"
    ways = parquet.read_table("ways.parquet")["way"].to_pylist()
    assert np.mean([line.startswith(way) for line, way in zip(lines[1:], ways, strict=True)]) > 0.9


def test_a_streamed_run_says_what_it_cannot_explain(here):
    backpath("train", "ways.parquet", "--target", "way", "--out", "run", "--stream", "1", *QUICK)
    result = backpath("explain", "run", "--batch", "test")
    assert result.exit_code == 2
    assert "take --data FILE" in result.stderr
    assert backpath("explain", "run", "--sample", "5", "--json").exit_code == 0


def test_what_is_in_memory_is_not_streamed():
    result = backpath("train", "digits", "--stream", "1")
    assert result.exit_code == 2
    assert "digits is a small data set that comes with scikit-learn: leave --stream out" in result.stderr


@pytest.mark.parametrize(
    "words",
    [("--scale", "minmax"), ("--scale", "robust"), ("--scale", "whiten"), ("--norm", "batch"), ("--norm", "layer")],
)
def test_scales_norms_and_dropout_are_settings_and_survive_the_disk(here, words):
    told = backpath("train", "iris", "--out", "run", "--dropout", "0.1", "--epochs", "30", "--json", *words)
    assert told.exit_code == 0, told.output
    scores = json.loads(told.stdout.splitlines()[-1])["scores"]
    assert scores["test"]["accuracy"] > 0.8
    assert json.loads((here / "run/config.json").read_text())[words[0][2:]] == words[1]
    model = read_run("run")
    assert (model.features.labels[0] == "component 1") == (words[1] == "whiten")
    predicted = backpath("predict", "run", "iris").stdout.splitlines()[1:]
    species = np.repeat(["setosa", "versicolor", "virginica"], 50)
    assert np.mean([p.split(",")[0] == s for p, s in zip(predicted, species, strict=True)]) > 0.8
