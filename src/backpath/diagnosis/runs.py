"""Diagnoses of runs: an experiment as a subject, and fixes as settings of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from backpath.data.features import Features
from backpath.diagnosis.findings import Diagnosis
from backpath.diagnosis.subject import Subject, subject_of
from backpath.graph import SettingError
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.settings import Settings


def subject_of_run(experiment: Experiment) -> Subject:
    """The training of an experiment, on its training rows alone: some of them judge, and its test rows stay unseen."""
    e = experiment
    X, y = e.examples
    labels = tuple(e.features.labels) if isinstance(e.features, Features) else ()
    options: dict[str, Any] = {"epochs": e.settings.epochs, "batch": e.settings.batch, "init": e.settings.init}
    return subject_of(e.network, X, np.asarray(y), optimizer=e.descent(), names=labels, **options)


def repaired_settings(found: Diagnosis, experiment: Experiment) -> Settings:
    """The settings of a run with all confirmed fixes.

    Raises:
        SettingError: if no fix was confirmed, or one is no setting of a run.
    """
    repaired = found.repaired
    if repaired is None:
        raise SettingError("--apply: no fix was confirmed, so that there is nothing to apply")
    changes = dict(repaired.settings)
    if what := changes.pop("unsupported", None):
        raise SettingError(f"--apply: a run has no setting for {what}: make the change in the data, and train again")
    settings = experiment.settings
    if "drop" in changes:
        changes["drop"] = (*settings.drop, *(_column(experiment, label) for label in changes["drop"]))
    if changes.get("optimizer", settings.optimizer) != "sgd":
        changes["momentum"] = None
    known = {name: value for name, value in changes.items() if getattr(settings, name) != value}
    if not known:
        raise SettingError("--apply: the fixes change nothing that a run has a setting for")
    return replace(settings, **known)


def _column(experiment: Experiment, label: str) -> str:
    """The column of the table that a feature comes from."""
    if isinstance(experiment.features, Features):
        for column in experiment.features.columns:
            if label in column.labels:
                return column.name
    raise SettingError(f"--apply: {label} is no column of a table that could be dropped")
