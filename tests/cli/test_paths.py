import json
import xml.etree.ElementTree as ET

import pytest
import sympy
from click.testing import CliRunner, Result

from backpath.cli import main


def paths(*words: str) -> Result:
    return CliRunner().invoke(main, ["paths", *words])


def test_nodes_edges_paths_their_sum_and_the_sweep():
    result = paths("y = w**2; cos(y) * w", "--at", "w=1.2")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "y 1.44" in lines
    assert "w y 2.4" in lines
    assert "w -> y -> cos_2 -> multiply_3 2.4 * -0.991458 * 1.2 -2.8554" in lines
    assert "w -> multiply_3 0.130424 0.130424" in lines
    assert "sum over all paths -2.72498" in lines
    assert "dynamic programming -2.72498" in lines


def test_symbols_stay_symbols():
    result = paths("cos(w**2)*a", "--symbolic", "--at", "a=0.5")
    assert "-w*sin(w**2)" in result.stdout
    assert "cos(w**2)/2" in result.stdout


def test_json_has_the_same_numbers():
    told = json.loads(paths("w*w, -w", "--at", "w=3", "--json").stdout)
    assert [n["value"] for n in told["nodes"]] == [3.0, 9.0, -3.0]
    assert [e["z"] for e in told["edges"]] == [3.0, 3.0, -1.0]
    square, negative = told["derivatives"]
    assert (square["count"], square["sum_over_paths"], square["dynamic_programming"]) == (2, 6.0, 6.0)
    assert [p["product"] for p in square["paths"]] == [3.0, 3.0]
    assert (negative["output"], negative["sum_over_paths"]) == ("negative_2", -1.0)


def test_json_stays_json_where_a_value_is_infinite():
    told = json.loads(paths("1/w", "--at", "w=0", "--json").stdout, parse_constant=pytest.fail)
    assert told["nodes"][-1]["value"] == "inf"


def test_a_point_outside_the_domain_is_said():
    result = paths("log(w) * 2", "--at", "w=-1")
    assert result.exit_code == 0
    assert "log_1 is nan: the point is outside its domain, where there is no derivative" in result.stdout
    told = json.loads(paths("log(w) * 2", "--at", "w=-1", "--json").stdout)
    assert told["derivatives"][0]["outside_domain"] == "log_1"
    assert "outside" not in paths("log(w) * 2", "--at", "w=1").stdout


def test_the_derivation_as_latex_states_every_value_and_local_derivative():
    lines = paths("o = cos(w**2)", "--at", "w=1.2", "--latex").stdout.splitlines()
    assert lines[0] == r"\begin{align*}"
    assert r"z(w, y_{1}) &= \frac{\partial y_{1}}{\partial w} = 2.4 \\" in lines
    assert r"\frac{\partial o}{\partial w} &= z(w, y_{1})\,z(y_{1}, o) \\" in lines
    assert lines[-2:] == ["&= -2.3795", r"\end{align*}"]


def test_latex_of_symbols():
    text = paths("w**3", "--symbolic", "--latex").stdout
    assert sympy.latex(3 * sympy.Symbol("w") ** 2) in text


def test_the_picture_is_a_new_file(tmp_path):
    picture = tmp_path / "graph.svg"
    assert paths("w*w", "--at", "w=3", "--svg", str(picture)).exit_code == 0
    assert ET.parse(picture).getroot().tag.endswith("svg")
    again = paths("w*w", "--at", "w=3", "--svg", str(picture))
    assert again.exit_code == 2
    assert "never overwrite" in again.stderr


def test_more_paths_than_a_page_has_are_counted_and_summed():
    layers = "; ".join(f"a{k} = {'w' if k == 0 else f'a{k - 1}'} + {'w' if k == 0 else f'a{k - 1}'}" for k in range(8))
    text = paths(layers, "--at", "w=1").stdout
    assert "256 paths" in text
    assert "... and 192 more" in text
    assert text.count("256") == 4  # the count, the value, the sum, the sweep


def test_paths_beyond_counting_one_by_one_have_the_sweep_alone():
    layers = "; ".join(f"a{k} = {'w' if k == 0 else f'a{k - 1}'} + {'w' if k == 0 else f'a{k - 1}'}" for k in range(60))
    text = paths(layers, "--at", "w=1").stdout
    assert "1,152,921,504,606,846,976 paths" in text
    assert "too many paths to visit" in text
    assert "1.15292e+18" in text.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cos(w**2)"], "w needs a value: give --at w=NUMBER"),
        (["a*b"], "a and b need a value: give --at a=NUMBER --at b=NUMBER"),
        (["cos(w"], "expected ')' to close the '(' of column 4"),
        (["coz(w)", "--at", "w=1"], "did you mean cos"),
        (["1 + 2"], "has no variable"),
        (["w", "--at", "v=1", "--at", "w=1"], "there is no variable 'v'; the expression has w"),
        (["w", "--at", "w"], "'w' is not NAME=NUMBER, such as w=1.2"),
        (["w", "--at", "w=1", "--svg", "no/such/folder/w.svg"], "no/such/folder/w.svg: No such file"),
    ],
)
def test_bad_input_ends_in_a_sentence(words, message):
    result = paths(*words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
