"""The rest of NumPy's functions on traced values, most of them made of primitives that were there before."""

from backpath.ops.arrays import (
    choices,
    differences,
    histograms,
    matrices,
    order,
    padding,
    pieces,
    polynomials,
    positions,
    quantiles,
    questions,
    real_functions,
    refusals,
    steps,
    without_nan,
)
from backpath.ops.arrays.sums import cumulate

__all__ = [
    "choices",
    "cumulate",
    "differences",
    "histograms",
    "matrices",
    "order",
    "padding",
    "pieces",
    "polynomials",
    "positions",
    "quantiles",
    "questions",
    "real_functions",
    "refusals",
    "steps",
    "without_nan",
]
