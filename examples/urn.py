"""Two urns: the probability of an outcome is a sum over paths too, with transition probabilities for z(i, j).

Urn A holds 2 black and 1 white balls, urn B 6 black and 4 white. Some balls go one at a time from A into B; then a
ball is drawn from B. The states of both urns are the nodes of a DAG, and the recursion that gives derivatives gives
every state's probability, exactly.

Run with ``python examples/urn.py``.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from backpath.paths import Dag

BLACK, WHITE = "black", "white"


class Urns(NamedTuple):
    """How many balls of each colour are in each urn."""

    a_black: int
    a_white: int
    b_black: int
    b_white: int

    def move(self, colour: str) -> Urns:
        """One ball goes from A into B."""
        a_black, a_white, b_black, b_white = self
        if colour == BLACK:
            return Urns(a_black - 1, a_white, b_black + 1, b_white)
        return Urns(a_black, a_white - 1, b_black, b_white + 1)


START = Urns(2, 1, 6, 4)
Rule = Callable[[Urns], Fraction]


def by_ball(urns: Urns) -> Fraction:
    """The chance that a black ball is moved when every ball in A is as likely."""
    return Fraction(urns.a_black, urns.a_black + urns.a_white)


def by_colour(urns: Urns) -> Fraction:
    """The same when a colour is picked at random, and the other one is taken once that is used up."""
    if urns.a_black == 0 or urns.a_white == 0:
        return Fraction(urns.a_black > 0)
    return Fraction(1, 2)


def state_graph(rule: Rule, moves: int) -> tuple[Dag, list[Urns]]:
    """The DAG of all states with its last layer, each state of which leads on to the colour drawn from B."""
    edges: list[tuple[Urns, Urns | str, Fraction]] = []
    layer = [START]
    for _ in range(moves):
        reached: dict[Urns, None] = {}
        for urns in layer:
            for colour, chance in ((BLACK, rule(urns)), (WHITE, 1 - rule(urns))):
                if chance:
                    edges.append((urns, urns.move(colour), chance))
                    reached[urns.move(colour)] = None
        layer = list(reached)
    for urns in layer:
        black = Fraction(urns.b_black, urns.b_black + urns.b_white)
        edges += [(urns, BLACK, black), (urns, WHITE, 1 - black)]
    return Dag.from_edges(edges), layer


def probabilities(rule: Rule, moves: int) -> tuple[dict[Urns, Fraction], Fraction]:
    """The probability of every state after the moves, and that a ball then drawn from B is black."""
    dag, layer = state_graph(rule, moves)
    chances = dag.gradient(START, [*layer, BLACK])
    return {urns: chances[urns] for urns in layer}, chances[BLACK]


def simulate(rule: Rule, moves: int, trials: int, seed: int = 0) -> float:
    """How often a black ball was drawn from B."""
    dice = random.Random(seed)
    black = 0
    for _ in range(trials):
        urns = START
        for _ in range(moves):
            urns = urns.move(BLACK if dice.random() < rule(urns) else WHITE)
        black += dice.random() < urns.b_black / (urns.b_black + urns.b_white)
    return black / trials


def main() -> None:
    """Print the chance of drawing black, exactly and as simulated."""
    print(f"{'balls moved':<13}{'chosen by':<11}{'states':>6}  {'chance of black':<24}simulated")
    for moves in range(4):
        for name, rule in (("ball", by_ball), ("colour", by_colour)):
            states, black = probabilities(rule, moves)
            exact = f"{black} = {float(black):.4f}"
            print(f"{moves:<13}{name:<11}{len(states):>6}  {exact:<24}{simulate(rule, moves, 10_000):.4f}")


if __name__ == "__main__":
    main()
