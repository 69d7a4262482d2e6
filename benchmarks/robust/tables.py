"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.robust.comparison import LARGER_IS_BETTER, Scores, compared, gathered

MEASURES = {"accuracy": "accuracy", "log_loss": "log loss", "auc": "AUC"}
Lines = Sequence[Mapping[str, Any]]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column to the left, the others to the right."""
    line = "|---|" + "---:|" * (len(head) - 1)
    return "\n".join([_row(head), line, *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def summary(scores: Mapping[str, Scores]) -> str:
    """Means over the sets, and mean ranks; by the rank of log loss."""
    peers = scores["log_loss"].peers
    order = np.argsort(scores["log_loss"].mean_ranks)
    head = ["", *(told for m in scores for told in (f"mean {MEASURES[m]}", "mean rank"))]
    rows = [
        [
            peers[j],
            *(told for s in scores.values() for told in (f"{s.means[:, j].mean():.4f}", f"{s.mean_ranks[j]:.2f}")),
        ]
        for j in order
    ]
    return table(head, rows)


def ranks(scores: Mapping[str, Scores]) -> str:
    """Mean ranks alone."""
    order = np.argsort(scores["log_loss"].mean_ranks)
    peers = scores["log_loss"].peers
    rows = [[peers[j], *(f"{s.mean_ranks[j]:.2f}" for s in scores.values())] for j in order]
    return table(["mean rank by", *(MEASURES[m] for m in scores)], rows)


def tests(scores: Mapping[str, Scores]) -> str:
    """What Friedman's and Nemenyi's tests say, in words."""
    return "; ".join(
        f"by {MEASURES[m]} p = {s.friedman:.1g}, critical difference {s.critical_difference:.2f}"
        for m, s in scores.items()
    )


def pairs(lines: Lines, peers: Sequence[str], ours: str) -> str:
    """Ours beside each other peer, on the folds that both have."""
    rows = []
    for peer in peers:
        cells = [peer]
        for measure in ("accuracy", "log_loss"):
            scores = compared(lines, measure, [ours, peer])
            pair = scores.against(ours, peer)
            if measure == "accuracy":
                cells.append(str(pair.data))
            cells += [f"{pair.gain:+.4f}", f"{pair.wins} : {pair.losses}", f"{pair.chance:.2g}"]
        rows.append(cells)
    head = ["beside", "sets", "gain in accuracy", "better : worse", "p", "gain in log loss", "better : worse", "p"]
    return table(head, rows)


def by_data(scores: Scores) -> str:
    """Each set's means; the best in bold."""
    best = (np.max if LARGER_IS_BETTER[scores.measure] else np.min)(scores.means, axis=1)
    form = ".4g" if scores.measure == "rmse" else ".4f"
    rows = []
    for name, means, top in zip(scores.data, scores.means, best, strict=True):
        told = [f"{mean:{form}}" for mean in means]
        rows.append([name, *(f"**{t}**" if t == f"{top:{form}}" else t for t in told)])
    return table(["data", *scores.peers], rows)


def folds(lines: Lines, peers: Sequence[str], measure: str) -> str:
    """How many folds each peer has, of how many sets."""
    found = gathered(lines, measure)
    return ", ".join(
        f"{peer} {len(places)} fits on {len({name for name, _, _ in places})} sets"
        for peer in peers
        if (places := found.get(peer, {}))
    )


def times(lines: Lines, peers: Sequence[str], base: str, column: str) -> str:
    """Median over the sets of each peer's time over the base's, and each peer's median seconds."""
    found = {peer: compared(_finished(lines, column), "seconds", [base, peer]) for peer in peers}
    rows = []
    for peer, scores in found.items():
        if len(scores.data):
            theirs, own = scores.means.T
            ratios = own / theirs
            cells = [f"{np.median(own):.2f}", f"{np.median(ratios):.2f}", f"{ratios.min():.2f} to {ratios.max():.2f}"]
            rows.append([peer, str(len(scores.data)), *cells])
    return table(["", "sets", "median seconds", f"times {base}'s, median", "least to most"], rows)


def _finished(lines: Lines, column: str) -> list[dict[str, Any]]:
    return [{**line, "seconds": line[column]} for line in lines if column in line]
