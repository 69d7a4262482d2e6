"""The whole job: from the start of a process to a trained model, with import, warm-up and compilation."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.processes import told
from benchmarks.peers.settings import Settings
from benchmarks.peers.tables import compared, fastest, table
from benchmarks.peers.timing import Times

SCRIPTS = Path(__file__).parent / "jobs"
JOBS = {
    "backpath": "backpath_fit.py",
    "PyTorch eager": "torch_eager.py",
    "PyTorch compiled": "torch_compiled.py",
    "JAX jit": "jax_jit.py",
    "JAX scan": "jax_scan.py",
    "scikit-learn": "sklearn_mlp.py",
}
IMPORTS = {
    "Python alone": "pass",
    "NumPy": "import numpy",
    "backpath": "import backpath",
    "PyTorch": "import torch",
    "JAX": "import jax, jax.numpy",
    "scikit-learn": "import sklearn.neural_network",
}
EXAMPLES, LEAST_ACCURACY, MOST_LOSS = 1440, 0.97, 0.004
"""Whole batches of 32 to train on; and what every job must reach."""


def write_digits(path: Path) -> None:
    """Digits in an order of their own, parted, so that no script needs scikit-learn to have them."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    X, y = (X[order] / 16).astype(np.float32), y[order]
    np.savez(path, X=X[:EXAMPLES], y=y[:EXAMPLES], X_test=X[EXAMPLES:], y_test=y[EXAMPLES:])


def done(name: str, data: Path) -> tuple[dict[str, Any], float]:
    """What a job reached, and its seconds.

    Raises:
        RuntimeError: if it fails.
        SystemExit: if it has not learnt what it should.
    """
    reached, seconds = told(str(SCRIPTS / JOBS[name]), str(data))
    if not (reached["accuracy"] >= LEAST_ACCURACY and reached["loss"] <= MOST_LOSS):
        raise SystemExit(f"{name} reached {json.dumps(reached)}: not the same training")
    return reached, seconds


def report(settings: Settings) -> str:
    rounds = settings.rounds(7)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "digits.npz"
        write_digits(data)
        reached, times, failures = jobs(data, rounds)
    peer = fastest(times, set(JOBS) - {"backpath"})
    rows = [[name, f"{r['loss']:.4f}", f"{r['accuracy']:.3f}"] for name, r in reached.items()]
    parts = [
        "Digits, 64-64-10 relu, 100 epochs of batches of 32, SGD with momentum; each script is written as its "
        "library's users write it, with initial weights and order of its own:",
        compared(times, peer, "s", 1),
        "What they reached:",
        table(["", "loss of the last epoch", "accuracy on 357 test rows"], rows),
        "Import alone:",
        compared(imports(rounds), "backpath", "s", 1),
        *(f"{name} did not run: {why}" for name, why in failures.items()),
    ]
    return "\n\n".join(parts)


def jobs(data: Path, rounds: int) -> tuple[dict[str, dict[str, Any]], dict[str, Times], dict[str, str]]:
    """What each job reached, its times, and why others have none; a first round, not counted, fills the caches."""
    reached, taken, failures = {}, {}, {}
    for name in JOBS:
        try:
            reached[name], _ = done(name, data)
        except RuntimeError as error:
            failures[name] = str(error)
        else:
            taken[name] = []
    order, rng = list(taken), random.Random(0)
    for _ in range(rounds):
        rng.shuffle(order)
        for name in order:
            taken[name].append(done(name, data)[1])
    return reached, {name: Times(tuple(seconds)) for name, seconds in taken.items()}, failures


def imports(rounds: int) -> dict[str, Times]:
    """Seconds of a process that only imports."""
    codes = {name: f"{code}\nprint('{{}}')" for name, code in IMPORTS.items()}
    taken: dict[str, list[float]] = {name: [] for name in codes}
    for round_ in range(rounds + 1):
        for name, code in codes.items():
            _, seconds = told("-c", code)
            if round_:
                taken[name].append(seconds)
    return {name: Times(tuple(seconds)) for name, seconds in taken.items()}
