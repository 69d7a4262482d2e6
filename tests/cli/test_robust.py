"""``backpath train --robust``: both on the same rows, a run that predicts, and a verdict that can go either way."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error

import backpath as bp
from backpath.cli import main
from backpath.cli.robust import verdict
from backpath.data.split import split
from backpath.training.runs.run_folder import read_config

ROWS = 150
QUICK = ("--robust", "--members", "2", "--epochs", "3", "--layers", "8")


def backpath(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def trained(*words):
    result = backpath("train", *words, *QUICK)
    assert result.exit_code == 0, result.output
    return result


def write_homes(folder):
    rng = np.random.default_rng(0)
    size, city = rng.normal(size=ROWS), rng.integers(0, 3, ROWS)
    price = 100 + 10 * size * (city - 1) + rng.normal(size=ROWS)
    columns = {
        "size": [f"{x:.3f}" if k % 9 else "NA" for k, x in enumerate(size)],
        "city": [["Oslo", "Rome", "Lima"][k] for k in city],
        "zip": [f"00{k}" for k in rng.integers(1, 4, ROWS)],
        "sold": [f"{k % 28 + 1:02}.{k % 12 + 1:02}.2025" for k in range(ROWS)],
        "note": [f"house no. {k} with a {'view' if x > 0 else 'yard'}" for k, x in enumerate(size)],
        "price": [f"{x:.2f}" for x in price],
        "dear": ["dear" if x > 100 else "cheap" for x in price],
    }
    pl.DataFrame(columns).write_csv(folder / "homes.csv")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_homes(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that tells dear homes from cheap ones, and what its training said at last."""
    folder = tmp_path_factory.mktemp("run")
    write_homes(folder)
    words = (folder / "homes.csv", "--target", "dear", "--drop", "price", "--out", folder / "run", "--json")
    return folder / "run", json.loads(trained(*words).stdout.splitlines()[-1])


def test_it_says_by_how_much_it_beats_plain_train_on_validation_rows(run):
    folder, told = run
    robust = told["robust"]
    frame, predicted = pl.read_csv("homes.csv"), backpath("predict", folder, "homes.csv")
    ours = pl.read_csv(predicted.stdout.encode())
    y = frame["dear"].to_numpy()
    parts = split(ROWS, (y == "dear").astype(int), names=("cheap", "dear"), test=0.2, validation=0.2, seed=0)
    for part in ("train", "validation", "test"):
        rows = getattr(parts, part)
        p = ours["p(dear)"].to_numpy()[rows]
        scores = robust["scores"][part]
        assert scores["accuracy"] == pytest.approx(accuracy_score(y[rows], ours["prediction"].to_numpy()[rows]))
        assert scores["log_loss"] == pytest.approx(log_loss(y[rows] == "dear", p), abs=1e-4)
    assert robust["plain"]["validation"]["accuracy"] == told["scores"]["validation"]["accuracy"]
    ours, plain = robust["scores"]["validation"], robust["plain"]["validation"]
    assert robust["gain"]["accuracy"] == ours["accuracy"] - plain["accuracy"]
    assert robust["gain"]["log_loss"] == plain["log_loss"] - ours["log_loss"]
    assert robust["members"] == 2
    assert read_config(folder)["robust_scores"] == robust["scores"]


def test_quantities_are_compared_by_their_errors(here):
    result = trained("homes.csv", "--target", "price", "--drop", "dear", "--time-budget", "2")
    assert bp.load("runs/homes-1").time_budget == 2
    assert "compared  robust " in result.stdout
    frame = pl.read_csv("homes.csv")
    ours = pl.read_csv(backpath("predict", "runs/homes-1", "homes.csv").stdout.encode())["prediction"].to_numpy()
    rows = split(ROWS, None, test=0.2, validation=0.2, seed=0).validation
    error = root_mean_squared_error(frame["price"].to_numpy()[rows], ours[rows])
    assert read_config("runs/homes-1")["robust_scores"]["validation"]["rmse"] == pytest.approx(error)
    assert error < np.std(frame["price"].to_numpy())


def test_a_run_reads_other_files_by_what_it_learned(here, run):
    run, _ = run
    (here / "new.csv").write_text(
        "note,sold,zip,city,size\nold house,31.12.2025,001,Paris,1.5\nhouse,01.01.2026,003,Rome,\n"
    )
    result = backpath("predict", run, "new.csv")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == "prediction,p(cheap),p(dear)"
    assert len(result.stdout.splitlines()) == 3
    assert "column 'city' has categories that training never saw" in result.stderr
    lacking = backpath("predict", run, write(here, "size,city\n1,Oslo\n"))
    assert lacking.exit_code == 2
    assert "lacks the columns zip, sold, note" in lacking.stderr
    wrong = backpath("predict", run, write(here, "note,sold,zip,city,size\na,01.01.2026,001,Oslo,wide\n"))
    assert wrong.exit_code == 2
    assert "line 2: 'wide' in column 'size' is no finite number" in wrong.stderr


