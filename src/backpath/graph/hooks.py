"""What higher floors lend to classes of lower ones, so that nothing imports upward: each fills its list on import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LINEARIZE: list[Callable[..., Any]] = []
"""From a graph and its inputs' values to its linearization: what ``Graph.at`` calls."""

PLOT: list[Callable[..., Any]] = []
"""From an explanation to its figure."""

PNG: list[Callable[..., bytes | None]] = []
"""From an explanation to its figure as a picture; None where nothing can draw it."""

SVG: list[Callable[..., str]] = []
"""From anything with weighted edges to its picture: what notebooks show."""
