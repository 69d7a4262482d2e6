"""One fit, and what is measured of it: a line of the results."""

from __future__ import annotations

import multiprocessing
import time
import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import log_loss, r2_score, roc_auc_score, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold
from threadpoolctl import threadpool_limits

from benchmarks.robust.data import Data, load
from benchmarks.robust.peers import PEERS

FOLDS = 2
SMALLEST = 1e-15
"""Of a probability in the log loss."""


@dataclass(frozen=True)
class Job:
    """One fit: who, on what, in which fold of which seed's, by how many threads."""

    peer: str
    data: str
    seed: int
    fold: int
    threads: int = 1


def parts(data: Data, seed: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the training rows and of the test rows."""
    kind = StratifiedKFold if data.classes else KFold
    return list(kind(FOLDS, shuffle=True, random_state=seed).split(data.X, data.y))[fold]


def run(job: Job) -> dict[str, Any]:
    """The job with its scores and seconds: of the clock, and of the processor."""
    data = load(job.data)
    train, test = parts(data, job.seed, job.fold)
    X, y = data.X.iloc[train], data.y[train]
    with warnings.catch_warnings(), threadpool_limits(job.threads):
        warnings.simplefilter("ignore")
        fit = PEERS[job.peer](data, job.seed, job.threads)
        clock, processor = time.perf_counter(), time.process_time()
        estimator = fit(X, y)
        took = {"seconds": time.perf_counter() - clock, "processor_seconds": time.process_time() - processor}
        scores = (classified if data.classes else regressed)(estimator, data.X.iloc[test], data.y[test], data.classes)
    return asdict(job) | scores | {k: round(v, 4) for k, v in took.items()}


def classified(estimator: Any, X: Any, y: np.ndarray, classes: int) -> dict[str, float]:
    chances = np.clip(np.asarray(estimator.predict_proba(X), float), SMALLEST, 1)
    chances /= chances.sum(axis=1, keepdims=True)
    auc = roc_auc_score(y, chances[:, 1]) if classes == 2 else roc_auc_score(y, chances, multi_class="ovr")
    return {
        "accuracy": float(np.mean(chances.argmax(axis=1) == y)),
        "log_loss": float(log_loss(y, chances, labels=np.arange(classes))),
        "auc": float(auc),
    }


def regressed(estimator: Any, X: Any, y: np.ndarray, _: int) -> dict[str, float]:
    predicted = np.asarray(estimator.predict(X), float).ravel()
    return {"rmse": float(root_mean_squared_error(y, predicted)), "r2": float(r2_score(y, predicted))}


def run_capped(job: Job, cap: float) -> dict[str, Any]:
    """As :func:`run`, in a process of its own that is ended after ``cap`` seconds; then, or where the fit fails, the
    line says so in place of scores."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(theirs, job))
    process.start()
    theirs.close()
    try:
        found = ours.recv() if ours.poll(cap) else {"capped": cap}
    except EOFError:
        found = {"failed": "the process ended"}
    process.kill()
    process.join()
    return asdict(job) | found


def _send(pipe: Any, job: Job) -> None:
    try:
        pipe.send(run(job))
    except Exception as error:  # Whatever a peer raises is a result.
        pipe.send({"failed": f"{type(error).__name__}: {error}"[:300]})
