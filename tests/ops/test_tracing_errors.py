"""Whatever cannot be traced ends in an error that says what to write instead."""

import math

import numpy as np
import pytest

import backpath as bp

X = np.array([1.0, -2.0, 3.0])


def branch(x):
    return x if x[0] > 0 else -x


def loop(x):
    while x.sum() > 0:
        x = x - 1
    return x


def augmented(x):
    x += 1
    return x


def augmented_entry(x):
    x[0] = 1
    return x


def kept_for_later():
    kept = []
    bp.trace(lambda x: kept.append(x) or x, X)
    return kept[0] + 1


BRANCH = r"np\.where\(condition, a, b\)"
NUMBER = r"Use NumPy's functions \(np\.exp in place of math\.exp"
WRITE = r"x = x \+ y in place of x \+= y"


@pytest.mark.parametrize(
    ("f", "advice"),
    [
        (branch, BRANCH),
        (loop, BRANCH),
        (lambda x: x[0] and x[1], BRANCH),
        (lambda x: max(x[0], x[1]), BRANCH),
        (lambda x: float(x[0]), NUMBER),
        (lambda x: int(x[0]), NUMBER),
        (lambda x: complex(x[0]), NUMBER),
        (lambda x: math.exp(x[0]), NUMBER),
        (lambda x: x[0].item(), NUMBER),
        (lambda x: x.tolist(), NUMBER),
        (lambda x: round(x[0]), NUMBER),
        (lambda x: np.asarray(x), NUMBER),
        (lambda x: X[x[0]], NUMBER),
        (lambda x: range(x[0]), NUMBER),
        (augmented, WRITE),
        (augmented_entry, WRITE),
        (lambda x: np.add(x, 1, out=np.zeros(3)), WRITE),
        (lambda x: np.sum(x, out=np.zeros(())), WRITE),
        (lambda x: x.fill(0.0), WRITE),
        (lambda x: np.unique(x), r"np\.unique cannot be traced; the shape of its result depends on values"),
        (lambda x: np.nextafter(x, 1.0), "nextafter cannot be traced; it steps from one floating-point number"),
        (lambda x: np.hypot.accumulate(x), r"hypot\.accumulate cannot be traced; functions that can: add"),
        (lambda x: np.add(x, 1, where=X > 0), r"np\.where\(\.\.\.\) in place of where="),
        (lambda x: len(x[0]), "a traced scalar has no length"),
        (lambda x: x + "1", "neither a number nor an array of numbers"),
    ],
)
def test_untraceable_uses_name_the_remedy(f, advice):
    with pytest.raises(bp.TraceError, match=advice):
        bp.trace(f, X)


def test_a_boolean_mask_is_refused_with_what_to_write():
    with pytest.raises(bp.TraceError, match=r"np\.where"):
        bp.trace(lambda x: x[x > 0], X)


def test_traced_values_end_with_their_function():
    with pytest.raises(bp.TraceError, match="return what you need instead of storing it"):
        kept_for_later()


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x + np.ones(2), r"add: shapes \[3\] and \[2\]"),
        (
            lambda x: x @ np.ones((2, 2)),
            r"matmul: shapes \[3\] and \[2, 2\] do not fit: the last size of the first, 3, must",
        ),
        (lambda x: x @ 2.0, r"a scalar has no inner axis; use \* to scale"),
        (lambda x: np.ones((2, 5, 4)) @ np.outer(x, x), "matmul"),
        (lambda x: np.reshape(x, (2, 2)), r"reshape"),
        (lambda x: np.concatenate([x, np.ones((2, 2))]), "all sizes but those along axis 0 must be equal"),
        (lambda x: np.einsum("ij->j", x), r"'ij' names 2 axes; the shape is \[3\]"),
        (lambda x: np.einsum("i,i->", x, np.ones(2)), "i"),
        (lambda x: np.broadcast_to(x, (2, 2)), "broadcast"),
    ],
)
def test_shapes_that_do_not_fit_name_the_operation_and_the_shapes(f, message):
    with pytest.raises(bp.ShapeError, match=message):
        bp.trace(f, X)


def test_an_index_out_of_bounds_names_the_axis():
    with pytest.raises(bp.ShapeError, match="index 3 is out of bounds for axis 0 with size 3"):
        bp.trace(lambda x: x[3], X)
