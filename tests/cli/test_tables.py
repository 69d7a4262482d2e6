"""Tables on the command line: what columns are is told, can be changed, is kept with the run and used by it."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from backpath.cli import main
from backpath.training.runs.run_folder import read_config, read_run

QUICK = ("--epochs", "2", "--layers", "4", "--out", "run")
ROWS = 60


def backpath(*words):
    return CliRunner().invoke(main, [str(w) for w in words])


def write(path, columns, sep=",", encoding="utf-8"):
    rows = [sep.join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    path.write_bytes("\n".join([sep.join(columns), *rows, ""]).encode(encoding))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def odd_columns():
    return {
        "preis": [f"{k},{k % 10}5" for k in range(ROWS)],
        "größe": [k if k % 7 else "k.A." for k in range(ROWS)],
        "datum": [f"{k % 28 + 1:02}.{k % 12 + 1:02}.2026" for k in range(ROWS)],
        "offen": [["ja", "nein"][k % 2] for k in range(ROWS)],
        "urteil": [["None", "gut"][k % 2] for k in range(ROWS)],
    }


ODD = ("--missing", "k.A.", "--label-missing", "none", "--encoding", "latin-1", "--delimiter", ";")


def test_how_a_file_is_read_is_kept_with_the_run_and_holds_for_other_files(here):
    write(here / "t.csv", odd_columns(), ";", "latin-1")
    result = backpath("train", "t.csv", "--target", "urteil", *ODD, *QUICK)
    assert result.exit_code == 0, result.output
    assert "2 classes: None, gut" in result.stdout
    assert "preis: number, written with a decimal comma" in result.stdout
    assert "--decimal says which mark is the decimal one" in result.stdout
    reading = read_run("run").reading
    assert (reading.missing, reading.label_missing, reading.encoding, reading.delimiter) == (
        ("k.A.",),
        "none",
        "latin-1",
        ";",
    )
    (here / "new.csv").write_bytes("preis;größe;datum;offen\n1.000,5;k.A.;31.01.2026;ja\n".encode("latin-1"))
    refused = backpath("predict", "run", "new.csv")
    assert "line 2: column 'preis' holds numbers, and '1.000,5' is none" in refused.stderr
    (here / "new.csv").write_bytes("preis;größe;datum;offen\n5,5;k.A.;31.01.2026;ja\n".encode("latin-1"))
    predicted = backpath("predict", "run", "new.csv")
    assert (predicted.exit_code, predicted.stderr) == (0, "")
    (here / "utf.csv").write_bytes("preis,größe,datum,offen\n5,1,31.01.2026,ja\n".encode())
    assert backpath("predict", "run", "utf.csv", "--encoding", "utf-8", "--delimiter", ",").exit_code == 0
    explained = backpath("explain", "run", "--batch", "test", "--json")
    assert explained.exit_code == 0, explained.output


def test_columns_are_described_and_nothing_is_trained(here):
    columns = odd_columns() | {"name": [f"Ada {k}" for k in range(ROWS)], "plz": [f"{k % 3:05}" for k in range(ROWS)]}
    write(here / "t.csv", columns, ";", "latin-1")
    result = backpath("train", "t.csv", "--target", "urteil", *ODD, "--describe")
    assert result.exit_code == 0, result.output
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line}
    for name, words in {
        "preis": ["number, written with a decimal comma", "0.05 to 59.95", "1 feature"],
        "größe": ["9  ", "1 to 59", "2 features: größe, größe is missing"],
        "datum": ["date (%d.%m.%Y)", "2026-01-01 to 2026-12-", "datum: elapsed, datum: month"],
        "offen": ["category", "2: ja, nein"],
        "urteil": ["the target"],
        "name": ["text", "left out: 60 different texts in 60 training rows"],
        "plz": ["category (codes with leading zeros)", "3: 00000, 00001, 00002"],
    }.items():
        assert all(word in lines[name] for word in words), lines[name]
    assert "60 rows; told from the cells, --numeric, --categorical, --text and --drop change it" in result.stdout
    assert not (here / "runs").exists()
    assert backpath("train", "t.csv", *ODD, "--describe").exit_code == 0


def test_columns_of_each_kind_are_counted_and_memory_is_told(here):
    write(here / "t.csv", odd_columns(), ";", "latin-1")
    words = ("train", "t.csv", "--target", "urteil", *ODD, *QUICK)
    text = backpath(*words).stdout
    assert "  columns   2 numbers, 1 date, 1 category\n            told from the cells: --describe shows each" in text
    start = json.loads(backpath(*words[:-1], "again", "--json").stdout.splitlines()[0])
    assert start["columns"] == {"number": 2, "date": 1, "category": 1}
    assert start["data_memory"]["features"] == 4 * start["features"] * start["split"]["train"]
    assert start["data_memory"]["table"] > 0


def test_the_index_that_pandas_writes_is_left_out_and_told(here):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=ROWS), "way": ["up", "down"] * (ROWS // 2)})
    frame.to_csv("t.csv")
    result = backpath("train", "t.csv", "--target", "way", *QUICK)
    assert (
        "left out: Unnamed: 0 (the header gives it no name: an index, as DataFrame.to_csv writes it)" in result.stdout
    )
    assert read_run("run").features.names == ["x"]


def test_a_run_knows_its_rows_and_refuses_to_tell_parts_of_others(here):
    columns = {"x": [k % 17 for k in range(ROWS)], "way": ["up", "down"] * (ROWS // 2)}
    write(here / "t.csv", columns)
    assert backpath("train", "t.csv", "--target", "way", *QUICK).exit_code == 0
    data = read_config("run")["data"]
    assert (data["rows"], data["parts"]["train"]["rows"], data["parts"]["test"]["rows"]) == (60, 48, 12)
    assert backpath("explain", "run", "--batch", "test", "--json").exit_code == 0
    pd.DataFrame(columns).to_parquet("same.parquet")
    config = json.loads((here / "run/config.json").read_text())
    (here / "run/config.json").write_text(json.dumps(config | {"source": "same.parquet", "source_absolute": ""}))
    assert backpath("explain", "run", "--batch", "test", "--json").exit_code == 0
    (here / "run/config.json").write_text(json.dumps(config))
    with (here / "t.csv").open("a") as file:
        file.write("3,up\n4,down\n")
    refused = backpath("explain", "run", "--batch", "test", "--json")
    assert refused.exit_code == 2
    assert "t.csv has changed since the run was trained (62 rows now, 60 then)" in refused.stderr
    assert backpath("explain", "run", "--sample", "0", "--json").exit_code == 0


def test_a_run_finds_its_data_from_elsewhere(here, monkeypatch):
    write(here / "t.csv", {"x": [k % 17 for k in range(ROWS)], "way": ["up", "down"] * (ROWS // 2)})
    assert backpath("train", "t.csv", "--target", "way", *QUICK).exit_code == 0
    config = read_config("run")
    assert (config["source"], config["source_absolute"]) == ("t.csv", str(here / "t.csv"))
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    assert backpath("explain", "../run", "--batch", "test", "--json").exit_code == 0


def test_unknown_truth_values_and_categories_are_told(here):
    columns = {
        "open": ["yes", "no"] * (ROWS // 2),
        "city": ["Oslo", "Rome", "Lima"] * (ROWS // 3),
        "way": ["up", "down"] * (ROWS // 2),
    }
    write(here / "t.csv", columns)
    assert backpath("train", "t.csv", "--target", "way", *QUICK).exit_code == 0
    (here / "new.csv").write_text("open,city\nperhaps,Bonn\nyes,Oslo\n")
    result = backpath("predict", "run", "new.csv")
    assert result.exit_code == 0
    assert (
        "column 'open' has categories that training never saw, read as none of the known ones: perhaps" in result.stderr
    )
    assert "column 'city' has categories that training never saw, read as none of the known ones: Bonn" in result.stderr


def test_text_is_used_where_asked_for(here):
    columns = {
        "note": [f"{k} is {'good' if k % 2 else 'bad'}" for k in range(ROWS)],
        "way": ["up", "down"] * (ROWS // 2),
    }
    write(here / "t.csv", columns)
    assert "no column to learn from" in backpath("train", "t.csv", "--target", "way", *QUICK).stderr
    result = backpath("train", "t.csv", "--target", "way", "--text", *QUICK, "--epochs", "20")
    assert "1 text\n" in result.stdout
    assert "test 1.0000" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--delimiter", ";;"], "';;' is not one character that can stand between cells"),
        (["--delimiter", "a"], "'a' is not one character"),
        (["--encoding", "klingon"], "'klingon' is no encoding"),
        (["--decimal", ":"], "'--decimal'"),
        (["--label-missing", "some"], "'--label-missing'"),
        (["--describe", "--stream", "1"], "cannot be streamed"),
    ],
)
def test_wrong_options_are_one_sentence(here, words, message):
    write(here / "t.csv", {"x": range(20), "way": ["up", "down"] * 10})
    result = backpath("train", "t.csv", "--target", "way", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_large_file_says_that_it_is_read(here, monkeypatch):
    monkeypatch.setattr("backpath.cli.progress.WORTH_TELLING", 0)
    write(here / "t.csv", {"x": [k % 17 for k in range(ROWS)], "way": ["up", "down"] * (ROWS // 2)})
    assert backpath("train", "t.csv", "--target", "way", *QUICK).stdout.startswith("  reading   t.csv, 0 MiB\n")


def test_a_slip_anywhere_is_told_before_training(here):
    for cell in ("inf", "12o"):
        for row in range(0, ROWS, 7):
            cells = [str(k) for k in range(ROWS)]
            cells[row] = cell
            write(here / "t.csv", {"x": cells, "way": ["up", "down"] * (ROWS // 2)})
            result = backpath("train", "t.csv", "--target", "way", *QUICK)
            assert (result.exit_code, result.stdout) == (2, "")
            assert f"t.csv, line {row + 2}: " in result.stderr
            assert repr(cell) in result.stderr
