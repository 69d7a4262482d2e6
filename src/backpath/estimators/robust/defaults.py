"""What robust estimators do where nothing else is asked for: numbers by rows, numeric columns and classes.

They were found on development sets alone, which docs/scores.md names.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MANY = 2500
"""Rows from which on there are fewer members, and fewer epochs."""

ROWS_SEEN = 200_000
"""By each member, about, where there are many rows."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """The numbers of one fit.

    Attributes:
        members: how many networks predict together.
        folds: parts of the rows; each member is judged by one of them, which it does not train on.
        hidden: neurons of each hidden layer.
        activation: of those layers.
        parametric: whether each neuron learns how much of the activation, and how much of the line, it is.
        frequencies: of each numeric column, cosines of which go into the first layer; 0 for none.
        embedded: into how many numbers a small linear layer mixes a column's cosines.
        spread: deviation of the first frequencies.
        bins: pieces between quantiles into which each numeric column is cut for the first layer; 0 for none.
        bias: deviation of the first biases.
        rate: the highest step size.
        scale_factor: step sizes of input scales, relative to those of weights.
        bias_factor: likewise of biases.
        embedding_factor: likewise of frequencies, phases and what mixes their cosines.
        beta_1: how long Adam remembers gradients.
        beta_2: how long it remembers their squares.
        decay: of weights, decoupled, at its highest.
        dropout: of hidden neurons, at its highest.
        smoothing: of labels.
        epochs: passes over the rows.
        batch: rows of a step.
        least_steps: batches are smaller, but for ``least_batch``, where so many steps would not come about.
        least_batch: rows of a step, at least.
        fewest: epochs below which it is better to have fewer members where time is short.
    """

    members: int = 10
    folds: int = 5
    hidden: tuple[int, ...] = (128, 128)
    activation: str = "selu"
    parametric: bool = False
    frequencies: int = 8
    embedded: int = 3
    spread: float = 0.1
    bins: int = 0
    bias: float = 0.0
    rate: float = 0.04
    scale_factor: float = 6.0
    bias_factor: float = 0.1
    embedding_factor: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.95
    decay: float = 0.02
    dropout: float = 0.15
    smoothing: float = 0.1
    epochs: int = 100
    batch: int = 256
    least_steps: int = 0
    least_batch: int = 16
    fewest: int = 20


def defaults_for(rows: int, numbers: int, classes: int | None) -> Defaults:
    """The numbers for a table.

    Args:
        rows: to train on.
        numbers: columns that hold them.
        classes: to tell apart; None for quantities.
    """
    chosen = Defaults()
    if classes is None:
        chosen = replace(chosen, activation="mish", rate=0.07, smoothing=0.0)
    if rows > MANY:
        # So that a fit takes some ten seconds on two cores, and no more than in proportion from there on.
        chosen = replace(chosen, members=5, epochs=min(max(round(ROWS_SEEN / rows), 10), chosen.epochs))
    return chosen
