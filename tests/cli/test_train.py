import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backpath.cli import main
from backpath.engines.compiled.store import Kernels
from backpath.engines.notices import notice
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.run_folder import read_run

CSV = "size,colour,name,price\n" + "".join(
    f"{k},{'red' if k % 3 else 'blue'},house {k},{2 * k + (k % 3)}.5\n" for k in range(40)
)
QUICK = ("--epochs", "3", "--layers", "8")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "homes.csv").write_text(CSV)
    return tmp_path


def backpath(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def train(*words: str) -> Result:
    return backpath("train", *words, *QUICK)


def test_the_demo_learns_digits_and_says_what_to_try_next(here):
    result = backpath("train", "digits", "--epochs", "12")
    assert result.exit_code == 0, result.output
    assert "1,797 rows" in result.stdout
    assert "agrees with complex step" in result.stdout
    assert result.stdout.rstrip().endswith("backpath predict runs/digits-1 digits")
    assert 8 <= result.stdout.count("\n  epoch ") <= 12
    assert result.stderr == ""
    config = json.loads((here / "runs/digits-1/config.json").read_text())
    assert (config["source"], config["target"], config["epochs"]) == ("digits", "digit", 12)
    assert len(json.loads((here / "runs/digits-1/history.json").read_text())) == 12


def test_json_is_one_object_a_line():
    result = train("iris", "--json")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [e["event"] for e in events] == ["start", "epoch", "epoch", "epoch", "result"]
    assert events[0]["classes"] == ["setosa", "versicolor", "virginica"]
    assert events[0]["split"] == {"train": 120, "validation": 0, "test": 30}
    assert events[0]["parameters"] == 4 * 8 + 8 + 8 * 3 + 3
    assert set(events[-1]["scores"]) == {"train", "test"}
    assert events[-1]["gradient_check"]["ok"] is True
    assert events[-1]["run"] == "runs/iris-1"


def test_a_quantity_in_a_csv_file():
    result = train("homes.csv", "--target", "price", "--out", "homes", "--categorical", "colour", "--seed", "3")
    assert result.exit_code == 0, result.output
    assert "left out: name (32 different texts in 32 training rows)" in result.stdout
    assert "R²" in result.stdout
    assert "RMSE" in result.stdout
    assert read_run("homes").target.task == "regression"


def test_quiet_prints_the_run_folder_alone():
    assert train("iris", "--quiet").stdout == "runs/iris-1\n"
    assert train("iris", "--quiet").stdout == "runs/iris-2\n"


def test_the_same_seed_gives_the_same_network(here):
    for name in ("a", "b"):
        assert train("iris", "--seed", "5", "--out", name).exit_code == 0
    assert (here / "a/model.safetensors").read_bytes() == (here / "b/model.safetensors").read_bytes()


def test_brackets_in_names_are_no_markup(here):
    (here / "odd.csv").write_text(CSV.replace("price", "[bold]price[/]").replace("name", "[red]"))
    result = train("odd.csv", "--target", "[bold]price[/]", "--out", "odd [x]")
    assert "to predict [bold]price[/]" in result.stdout
    assert "[red] (32 different" in result.stdout
    assert "backpath predict 'odd [x]' odd.csv" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.csv"], "there is no file none.csv, and no data set of that name; data sets: digits"),
        (["full"], "full is a folder without tables"),
        (["empty.csv"], "empty.csv is empty"),
        (["homes.csv"], "needs --target COLUMN"),
        (["homes.csv", "--target", "prize"], "did you mean 'price'"),
        (
            ["homes.csv", "--target", "name"],
            "the target 'name' has 40 different values in 40 rows: it seems to be a name",
        ),
        (["homes.csv", "--target", "price", "--drop", "cost"], "no column 'cost'"),
        (["homes.csv", "--target", "price", "--numeric", "name"], "column 'name' holds numbers, and 'house 0' is none"),
        (
            ["homes.csv", "--target", "price", "--task", "classification"],
            "the target 'price' has 27 different values in 40 rows",
        ),
        (["homes.csv", "--target", "colour", "--task", "regression"], "line 2: column 'colour' holds numbers"),
        (
            ["homes.csv", "--target", "price", "--loss", "hinge"],
            "the target 'price' has 27 different values in 40 rows",
        ),
        (["iris", "--loss", "huber"], "column 'species' holds numbers, and 'setosa' is none"),
        (["iris", "--loss", "huber", "--task", "classification"], "huber is for regression"),
        (["iris", "--loss", "cosine"], "'--loss'"),
        (["iris", "--epochs", "0"], "'--epochs'"),
        (["iris", "--batch", "-1"], "'--batch'"),
        (["iris", "--seed", "-1"], "'--seed'"),
        (["iris", "--threads", "0"], "'--threads'"),
        (["iris", "--engine", "abacus"], "'--engine'"),
        (["iris", "--rate", "-0.1"], "'--rate': '-0.1' is not a number more than 0"),
        (["iris", "--rate", "nan"], "'--rate'"),
        (["iris", "--rate", "inf"], "'--rate'"),
        (["iris", "--momentum", "1"], "'--momentum': '1' is not a number at least 0 and less than 1"),
        (["iris", "--test", "1.5"], "'--test'"),
        (["iris", "--test", "0.6", "--validation", "0.4"], "leave no rows to train on"),
        (["iris", "--layers", "64,x"], "'--layers': 'x' is no layer. There are: a number of neurons"),
        (["iris", "--layers", "8,0"], "'--layers'"),
        (["iris", "--activation", "bump"], "'--activation': 'bump' is no activation; there are identity, relu"),
        (["iris", "--activation", "relu,tanh,relu"], "3 activations were given for 2 hidden layers"),
        (["iris", "--out", "homes.csv"], "homes.csv exists and is no folder"),
        (["iris", "--out", "full"], "the folder full is not empty"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(here, words, message):
    (here / "empty.csv").write_text("")
    (here / "full").mkdir()
    (here / "full" / "precious").write_text("kept")
    layers = [] if "--layers" in words else ["--layers", "8,8"]
    epochs = [] if "--epochs" in words else ["--epochs", "1"]
    result = backpath("train", *words, *layers, *epochs)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert (here / "homes.csv").read_text() == CSV
    assert (here / "full" / "precious").read_text() == "kept"
    assert not (here / "runs").exists()


def test_a_taken_folder_is_refused_before_training(here, monkeypatch):
    (here / "full").mkdir()
    (here / "full" / "file").write_text("")
    monkeypatch.setattr(Experiment, "prepare", lambda *_: pytest.fail("it went on"))
    assert train("iris", "--out", "full").exit_code == 2


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "lion", "adagrad", "adadelta", "nadam", "rprop"])
def test_every_optimizer_trains(here, optimizer):
    result = train("iris", "--optimizer", optimizer, "--epochs", "30", "--json")
    assert result.exit_code == 0
    losses = [told["loss"] for told in map(json.loads, result.stdout.splitlines()) if told["event"] == "epoch"]
    assert losses[-1] < losses[0]


