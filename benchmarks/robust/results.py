"""Lines of JSON, one a fit: appended as they come, so that a run may stop and go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.robust.fits import Job

KEY = ("peer", "data", "seed", "fold", "threads")


def read(path: Path) -> list[dict[str, Any]]:
    """All lines; of one fit that was made again, the last."""
    if not path.exists():
        return []
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return list({tuple(line[k] for k in KEY): line for line in lines}.values())


def done(path: Path) -> set[Job]:
    return {Job(**{k: line[k] for k in KEY}) for line in read(path)}


def append(path: Path, line: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
