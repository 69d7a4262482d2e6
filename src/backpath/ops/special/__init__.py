"""Special functions: SciPy's functions of entries on traced values, with derivatives that keep their digits."""

# Each fills the tables of primitives and of SciPy's functions.
from backpath.ops.special import (
    bessel,
    entropy,
    error_functions,
    exponential,
    gamma,
    hypergeometric,
    incomplete,
    scipy_names,
)

__all__ = [
    "bessel",
    "entropy",
    "error_functions",
    "exponential",
    "gamma",
    "hypergeometric",
    "incomplete",
    "scipy_names",
]
