"""Curvature against dense linear algebra, and the edge of stability against descent itself."""

import numpy as np
import pytest

import backpath as bp
from backpath.diagnosis.evidence.curvature import lanczos, noise_scale, rate_of, sharpness
from backpath.diagnosis.subject import subject_of
from backpath.training.optimizers import adam, sgd


def test_lanczos_finds_the_largest_eigenvalue():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((40, 40))
    A = A @ A.T
    assert lanczos(lambda v: A @ v, 40, iterations=30) == pytest.approx(np.linalg.eigvalsh(A)[-1], rel=1e-8)
    B = np.diag([-5.0, 1.0, 2.0])
    assert lanczos(lambda v: B @ v, 3) == pytest.approx(2.0)


def linear_problem(rows=60):
    """A linear model with the squared error: its Hessian is the second moment of (X, 1)."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((rows, 4)) * [1, 2, 3, 0.5]
    y = X @ [1.0, -1, 0.5, 2] + rng.normal(0, 0.1, rows)
    with_one = np.column_stack([X, np.ones(rows)])
    return bp.Network([4, 1], loss="squared_error"), X, y, with_one.T @ with_one / rows


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_edge_is_where_descent_on_a_quadratic_diverges(momentum):
    model, X, y, hessian = linear_problem()
    edge = 2 * (1 + momentum) / np.linalg.eigvalsh(hessian)[-1]
    made = lambda rate: subject_of(model, X, y, optimizer=sgd(rate, momentum), validation=(X, y))  # noqa: E731
    first = model.init(0, np.float64)
    assert sharpness(made(edge), first) == pytest.approx(1, rel=1e-6)
    for factor, settles in ((0.95, True), (1.05, False)):
        fit = bp.fit(model, X, y, optimizer=sgd(factor * edge, momentum), batch=60, epochs=150)
        start = fit.history[0].loss
        assert (fit.history[-1].loss < start and fit.history[-1].factor == 1) == settles


def test_adaptive_steps_divide_the_hessian_by_the_size_of_gradients():
    model, X, y, hessian = linear_problem()
    subject = subject_of(model, X, y, optimizer=adam(0.01, eps=1e6), batch=60, validation=(X, y))
    # An epsilon that is larger than any gradient leaves plain descent at rate / epsilon.
    found = sharpness(subject, model.init(0, np.float64))
    assert found == pytest.approx(np.linalg.eigvalsh(hessian)[-1] * 0.01 / 1e6 / 38, rel=1e-3)


def test_noise_scale_is_that_of_single_rows():
    model, X, y, _ = linear_problem(96)
    subject = subject_of(model, X, y, validation=(X, y))
    first = model.init(3, np.float64)
    error = (X @ first["W1"] + first["b1"])[:, 0] - y
    rows = error[:, None] * np.column_stack([X, np.ones(96)])
    trace, mean = np.var(rows, axis=0, ddof=1).sum(), rows.mean(axis=0)
    theirs = trace / (mean @ mean - trace / 96)
    assert noise_scale(subject, first) == pytest.approx(theirs, rel=0.5)


def test_the_rate_is_found_wherever_it_stands():
    assert rate_of(bp.optimizers.chain(bp.optimizers.Decay(0.1), sgd(0.25, 0.9))) == 0.25
    assert rate_of(sgd(lambda step: 0.5 / (step + 1))) == 0.5
