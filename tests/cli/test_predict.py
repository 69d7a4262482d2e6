import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backpath.cli import main

CSV = "size,colour,way\n" + "".join(
    f"{k},{'red' if k % 3 else 'blue'},{'up' if k > 20 else 'down'}\n" for k in range(40)
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ways.csv").write_text(CSV)
    assert backpath("train", "ways.csv", "--target", "way", "--out", "run", "--layers", "8").exit_code == 0
    return tmp_path


def backpath(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_classes_and_their_probabilities_go_to_stdout():
    result = backpath("predict", "run", "ways.csv")
    predicted = rows(result.stdout)
    assert (result.exit_code, result.stderr, len(predicted)) == (0, "", 40)
    assert list(predicted[0]) == ["prediction", "p(down)", "p(up)"]
    assert (predicted[0]["prediction"], predicted[39]["prediction"]) == ("down", "up")
    for row in predicted:
        p = {name: float(row[f"p({name})"]) for name in ("down", "up")}
        assert sum(p.values()) == pytest.approx(1, abs=1e-5)
        assert row["prediction"] == max(p, key=p.__getitem__)


def test_a_file_without_target_and_with_more_columns(here):
    (here / "new.csv").write_text("more,colour,size\n?,red,39\n")
    assert rows(backpath("predict", "run", "new.csv").stdout)[0]["prediction"] == "up"


def test_a_quantity_has_a_prediction_alone():
    train = ("train", "ways.csv", "--target", "size", "--out", "sizes", "--task", "regression", "--layers", "8")
    assert backpath(*train).exit_code == 0
    predicted = rows(backpath("predict", "sizes", "ways.csv").stdout)
    assert list(predicted[0]) == ["prediction"]
    assert 0 < float(predicted[0]["prediction"]) < 40


def test_out_is_written_once_and_never_overwritten(here):
    result = backpath("predict", "run", "ways.csv", "--out", "p.csv")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "40 predictions in p.csv" in result.stderr
    written = (here / "p.csv").read_text()
    assert written == backpath("predict", "run", "ways.csv").stdout
    result = backpath("predict", "run", "ways.csv", "--out", "p.csv")
    assert result.exit_code == 2
    assert "p.csv exists" in result.stderr
    assert (here / "p.csv").read_text() == written


def test_an_unseen_category_is_a_warning(here):
    (here / "new.csv").write_text("colour,size\ngreen,39\n")
    result = backpath("predict", "run", "new.csv")
    assert result.exit_code == 0
    assert "column 'colour' has categories that training never saw" in result.stderr
    assert result.stderr.rstrip().endswith("green")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none", "ways.csv"], "none is no run folder: it does not exist"),
        (["ways.csv", "ways.csv"], "ways.csv is no run folder: it is a file"),
        ([".", "ways.csv"], ". is no run folder: it has no model.json"),
        (["damaged", "ways.csv"], "is damaged"),
        (["run", "none.csv"], "there is no file none.csv"),
        (["run", "few.csv"], "few.csv lacks the column colour; it has size"),
        (["run", "text.csv"], "text.csv, line 2: column 'size' holds numbers, and 'big' is none"),
        (["run", "digits"], "digits lacks the columns size, colour; it has pixel_0_0"),
        (["run", "ways.csv", "--out", "absent/p.csv"], "absent/p.csv: No such file or directory"),
        (["run"], "Missing argument 'SOURCE'"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(here, words, message):
    (here / "few.csv").write_text("size\n1\n")
    (here / "text.csv").write_text("size,colour\nbig,red\n")
    (here / "damaged").mkdir()
    (here / "damaged" / "model.json").write_text("{")
    result = backpath("predict", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_ctrl_c_is_one_word(here, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("backpath.cli.predict.read_description", stop)
    result = backpath("predict", "runs/iris-1", "iris")
    assert (result.exit_code, result.stderr) == (130, "\nInterrupted.\n")
