"""``backpath train --robust``: an estimator that needs no settings beside the network that was trained."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backpath.cli.summary import line, score_text
from backpath.estimators.robust.runs import (
    HIGHER_IS_BETTER,
    Predicting,
    RobustRun,
    estimator_for,
    fit_beside,
    gains,
    scores_of,
)
from backpath.training.runs.experiment import Experiment

if TYPE_CHECKING:
    from rich.console import Console

JUDGES = "validation"
NAMES: Mapping[str, str] = {"accuracy": "accuracy", "log_loss": "log loss", "rmse": "RMSE", "r2": "R²"}


def train_robust(
    experiment: Experiment, plain: Predicting, folder: Path, config: Mapping[str, Any], console: Console, as_json: bool
) -> dict[str, Any]:
    """Train it on the same rows, save it as the run, and say which of the two is better where neither has trained."""
    console.print()
    line(console, "robust", f"trains on the same {experiment.data.sizes['train']:,} rows")
    started = time.perf_counter()
    estimator = estimator_for(experiment)
    estimator.verbose = not (as_json or console.quiet) and console.is_terminal
    run = fit_beside(experiment, estimator)
    estimator.verbose = False
    seconds = time.perf_counter() - started
    told = compared(experiment, run, plain)
    told = {**told, "members": estimator.n_members_, "epochs": estimator.n_iter_, "seconds": seconds}
    _print(console, told, run)
    run.write(folder, {**config, "robust_scores": told["scores"], "plain_scores": told["plain"]})
    return told


def compared(experiment: Experiment, run: RobustRun, plain: Predicting) -> dict[str, Any]:
    """Scores of both on each part, and by how much the estimator is better on rows that neither has trained on."""
    data = experiment.data
    parts = [part for part, rows in data.sizes.items() if rows]
    ours = {part: scores_of(run, data.frames(part)) for part in parts}
    others = {part: scores_of(plain, data.frames(part)) for part in parts}
    return {"scores": ours, "plain": others, "gain": gains(ours[JUDGES], others[JUDGES])}


def _print(console: Console, told: Mapping[str, Any], run: RobustRun) -> None:
    members = f"{told['members']} networks" if told["members"] > 1 else "1 network"
    line(console, "", f"{members}, {told['epochs']} epochs, {told['seconds']:.1f} s")
    if dropped := run.estimator._table.dropped:
        line(
            console,
            "",
            f"[dim]says nothing to them: {len(dropped)} of {len(run.estimator._table.feature_names)} columns[/]",
        )
    for metric, name in NAMES.items():
        if metric in told["gain"]:
            pairs = [
                (part, score_text(metric, scores[metric]), score_text(metric, told["plain"][part][metric]))
                for part, scores in told["scores"].items()
            ]
            line(
                console,
                name,
                "   ".join(f"{part} {ours} [dim](plain {plain})[/]" for part, ours, plain in pairs),
            )
    line(console, "compared", verdict(told["gain"]))


def verdict(gain: Mapping[str, float]) -> str:
    """Which of the two is better on the validation rows, and by how much, in words."""
    best = [name for name in gain if gain[name] > 0]
    told = ", ".join(f"{NAMES[name]} {_signed(name, gain[name])}" for name in NAMES if name in gain)
    if len(best) == len(gain):
        return f"robust beats plain train on the validation rows: {told}"
    if not best:
        return f"robust does not beat plain train on the validation rows: {told}"
    better = " and ".join(NAMES[name] for name in best)
    return f"robust beats plain train on the validation rows in {better} alone: {told}"


def _signed(name: str, by: float) -> str:
    return f"{by if HIGHER_IS_BETTER[name] else -by:+.4g}"
