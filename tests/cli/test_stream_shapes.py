"""Images and whole numbers that stay on disk: every kind of source, resumed, predicted, with errors for the rest."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from PIL import Image
from stopping import Stopping

from backpath.cli import main
from backpath.cli.sources import open_on_disk, open_source
from backpath.data.grids import Grid
from backpath.training.checkpoints.saver import Interrupted
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.run_folder import read_run
from backpath.training.runs.settings import Settings

RNG = np.random.default_rng(0)
CLASSES = RNG.integers(0, 2, 240)
IMAGES = (RNG.integers(0, 90, (240, 6, 5)) + 100 * CLASSES[:, None, None] * (np.arange(5) < 2)).astype(np.uint8)
TOKENS = RNG.integers(0, 6, (240, 4))
FOUND = (TOKENS == 2).any(axis=1) * 1
LAYERS = {"image": ("conv:4x3,pool:2,8", "--epochs", "8"), "tokens": ("embed:4,transformer:1x4", "--epochs", "8")}
SOURCES = {
    "grey.npz": "image",
    "grey.parquet": "image",
    "grey.arrow": "image",
    "pictures": "image",
    "tokens.npz": "tokens",
    "tokens.parquet": "tokens",
    "lists.parquet": "tokens",
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Groups as small as they would be beside files of many gigabytes.
    monkeypatch.setattr("backpath.data.reading.on_disk.GROUP", 1000)
    np.savez("grey.npz", X=IMAGES, y=CLASSES)
    np.savez("tokens.npz", X=TOKENS, y=FOUND)
    images = pl.DataFrame({"X": IMAGES, "y": CLASSES})
    images.write_parquet("grey.parquet", row_group_size=50)
    images.with_columns(pl.col("X").arr.to_list()).write_ipc("grey.arrow", record_batch_size=50)
    tokens = pl.DataFrame({f"t{k}": column for k, column in enumerate(TOKENS.T)} | {"y": FOUND})
    tokens.write_parquet("tokens.parquet", row_group_size=60)
    pl.DataFrame({"t": TOKENS, "y": FOUND}).write_parquet("lists.parquet", row_group_size=60)
    for k, (image, label) in enumerate(zip(IMAGES, CLASSES, strict=True)):
        folder = tmp_path / "pictures" / ("dark", "bright")[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{k:03}.png")
    return tmp_path


def backpath(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


@pytest.mark.parametrize(("source", "kind"), SOURCES.items())
def test_learns_from_disk_predicts_and_explains(source, kind):
    target = () if source == "pictures" else ("--target", "y")
    words = (source, "--layers", *LAYERS[kind], "--stream", "1", "--optimizer", "adam", "--rate", "0.01")
    result = backpath("train", *words, *target, "--out", "run", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout.splitlines()[-1])["scores"]["train"]["accuracy"] > 0.9
    assert len(backpath("predict", "run", source).stdout.splitlines()) == 241


@pytest.mark.parametrize(("source", "layers"), [("grey.npz", "mean:2,4"), ("lists.parquet", "embed:2,4")])
def test_streamed_runs_are_explained_and_checked(source, layers):
    words = (source, "--layers", layers, "--stream", "1", "--target", "y", "--epochs", "1")
    assert backpath("train", *words, "--out", "run").exit_code == 0
    assert backpath("explain", "run", "--sample", "1", "--json").exit_code == 0
    assert "was streamed from disk" in backpath("explain", "run", "--batch", "test").output
    assert backpath("check", "run", "--json").exit_code == 0


@pytest.mark.parametrize(("source", "kind"), SOURCES.items())
def test_rows_on_disk_are_those_in_memory(source, kind):
    streamed, _ = open_on_disk(source)
    whole, _ = open_source(source)
    assert len(streamed.groups) > 3
    assert len(streamed) == len(whole) == 240
    column = "class" if source == "pictures" else "y"
    grid = (
        Grid.of_tokens([whole], [column])
        if kind == "tokens"
        else Grid.of_image(whole, ["y"], np.arange(240), "standard")
    )
    frames = list(streamed.frames())
    X = np.concatenate([grid.transform(frame) for frame in frames])
    y = np.concatenate([frame[column].to_numpy() for frame in frames])
    order = np.arange(240)
    if source == "pictures":
        # In an order of its own; each row's place is its file.
        names = [Path(frame.place(k)).name for frame in frames for k in range(len(frame))]
        order = np.array([int(name[:3]) for name in names])
        assert sorted(order) == list(range(240))
        files = [Path(whole.place(k)).name for k in range(240)]
        order = np.array([files.index(name) for name in names])
    np.testing.assert_array_equal(X, grid.transform(whole)[order])
    assert (y == whole[column].to_numpy()[order]).all()
    some = next(streamed.stretch(2, 3, 7, columns=[column]))
    assert (some[column].to_numpy() == y[streamed.starts[2] + 3 : streamed.starts[2] + 7]).all()
    assert streamed.identity() == open_on_disk(source)[0].identity()


@pytest.mark.parametrize("source", ["grey.npz", "grey.arrow", "pictures", "tokens.npz"])
def test_stops_and_goes_on_to_the_same_bits_with_a_small_buffer(source, monkeypatch):
    monkeypatch.setattr("backpath.training.loop.streaming.MEBIBYTE", 2000)
    kind = SOURCES[source]
    layers = ("embed:4", "transformer:1x4") if kind == "tokens" else ("conv:4x3", "pool:2", 8)
    rows, own = open_on_disk(source)
    e = Experiment.prepare(rows, own or "y", Settings(epochs=3, layers=layers, batch=8, stream=2, dropout=0.1))
    whole = e.train()
    with pytest.raises(Interrupted):
        e.train(saver=Stopping(Path("c"), 31))
    again = e.train(saver=Stopping(Path("c"), 10**6))
    assert all(np.array_equal(again.parameters[name], value) for name, value in whole.parameters.items())
    assert len(whole.history) == 3


def test_what_cannot_stay_on_disk_is_told(here):
    np.savez_compressed("packed.npz", X=IMAGES, y=CLASSES)
    np.savez("columns.npz", X=np.asfortranarray(IMAGES), y=CLASSES)
    np.savez("short.npz", X=IMAGES, y=CLASSES[:3])
    (here / "stream.arrow").write_bytes(b"")
    pl.DataFrame({"X": IMAGES, "y": CLASSES}).write_ipc_stream("stream.arrow")
    (here / "cut.npz").write_bytes((here / "grey.npz").read_bytes()[:900])
    (here / "table.csv").write_text("a,y\n1,2\n")
    for source, message in {
        "packed.npz": "its arrays are compressed, and can only be read whole: leave --stream out",
        "columns.npz": "X lies column by column",
        "short.npz": "its arrays must hold equally many rows",
        "stream.arrow": "is an Arrow stream, which can only be read whole",
        "cut.npz": "cannot be read as .npz without pickles",
        "table.csv": "write them as Parquet first",
        "nowhere.npz": "there is no file nowhere.npz",
    }.items():
        result = backpath("train", source, "--target", "y", "--layers", "conv:2x3,4", "--stream", "1")
        assert result.exit_code == 2
        assert message in " ".join(result.output.split())
        assert "Traceback" not in result.output
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(here / "pictures" / "dark" / "zz.png")
    assert (
        "zz.png has 4 by 4 pixels and"
        in backpath("train", "pictures", "--layers", "conv:2x3,4", "--stream", "1").output
    )


def test_streamed_runs_know_their_rows():
    words = ("--layers", "conv:2x3,4", "--epochs", "1", "--stream", "1", "--target", "y", "--quiet")
    assert backpath("train", "grey.npz", *words, "--out", "a").exit_code == 0
    np.savez("grey.npz", X=IMAGES[::-1], y=CLASSES[::-1])
    assert backpath("train", "grey.npz", *words, "--out", "b").exit_code == 0
    told = [json.loads(Path(run, "config.json").read_text())["data"]["digest"] for run in "ab"]
    assert told[0] != told[1]
    assert read_run("a").network.inputs == (6, 5, 1)