def test_schedules_penalties_and_clipping_are_settings(here):
    words = ("--schedule", "cosine", "--l2", "0.01", "--clip", "1", "--epochs", "3", "--out", "run", "--quiet")
    assert train("iris", *words).exit_code == 0
    config = json.loads((here / "run" / "config.json").read_text())
    assert (config["schedule"], config["l2"], config["clip"]) == ("cosine", 0.01, 1.0)
    refused = train("iris", "--optimizer", "adam", "--momentum", "0.5")
    assert refused.exit_code == 2
    assert "momentum=0.5 is a setting of sgd: adam takes none" in refused.stderr


@pytest.mark.parametrize("engine", ["auto", "numpy", "compiled"])
def test_the_engine_is_a_setting_and_told(here, engine):
    text = train("iris", "--engine", engine, "--out", "told").stdout
    events = train("iris", "--engine", engine, "--out", "run", "--json").stdout.splitlines()
    made, why = json.loads(events[-1])["engine"].values()
    assert "3 epochs, 12 steps, " in text
    assert f" µs a step by {made} ({why})\n" in text
    assert (made, why) == (
        ("numpy", "12 steps are too few for a start of 0.1 s to pay off")
        if engine == "auto"
        else (engine, "as asked for")
    )
    assert json.loads((here / "run" / "config.json").read_text())["engine"] == engine


