"""`backpath launch` with real processes, which are killed, interrupted, and gone on with by others."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file

from backpath.cli import main
from backpath.training.checkpoints.checkpoint import read_checkpoint
from backpath.training.runs.run_folder import checkpoint_of

KILLS = 3
EPOCHS = 24
TRAIN = ["train", "rows.csv", "--target", "y", "--engine", "xla", "--batch", "128", "--epochs", str(EPOCHS)]
TRAIN += ["--layers", "256,256", "--optimizer", "adam", "--dropout", "0.1"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with rows to train on, and the run of a training that nothing stopped."""
    folder = tmp_path_factory.mktemp("launch")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1600, 6))
    lines = [",".join(f"x{k}" for k in range(6)) + ",y", *(",".join(map(str, [*x, x[0] * x[1]])) for x in X.round(4))]
    (folder / "rows.csv").write_text("\n".join(lines))
    launcher = launched(folder, "whole")
    out, error = launcher.communicate(timeout=300)
    assert launcher.returncode == 0, error
    # Process 0 alone prints, and nothing but what it means to.
    assert len(re.findall("epoch 24 of 24", out)) == 1
    assert "Gloo" not in out
    assert "on 2 devices of 2 processes" in out
    return folder


def launched(folder, run, *options):
    command = [sys.executable, "-m", "backpath", "launch", "-n", "2", *options, "--", *TRAIN, "--out", run]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=folder, text=True, start_new_session=True, **pipes)


def children(launcher):
    return [int(pid) for pid in Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()]


def epochs_done(run):
    file = checkpoint_of(run)
    return len(read_checkpoint(file).facts.get("history", ())) if file.exists() and file.stat().st_size else 0


def wait_for_epoch(launcher, run, number):
    until = time.monotonic() + 300
    while epochs_done(run) < number:
        assert launcher.poll() is None, launcher.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.02)


def parameters(run):
    return load_file(run / "model.safetensors")


def test_killed_again_and_again_it_ends_with_the_weights_of_one_that_was_not(place):
    run = place / "killed"
    launcher = launched(place, "killed", "--restarts", str(KILLS))
    draw = random.Random(0)
    for _ in range(KILLS):
        wait_for_epoch(launcher, run, epochs_done(run) + 1)
        time.sleep(draw.uniform(0, 0.1))
        victims = children(launcher)
        assert len(victims) == 2
        os.kill(draw.choice(victims), signal.SIGKILL)
        until = time.monotonic() + 300
        while set(children(launcher)) & set(victims) and time.monotonic() < until:
            time.sleep(0.02)
    _, error = launcher.communicate(timeout=300)
    assert launcher.returncode == 0, error
    assert (
        len(re.findall(r"process [01] was ended by SIGKILL; starting again from the last checkpoint", error)) == KILLS
    )
    assert (run / "model.safetensors").read_bytes() == (place / "whole" / "model.safetensors").read_bytes()
    # Nothing is left of those that were killed.
    assert [file.name for file in place.iterdir() if "killed" in file.name] == ["killed"]


def test_ctrl_c_saves_and_one_process_goes_on(place):
    run = place / "stopped"
    launcher = launched(place, "stopped")
    wait_for_epoch(launcher, run, 1)
    os.killpg(launcher.pid, signal.SIGINT)
    _, error = launcher.communicate(timeout=300)
    assert launcher.returncode == 130, error
    assert "Stopped, and saved. To go on" in error
    assert 1 <= epochs_done(run) < EPOCHS
    done = subprocess.run(
        [sys.executable, "-m", "backpath", "train", "--resume", "stopped", "--quiet"],
        cwd=place,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    whole = parameters(place / "whole")
    for name, value in parameters(run).items():
        assert np.linalg.norm(value - whole[name]) < 2e-3 * np.linalg.norm(whole[name]), name


def test_what_one_process_cannot_do_is_said_once(place):
    done = subprocess.run(
        [sys.executable, "-m", "backpath", "launch", "-n", "2", "--", *TRAIN, "--batch", "33", "--out", "uneven"],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 2
    assert done.stderr.count("batch=33 does not divide among 2 devices: take 32 or 34") == 1
    assert not list(place.glob("uneven*"))


def test_words_that_do_not_fit():
    run = CliRunner().invoke
    assert "give the command to run" in run(main, ["launch", "-n", "2", "--", "predict", "x"]).output
    assert "said before the --" in run(main, ["launch", "-n", "2", "--", "train", "x", "--coordinator", "a:1"]).output
    assert "host:port" in run(main, ["launch", "-n", "2", "--coordinator", "nowhere", "--", "train", "x"]).output
    assert "no launcher's variables" in run(main, ["train", "digits", "--coordinator", "10.0.0.1:44"]).output
