"""Layers as words, from the shell: images, whole numbers, folders of image files."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from PIL import Image

from backpath.cli import main
from backpath.cli.places import begun
from backpath.training.runs.run_folder import read_run

RNG = np.random.default_rng(0)
CLASSES = RNG.integers(0, 2, 60)
IMAGES = (RNG.integers(0, 90, (60, 6, 5)) + 100 * CLASSES[:, None, None] * (np.arange(5) < 2)).astype(np.uint8)
TOKENS = RNG.integers(0, 6, (80, 4))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("grey.npz", X=IMAGES, y=CLASSES)
    np.savez("colour.npz", X=np.stack([IMAGES, IMAGES[:, ::-1], IMAGES], axis=-1), y=CLASSES.astype(float) * 3.5)
    np.savez("tokens.npz", X=TOKENS, y=(TOKENS == 2).sum(axis=1) > 1)
    images = pl.DataFrame({"X": IMAGES, "y": CLASSES})
    images.write_parquet("grey.parquet", row_group_size=25)
    images.with_columns(pl.col("X").arr.to_list()).write_ipc("grey.arrow")
    for k, (image, label) in enumerate(zip(IMAGES, CLASSES, strict=True)):
        folder = tmp_path / "pictures" / ("dark", "bright")[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{k:02}.png")
    return tmp_path


def backpath(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


def test_digits_by_convolution(here):
    words = ("--layers", "conv:16x3,pool:2,conv:32x3,pool:2,128", "--norm", "batch", "--dropout", "0.2")
    result = backpath("train", "digits", *words, "--schedule", "cosine", "--epochs", "25")
    assert result.exit_code == 0, result.output
    assert "1,797 rows, images of 8 x 8 x 1 to predict digit" in result.stdout
    assert "1   Conv(16, 3, bias=False)  8 x 8 x 16         144      18,432" in result.stdout
    assert "agrees with complex step" in result.stdout
    model = read_run("runs/digits-1")
    assert "Dropout" not in repr(model.network)
    assert "BatchNorm" not in repr(model.network)
    assert float(re.search(r"accuracy .* test (\S+)", result.stdout)[1]) >= 0.985
    predicted = backpath("predict", "runs/digits-1", "digits").stdout.splitlines()
    assert predicted[0].startswith("prediction,p(0)")
    assert len(predicted) == 1798


@pytest.mark.parametrize(
    ("source", "words", "shape"),
    [
        ("grey.npz", ("--layers", "conv:2x3,pool:2,4", "--target", "y", "--augment", "shift,flip"), (6, 5, 1)),
        ("colour.npz", ("--layers", "conv:2x3/2,conv:2x3,global", "--target", "y", "--scale", "minmax"), (6, 5, 3)),
        ("pictures", ("--layers", "mean:2,8"), (6, 5, 1)),
        ("grey.parquet", ("--layers", "mean:2,8", "--target", "y"), (6, 5, 1)),
        ("grey.arrow", ("--layers", "mean:2,8", "--target", "y"), (6, 5, 1)),
        ("tokens.npz", ("--layers", "embed:2,transformer:1x2", "--target", "y", "--dropout", "0.1"), (4,)),
        ("digits", ("--layers", "8", "--augment", "shift"), (8, 8, 1)),
    ],
)
def test_train_predict_explain_and_check(source, words, shape):
    result = backpath("train", source, *words, "--epochs", "4", "--out", "run", "--validation", "0.1", "--quiet")
    assert result.exit_code == 0, result.output
    model = read_run("run")
    assert model.network.inputs == shape
    assert not model.network.trains_apart
    lines = backpath("predict", "run", source).stdout.splitlines()
    assert len(lines) == 1 + {"tokens.npz": 80, "digits": 1797}.get(source, 60)
    explained = json.loads(backpath("explain", "run", "--sample", "1", "--json").stdout)
    assert explained["features"][0]["size"] >= explained["features"][-1]["size"] >= 0
    assert backpath("explain", "run", "--batch", "validation").exit_code == 0
    checked = backpath("check", "run", "--json")
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.stdout)["ok"]
    again = backpath("train", source, *words, "--epochs", "4", "--out", "again", "--validation", "0.1", "--quiet")
    assert again.exit_code == 0
    assert Path("run/model.safetensors").read_bytes() == Path("again/model.safetensors").read_bytes()


def test_pictures_learn_their_folders_and_are_predicted_without(here):
    assert (
        backpath("train", "pictures", "--layers", "conv:4x3,pool:2,8", "--epochs", "30", "--out", "run").exit_code == 0
    )
    lines = backpath("predict", "run", "pictures/bright").stdout.splitlines()
    assert len(lines) == 1 + CLASSES.sum()
    assert sum(line.startswith("bright") for line in lines[1:]) > 0.9 * CLASSES.sum()
    one = next((here / "pictures" / "dark").iterdir())
    assert backpath("predict", "run", one).stdout.splitlines()[1].startswith("dark")


def test_a_killed_training_of_images_goes_on_to_the_same_bits():
    words = ["digits", "--layers", "conv:8x3,pool:2,16", "--augment", "shift", "--dropout", "0.1", "--quiet"]
    words += ["--epochs", "25", "--threads", "1"]
    process = subprocess.Popen([sys.executable, "-m", "backpath", "train", *words])
    while process.poll() is None and not begun(Path("runs/digits-1")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert os.listdir("runs") == ["digits-1.checkpoint"]
    assert backpath("train", "--resume", "runs/digits-1", "--quiet").exit_code == 0
    assert backpath("train", *words, "--out", "whole").exit_code == 0
    ours, whole = read_run("runs/digits-1").parameters, read_run("whole").parameters
    assert all(np.array_equal(ours[name], value) for name, value in whole.items())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("digits", "--layers", "cnv:8x3"),
            "'cnv:8x3' is no layer. There are: a number of neurons; conv:CHANNELSxSIZE",
        ),
        (("digits", "--layers", "conv:8"), "'conv:8' is no layer"),
        (("digits", "--layers", "conv:0x3"), "its numbers must be 1 or more"),
        (("digits", "--layers", "64,0"), "'0' is no layer"),
        (("digits", "--layers", "conv:8x3,pool:9,4"), "layer 3, MaxPool(9), after 8 x 8 x 8: windows of 9 by 9"),
        (("digits", "--layers", "conv:8x3", "--activation", "relu,tanh"), "2 activations were given for 1 layers"),
        (("digits", "--layers", "8", "--augment", "turn"), "there are shift and flip"),
        (("digits", "--layers", "embed:4", "--augment", "flip"), "augment='flip' is for images"),
        (("digits", "--layers", "conv:8x3", "--scale", "robust"), "images are scaled by 'standard' or 'minmax'"),
        (("digits", "--layers", "conv:8x3", "--init", "pretrained"), "starts plain dense layers"),
        (("iris", "--layers", "conv:8x3"), "layers of images need one array of images, and it has none"),
        (("iris", "--layers", "embed:8"), "is 5.1; a sequence holds whole numbers"),
        (
            ("tokens.npz", "--layers", "embed:6,transformer:4x8", "--target", "y"),
            "6 features do not divide into 4 heads",
        ),
    ],
)
def test_what_does_not_go_together_is_said(words, message):
    result = backpath("train", *words, "--epochs", "2")
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_pictures_that_do_not_fit_are_named(here):
    assert (
        backpath("train", "pictures", "--layers", "4", "--augment", "flip", "--epochs", "1", "--out", "run").exit_code
        == 0
    )
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(here / "pictures" / "dark" / "zz.png")
    assert "zz.png has 4 by 4 pixels and" in backpath("predict", "run", "pictures").output
    (here / "pictures" / "dark" / "zz.png").write_bytes(b"no image")
    assert "zz.png cannot be read as an image" in backpath("predict", "run", "pictures").output
    assert "lacks" in backpath("predict", "run", "colour.npz").output
    np.savez("more.npz", X=TOKENS + 3, y=CLASSES.sum())
    backpath("train", "tokens.npz", "--layers", "embed:4", "--target", "y", "--epochs", "1", "--out", "words")
    np.savez("more.npz", X=TOKENS + 3)
    assert "the model reads whole numbers from 0 to 5" in backpath("predict", "words", "more.npz").output
