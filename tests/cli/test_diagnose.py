"""``backpath diagnose``, ``--apply``, ``--map`` and ``train --watch``, as typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from backpath.cli import main
from backpath.training.runs.run_folder import read_config


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(*words, code=0):
    result = CliRunner().invoke(main, [*map(str, words)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


SLOW = ("iris", "--rate", "1e-6", "--epochs", "6", "--layers", "12")


def test_a_run_is_diagnosed_and_repaired(here):
    typed("train", *SLOW, "--out", "slow", "--quiet")
    out = typed("diagnose", "slow", "--budget", "60", "--apply", "--out", "better")
    assert "1. rate_too_small" in out
    assert "trained better" in out
    assert read_config("better")["rate"] > 1e-4
    page = Path("diagnoses/iris-1/diagnosis.html").read_text(encoding="utf-8")
    assert "rate_too_small" in page
    told = json.loads(Path("diagnoses/iris-1/diagnosis.json").read_text(encoding="utf-8"))
    assert told[0]["confirmed"] is True


def test_a_source_is_diagnosed_as_json_alone(here):
    told = json.loads(typed("diagnose", *SLOW, "--json", "--budget", "60"))
    assert {"kind", "where", "evidence", "fix", "effect", "confirmed"} <= set(told[0])
    assert not Path("diagnoses").exists()


def test_a_file_with_a_leaking_column(here):
    rows = ["a,b,c,answer,target"]
    rows += [
        f"{k * 7 % 10 + k % 3},{k * 3 % 11},{k * 5 % 13},{(k % 2) * 5 + k / 1e4},{'yn'[k % 2]}" for k in range(150)
    ]
    Path("table.csv").write_text("\n".join(rows), encoding="utf-8")
    told = json.loads(typed("diagnose", "table.csv", "--target", "target", "--epochs", 5, "--layers", 8, "--json"))
    assert ("leakage", "answer") in [(f["kind"], f["where"]) for f in told]
    assert "needs --target" in typed("diagnose", "table.csv", code=2)


def test_the_map_is_drawn(here):
    typed("diagnose", "iris", "--epochs", 3, "--layers", "6", "--map", "--budget", "1")
    assert Path("diagnoses/iris-1/stability.png").read_bytes()[:4] == b"\x89PNG"
    assert "edge" in json.loads(Path("diagnoses/iris-1/stability.json").read_text(encoding="utf-8"))


def test_nothing_to_apply_is_said(here):
    assert "nothing to apply" in typed("diagnose", "iris", "--epochs", 30, "--budget", "1e-9", "--apply", code=2)


def test_training_is_watched(here):
    out = typed("train", *SLOW, "--epochs", "12", "--watch")
    assert "watch     " in out
    lines = [json.loads(line) for line in typed("train", *SLOW, "--epochs", "12", "--watch", "--json").splitlines()]
    assert any(line["event"] == "watch" and line["kind"] == "rate_too_small" for line in lines)
