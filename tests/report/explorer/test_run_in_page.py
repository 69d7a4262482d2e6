"""A run's page: what it says of predictions, against scikit-learn and differences; and that it shows it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.metrics import confusion_matrix, log_loss, r2_score

from backpath.cli import main
from backpath.cli.sources import open_source
from backpath.data.split import split
from backpath.graph import DataError
from backpath.report.explorer.run import run_page
from backpath.training.runs.run_folder import read_run


def backpath(*words):
    done = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Small runs: three classes, two by one sigmoid, a quantity, and images."""
    place = tmp_path_factory.mktemp("runs")
    small = ("--epochs", "3", "--layers", "6", "--engine", "numpy", "--quiet")
    backpath("train", "iris", *small, "--validation", "0.2", "--out", place / "iris")
    backpath("train", "breast_cancer", *small, "--loss", "sigmoid_cross_entropy", "--out", place / "cancer")
    backpath("train", "diabetes", *small, "--test", "0", "--out", place / "diabetes")
    images = ("--epochs", "1", "--layers", "conv:2x3,pool:2,8", "--engine", "numpy", "--quiet")
    backpath("train", "digits", *images, "--out", place / "digits")
    return place


def page_of(runs, name, source=None):
    frame, _ = open_source(source or name)
    return run_page(runs / name, frame), frame, read_run(runs / name)


def margin(model, X, actual, predicted):
    scores = model.network.scores({k: v.astype(float) for k, v in model.parameters.items()}, X)[0]
    return scores[predicted] - scores[actual]


def test_predictions_and_losses_of_classes_as_scikit_learn_counts_them(runs):
    page, frame, model = page_of(runs, "iris")
    codes = model.target.encode(frame)
    rows = split(len(frame), codes, names=model.target.classes, test=0.2, validation=0.2, seed=0).test
    probable = model.probabilities(frame, rows)
    told = page.panel
    assert told["part"] == "test"
    assert told["rows"] == {"test": len(rows), "validation": 30, "train": 90}
    expected = confusion_matrix(codes[rows], probable.argmax(axis=1), labels=range(3))
    assert told["confusion"] == expected.tolist()
    assert told["losses"]["test"] == pytest.approx(log_loss(codes[rows], probable, labels=range(3)), rel=1e-5)
    each = -np.log(probable[np.arange(len(rows)), codes[rows]])
    worst = np.argsort(-each)[:12]
    assert [row["row"] for row in told["wrong"]] == rows[worst].tolist()
    np.testing.assert_allclose([row["loss"] for row in told["wrong"]], each[worst], rtol=1e-4)
    history = json.loads((runs / "iris" / "history.json").read_text())
    assert told["history"]["loss"] == [epoch["loss"] for epoch in history]


def test_features_of_a_wrong_row_are_differences_of_scores(runs):
    page, frame, model = page_of(runs, "iris")
    classes = list(model.target.classes)
    row = page.panel["wrong"][0]
    actual, predicted = classes.index(row["actual"]), classes.index(row["predicted"])
    assert actual != predicted
    X = model.features.transform(frame, np.array([row["row"]])).astype(float)
    labels = model.features.labels
    for name, value, slope in row["features"]:
        k, step = labels.index(name), 1e-6
        ahead, behind = X.copy(), X.copy()
        ahead[0, k] += step
        behind[0, k] -= step
        rise = margin(model, ahead, actual, predicted) - margin(model, behind, actual, predicted)
        assert slope == pytest.approx(rise / (2 * step), abs=1e-6)
        assert value == pytest.approx(X[0, k])
    assert sum(abs(product) for _, product, _ in row["paths"]) > 0
    assert row["depth"] == pytest.approx(2)


def test_two_classes_by_one_score(runs):
    page, frame, model = page_of(runs, "cancer", "breast_cancer")
    row = page.panel["wrong"][0]
    assert row["subject"] == f"score of {row['predicted']} over {row['actual']}"
    sign = 1 if row["predicted"] == model.target.classes[1] else -1
    X = model.features.transform(frame, np.array([row["row"]])).astype(float)
    name, _, slope = row["features"][0]
    k = model.features.labels.index(name)
    ahead = X.copy()
    ahead[0, k] += 1e-6
    parameters = {key: value.astype(float) for key, value in model.parameters.items()}
    rise = (model.network.scores(parameters, ahead) - model.network.scores(parameters, X))[0, 0]
    assert slope == pytest.approx(sign * rise / 1e-6, rel=1e-3)