def write(here, text):
    (here / "bad.csv").write_text(text)
    return "bad.csv"


def test_python_loads_the_estimator_and_other_commands_say_what_it_is(run):
    run, _ = run
    loaded = bp.load(run)
    names = loaded._table.feature_names
    assert names == ("size", "city", "zip", "sold", "note")
    assert {c.name: type(c).__name__ for c in loaded._table.columns} == {
        "size": "Numbers",
        "city": "Levels",
        "zip": "Levels",
        "sold": "Dates",
        "note": "Text",
    }
    result = backpath("explain", run)
    assert result.exit_code == 2
    assert "run holds a robust estimator" in result.stderr


def test_what_the_user_says_of_columns_holds(here):
    trained(
        "homes.csv", "--target", "dear", "--drop", "price", "--drop", "note", "--categorical", "size", "--out", "run"
    )
    columns = {c.name: type(c).__name__ for c in bp.load("run")._table.columns}
    assert "note" not in columns
    assert columns.get("size") != "Numbers"


def interrupted(monkeypatch, *words):
    """A training in which Ctrl-C is pressed as the robust one begins."""
    with monkeypatch.context() as patched:

        def stop(*arguments, **options):
            raise KeyboardInterrupt

        patched.setattr("backpath.cli.robust.fit_beside", stop)
        return backpath("train", *words, *QUICK)


def test_a_stopped_training_goes_on_to_the_same_bits(here, run, monkeypatch):
    stopped = interrupted(monkeypatch, "homes.csv", "--target", "dear", "--drop", "price")
    assert stopped.exit_code == 130
    assert "To go on from it: " in stopped.stderr
    assert not (here / "runs" / "homes-1").exists()
    assert backpath("train", "--resume", "runs/homes-1", "--quiet").stdout == "runs/homes-1\n"
    whole, _ = run
    name = "model.safetensors"
    assert (here / "runs/homes-1" / name).read_bytes() == (whole / name).read_bytes()
    ours, others = read_config("runs/homes-1"), read_config(whole)
    assert {k for k in others if ours[k] != others[k]} <= {"source", "source_absolute"}
    assert ours["data"] == others["data"]
    assert os.listdir(here / "runs") == ["homes-1"]


def test_a_kill_while_it_trains_loses_no_setting(here):
    code = "import os, runpy, signal; import backpath.cli.robust as r; "
    code += "r.fit_beside = lambda *a: os.kill(os.getpid(), signal.SIGKILL); "
    code += "runpy.run_module('backpath', run_name='__main__')"
    words = ["train", "homes.csv", "--target", "dear", "--drop", "price", *QUICK]
    killed = subprocess.run(
        [sys.executable, "-c", code, *words], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert killed.returncode == -signal.SIGKILL
    refused = backpath("predict", "runs/homes-1", "homes.csv")
    assert "--resume runs/homes-1 goes on" in refused.stderr
    assert backpath("train", "--resume", "runs/homes-1", "--quiet").stdout == "runs/homes-1\n"
    assert read_config("runs/homes-1")["members"] == 2


REFUSED = {
    "no validation rows": (("--robust", "--validation", "0"), "give --validation a number above 0"),
    "members alone": (("--members", "3"), "--members is of the robust estimator: say --robust, too"),
    "time alone": (("--time-budget", "3"), "--time-budget is of the robust estimator: say --robust, too"),
    "layers of images": (("--robust", "--layers", "conv:4x3"), "--robust reads tables"),
    "images": (("--robust", "--augment", "flip"), "--robust reads tables, not images"),
    "a stream": (("--robust", "--stream", "8"), "--robust needs all rows in memory: leave out --stream"),
}


@pytest.mark.parametrize(("words", "message"), REFUSED.values(), ids=REFUSED)
def test_what_it_does_not_do_is_said_before_anything_is_trained(here, words, message):
    result = backpath("train", "homes.csv", "--target", "dear", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (here / "runs").exists()


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (
            {"accuracy": 0.02, "log_loss": 0.1},
            "robust beats plain train on the validation rows: accuracy +0.02, log loss -0.1",
        ),
        (
            {"accuracy": -0.02, "log_loss": -0.1},
            "robust does not beat plain train on the validation rows: accuracy -0.02, log loss +0.1",
        ),
        (
            {"accuracy": 0.0, "log_loss": 0.1},
            "robust beats plain train on the validation rows in log loss alone: accuracy +0, log loss -0.1",
        ),
        ({"r2": 0.1, "rmse": 3.0}, "robust beats plain train on the validation rows: RMSE -3, R² +0.1"),
    ],
)
def test_the_verdict_says_what_the_scores_say(gain, words):
    assert verdict(gain) == words
