"""Our gradients, Hessians and Jacobians lead SciPy's methods to the minima that the paper gives."""

import math
import warnings

import numpy as np
import pytest
import scipy.optimize
from literature.more_garbow_hillstrom import PROBLEMS

import backpath as bp


def total(problem):
    return lambda x: (problem.residuals(x) ** 2).sum()


def require_published(found, minima):
    """To the six digits of the paper, which are cut off or rounded."""
    gaps = [abs(found - m) / (10.0 ** (math.floor(math.log10(m)) - 5) if m else 1e-15) for m in minima]
    assert min(gaps) <= 1, f"{found} is none of {minima}"


def test_they_are_all_there():
    assert {int(name.split()[0]) for name in PROBLEMS} == set(range(1, 36))


@pytest.mark.parametrize("name", PROBLEMS)
def test_minima_by_gradient_and_hessian(name):
    problem = PROBLEMS[name]
    start = np.asarray(problem.start, float)
    value_and_grad, hessian = bp.compile(bp.value_and_grad(total(problem))), bp.compile(bp.hessian(total(problem)))
    with warnings.catch_warnings():
        # Exponentials of steps that are tried and refused overflow.
        warnings.simplefilter("ignore", RuntimeWarning)
        options = {"gtol": 1e-12, "maxiter": 1500}
        found = scipy.optimize.minimize(
            value_and_grad, start, jac=True, hess=hessian, method="trust-exact", options=options
        )
    require_published(found.fun, problem.minima)


@pytest.mark.parametrize("name", PROBLEMS)
def test_minima_by_jacobian(name):
    problem = PROBLEMS[name]
    start = np.asarray(problem.start, float)
    jacobian = bp.compile(bp.jacobian(problem.residuals))
    tolerances = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    run = bp.compile(problem.residuals)
    found = scipy.optimize.least_squares(run, start, jac=jacobian, method="lm", max_nfev=3000, **tolerances)
    require_published(2 * found.cost, problem.minima)


@pytest.mark.parametrize("name", PROBLEMS)
def test_derivatives_at_the_standard_start(name):
    problem = PROBLEMS[name]
    start = np.asarray(problem.start, float) + 0.01
    residuals, jacobian = problem.residuals(start), bp.jacobian(problem.residuals)(start)
    gradient, hessian = bp.grad(total(problem))(start), bp.hessian(total(problem))(start)
    scale = 2 * np.abs(jacobian.T) @ np.abs(residuals)
    np.testing.assert_array_less(np.abs(gradient - 2 * jacobian.T @ residuals), 1e-12 * scale + 1e-300)
    second = bp.jacobian(lambda x: bp.jacobian(problem.residuals)(x))(start)
    expected = 2 * (jacobian.T @ jacobian + np.tensordot(residuals, second, 1))
    sizes = np.abs(jacobian.T) @ np.abs(jacobian) + np.tensordot(np.abs(residuals), np.abs(second), 1)
    np.testing.assert_array_less(np.abs(hessian - expected), 1e-11 * sizes + 1e-300)
    assert bp.check_grads(total(problem), (start,)).ok
