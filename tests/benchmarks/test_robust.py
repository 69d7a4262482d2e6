"""The comparison of the robust estimators: folds, ranks, tests, against published numbers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchmarks.robust import results, tables
from benchmarks.robust.comparison import Scores, compared, whole, whole_seeds
from benchmarks.robust.data import KEEL, load
from benchmarks.robust.fits import FOLDS, Job, parts, run, run_capped
from benchmarks.robust.peers import PEERS
from benchmarks.robust.picture import cliques, draw

Q = {2: 1.960, 3: 2.343, 4: 2.569, 5: 2.728, 6: 2.850, 7: 2.949, 8: 3.031, 9: 3.102, 10: 3.164}
"""By the number of peers, table 5 of Demsar (2006)."""


def random_scores(peers: int, data: int) -> Scores:
    names, sets = [f"peer {k}" for k in range(peers)], [f"set {k}" for k in range(data)]
    return Scores("auc", names, sets, np.random.default_rng(0).uniform(size=(data, peers)))


def lines(values: dict[tuple[str, str, int, int], float], measure: str = "accuracy") -> list[dict[str, Any]]:
    keys = ("peer", "data", "seed", "fold")
    return [dict(zip(keys, key, strict=True)) | {measure: value} for key, value in values.items()]


@pytest.mark.parametrize("peers", Q)
def test_critical_differences_are_those_of_the_paper(peers: int) -> None:
    difference = random_scores(peers, 14).critical_difference
    assert difference == pytest.approx(Q[peers] * np.sqrt(peers * (peers + 1) / (6 * 14)), rel=1e-3)


def test_friedman_s_test_is_of_the_mean_ranks() -> None:
    scores = random_scores(5, 12)
    k, n = 5, 12
    square = 12 * n / (k * (k + 1)) * (np.sum(scores.mean_ranks**2) - k * (k + 1) ** 2 / 4)
    assert scores.friedman == pytest.approx(stats.chi2.sf(square, k - 1), rel=1e-9)


def test_small_losses_rank_first() -> None:
    scores = Scores("log_loss", ["a", "b", "c"], ["x"], np.array([[0.3, 0.1, 0.3]]))
    assert scores.ranks.tolist() == [[2.5, 1, 2.5]]
    assert scores.against("b", "a").gain == pytest.approx(0.2)
    assert (scores.against("a", "b").wins, scores.against("a", "b").losses) == (0, 1)


def test_only_folds_that_all_have_are_compared() -> None:
    found = lines({("a", "x", 0, 0): 0.5, ("a", "x", 0, 1): 0.9, ("b", "x", 0, 1): 0.8, ("a", "y", 0, 0): 0.1})
    scores = compared(found, "accuracy", ["a", "b"])
    assert scores.data == ["x"]
    assert scores.means.tolist() == [[0.9, 0.8]]
    assert whole(found, "accuracy", ["x", "y"], ["a", "b"]) == ["a"]


def test_a_seed_counts_where_all_its_folds_gave_something() -> None:
    job = {"peer": "a", "data": "x", "threads": 1}
    folds = [{**job, "seed": seed, "fold": fold, "seconds": 1.0} for seed in (0, 1, 2) for fold in (0, 1)]
    del folds[3]["seconds"], folds[5]
    assert whole_seeds(folds) == folds[:2]


def test_groups_are_the_longest_runs_within_the_difference() -> None:
    assert cliques(np.array([1.0, 1.5, 2.4, 4.0, 4.1]), 1.0) == [(0, 1), (1, 2), (3, 4)]
    assert cliques(np.array([1.0, 3.0]), 1.0) == []


def test_folds_are_of_the_seed_alone_and_part_the_rows() -> None:
    data = load("wine")
    (train, test), (other_train, other_test) = (parts(data, 3, fold) for fold in range(FOLDS))
    assert sorted([*train, *test]) == list(range(178))
    assert test.tolist() == other_train.tolist()
    assert other_test.tolist() == train.tolist()
    assert np.abs(np.bincount(data.y[train]) - np.bincount(data.y[test])).max() <= 1
    assert parts(data, 4, 0)[1].tolist() != test.tolist()


def test_a_fit_is_a_line_and_is_not_made_twice(tmp_path: Path) -> None:
    path = tmp_path / "some" / "results.jsonl"
    jobs = [Job("HistGradientBoosting", "iris", 0, 0), Job("scikit-learn MLP", "diabetes", 0, 1)]
    assert results.done(path) == set()
    for job in jobs:
        results.append(path, run(job))
    first, second = results.read(path)
    assert 0.85 < first["accuracy"] <= 1
    assert 0 < first["log_loss"] < 1
    assert 0.9 < first["auc"] <= 1
    assert 40 < second["rmse"] < 80
    assert min(first["processor_seconds"], second["seconds"]) > 0
    assert results.done(path) == set(jobs)
    results.append(path, {**first, "accuracy": 0.5})
    assert [line.get("accuracy") for line in results.read(path)] == [0.5, None]


def test_a_fit_that_takes_too_long_is_ended_and_one_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any) -> Any:
        import time

        return lambda X, y: time.sleep(60)

    def wrong(*_: Any) -> Any:
        raise ValueError("no such thing")

    monkeypatch.setitem(PEERS, "slow", slow)
    monkeypatch.setitem(PEERS, "wrong", wrong)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of forks beside threads, of which JAX warns too.
        assert run_capped(Job("slow", "iris", 0, 0), 0.2)["capped"] == 0.2
        assert run_capped(Job("wrong", "iris", 0, 0), 120)["failed"] == "ValueError: no such thing"


def test_the_sets_that_are_kept_apart_are_not_among_ours() -> None:
    assert len(KEEL) == len({*KEEL}) == 23
    assert "mnist" not in KEEL


def test_tables_and_picture(tmp_path: Path) -> None:
    scores = Scores("accuracy", ["one", "two", "three"], ["x", "y"], np.array([[0.5, 0.75, 0.75], [0.1, 0.2, 0.15]]))
    told = tables.by_data(scores).splitlines()
    assert told[0] == "| data | one | two | three |"
    assert told[2:] == ["| x | 0.5000 | **0.7500** | **0.7500** |", "| y | 0.1000 | **0.2000** | 0.1500 |"]
    draw(tmp_path / "ranks.png", [scores, random_scores(9, 20)], "one")
    assert (tmp_path / "ranks.png").read_bytes().startswith(b"\x89PNG")
