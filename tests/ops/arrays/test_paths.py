"""Every function's path sums: each method finds the same gradient, and each semiring the same as on scalar edges."""

import numpy as np
import pytest
from numpy_cases import ARRAYS, CONSTANT_CALLS, DIFFERENTIABLE_CALLS

import backpath as bp
from backpath.ops import cumulate, leaves_of, trace
from backpath.paths import MASS, MAX_PRODUCT, PATH_COUNT, SUM_PRODUCT, linearize

FEW = 60
"""Entries of arrays up to which the scalar graph is small enough to be written out."""


def total(call):
    """The sum of the entries of all arrays that the call returns, squared, so that no two paths are alike."""

    def f(*arrays):
        parts = [y for y in leaves_of(call.function(np)(*arrays)) if y.dtype.kind == "f"]
        return sum(np.sum(y * y) for y in parts)

    return f


def small(call):
    operands = [np.asarray(ARRAYS[name]) for name in call.names]
    return operands if sum(x.size for x in operands) <= FEW and all(x.size for x in operands) else None


CALLS = [call for calls in DIFFERENTIABLE_CALLS.values() for call in calls[:2] if small(call)]
ids = [call.text for call in CALLS]


@pytest.mark.parametrize("call", CALLS, ids=ids)
def test_reverse_forward_and_elimination_agree(call):
    p = linearize(total(call), *small(call))
    for position in p.inputs:
        name = p.names[position]
        reverse = p.gradient(name)
        scale = max(np.abs(reverse).max(), 1.0)
        for method in ("forward", "elimination"):
            assert np.abs(p.gradient(name, method=method) - reverse).max() <= 1e-12 * scale


@pytest.mark.parametrize("call", CALLS, ids=ids)
def test_complex_steps_or_differences_agree(call):
    found = bp.check_grads(total(call), small(call), argnums=range(len(call.names)), sample=2)
    assert found.ok, found


STRUCTURED = {
    "cumsum": lambda x: np.cumsum(x * x),
    "cumsum along": lambda x: np.cumsum(np.sin(x), axis=0),
    "cumulative_sum": lambda x: np.cumulative_sum(x, axis=1, include_initial=True),
    "sort": lambda x: np.sort(x * x, axis=1),
    "median": lambda x: np.median(x, axis=0),
    "pick": lambda x: (x * x)[np.argsort(x[:, 0])],
    "place": lambda x: np.bincount(np.argsort(x[0]), weights=x[1] * x[2], minlength=5),
    "roll": lambda x: np.roll(x * x, 1),
    "tril": lambda x: np.tril(x * x),
    "kron": lambda x: np.kron(x, x[0]),
    "prod": lambda x: np.prod(x, axis=1),
    "sinc": lambda x: np.sinc(x),
    "remainder": lambda x: np.remainder(x, 0.7),
    "fmod": lambda x: np.fmod(x[0], x[1]),
    "ldexp": lambda x: np.ldexp(x, 3),
    "logaddexp2": lambda x: np.logaddexp2(x[0], x[1]),
}


@pytest.mark.parametrize("semiring", [PATH_COUNT, MASS, MAX_PRODUCT, SUM_PRODUCT], ids=lambda s: s.name)
@pytest.mark.parametrize("name", STRUCTURED)
def test_path_sums_are_those_of_the_scalar_edges(name, semiring):
    x = np.asarray(ARRAYS["x"])[:, :3]
    p = linearize(lambda x: np.sum(STRUCTURED[name](x)), x)
    scalars = p.unroll()
    sums = p.path_sum(semiring, "x")
    for index in np.ndindex(3, 3):
        node = f"x[{index[0]},{index[1]}]"
        expected = scalars.path_sum(semiring, node) if node in scalars.names else 0
        assert float(sums[index]) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_running_sum_has_one_edge_for_each_entry_before(reverse):
    p = linearize(lambda x: cumulate(x, 0, reverse), np.ones(5))
    expected = np.tril(np.ones((5, 5)))
    np.testing.assert_array_equal(p.gradient("x", method="paths"), expected.T if reverse else expected)
    assert p.edge_count() == 1
    assert len(p.unroll().csr.sources) == 15


def test_a_second_derivative_of_a_running_sum_stays_short():
    gradient = trace(bp.grad(lambda x: np.sum(np.cumsum(x) ** 2)), np.ones(1000))
    assert len(gradient) < 15
    assert [node.primitive for node in gradient.nodes].count("cumsum") == 2


def edges_lead_through(call):
    """Whether a path leads from an operand of the call to what it returns."""
    p = linearize(call.function(np), *[np.asarray(ARRAYS[name]) for name in call.names])
    return any(p.count_paths(p.names[i], p.names[o]) for i in p.inputs for o in p.outputs)


@pytest.mark.parametrize("name", CONSTANT_CALLS)
def test_no_path_leads_through_what_is_constant(name):
    assert not any(edges_lead_through(call) for call in CONSTANT_CALLS[name] if call.names)


@pytest.mark.parametrize("name", DIFFERENTIABLE_CALLS)
def test_a_path_leads_through_what_is_differentiable(name):
    assert any(edges_lead_through(call) for call in DIFFERENTIABLE_CALLS[name])
