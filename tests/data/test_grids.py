"""Images and whole numbers as columns of a table, and back."""

import json

import numpy as np
import pytest
from PIL import Image

from backpath.data.features import Features
from backpath.data.grids import Grid, inputs_from_json, shape_of
from backpath.data.pictures import is_pictures, read_pictures
from backpath.data.reading.files import read_frame
from backpath.data.reading.named import load_named
from backpath.graph import DataError

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 255, (12, 4, 3, 2)).astype(np.uint8)


@pytest.fixture
def table(tmp_path):
    np.savez(tmp_path / "images.npz", X=IMAGES, y=np.arange(12) % 2)
    return read_frame(tmp_path / "images.npz")


def test_images_are_scaled_channel_by_channel_as_the_training_rows_say(table):
    assert table.shapes == {"X": (4, 3, 2)}
    grid = Grid.of_image(table, ["y"], np.arange(8), "minmax")
    assert shape_of(grid) == (4, 3, 2)
    found = grid.transform(table)
    low, high = IMAGES[:8].min((0, 1, 2)).astype(float), IMAGES[:8].max((0, 1, 2)).astype(float)
    np.testing.assert_allclose(found, (IMAGES - (low + high) / 2) / ((high - low) / 2), rtol=1e-5, atol=1e-6)
    assert found.dtype == np.float32
    standard = Grid.of_image(table, ["y"], np.arange(12), "standard").transform(table, np.arange(12))
    np.testing.assert_allclose(standard.mean((0, 1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(standard.std((0, 1, 2)), 1, rtol=1e-5)
    digits, target = load_named("digits")
    grid = Grid.of_image(digits, [target], np.arange(1797), "standard")
    assert (grid.shape, grid.labels[9]) == ((8, 8, 1), "pixel_1_1")


def test_grids_are_written_down_and_read_with_suspicion(table):
    grid = Grid.of_image(table, ["y"], np.arange(12), "standard")
    told = json.loads(json.dumps(grid.to_json()))
    assert inputs_from_json(told) == grid
    features = Features.fit(table.without(["y"]))
    assert isinstance(inputs_from_json(features.to_json()), Features)
    for damage in (
        {"grid": [4, 3, 3]},
        {"grid": "4"},
        {"columns": told["columns"][:-1]},
        {"mean": [0.0]},
        {"mean": [0.0, float("nan")]},
        {"factor": [float("inf"), 1.0]},
        {"vocabulary": 5},
    ):
        with pytest.raises(DataError, match="not the description of a grid"):
            inputs_from_json({**told, **damage})


def test_whole_numbers(tmp_path):
    tokens = RNG.integers(0, 9, (10, 4))
    tokens[0, 0] = 8
    np.savez(tmp_path / "t.npz", X=tokens)
    table = read_frame(tmp_path / "t.npz")
    grid = Grid.of_tokens([table], [])
    assert (grid.shape, grid.vocabulary) == ((4,), 9)
    assert np.array_equal(grid.transform(table, np.array([3, 1])), tokens[[3, 1]])
    assert grid.transform(table).dtype == np.int64
    assert inputs_from_json(grid.to_json()) == grid
    for wrong, message in (
        (tokens - 1, "is -1; a sequence holds whole"),
        (tokens / 2, "a sequence holds whole numbers"),
    ):
        np.savez(tmp_path / "w.npz", X=wrong)
        with pytest.raises(DataError, match=message):
            Grid.of_tokens([read_frame(tmp_path / "w.npz")], [])


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 3), ("P", 3), ("I;16", 1), ("1", 1)])
def test_pictures_of_every_mode(tmp_path, mode, channels):
    entries = RNG.integers(0, 255, (5, 6)).astype(np.uint8)
    image = Image.fromarray(entries)
    image = Image.fromarray(entries.astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        image.save(tmp_path / label / "one.png")
    assert is_pictures(tmp_path)
    table = read_pictures(tmp_path)
    assert table.shapes == {"pixel": (5, 6, channels)}
    assert table["class"].to_list() == ["a", "b"]
    if mode in ("L", "I;16"):
        assert [table[f"pixel_{k}"][1] for k in range(30)] == entries.ravel().tolist()


def test_grey_and_coloured_pictures_beside_each_other_are_coloured(tmp_path):
    Image.new("L", (2, 2), 7).save(tmp_path / "a.png")
    Image.new("RGB", (2, 2), (1, 2, 3)).save(tmp_path / "b.png")
    table = read_pictures(tmp_path)
    assert table.shapes == {"pixel": (2, 2, 3)}
    assert [table[f"pixel_{k}"].to_list() for k in range(3)] == [[7, 1], [7, 2], [7, 3]]
    assert "class" not in table.names
    (tmp_path / "more").mkdir()
    Image.new("L", (2, 2)).save(tmp_path / "more" / "c.png")
    with pytest.raises(DataError, match="beside folders of images"):
        read_pictures(tmp_path)
