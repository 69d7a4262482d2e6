"""Linear algebra: ``np.linalg`` on traced values, its operations as primitives with structured local derivatives."""

# Each fills the tables of primitives and of NumPy functions.
from backpath.ops.linalg import (
    cholesky,
    determinants,
    eigen,
    exponential,
    norms,
    orthogonal,
    products,
    pseudoinverse,
    scipy_names,
    singular,
    solving,
)

__all__ = [
    "cholesky",
    "determinants",
    "eigen",
    "exponential",
    "norms",
    "orthogonal",
    "products",
    "pseudoinverse",
    "scipy_names",
    "singular",
    "solving",
]
