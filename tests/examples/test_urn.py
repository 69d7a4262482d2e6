"""The urns: exact probabilities, against a closed form, all sequences of draws, and a simulation."""

import runpy
from fractions import Fraction
from itertools import product
from math import comb, sqrt
from pathlib import Path

import pytest

PATH = str(Path(__file__).parents[2] / "examples" / "urn.py")
URN = runpy.run_path(PATH)
START, BLACK, WHITE = URN["START"], URN["BLACK"], URN["WHITE"]
RULES = {name: URN[name] for name in ("by_ball", "by_colour")}


@pytest.mark.parametrize("moves", range(4))
@pytest.mark.parametrize("rule", RULES)
class TestProbabilities:
    def test_every_state_is_possible_and_no_ball_is_lost(self, rule, moves):
        dag, _ = URN["state_graph"](RULES[rule], moves)
        states = [name for name in dag.names if name not in (BLACK, WHITE)]
        assert all(count >= 0 for urns in states for count in urns)
        assert all(sum(urns) == sum(START) for urns in states)
        assert all(urns.a_black + urns.b_black == START.a_black + START.b_black for urns in states)

    def test_probabilities_add_up_to_one_exactly(self, rule, moves):
        states, black = URN["probabilities"](RULES[rule], moves)
        assert all(isinstance(p, Fraction | int) and 0 < p <= 1 for p in states.values())
        assert sum(states.values()) == 1
        dag, _ = URN["state_graph"](RULES[rule], moves)
        assert black + dag.gradient(START, WHITE) == 1

    def test_the_chance_is_the_sum_over_all_sequences_of_draws(self, rule, moves):
        total = Fraction(0)
        for colours in product((BLACK, WHITE), repeat=moves):
            urns, chance = START, Fraction(1)
            for colour in colours:
                black = RULES[rule](urns)
                chance *= black if colour == BLACK else 1 - black
                if chance == 0:
                    break
                urns = urns.move(colour)
            total += chance * Fraction(urns.b_black, urns.b_black + urns.b_white)
        assert URN["probabilities"](RULES[rule], moves)[1] == total

    @pytest.mark.parametrize("method", ["paths", "forward", "elimination"])
    def test_every_method_gives_the_same(self, rule, moves, method):
        dag, _ = URN["state_graph"](RULES[rule], moves)
        assert dag.gradient(START, BLACK, method) == dag.gradient(START, BLACK)

    def test_the_simulation_agrees_within_its_standard_error(self, rule, moves):
        """The seed is fixed; four standard errors would miss once in 16,000 seeds."""
        trials, (_, black) = 20_000, URN["probabilities"](RULES[rule], moves)
        error = sqrt(black * (1 - black) / trials)
        assert abs(URN["simulate"](RULES[rule], moves, trials) - black) < 4 * error


@pytest.mark.parametrize("moves", range(4))
def test_by_ball_the_states_are_hypergeometric(moves):
    states, black = URN["probabilities"](RULES["by_ball"], moves)
    for urns, chance in states.items():
        k = START.a_black - urns.a_black
        assert chance == Fraction(comb(2, k) * comb(1, moves - k), comb(3, moves))
    assert black == (6 + Fraction(2 * moves, 3)) / (10 + moves)


def test_all_balls_moved_the_rules_no_longer_differ():
    assert URN["probabilities"](RULES["by_ball"], 3) == URN["probabilities"](RULES["by_colour"], 3)
    assert URN["probabilities"](RULES["by_colour"], 1)[1] == Fraction(13, 22)


def test_the_script_prints_its_table(capsys):
    runpy.run_path(PATH, run_name="__main__")
    printed = capsys.readouterr().out
    assert "13/22 = 0.5909" in printed
    assert len(printed.splitlines()) == 9
