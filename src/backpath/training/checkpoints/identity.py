"""What makes two trainings the same: a checkpoint of one must not be taken for one of another."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backpath.graph import RunError


def digest(*arrays: np.ndarray) -> str:
    """Of shapes, types and contents."""
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(f"{array.shape} {array.dtype.str}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def described(value: Any) -> Any:
    """Settings as plain data; a schedule, which is a function, by its name alone."""
    if is_dataclass(value) and not isinstance(value, type):
        shown = [f for f in fields(value) if f.repr]
        return {"kind": type(value).__name__, **{f.name: described(getattr(value, f.name)) for f in shown}}
    if isinstance(value, np.ndarray):
        return digest(value)
    if isinstance(value, dict):
        return {name: described(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [described(part) for part in value]
    return getattr(value, "__qualname__", "function") if callable(value) else value


def require_same(path: Path, ours: Mapping[str, Any], theirs: Any) -> None:
    """Raises RunError if a checkpoint's identity is another one, with what differs."""
    found = theirs if isinstance(theirs, Mapping) else {}
    different = [name for name, value in ours.items() if found.get(name) != value]
    if different:
        raise RunError(
            f"the checkpoint {path} is of another training: {' and '.join(different)} differ. Give back what it was "
            f"started with, or delete it"
        )
