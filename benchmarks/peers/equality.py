"""Whether the engines agree: weights after 1,000 steps from the same beginning."""

from __future__ import annotations

import numpy as np

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
        exact, numpy = (trained(case, "numpy", epochs, dtype) for dtype in (np.float64, np.float32))
        try:
            compiled = trained(case, "compiled", epochs, np.float32)
        except Exception as error:
            return f"The compiled engine did not run: {error}"
        differences = (difference(case, *pair) for pair in ((numpy, compiled), (numpy, exact), (compiled, exact)))
        rows.append([case.name, f"{epochs * case.steps:,}", *(f"{d:.1e}" for d in differences)])
    header = ["network", "steps", "NumPy and compiled", "NumPy and float64", "compiled and float64"]
    return "\n\n".join(
        [
            "The largest difference of a weight, relative to the largest weight of its array. How far each engine is "
            "from a float64 training says what rounding alone does.",
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
