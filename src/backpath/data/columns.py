"""Columns that make features, as a run describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from backpath.data.categories import Categorical
from backpath.data.kinds import PLAIN, Number, Truth, kind_from_json
from backpath.data.numeric import Numeric


def column_from_json(data: Mapping[str, Any]) -> Numeric | Categorical:
    """The column of which ``data`` holds the fields; KeyError, TypeError or ValueError if it does not."""
    if "categories" in data:
        categories = tuple(text_of(category) for category in data["categories"])
        return Categorical(text_of(data["name"]), categories, bool(data.get("other", False)))
    mean, scale = float(data["mean"]), float(data["scale"])
    if not (np.isfinite(mean) and np.isfinite(scale) and scale >= 0):
        raise ValueError(f"mean {mean}, scale {scale}")
    kind = kind_from_json(data["kind"]) if "kind" in data else PLAIN
    if not isinstance(kind, Number | Truth):
        raise TypeError(f"{kind} is no kind of numbers")
    return Numeric(text_of(data["name"]), mean, scale, bool(data["indicator"]), bool(data.get("clipped", False)), kind)


def text_of(value: Any) -> str:
    """The text itself; TypeError if it is none."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
