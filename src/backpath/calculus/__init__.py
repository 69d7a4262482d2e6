"""Floor 4: derivatives of traced functions, each a sweep, and their checks. Knows nothing of networks."""

from backpath.calculus.check_grads import ArgumentCheck, GradientCheck, check_grads
from backpath.calculus.derivatives import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__all__ = [
    "ArgumentCheck",
    "GradientCheck",
    "check_grads",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vjp",
]
