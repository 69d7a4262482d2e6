"""Test scores of our estimators and their peers, all by default, on data that come with scikit-learn.

Five folds times five seeds; the same folds for all. In turn on each fold, so that ratios of times count. Writes the
tables of docs/scores.md to stdout, progress to stderr.

Run with ``python benchmarks/scores.py [--seeds 5] [--threads 2]``.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from sklearn import datasets, ensemble, neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from backpath import sklearn as ours

FOLDS = 5
CLASSIFICATION = ("digits", "breast_cancer", "wine", "iris")
Maker = Callable[[int], Any]
Found = dict[str, tuple[np.ndarray, np.ndarray]]


def load(name: str) -> tuple[np.ndarray, np.ndarray]:
    return getattr(datasets, f"load_{name}")(return_X_y=True)


def scaled(maker: type, seed: int, **arguments: Any) -> Any:
    return make_pipeline(StandardScaler(), maker(random_state=seed, **arguments))


def made(maker: type, seed: int, **arguments: Any) -> Any:
    return maker(random_state=seed, **arguments)


def untuned(classifies: bool) -> dict[str, Maker]:
    """Estimators as their constructors make them."""
    kind = "Classifier" if classifies else "Regressor"
    peers = {"backpath": ours, "scikit-learn": neural_network}
    mlp, peer = (getattr(m, f"MLP{kind}") for m in peers.values())
    return {
        f"backpath MLP{kind}": partial(made, mlp),
        f"scikit-learn MLP{kind}": partial(made, peer),
        f"StandardScaler, MLP{kind}": partial(scaled, peer),
        f"GradientBoosting{kind}": partial(made, getattr(ensemble, f"GradientBoosting{kind}")),
        f"HistGradientBoosting{kind}": partial(made, getattr(ensemble, f"HistGradientBoosting{kind}")),
    }


def drop_in(classifies: bool) -> dict[str, Maker]:
    """The same arguments for ours and scikit-learn's, on features that both get scaled."""
    kind = "Classifier" if classifies else "Regressor"
    mlp, peer = getattr(ours, f"MLP{kind}"), getattr(neural_network, f"MLP{kind}")
    off = {"scale_features": False} if classifies else {"scale_features": False, "scale_target": False}
    return {"backpath": partial(scaled, mlp, **off), "scikit-learn": partial(scaled, peer)}


def evaluate(makers: dict[str, Maker], X: np.ndarray, y: np.ndarray, classifies: bool, seeds: int, label: str) -> Found:
    """Scores and fit times of shape (seeds * folds,) for each, on the same folds, in turn."""
    scores: dict[str, list[float]] = {name: [] for name in makers}
    times: dict[str, list[float]] = {name: [] for name in makers}
    for seed, (train, test) in folds(X, y, classifies, seeds):
        for name, maker in makers.items():
            estimator = maker(seed)
            started = time.perf_counter()
            estimator.fit(X[train], y[train])
            times[name].append(time.perf_counter() - started)
            scores[name].append(estimator.score(X[test], y[test]))
        print(label, seed, {n: round(float(np.mean(s)), 4) for n, s in scores.items()}, file=sys.stderr, flush=True)
    return {name: (np.array(scores[name]), np.array(times[name])) for name in makers}


def folds(
    X: np.ndarray, y: np.ndarray, classifies: bool, seeds: int
) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray]]]:
    for seed in range(seeds):
        kind = StratifiedKFold if classifies else KFold
        for part in kind(FOLDS, shuffle=True, random_state=seed).split(X, y):
            yield seed, part


def by_seed(scores: np.ndarray) -> np.ndarray:
    """Mean over the folds of each seed."""
    return scores.reshape(-1, FOLDS).mean(axis=1)


def told(scores: np.ndarray) -> str:
    """Mean, and the deviation of the seeds' means."""
    return f"{scores.mean():.4f} ± {by_seed(scores).std(ddof=1) if len(scores) > FOLDS else 0:.4f}"


def table_of_scores(found: dict[str, Found]) -> None:
    names = list(next(iter(found.values())))
    titles = [name.replace("Classifier", "").replace("Regressor", "") for name in names]
    print("| data | " + " | ".join(titles) + " |\n|---|" + "---:|" * len(names))
    for data, results in found.items():
        print(f"| {data} | " + " | ".join(told(scores) for scores, _ in results.values()) + " |")
    print("\nmedian seconds of a fit:\n")
    print("| data | " + " | ".join(titles) + " |\n|---|" + "---:|" * len(names))
    for data, results in found.items():
        print(f"| {data} | " + " | ".join(f"{np.median(times):.2f}" for _, times in results.values()) + " |")
    print(flush=True)


def table_of_drop_ins(found: dict[str, Found]) -> None:
    print("| data | backpath | scikit-learn | difference | fit time, backpath / scikit-learn |")
    print("|---|---:|---:|---:|---:|")
    for data, results in found.items():
        (our, our_times), (their, their_times) = results.values()
        ratio = np.median(our_times / their_times)
        print(f"| {data} | {told(our)} | {told(their)} | {told(our - their)} | {ratio:.2f} |")
    print(flush=True)


def table_of_scales(seeds: int) -> None:
    """Accuracy lost where each feature is multiplied by 1 to 1e6 at random."""
    print("| data | estimator | accuracy | with scaled features | lost |\n|---|---|---:|---:|---:|")
    makers = dict(list(untuned(True).items())[:2])
    for data in CLASSIFICATION:
        X, y = load(data)
        factors = 10 ** np.random.default_rng(0).uniform(0, 6, X.shape[1])
        plain, wild = (evaluate(makers, Z, y, True, seeds, f"{data} scales") for Z in (X, X * factors))
        for name in makers:
            one, two = plain[name][0], wild[name][0]
            print(f"| {data} | {name} | {told(one)} | {told(two)} | {100 * (one.mean() - two.mean()):.2f} % |")
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=["untuned", "drop_in", "scales"])
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    with threadpool_limits(options.threads):
        for makers, table in ((untuned, table_of_scores), (drop_in, table_of_drop_ins)):
            if options.only not in (None, makers.__name__):
                continue
            data = {name: (*load(name), name in CLASSIFICATION) for name in (*CLASSIFICATION, "diabetes")}
            table({n: evaluate(makers(c), X, y, c, options.seeds, n) for n, (X, y, c) in data.items()})
        if options.only in (None, "scales"):
            table_of_scales(options.seeds)


if __name__ == "__main__":
    main()
