"""Runs as .onnx files: raw columns in, what ``backpath predict`` says out."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from onnx.reference import ReferenceEvaluator

from backpath.cli import main
from backpath.data.categories import Categorical
from backpath.data.kinds import Truth
from backpath.data.moments import Moments
from backpath.data.reading.files import read_frame
from backpath.graph import DataError
from backpath.training.runs.exporting import export_onnx
from backpath.training.runs.run_folder import read_run
from backpath.training.runs.saved_model import SavedModel


def homes() -> pl.DataFrame:
    """Numbers, categories, truth values and moments, each with missing cells."""
    rng = np.random.default_rng(0)
    n = 90
    begun = [datetime(1899, 12, 30) + timedelta(minutes=int(k)) for k in rng.integers(0, 66_000_000, n)]
    size = rng.uniform(20, 200, n).round(2)
    city = rng.choice(["Bern", "Basel", "Zürich", "", "O'Hara"], n)
    garden = rng.choice(["yes", "no", ""], n)
    price = 1000 * size + 9000 * (city == "Bern") + 5000 * (garden == "yes")
    return pl.DataFrame(
        {
            "size": [None if k % 17 == 3 else v for k, v in enumerate(size.tolist())],
            "city": city, "garden": garden,
            "built": [None if k % 13 == 5 else str(moment) for k, moment in enumerate(begun)],
            "rooms": [-999 if k % 11 == 2 else int(v // 30) for k, v in enumerate(size)],
            "class": np.where(price > 110_000, "dear", np.where(price > 60_000, "fair", "cheap")),
            "price": price.round(1),
        }
    )  # fmt: skip


def trained(folder: Path, source: str, *options: str) -> SavedModel:
    told = CliRunner().invoke(
        main, ["train", source, "--epochs", "2", "--layers", "6", "--out", str(folder), "--quiet", *options]
    )
    assert told.exit_code == 0, told.output
    return read_run(folder)


def fed(model: SavedModel, table: pl.DataFrame) -> dict[str, np.ndarray]:
    """The raw columns as the file takes them."""
    found: dict[str, Any] = {}
    for column in model.features.columns:  # type: ignore[union-attr]
        cells = table[column.name]
        if isinstance(column, Moments):
            values = cells.str.to_datetime("%Y-%m-%d %H:%M:%S").to_physical().cast(float).to_numpy()
        elif isinstance(column, Categorical) or (not isinstance(column, Moments) and isinstance(column.kind, Truth)):  # type: ignore[union-attr]
            values = cells.fill_null("").to_numpy().astype(object)
        else:
            values = cells.cast(float).to_numpy()
        found[column.name] = values.reshape(-1, 1)
    return found


@pytest.mark.parametrize(
    "options",
    [
        ("--target", "price", "--drop", "class"),
        ("--target", "price", "--drop", "class", "--scale", "whiten", "--missing", "-999"),
        ("--target", "class", "--drop", "price", "--scale", "robust", "--categorical", "rooms"),
        ("--target", "class", "--drop", "price", "--loss", "hinge"),
        ("--target", "garden", "--drop", "price", "--loss", "sigmoid_cross_entropy"),
    ],
    ids=["values", "whitened", "classes", "hinge", "two classes"],
)
def test_files_predict_as_the_command_does(tmp_path: Path, options: tuple[str, ...]) -> None:
    table = homes()
    if "garden" in options:
        table = table.filter(pl.col("garden") != "")
    table.write_csv(tmp_path / "homes.csv")
    model = trained(tmp_path / "run", str(tmp_path / "homes.csv"), *options)
    raw = pl.read_csv(tmp_path / "homes.csv", infer_schema=False)
    predicted, probabilities = model.predicted(read_frame(tmp_path / "homes.csv", model.reading, as_text=None))
    found = ReferenceEvaluator(export_onnx(model)).run(None, fed(model, raw))
    if predicted.dtype == object:
        assert found[0].tolist() == predicted.tolist()
    else:
        np.testing.assert_allclose(found[0], predicted, rtol=1e-5)
    assert len(found) == 1 + (probabilities is not None)
    if probabilities is not None:
        np.testing.assert_allclose(found[1], probabilities, rtol=1e-5, atol=1e-6)


def test_categories_that_no_row_had_and_words_for_none(tmp_path: Path) -> None:
    homes().write_csv(tmp_path / "homes.csv")
    model = trained(tmp_path / "run", str(tmp_path / "homes.csv"), "--target", "price", "--drop", "class")
    other = homes().head(4).with_columns(
        city=pl.Series(["Genf", "NA", "n/a", "bern"]), garden=pl.Series(["YES", "null", "maybe", "No"])
    )  # fmt: skip
    other.write_csv(tmp_path / "other.csv")
    raw = pl.read_csv(tmp_path / "other.csv", infer_schema=False)
    predicted, _ = model.predicted(read_frame(tmp_path / "other.csv", model.reading, as_text=None))
    np.testing.assert_allclose(
        ReferenceEvaluator(export_onnx(model)).run(None, fed(model, raw))[0], predicted, rtol=1e-5
    )


@pytest.mark.parametrize("layers", ["conv:4x3,pool:2,8", "16"])
def test_images_and_digits(tmp_path: Path, layers: str) -> None:
    model = trained(tmp_path / "run", "digits", "--layers", layers)
    from backpath.cli.sources import open_source

    frame, _ = open_source("digits")
    predicted, probabilities = model.predicted(frame)
    proto = export_onnx(model)
    if layers == "16":
        feed = {i.name: frame[i.name].to_numpy().astype(float).reshape(-1, 1) for i in proto.graph.input}
    else:
        columns = model.features.columns
        feed = {"columns": np.stack([frame[str(name)].to_numpy() for name in columns], axis=1).astype(float)}
    found = ReferenceEvaluator(proto).run(None, {name: x[:40] for name, x in feed.items()})
    assert found[0].tolist() == predicted[:40].tolist()
    np.testing.assert_allclose(found[1], probabilities[:40], rtol=1e-4, atol=1e-6)  # type: ignore[index]


def test_hashed_words_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(["red", "green", "blue", "old", "new"], 4)) + f" {k}" for k in range(40)]
    table = pl.DataFrame({"text": texts, "y": [float("red" in t) + 0.1 * k for k, t in enumerate(texts)]})
    table.write_csv(tmp_path / "t.csv")
    model = trained(tmp_path / "run", str(tmp_path / "t.csv"), "--target", "y", "--text")
    with pytest.raises(DataError, match="'text' is read by hashed words"):
        export_onnx(model)
