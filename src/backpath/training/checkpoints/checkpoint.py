"""Checkpoints: where a training stands, in one file that is there whole or not at all, and is read with suspicion.

Its first line names the format and the SHA-256 of the rest. The second line holds the facts as JSON, and the rest the
arrays as a safetensors file. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backpath.graph import RunError

FORMAT = 1
MAGIC = "backpath checkpoint"
FIRST_LINE = 120


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Arrays by name, and everything else as plain data."""

    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]

    @property
    def begun(self) -> bool:
        """Whether a step was made; before that, a checkpoint holds settings alone."""
        return bool(self.arrays)


def write_checkpoint(path: str | Path, checkpoint: Checkpoint) -> None:
    """Put the checkpoint in the place of the one before, which stays as it is until the new one is on the disk.

    Raises:
        OSError: if it cannot be written; the one before is still there.
    """
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(array) for name, array in checkpoint.arrays.items()}
    payload = json.dumps(checkpoint.facts).encode() + b"\n" + save(arrays)
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(f"{MAGIC} {FORMAT} {hashlib.sha256(payload).hexdigest()}\n".encode())
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read_checkpoint(path: str | Path) -> Checkpoint:
    """The checkpoint in a file.

    Raises:
        RunError: if there is none, or it is damaged, or of a newer format.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RunError(f"there is no checkpoint {path}: {error.strerror}") from None
    if not data:
        raise RunError(f"{path} is empty: the training was stopped before its first checkpoint")
    first, _, payload = data[:FIRST_LINE].partition(b"\n")
    words = first.decode("ascii", "replace").rsplit(" ", 2)
    if len(words) != 3 or words[0] != MAGIC or not words[1].isdigit():
        raise RunError(f"{path} is no checkpoint of backpath")
    if int(words[1]) > FORMAT:
        raise RunError(f"{path} has format {words[1]}, and this backpath reads up to {FORMAT}: install a newer one")
    payload = data[len(first) + 1 :]
    if hashlib.sha256(payload).hexdigest() != words[2]:
        raise RunError(f"{path} is damaged: its checksum is wrong")
    try:
        facts, _, arrays = payload.partition(b"\n")
        return Checkpoint(load(arrays), dict(json.loads(facts)))
    except (SafetensorError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise RunError(f"{path} is damaged: {error}") from None
