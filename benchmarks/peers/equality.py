"""Whether the engines agree: weights after 1,000 steps from the same beginning."""

from __future__ import annotations

import numpy as np

from backpath.engines import ENGINES
from benchmarks.peers.cases import CASES, Case
from benchmarks.peers.ours import loop
from benchmarks.peers.settings import Settings
from benchmarks.peers.tables import table

STEPS = 1000


def report(settings: Settings) -> str:
    rows = []
    for case in CASES:
        # The wide network takes a minute for what the others do in a second.
        steps = STEPS // 10 if settings.quick else STEPS
        epochs = -(-steps // case.steps)
        try:
            single, double = ([trained(case, e, epochs, dtype) for e in ENGINES] for dtype in (np.float32, np.float64))
        except Exception as error:
            return f"The compiled engine did not run: {error}"
        pairs = (single, double, (single[0], double[0]), (single[1], double[1]))
        differences = (difference(case, *pair) for pair in pairs)
        rows.append([case.name, f"{epochs * case.steps:,}", *(f"{d:.1e}" for d in differences)])
    header = ["network", "steps", "engines, float32", "engines, float64", "NumPy's own rounding", "compiled's"]
    return "\n\n".join(
        [
            "The largest difference of a weight between the two engines, relative to the largest weight of its array, "
            "in either type; and between an engine in float32 and itself in float64, which says what "
            "rounding alone does: where training is chaotic, steps make every difference grow.",
            table(header, rows),
        ]
    )


def trained(case: Case, engine: str, epochs: int, dtype: type) -> np.ndarray:
    """The flat parameters after so many epochs."""
    made = loop(case, engine, dtype)
    for _ in range(epochs):
        made.epoch()
    return made.stepping.parameters


def difference(case: Case, one: np.ndarray, other: np.ndarray) -> float:
    """The largest over the arrays of the largest difference in it over its largest entry."""
    pairs = zip(case.network.views(one).values(), case.network.views(other).values(), strict=True)
    return max(float(np.max(np.abs(a - b)) / np.max(np.abs(b))) for a, b in pairs)
