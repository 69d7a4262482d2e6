"""Which rows a run was trained and judged on, so that they are known again, wherever they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from backpath.data.features import ENCODED, Features
from backpath.data.frame import Frame
from backpath.data.grids import Grid
from backpath.data.parts import DiskData
from backpath.data.target import Target
from backpath.training.runs.experiment import Experiment


def provenance(experiment: Experiment) -> dict[str, Any]:
    """How many rows each part has and a digest of each, and one of all, as plain data.

    Of files on disk the digests are of what their footers say, and of the draw that parts them.
    """
    e = experiment
    digests = {part: _digest(e, part) for part, rows in e.data.sizes.items() if rows}
    parts = {part: {"rows": e.data.sizes[part], "digest": digest} for part, digest in digests.items()}
    return {"rows": sum(e.data.sizes.values()), "digest": _of_text("".join(digests.values())), "parts": parts}


def _digest(experiment: Experiment, part: str) -> str:
    data = experiment.data
    if isinstance(data, DiskData):
        return _of_text(f"{data.file.identity()} {data.test} {data.validation} {data.seed} {part}")
    return rows_digest(data.frames(part), experiment.features, experiment.target)


def _of_text(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def rows_digest(frames: Iterable[tuple[Frame, np.ndarray]], features: Features | Grid, target: Target) -> str:
    """Of the features and the targets of some rows in turn, whatever kind of file they are in."""
    X, y = hashlib.blake2b(digest_size=16), hashlib.blake2b(digest_size=16)
    for frame, rows in frames:
        for first in range(0, len(rows), ENCODED):
            some = rows[first : first + ENCODED]
            X.update(np.ascontiguousarray(features.transform(frame, some)).data)
            y.update(np.ascontiguousarray(target.encode(frame, some)).data)
    return X.hexdigest()[:16] + y.hexdigest()[:16]
