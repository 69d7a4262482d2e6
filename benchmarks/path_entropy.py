"""How evenly a gradient spreads over its paths as a hidden layer grows.

The task of Du and others, ACL 2023 ("Generalizing Backpropagation for Gradient-Based Interpretability"): x uniform on
[0, 1]^4, y = [x0 > 0.5], a 4-H-2 network with leaky ReLU. Entropy of the paths from the inputs to the score of the true
class, and to the loss (which both scores lead to), mean over test examples and seeds, beside the figures of the paper.

Run with ``python benchmarks/path_entropy.py [--seeds 5]``.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

import backpath as bp
from backpath.training.fit import fit

PAPER = {4: 2.3, 8: 2.8, 16: 3.8, 32: 4.5, 64: 5.1, 128: 5.8}
EXAMPLES, TESTED = 2000, 100


def entropies(hidden: int, seed: int) -> tuple[float, float, float]:
    """Mean entropies over test examples after training, of the score and of the loss, and the accuracy on them."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(EXAMPLES + TESTED, 4))
    y = (X[:, 0] > 0.5).astype(int)
    net = bp.Network([4, hidden, 2], "leaky_relu")
    trained = fit(net, X[:EXAMPLES], y[:EXAMPLES], epochs=30, seed=seed)
    parameters = {name: np.asarray(value, float) for name, value in trained.parameters.items()}
    rows = np.arange(EXAMPLES, len(X))
    score = [bp.explain(net, (parameters, X[[k]]), (0, int(y[k])), "X").entropy() for k in rows]
    loss = [bp.explain(net.loss_value, (parameters, X[[k]], y[[k]]), wrt="X").entropy() for k in rows]
    guessed = np.argmax(net.scores(parameters, X[rows]), axis=1)
    return float(np.mean(score)), float(np.mean(loss)), float(np.mean(guessed == y[rows]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    print("| H | of the score | at most | of the loss | at most | the paper's | accuracy |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    means = []
    for hidden, theirs in PAPER.items():
        runs = np.array([entropies(hidden, seed) for seed in range(seeds)])
        means.append(runs.mean(axis=0))
        score, loss = (f"{m:.2f} ± {s:.2f}" for m, s in zip(means[-1][:2], runs.std(axis=0), strict=False))
        most = math.log(4 * hidden), math.log(8 * hidden)
        print(
            f"| {hidden} | {score} | {most[0]:.2f} | {loss} | {most[1]:.2f} | {theirs} | {means[-1][2]:.3f} |",
            flush=True,
        )
    doublings = len(PAPER) - 1
    theirs = (PAPER[128] - PAPER[4]) / doublings
    score, loss, _ = (means[-1] - means[0]) / doublings
    print(f"\nper doubling: score {score:.2f}, loss {loss:.2f}, the paper's {theirs:.2f}; ln 2 = {math.log(2):.2f}")


if __name__ == "__main__":
    main()
