"""SciPy's functions on traced values: import ``linalg`` and ``special`` from here in place of ``scipy``."""

from backpath.ops.linalg import scipy_names as linalg
from backpath.ops.special import scipy_names as special

__all__ = ["linalg", "special"]
