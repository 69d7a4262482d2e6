"""Trainings that Ctrl-C stops, and that go on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from backpath.cli import main
from backpath.cli.places import begun
from backpath.training.checkpoints.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from backpath.training.checkpoints.saver import Saver
from backpath.training.runs.run_folder import read_run

WORDS = ["digits", "--epochs", "60", "--layers", "512,512", "--threads", "1", "--quiet"]


def backpath(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stopped(words, signal_number=signal.SIGINT):
    """A training in a process of its own, sent a signal after its first checkpoint."""
    process = subprocess.Popen(
        [sys.executable, "-m", "backpath", "train", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None and not begun(Path("runs/digits-1")):
        time.sleep(0.01)
    process.send_signal(signal_number)
    out, err = process.communicate()
    return process.returncode, out, err


def test_ctrl_c_saves_and_resume_ends_with_the_same_bits(here):
    code, _, err = stopped(WORDS)
    assert code == 130
    assert "Stopped, and saved. To go on: " in err
    assert "train --resume runs/digits-1" in err
    assert not (here / "runs" / "digits-1").exists()
    unfinished = backpath("predict", "runs/digits-1", "digits")
    assert unfinished.exit_code == 2
    assert "was stopped, or still runs: backpath train --resume runs/digits-1 goes on" in unfinished.stderr
    again = backpath("train", "--resume", "runs/digits-1", "--quiet")
    assert (again.exit_code, again.stdout) == (0, "runs/digits-1\n")
    assert os.listdir(here / "runs") == ["digits-1"]
    assert backpath("train", *WORDS, "--out", "whole").exit_code == 0
    ours, whole = read_run("runs/digits-1"), read_run("whole")
    assert all(np.array_equal(ours.parameters[name], value) for name, value in whole.parameters.items())
    configs = [json.loads((here / run / "config.json").read_text()) for run in ("runs/digits-1", "whole")]
    assert configs[0] == configs[1]
    history = json.loads((here / "runs/digits-1/history.json").read_text())
    assert [epoch["number"] for epoch in history] == list(range(1, 61))


def test_a_stopped_training_keeps_its_place(here):
    assert stopped(WORDS, signal.SIGKILL)[0] == -signal.SIGKILL
    assert backpath("train", "iris", "--epochs", "1", "--quiet").stdout == "runs/iris-1\n"
    assert backpath("train", "digits", "--epochs", "1", "--quiet").stdout == "runs/digits-2\n"
    taken = backpath("train", "digits", "--out", "runs/digits-1")
    assert taken.exit_code == 2
    assert "is of a training that was stopped, or still runs: --resume runs/digits-1, or delete it" in taken.stderr


def interrupted(monkeypatch, where, *words):
    """The outcome of a training in which Ctrl-C is pressed as ``where``, a method or function, is called."""
    name, attribute = where
    with monkeypatch.context() as patched:

        def stop(*arguments, **options):
            raise KeyboardInterrupt

        patched.setattr(f"{name}.{attribute}", stop)
        return backpath("train", *words)


@pytest.mark.parametrize(
    "where",
    [("backpath.cli.train", "open_source"), ("backpath.cli.train.Experiment", "train")],
    ids=["while it reads", "before its first step"],
)
def test_settings_are_kept_from_the_start(here, monkeypatch, where):
    words = ["iris", "--epochs", "3", "--layers", "8", "--find-rate", "--quiet"]
    result = interrupted(monkeypatch, where, *words)
    assert result.exit_code == 130
    assert "Stopped before the first checkpoint; the settings are kept. To begin again: " in result.stderr
    assert "train --resume runs/iris-1" in result.stderr
    assert backpath("train", "--resume", "runs/iris-1", "--quiet").exit_code == 0
    assert backpath("train", *words, "--out", "whole").exit_code == 0
    ours, whole = read_run("runs/iris-1"), read_run("whole")
    assert all(np.array_equal(ours.parameters[name], value) for name, value in whole.parameters.items())
    assert (here / "runs/iris-1/config.json").read_text() == (here / "whole/config.json").read_text()


def test_a_kill_before_the_first_step_keeps_the_settings(here):
    code = "import os, runpy, signal; from backpath.training.runs.experiment import Experiment; "
    code += "Experiment.train = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL); "
    code += "runpy.run_module('backpath', run_name='__main__')"
    killed = subprocess.run([sys.executable, "-c", code, "train", "iris", "--epochs", "2", "--quiet"], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert backpath("train", "--resume", "runs/iris-1", "--quiet").stdout == "runs/iris-1\n"


@pytest.mark.parametrize("where", [("backpath.cli.train.Experiment", "tallies"), ("backpath.cli.train", "write_run")])
def test_ctrl_c_after_the_last_epoch_loses_no_step(here, monkeypatch, where):
    result = interrupted(monkeypatch, where, "iris", "--epochs", "3", "--quiet")
    assert result.exit_code == 130
    assert "Stopped at once; the last checkpoint is kept. To go on from it: " in result.stderr
    assert len(read_checkpoint("runs/iris-1.checkpoint").facts["history"]) == 3
    assert backpath("train", "--resume", "runs/iris-1", "--quiet").exit_code == 0
    assert os.listdir(here / "runs") == ["iris-1"]


def test_ctrl_c_when_the_run_is_written_says_that_it_is(here, monkeypatch):
    result = interrupted(monkeypatch, ("backpath.cli.train", "outcome"), "iris", "--epochs", "1", "--quiet")
    assert (result.exit_code, result.stderr) == (130, "\nStopped; the run is saved in runs/iris-1.\n")
    assert os.listdir(here / "runs") == ["iris-1"]


def test_what_cannot_be_trained_leaves_nothing(here):
    assert backpath("train", "iris", "--target", "colour").exit_code == 2
    assert not (here / "runs").exists()


def stopped_at_its_first_step(monkeypatch, *words):
    """What is there after a Ctrl-C during the first step."""
    after_step = Saver.after_step

    def stop(self, capture):
        self.stopping = True
        after_step(self, capture)

    with monkeypatch.context() as patched:
        patched.setattr(Saver, "after_step", stop)
        assert backpath("train", *words).exit_code == 130


def limited(*words):
    """A command in a process of its own that can make no file larger than 10,000 bytes, as on a full disk."""
    code = "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)); "
    code += "runpy.run_module('backpath', run_name='__main__')"
    return subprocess.run([sys.executable, "-B", "-c", code, *words], capture_output=True, text=True, check=False)


def test_a_full_disk_leaves_the_last_checkpoint_and_says_how_to_go_on(here, monkeypatch):
    told = limited("train", "digits", "--epochs", "2", "--layers", "64", "--quiet")
    assert told.returncode == 2
    assert "Error: runs/digits-1: the run cannot be written: File too large" in told.stderr
    assert not (here / "runs").exists()
    stopped_at_its_first_step(monkeypatch, "digits", "--epochs", "2", "--layers", "64")
    good = (here / "runs/digits-1.checkpoint").read_bytes()
    told = limited("train", "--resume", "runs/digits-1", "--quiet")
    assert told.returncode == 2
    assert "the run cannot be written: File too large" in told.stderr
    assert "The last checkpoint is kept. To go on from it: " in told.stderr
    assert os.listdir(here / "runs") == ["digits-1.checkpoint"]
    assert (here / "runs/digits-1.checkpoint").read_bytes() == good
    assert backpath("train", "--resume", "runs/digits-1", "--quiet").exit_code == 0


def test_a_checkpoint_with_a_hostile_configuration_is_refused(here, monkeypatch):
    stopped_at_its_first_step(monkeypatch, "iris", "--epochs", "2")
    place = here / "runs/iris-1.checkpoint"
    found = read_checkpoint(place)
    for name, value in {"epochs": -1, "layers": ["4"], "rate": "fast"}.items():
        config = {**found.facts["config"], name: value}
        write_checkpoint(place, Checkpoint(found.arrays, {**found.facts, "config": config}))
        result = backpath("train", "--resume", "runs/iris-1")
        assert result.exit_code == 2, result.exception
        assert f"its {name!r} is " in result.stderr


@pytest.mark.parametrize("engine", ["auto", "compiled"])
def test_it_goes_on_with_the_engine_that_it_began_with(here, monkeypatch, engine):
    stopped_at_its_first_step(monkeypatch, "iris", "--epochs", "2", "--engine", engine)
    place = here / "runs/iris-1.checkpoint"
    found = read_checkpoint(place)
    if engine == "auto":  # As a run from before there was a choice says nothing of it.
        facts = {**found.facts, "config": {k: v for k, v in found.facts["config"].items() if k != "engine"}}
        write_checkpoint(place, Checkpoint(found.arrays, facts))
    result = backpath("train", "--resume", "runs/iris-1", "--json")
    assert result.exit_code == 0, result.stderr
    made = found.facts["identity"]["engine"]
    why = "as the training began" if engine == "auto" else "as asked for"
    assert json.loads(result.stdout.splitlines()[-1])["engine"] == {"name": made, "why": why}


def test_a_checkpoint_of_another_version_is_refused_in_a_sentence(here, monkeypatch):
    stopped_at_its_first_step(monkeypatch, "iris", "--epochs", "2")
    place = here / "runs/iris-1.checkpoint"
    found = read_checkpoint(place)
    write_checkpoint(place, Checkpoint(found.arrays, {k: v for k, v in found.facts.items() if k != "random"}))
    result = backpath("train", "--resume", "runs/iris-1")
    assert result.exit_code == 2, result.exception
    assert "the checkpoint lacks 'random': another version of backpath made it" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give a SOURCE to train on, or --resume RUN"),
        (["iris", "--resume", "runs/iris-1"], "give a SOURCE to train on, or --resume RUN"),
        (["--resume", "runs/none-1"], "there is no checkpoint runs/none-1.checkpoint"),
        (["--resume", "done"], "done is a finished run: there is nothing to go on with"),
        (["--resume", "done", "--epochs", "9"], "leave out --epochs"),
        (["--resume", "text"], "text.checkpoint is no checkpoint of backpath"),
    ],
)
def test_what_cannot_go_on_is_one_sentence(here, words, message):
    assert backpath("train", "iris", "--epochs", "1", "--out", "done", "--quiet").exit_code == 0
    (here / "text.checkpoint").write_text("not a checkpoint")
    result = backpath("train", *words)
    assert result.exit_code == 2
    assert message in result.stderr