def test_a_quantity_in_its_own_units(runs):
    page, frame, model = page_of(runs, "diabetes")
    told = page.panel
    assert (told["task"], told["part"], set(told["losses"])) == ("regression", "train", {"train"})
    actual = frame["progression"].to_numpy()
    assert told["scores"]["train"]["r2"] == pytest.approx(r2_score(actual, model.predict(frame)), rel=1e-6)
    assert len(told["points"]) == 400
    assert set(np.array(told["points"])[:, 0]) <= set(actual.tolist())
    errors = np.abs(actual - model.predict(frame))
    assert [row["row"] for row in told["wrong"]] == np.argsort(-errors)[:12].tolist()


def test_images_come_with_their_pixels(runs):
    page, frame, _ = page_of(runs, "digits")
    row = page.panel["wrong"][0]
    picture = row["picture"]
    assert (picture["height"], picture["width"], row["cells"]) == (8, 8, [])
    pixels = [frame[f"pixel_{i}_{j}"][row["row"]] for i in range(8) for j in range(8)]
    assert np.corrcoef(picture["pixels"], pixels)[0, 1] == pytest.approx(1)
    largest = row["features"][0]
    assert max(np.abs(picture["slopes"])) == pytest.approx(abs(largest[2]))


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1)])
def test_images_of_an_archive_come_with_their_pixels(shape, tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 90, (60, *shape)).astype(np.uint8), rng.integers(0, 2, 60)
    np.savez(tmp_path / "grey.npz", X=X, y=y)
    words = ("--layers", "mean:2,4", "--target", "y", "--epochs", "1", "--engine", "numpy", "--quiet")
    backpath("train", tmp_path / "grey.npz", *words, "--out", tmp_path / "run")
    row = run_page(tmp_path / "run", open_source(str(tmp_path / "grey.npz"))[0]).panel["wrong"][0]
    assert (row["picture"]["height"], row["picture"]["width"], row["cells"]) == (5, 4, [])
    assert np.corrcoef(row["picture"]["pixels"], X[row["row"]].ravel())[0, 1] == pytest.approx(1)
    assert any(row["picture"]["slopes"])


def test_whole_numbers_are_explained_by_the_vectors_that_stand_for_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X = np.random.default_rng(0).integers(0, 6, (120, 4))
    np.savez("tokens.npz", x=X, y=np.where(X[:, 0] > 2, "high", "low"))
    words = ("--layers", "embed:4,transformer:1x4", "--target", "y", "--epochs", "1", "--engine", "numpy", "--quiet")
    backpath("train", "tokens.npz", *words, "--out", "run")
    row = run_page("run", open_source("tokens.npz")[0]).panel["wrong"][0]
    assert {name for name, _, _ in row["features"]} <= {f"number {k}" for k in X[row["row"]]}
    assert {value for _, value, _ in row["features"]} == {None}


def test_changed_data_are_refused(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "\n".join(f"{k},{k % 7},{'ab'[k % 2]}" for k in range(60))
    (tmp_path / "t.csv").write_text(f"x,y,c\n{rows}\n")
    backpath("train", "t.csv", "--target", "c", "--epochs", "1", "--layers", "4", "--out", "run", "--quiet")
    (tmp_path / "t.csv").write_text(f"x,y,c\n{rows}\n61,3,a\n")
    frame, _ = open_source("t.csv")
    with pytest.raises(DataError, match="has changed since the run was trained"):
        run_page("run", frame)


def test_the_page_shows_it(runs, tmp_path, open_page):
    backpath("explore", runs / "iris", "--out", tmp_path / "iris.html")
    page = open_page.file(tmp_path / "iris.html", "#tab=run&run.row=1")
    told = page_of(runs, "iris")[0].panel
    counts = page.locator("table.confusion tbody td").all_inner_texts()
    assert [int(text.replace("·", "0")) for text in counts] == np.ravel(told["confusion"]).tolist()
    assert told["wrong"][1]["place"] in page.locator(".why").inner_text()
    page.locator(".rows button").nth(2).click()
    shown = page.locator(".why").inner_text()
    assert f"It is {told['wrong'][2]['actual']}" in shown
    assert told["wrong"][2]["features"][0][0] in shown
    page.wait_for_function("location.hash.includes('run.row=2')")
    assert page.locator("h1").inner_text() == "iris: species"


def test_a_quantity_on_the_page(runs, tmp_path, open_page):
    backpath("explore", runs / "diabetes", "--out", tmp_path / "diabetes.html")
    page = open_page.file(tmp_path / "diabetes.html", "#tab=run")
    assert page.locator(".scatter circle").count() == 400
    assert "predicted" in page.locator(".why").inner_text()
