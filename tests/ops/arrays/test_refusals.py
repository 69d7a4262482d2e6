"""What the functions cannot take ends in an error of ours that says what to write."""

from inspect import Parameter, signature

import numpy as np
import pandas as pd
import pytest

import backpath as bp
from backpath.ops.dispatch import FUNCTIONS

X = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(
    ("f", "advice"),
    [
        (lambda x: np.array([x, 2 * x]), r"In place of np\.array\(\[a, b\]\) write np\.stack"),
        (lambda x: np.asarray(x), r"in place of np\.asarray\(a\) the traced a itself"),
        (lambda x: X[np.argmax(x)], r"np\.take_along_axis\(a, i, axis\)"),
        (lambda x: f"{x:.3f}", "read numbers off the result"),
        (lambda x: format(x, "5"), "read numbers off the result"),
        (lambda x: x * pd.Series([1.0, 2.0, 3.0, 4.0]), r"pandas.*Series met a traced value; .*\.to_numpy\(\)"),
        (lambda x: pd.Series([1.0, 2.0, 3.0, 4.0]) * x, r"pandas.*Series met a traced value"),
        (lambda x: np.where(pd.Series([True] * 4), x, 0.0), r"np\.where: a pandas.*\.to_numpy\(\)"),
        (lambda x: x @ pd.DataFrame(np.ones((4, 2))), r"DataFrame met a traced value"),
        (lambda x: np.concatenate([x, pd.DataFrame(X)]), r"np\.concatenate: a pandas.*DataFrame"),
        (lambda x: x * np.ma.masked_array(X, X > 3), r"its mask would be lost"),
        (lambda x: np.cumsum(x, out=np.zeros(12)), r"in place of x \+= y or out="),
        (lambda x: np.add.at(x, 0, 1.0), "in-place write"),
        (lambda x: np.add.reduceat(x, [0, 1]), r"add\.reduceat cannot be traced; sum slices"),
        (lambda x: np.add(x, 1, signature="dd->d"), r"x\.astype\(\.\.\.\)"),
        (lambda x: np.repeat(x, x[0].astype(int)), r"np\.repeat with a traced count"),
        (lambda x: np.delete(x, np.argmax(x[0]), 1), r"np\.delete with a traced position"),
        (lambda x: np.compress(x[0] > 1, x, axis=1), r"np\.compress with a traced condition"),
        (lambda x: np.extract(x > 1, x), r"np\.extract with a traced condition"),
        (lambda x: np.roll(x, np.argmax(x)), r"np\.roll with a traced shift"),
        (lambda x: np.pad(x, 1, mode="mean"), r"mode='constant' and edge"),
        (lambda x: np.quantile(x, 0.5, method="inverted_cdf", weights=X), "repeat entries by np.repeat"),
        (lambda x: np.quantile(x, x[0, 0], method="lower"), "needs q known"),
        (lambda x: np.polyfit(x[0], X[0], 1), r"np\.vander\(x, deg \+ 1\)"),
        (lambda x: np.poly(x @ x.T), "eigenvalues, which may be complex"),
        (lambda x: np.bincount(x[0].astype(int)), "minlength="),
        (lambda x: np.histogram(x, bins="auto"), "how many bins"),
        (lambda x: x & 1, r"whole numbers, and an operand holds float64: write x\.astype\(int\)"),
        (lambda x: np.bitwise_count(x), "an operand holds float64"),
        (lambda x: np.gcd(x, 4), "an operand holds float64"),
        (lambda x: np.roots(x[0]), "roots may be complex"),
        (lambda x: np.fft.fft(x), r"np\.fft\.fft cannot be traced; complex numbers"),
        (lambda x: x.sort(), r"x = np\.sort\(x, \.\.\.\)"),
        (lambda x: x.view(int), r"x\.astype\(dtype\) converts"),
        (lambda x: x.flat[0], r"write x\.ravel\(\)"),
        (lambda x: x.strides, "no memory"),
        (lambda x: x.add, "has no attribute 'add'"),
        (lambda x: x[np.ix_(x[0] > 1)], "its shape depends on values"),
        (lambda x: np.put_along_axis(x, np.zeros((1, 4), int), 0.0, 0), r"np\.where\(mask, new, old\)"),
    ],
)
def test_refusals_name_the_remedy(f, advice):
    with pytest.raises(bp.TraceError, match=advice):
        bp.trace(f, X)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_argument_of_numpys_is_taken(function):
    try:
        wanted = signature(function).parameters.values()
    except ValueError:  # NumPy's own functions in C do not say
        wanted = ()
    taken = signature(FUNCTIONS[function]).parameters.values()
    anything = {p.kind for p in taken} & {Parameter.VAR_KEYWORD}
    missing = {p.name for p in wanted if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)} - {p.name for p in taken}
    assert anything or missing <= {"out", "like"}


def test_a_matrix_is_refused():
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix(X)
    for f in (lambda x: x * matrix, lambda x: matrix * x, lambda x: matrix @ x.T):
        with pytest.raises(bp.TraceError, match="its \\* is a matrix product"):
            bp.trace(f, X)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: np.split(x, 3, axis=1), "array split does not result in an equal division"),
        (lambda x: np.delete(x, 7, axis=0), "index 7 is out of bounds"),
        (lambda x: np.cumsum(x, axis=2), "axis 2 is out of bounds"),
        (lambda x: np.sort(x, axis=-3), "axis -3 is out of bounds"),
        (lambda x: np.repeat(x, -1), "must not be negative"),
        (lambda x: np.rot90(x, axes=(0, 0)), "must span a plane"),
        (lambda x: np.cross(x, x), "2 or 3 entries"),
        (lambda x: np.max(x, where=X > 3), "needs initial="),
        (lambda x: np.quantile(x, 1.5), r"range \[0, 1\]"),
        (lambda x: np.median(x[:0]), "has no entries"),
        (lambda x: np.argmax(x[:0]), "has no entries"),
        (lambda x: np.diff(x[0, 0]), "no neighbours"),
        (lambda x: np.gradient(x[:1], axis=0), "edge_order=1 needs 2"),
        (lambda x: np.interp(x, [0.0, 1.0], [1.0]), "one entry each"),
        (lambda x: np.convolve(x, x), "one axis"),
        (lambda x: np.select([x > 1], [x, x]), "give one for each"),
        (lambda x: np.trapezoid(x, np.arange(3.0)), "shapes"),
        (lambda x: np.pad(x, -1), "negative widths"),
        (lambda x: np.einsum(x, 3), "the list of its axes' numbers"),
        (lambda x: np.insert(x, 9, 0.0, axis=0), "index 9 is out of bounds"),
        (lambda x: np.vsplit(x[0], 2), "2 axes or more"),
    ],
)
def test_shapes_and_settings_that_do_not_fit(f, message):
    with pytest.raises(bp.ShapeError, match=message):
        bp.trace(f, X)


def test_an_error_of_the_users_own_function_stays_what_it_is():
    def broken(row):
        raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        bp.trace(lambda x: np.apply_along_axis(broken, 0, x), X)


def test_hasattr_says_what_a_traced_value_has():
    found = []
    bp.trace(lambda x: found.append((hasattr(x, "shape"), hasattr(x, "strides"), hasattr(x, "nothing"))) or x, X)
    assert found == [(True, False, False)]


def test_text_without_a_format_is_the_shape():
    shown = []
    bp.trace(lambda x: shown.append(f"{x}") or x, X)
    assert shown == ["Variable(float64[3,4])"]
