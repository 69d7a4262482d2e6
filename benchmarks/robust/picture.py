"""Mean ranks on a line, and bars over those that Nemenyi's test does not tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.robust.comparison import Scores

BLUE, ORANGE, GRAY = "#1565c0", "#e65100", "#607d8b"
TITLES = {"accuracy": "accuracy", "log_loss": "log loss", "auc": "area under the ROC curve"}
STEP, BAR = 0.34, 0.16


def draw(path: Path, panels: Sequence[Scores], ours: str) -> None:
    """One panel a measure, below one another."""
    rows = (max(len(s.peers) for s in panels) + 1) // 2
    figure = Figure(figsize=(9, len(panels) * (1.5 + 0.36 * rows)), layout="constrained")
    for axes, scores in zip(np.ravel(figure.subplots(len(panels), 1)), panels, strict=True):
        _panel(axes, scores, ours)
    figure.savefig(path, dpi=110)


def _panel(axes: Any, scores: Scores, ours: str) -> None:
    order = np.argsort(scores.mean_ranks)
    ranks, k = scores.mean_ranks[order], len(order)
    best, worst = np.floor(ranks[0]), np.ceil(ranks[-1])
    groups = cliques(ranks, scores.critical_difference)
    below = -BAR * (len(groups) + 1)
    axes.plot([best, worst], [0, 0], color="black", lw=1)
    for tick in np.arange(best, worst + 1):
        axes.plot([tick, tick], [0, 0.1], color="black", lw=1)
        axes.text(tick, 0.16, f"{tick:.0f}", ha="center", va="bottom", fontsize=9)
    for depth, (first, last) in enumerate(groups, 1):
        ends = ranks[first] - 0.04, ranks[last] + 0.04
        axes.plot(ends, [-BAR * depth] * 2, color=GRAY, lw=3.5, solid_capstyle="butt")
    half = (k + 1) // 2
    for j, rank in enumerate(ranks):
        left = j < half
        y = below - STEP * (j if left else k - 1 - j)
        end, name = best - 0.15 if left else worst + 0.15, scores.peers[order[j]]
        color = ORANGE if name == ours else BLUE
        axes.plot([rank, rank, end], [0, y, y], color=color, lw=1.2)
        told = f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}"
        axes.text(end + (-0.05 if left else 0.05), y, told, ha="right" if left else "left", va="center", color=color)
    cd, top = scores.critical_difference, 0.62
    axes.plot([best, best + cd], [top, top], color=GRAY, lw=3.5, solid_capstyle="butt")
    axes.text(best + cd + 0.08, top, f"critical difference {cd:.2f}", va="center", fontsize=9, color=GRAY)
    span = worst - best
    axes.set(xlim=(best - 0.55 * span - 0.6, worst + 0.55 * span + 0.6), ylim=(below - STEP * half, top + 0.25))
    axes.set_title(f"mean rank by {TITLES[scores.measure]}, {len(scores.data)} data sets", fontsize=11)
    axes.axis("off")


def cliques(ranks: np.ndarray, difference: float) -> list[tuple[int, int]]:
    """Longest runs (first, last) of sorted ranks no further apart than this; none of one alone, or inside another."""
    found: list[tuple[int, int]] = []
    for first, rank in enumerate(ranks):
        last = int(np.searchsorted(ranks, rank + difference, side="right")) - 1
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found
