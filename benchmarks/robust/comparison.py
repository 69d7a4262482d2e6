"""Peers compared over many data sets: means, ranks, and what differences between ranks mean.

The tests are those of Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets (JMLR 7, 2006): Friedman's
over all, Nemenyi's critical difference between any two mean ranks, and Wilcoxon's signed ranks for a pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.robust.fits import FOLDS

LARGER_IS_BETTER = {"accuracy": True, "log_loss": False, "auc": True, "rmse": False, "r2": True}
ALPHA = 0.05
Place = tuple[str, int, int]
"""Data, seed and fold."""


@dataclass(frozen=True, eq=False)
class Scores:
    """One measure of some peers.

    Attributes:
        measure: its name.
        peers: by column.
        data: by row.
        means: (data, peers) over the folds.
    """

    measure: str
    peers: Sequence[str]
    data: Sequence[str]
    means: np.ndarray

    @property
    def ranks(self) -> np.ndarray:
        """(data, peers): 1 is best; what ties shares the mean of its ranks."""
        sign = -1 if LARGER_IS_BETTER[self.measure] else 1
        return stats.rankdata(sign * self.means, axis=1)

    @property
    def mean_ranks(self) -> np.ndarray:
        return self.ranks.mean(axis=0)

    @property
    def critical_difference(self) -> float:
        """Mean ranks that are further apart differ, at the level ``ALPHA``: q sqrt(k (k + 1) / (6 N))."""
        k = len(self.peers)
        q = stats.studentized_range.ppf(1 - ALPHA, k, np.inf) / np.sqrt(2)
        return float(q * np.sqrt(k * (k + 1) / (6 * len(self.data))))

    @property
    def friedman(self) -> float:
        """The chance of ranks as different as these, if all peers were alike."""
        return float(stats.friedmanchisquare(*self.means.T).pvalue)

    def against(self, one: str, other: str) -> Pair:
        first, second = (self.means[:, self.peers.index(name)] for name in (one, other))
        gain = (first - second) * (1 if LARGER_IS_BETTER[self.measure] else -1)
        test: Any = stats.wilcoxon(gain) if np.any(gain) else None
        wins, losses = int(np.sum(gain > 0)), int(np.sum(gain < 0))
        return Pair(len(gain), float(gain.mean()), wins, losses, float(test.pvalue) if test else 1.0)


@dataclass(frozen=True)
class Pair:
    """One peer beside another, over data sets.

    Attributes:
        data: how many sets.
        gain: the mean by which the first is better.
        wins, losses: sets on which it is better, and worse.
        chance: of differences like these, were there none (Wilcoxon's signed ranks, two-sided).
    """

    data: int
    gain: float
    wins: int
    losses: int
    chance: float


def gathered(lines: Iterable[Mapping[str, Any]], measure: str) -> dict[str, dict[Place, float]]:
    """By peer: its value in each fold; fits that gave none are left out."""
    found: dict[str, dict[Place, float]] = defaultdict(dict)
    for line in lines:
        if measure in line:
            found[line["peer"]][line["data"], line["seed"], line["fold"]] = line[measure]
    return dict(found)


def whole_seeds(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The lines of those seeds of a peer and a set of which every fold is there, and gave something."""
    found: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for line in lines:
        if "seconds" in line:
            found[line["peer"], line["data"], line["seed"], line["threads"]].append(line)
    return [line for several in found.values() if len(several) == FOLDS for line in several]


def compared(lines: Iterable[Mapping[str, Any]], measure: str, peers: Sequence[str]) -> Scores:
    """These peers on the folds that all of them have."""
    found = gathered(lines, measure)
    shared = set.intersection(*(set(found.get(peer, {})) for peer in peers)) if peers else set()
    names = sorted({data for data, _, _ in shared})
    means = [[_mean(found[peer], shared, data) for peer in peers] for data in names]
    return Scores(measure, list(peers), names, np.array(means).reshape(len(names), len(peers)))


def _mean(values: Mapping[Place, float], shared: Collection[Place], data: str) -> float:
    return float(np.mean([values[place] for place in shared if place[0] == data]))


def whole(lines: Iterable[Mapping[str, Any]], measure: str, data: Collection[str], peers: Sequence[str]) -> list[str]:
    """The peers with a value on every one of these sets."""
    found = gathered(lines, measure)
    return [peer for peer in peers if set(data) <= {name for name, _, _ in found.get(peer, {})}]
