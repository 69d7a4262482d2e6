"""Every elementwise primitive and its first two derivatives, to the last digits of mpmath's: by every route."""

import numpy as np
import pytest
from special_names import SPECIAL

import backpath as bp
from backpath.ops.elementwise import ELEMENTWISE
from benchmarks.accuracy import BOUNDS, DTYPES, ENGINES, PAGE, errors, measured, reference, worst
from benchmarks.accuracy_functions import LOCALLY_CONSTANT, OF_NUMPY_ALONE, ROWS, m

ORDERS = range(3)


def primitive_of(name):
    return name.split(",")[0]


def within_bounds(name, engine, dtype, found):
    for order, w in enumerate(found):
        assert w.error <= BOUNDS[order], f"derivative {order} of {name} by {engine} in {np.dtype(dtype)} at {w.at}"


IN_HALF = [name for name in ROWS if not primitive_of(name).endswith("_slope")]
"""Third derivatives, which the others' second ones are, overflow in half precision."""


def test_every_elementwise_primitive_has_a_row():
    """A new primitive needs one in benchmarks/accuracy_functions.py."""
    assert {primitive_of(name) for name in ROWS} == ELEMENTWISE - LOCALLY_CONSTANT - OF_NUMPY_ALONE - SPECIAL


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROWS)
def test_errors_are_within_bounds(name, dtype):
    for engine in ENGINES:
        within_bounds(name, engine, dtype, measured(name, engine, dtype))


@pytest.mark.parametrize("name", IN_HALF)
@np.errstate(all="ignore")
def test_half_precision(name):
    """Of the NumPy engine alone; second derivatives meet the end of the range soon."""
    for w, bound in zip(measured(name, "numpy", np.float16), (8.0, 8.0, 24.0), strict=True):
        assert w.error <= bound, w


@pytest.mark.parametrize("name", ROWS)
@np.errstate(all="ignore")
def test_every_route_is_as_exact(name):
    row, right = ROWS[name], reference(name, np.float64)
    operands, slot = right.operands, row.slot

    def total(*x):
        return np.sum(row.ours(*x))

    def along(x):
        return row.ours(*[x if k == slot else given for k, given in enumerate(operands)])

    ones = np.ones_like(operands[slot])
    first = bp.grad(total, slot)(*operands)
    _, pushed = bp.jvp(along, (operands[slot],), (ones,))
    (second,) = bp.hvp(lambda x: np.sum(along(x)), (operands[slot],), (ones,))
    for order, y in ((1, first), (1, pushed), (2, second)):
        w = worst(y, right, order, row.damped)
        assert w.error <= BOUNDS[order], w
    some = np.linspace(0, len(ones) - 1, 7).astype(int)
    for k in some:
        at = [x[k] for x in operands]
        p = bp.linearize(row.ours, *at)
        by_paths = [p.gradient(p.names[p.inputs[slot]], method=method) for method in ("paths", "elimination")]
        for y, order in [*((y, 1) for y in by_paths), (bp.hessian(row.ours, slot)(*at), 2)]:
            whole = np.full(ones.shape, y, float)
            assert errors(whole, right, order, row.damped)[k] <= BOUNDS[order], (y, at)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.domain in ("all", "nonzero", "positive")])
def test_the_table_holds_the_derivatives_of_its_functions(name):
    exact = ROWS[name].exact
    for x in (0.4, 1.7):
        for order in (1, 2):
            assert m.almosteq(exact[order](m.mpf(x)), m.diff(exact[0], m.mpf(x), order), rel_eps=1e-30)


def test_the_page_is_of_these_functions():
    lines = [line.split("|")[1:-1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in line] for line in lines]
    every = {(f"`{name}`", engine, str(np.dtype(dtype))) for name in ROWS for engine in ENGINES for dtype in DTYPES}
    assert {tuple(row[:3]) for row in rows} == every
    for row in rows:
        for order in ORDERS:
            assert float(row[3 + order].split(" at ")[0]) <= BOUNDS[order]
