"""Models saved from Python: a run folder without a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backpath.engines import Choice
from backpath.graph import RunError, SettingError
from backpath.training.loop.epochs import Epoch
from backpath.training.result import Fit
from backpath.training.runs.run_folder import CONFIG, ESTIMATOR, HISTORY, read_description, read_model, write_model

if TYPE_CHECKING:
    from backpath.estimators.robust.saving import Robust


def save(fit: Fit | Robust, folder: str | Path) -> None:
    """Write a trained model into a new folder: it is there whole, or not at all.

    What it is made of is written as data; of a function of your own no more than what its parameters are called.

    Args:
        fit: what was trained: what ``fit``, ``fit_many`` or ``minimize`` returned, or a robust estimator, fitted.
        folder: where; it must not exist, or be empty.

    Raises:
        RunError: if something is in the way.
        GraphError: if the model's loss has no name.
        SettingError: if an argument of the estimator cannot be written down.
        OSError: if it cannot be written; nothing of it is left.
    """
    if not isinstance(fit, Fit):
        from backpath.estimators.robust.saving import Robust, write_estimator

        if not isinstance(fit, Robust):
            raise SettingError(f"save: {fit!r} is not what fit, fit_many or minimize return, nor a robust estimator")
        write_estimator(fit, folder)
        return
    engine = {"engine": fit.engine.engine, "why": fit.engine.why}
    config = {"steps": fit.steps, "seconds_per_step": fit.seconds_per_step, **engine}
    write_model(folder, fit.network, fit.parameters, {"features": None, "target": None}, fit.history, config)


def load(folder: str | Path, scores: Callable[..., Any] | None = None, like: Any = None) -> Any:
    """The trained model of a folder that ``save`` or ``backpath train`` wrote: a :class:`Fit`, or a robust estimator.

    A model that the command line trained reads features, not tables: ``backpath predict`` reads those.

    Args:
        folder: where.
        scores: the function of a ``Model`` of your own, which is never written down.
        like: a tree of its parameters, where that has types of your own; else they come in dictionaries, lists and
            tuples.

    Raises:
        RunError: if the folder holds no model, a damaged one, one of a newer format, or one of a function that is
            missing here.
    """
    folder = Path(folder)
    if ESTIMATOR in read_description(folder):
        from backpath.estimators.robust.saving import read_estimator

        return read_estimator(folder)[0]
    network, parameters, _ = read_model(folder, scores, like)
    try:
        history = tuple(Epoch(**epoch) for epoch in json.loads((folder / HISTORY).read_bytes()))
        config = json.loads((folder / CONFIG).read_bytes())
        steps, seconds = int(config.get("steps", 0)), float(config.get("seconds_per_step", 0))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise RunError(f"{folder} is damaged: {error}") from None
    return Fit(network, parameters, history, steps, seconds, Choice(str(config.get("engine")), str(config.get("why"))))
