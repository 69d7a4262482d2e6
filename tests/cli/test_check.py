import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner, Result

from backpath.cli import main
from backpath.ops import PRIMITIVES, Scale

SWEEPS = ("reverse sweep", "forward sweep", "elimination", "paths")
NUMERICAL = ("complex step", "central differences", "50-digit arithmetic")


def check(*words: str) -> Result:
    return CliRunner().invoke(main, ["check", *words])


@pytest.fixture
def wrong_cosine(monkeypatch):
    right = PRIMITIVES["cos"]
    rule = (lambda y, x: Scale(np.sin(x)),)
    monkeypatch.setitem(PRIMITIVES, "cos", replace(right, local=rule))


def test_an_expression_by_every_method():
    result = check("cos(w**2)*v", "--at", "w=1.2", "--at", "v=3")
    assert (result.exit_code, result.stderr) == (0, "")
    methods = [line.split("  ")[0] for line in result.stdout.splitlines()[1:]]
    assert methods == [*SWEEPS, *NUMERICAL]
    assert "DISAGREES" not in result.stdout


def test_a_wrong_rule_exits_with_1_and_names_the_edge(wrong_cosine):
    result = check("y = w**2; o = 2*cos(y)", "--at", "w=1.2")
    assert result.exit_code == 1
    rows = result.stdout.splitlines()
    assert [row.split("  ")[0] for row in rows if row.endswith("DISAGREES")] == list(NUMERICAL)
    assert "the first wrong edge is z(y, cos_" in rows[-1]


def test_json_says_the_same(wrong_cosine):
    result = check("cos(w)", "--at", "w=1", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["ok"]) == (1, False)
    assert told["wrong_edge"]["primitive"] == "cos"
    assert told["wrong_edge"]["ours"] == pytest.approx(-told["wrong_edge"]["theirs"])
    assert {r["name"] for r in told["routes"] if not r["ok"]} == set(NUMERICAL)


@pytest.mark.parametrize(
    ("expression", "w", "node"),
    [
        ("relu(w)", "0", "relu_1 is at a kink of relu (0 at 0): from below 0, from above 1, ours 0"),
        ("abs(w)", "0", "abs_1 is at a kink of abs (0 at 0): from below -1, from above 1, ours 0"),
        (
            "max(w, 2)",
            "2",
            "maximum_2 is at a kink of maximum (at a tie each operand gets half): from below 0, from above 1, ours 0.5",
        ),
        ("clip(w, 0, 1)", "1", "minimum_4 is at a kink of minimum"),
        ("leaky_relu(w)", "0", "leaky_relu_1 is at a kink"),
        ("floor(w)", "2", "floor_1 is at a kink of floor (0 everywhere"),
        ("sqrt(w)", "0", "sqrt_1 is at a kink of sqrt"),
        ("log(w)", "0", "log_1 is at a kink of log (infinite, and its derivative"),
        ("arcsin(w)", "1", "arcsin_1 is at a kink of arcsin"),
    ],
)
def test_a_kink_is_named_and_is_no_error(expression, w, node):
    result = check(expression, "--at", f"w={w}")
    assert (result.exit_code, result.stderr) == (0, "")
    assert node in result.stdout
    told = json.loads(check(expression, "--at", f"w={w}", "--json").stdout)
    assert told["ok"]
    assert told["kinks"][0]["primitive"] in node
    inward = -1e-7 if w in ("1", "2") else 1e-7
    beside = check(expression, "--at", f"w={float(w) + inward}")
    assert beside.exit_code == 0
    assert "kink" not in beside.stdout


@pytest.mark.parametrize("source", ["iris", "diabetes"])
def test_a_run_also_by_the_textbooks_recursions(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train = ["train", source, "--epochs", "2", "--layers", "6", "--activation", "tanh", "--out", "run", "--quiet"]
    assert CliRunner().invoke(main, train).exit_code == 0
    result = check("run")
    assert result.exit_code == 0, result.output
    for method in (*SWEEPS, "Delta recursion", "delta recursion", *NUMERICAL):
        assert f"\n{method} " in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cos(w)"], "w needs a value: give --at w=NUMBER"),
        (["log(w)", "--at", "w=-1"], "node 'log_1' is nan: the point is outside its domain"),
        (["3"], "there is no variable to differentiate by"),
        (["."], "it has no model.json"),
        ([".", "--at", "w=1"], "--at is for expressions"),
        (["runs/digits-1"], "there is no folder runs/digits-1"),
    ],
)
def test_bad_input_ends_in_a_sentence(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = check(*words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