def test_compiling_is_told_in_a_line_of_its_own(monkeypatch):
    class Slow(Kernels):
        def __init__(self, dtype):
            notice("compiling")
            super().__init__(dtype)

    monkeypatch.setattr("backpath.engines.compiled.engine.Kernels", Slow)
    told = train("iris", "--engine", "compiled")
    assert told.stderr == ""
    # The whole batch and the rest are a program each.
    assert "beside the data\n\n  engine    compiling\n  engine    compiling\n  epoch" in told.stdout
    for silent in ("--json", "--quiet"):
        told = train("iris", "--engine", "compiled", silent)
        assert "compiling" not in told.stdout + told.stderr


def test_a_rate_is_found_told_and_kept(here):
    result = train("diabetes", "--find-rate", "--epochs", "3", "--out", "run")
    assert result.exit_code == 0
    assert "found: a trial took the loss to 0." in result.stdout
    assert 0 < json.loads((here / "run" / "config.json").read_text())["rate"] < 1
    refused = train("diabetes", "--find-rate", "--optimizer", "rprop")
    assert refused.exit_code == 2
    assert "rprop finds its step sizes itself" in refused.stderr


def test_a_rate_that_had_to_be_lowered_is_told(here):
    text = train(
        "diabetes", "--rate", "0.8", "--momentum", "0", "--layers", "none", "--batch", "1", "--epochs", "1"
    ).stdout
    assert "of what was asked: the loss was not finite, and epochs were made again" in text
    lowered = backpath("train", "diabetes", "--schedule", "plateau", "--epochs", "12", "--rate", "1e-9").stdout
    assert "rate      lowered to 0.1 of what was asked: the loss no longer fell, or was not finite\n" in lowered


def test_divergence_is_one_sentence(here):
    result = train("diabetes", "--rate", "1e6")
    assert result.exit_code == 2
    assert "training diverged: the loss is inf at step" in result.stderr
    assert not (here / "runs").exists()


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (OSError(28, "No space left on device"), 2, "Error: No space left on device\n"),
        (PermissionError(13, "Permission denied", "runs"), 2, "Error: runs: Permission denied\n"),
        (MemoryError("12 TiB"), 2, "Error: not enough memory: 12 TiB\n"),
    ],
)
def test_what_the_machine_refuses_is_one_sentence(here, monkeypatch, error, code, message):
    def refuse(*_):
        raise error

    monkeypatch.setattr(Experiment, "train", refuse)
    result = train("iris")
    assert (result.exit_code, result.stderr) == (code, message)
    assert not (here / "runs").exists()


def test_the_command_runs_as_a_program_and_starts_quickly(here):
    code = "import sys; from backpath.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, "train", "iris", *QUICK], cwd=here, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (here / "runs/iris-1/model.json").is_file()
    code = (
        "import sys; from backpath.cli import main; main(['--help'], standalone_mode=False); "
        "assert not {'rich', 'sklearn', 'safetensors', 'threadpoolctl'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "train" in done.stdout


def test_the_next_command_can_be_typed_where_the_shell_does_not_know_the_name(monkeypatch):
    monkeypatch.setattr(sys, "argv", [".venv/bin/backpath"])
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert train("iris").stdout.rstrip().endswith("  .venv/bin/backpath predict runs/iris-1 iris")


def test_a_device_is_chosen_by_name():
    run = train("iris", "--engine", "xla", "--device", "cpu", "--precision", "bfloat16", "--json")
    assert run.exit_code == 0, run.stderr
    assert json.loads(run.stdout.splitlines()[-1])["engine"] == {"name": "xla", "why": "as asked for, on cpu:0"}
    assert json.loads(Path("runs/iris-1/config.json").read_text())["device"] == "cpu"
    absent = train("iris", "--device", "cuda:1")
    assert absent.exit_code == 2
    assert "device='cuda:1': there is none; here are cpu:0" in absent.stderr
    wrong = train("iris", "--device", "a gpu")
    assert wrong.exit_code == 2
    assert "write cpu, cuda or cuda:1" in wrong.stderr
