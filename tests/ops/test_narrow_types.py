"""Narrow integers and half precision: reductions are NumPy's, and derivatives beside them are those of wide numbers."""

import numpy as np
import pytest

import backpath as bp

INTEGERS = [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint64, np.int64, bool]
REDUCTIONS = [np.sum, np.mean, np.max, np.min, np.var, np.std, np.argmax]


def many(dtype):
    info = None if dtype is bool else np.iinfo(dtype)
    ends = [False, True] if info is None else [info.min, info.max, 0, 1, info.max // 2]
    return np.resize(np.array(ends, dtype), (40, 15))


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_reductions_of_integers_are_numpys(dtype, reduction, axis):
    x = many(dtype)
    expected = reduction(x, axis=axis)
    program = bp.compile(lambda x: reduction(x, axis=axis))
    for ours in (program(x), bp.linearize(lambda x: reduction(x, axis=axis), x).values[-1]):
        assert np.asarray(ours).dtype == np.asarray(expected).dtype
        np.testing.assert_allclose(ours, expected, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16])
@pytest.mark.parametrize("reduction", [np.sum, np.mean, np.max, np.min])
def test_integers_that_are_an_argument(reduction, dtype):
    image = np.full(300, 200, dtype)
    expected = float(reduction(image))
    f = bp.compile(lambda x, image: x * reduction(image))
    g = bp.compile(bp.grad(lambda x, image: x * reduction(image)))
    assert f(2.0, image) == pytest.approx(2 * expected, rel=1e-14)
    assert g(2.0, image) == pytest.approx(expected, rel=1e-14)
    if reduction is np.mean:
        assert bp.compile(lambda x: x * reduction(image), engine="compiled")(2.0) == 2 * expected


IMAGE = np.random.default_rng(0).integers(0, 256, (6, 5), np.uint8)
OF_IMAGES = {
    "difference": lambda w, image: np.sum((image - w) ** 2),
    "product": lambda w, image: np.sum(np.tanh(image * w / 255)),
    "arctan2": lambda w, image: np.sum(np.arctan2(image, w)),
    "arctan2 by the other": lambda w, image: np.sum(np.arctan2(w, image)),
    "hypot": lambda w, image: np.sum(np.hypot(image, w)),
    "logaddexp": lambda w, image: np.sum(np.logaddexp(image, w)),
    "maximum": lambda w, image: np.sum(np.maximum(image, 100 * w)),
    "power": lambda w, image: np.sum(np.power(image / 255 + 1, w)),
    "exponent": lambda w, image: np.sum(np.power(w, np.minimum(image, 30))),
    "quotient": lambda w, image: np.sum(w / (image + 1.0)) + np.sum(image / w),
    "product of matrices": lambda w, image: np.sum((image @ w[:5]) ** 2),
    "where": lambda w, image: np.sum(np.where(image > 100, image, w)),
    "smallest": lambda w, image: np.sum(w * np.min(image, axis=0)),
    "mean": lambda w, image: np.mean((image - np.mean(image)) * w),
    "concatenate": lambda w, image: np.sum(np.concatenate([image.ravel(), w.ravel()]) ** 2),
}


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, bool])
@pytest.mark.parametrize("name", OF_IMAGES)
def test_gradients_beside_integers_are_those_beside_floats(name, dtype):
    """Weights are differentiated; the image keeps its type, or is a float."""
    image = (IMAGE > 100) if dtype is bool else IMAGE.astype(dtype)
    wide = image.astype(float)
    f, w = OF_IMAGES[name], np.linspace(0.5, 1.5, 5)
    np.testing.assert_allclose(f(w, image), f(w, wide), rtol=1e-13)
    expected = bp.grad(f)(w, wide)
    np.testing.assert_allclose(bp.grad(f)(w, image), expected, rtol=1e-13)
    np.testing.assert_allclose(bp.compile(bp.grad(lambda w: f(w, image)))(w), expected, rtol=1e-13)
    narrow = bp.grad(f)(w.astype(np.float32), image)
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, expected, rtol=1e-4)


@pytest.mark.parametrize("reduction", [np.mean, np.var, np.std])
def test_half_precision_does_not_overflow_on_the_way(reduction):
    x = np.linspace(100, 300, 60_000).astype(np.float16)
    expected = reduction(x.astype(float))
    for ours in (bp.compile(reduction)(x), bp.compile(lambda x: reduction(x, axis=0))(x)):
        assert ours.dtype == np.float16
        assert float(ours) == pytest.approx(float(expected), rel=2e-3)
    gradient = bp.grad(lambda x: reduction(x))(x)
    assert gradient.dtype == np.float16
    assert np.isfinite(gradient).all()


SIZES = [(np.float64, 1e290), (np.float32, 1e30), (np.float16, 3e4)]
PLACES = [(*pair, engine) for pair in SIZES for engine in (None, "numpy")]
PLACES += [(*pair, "compiled") for pair in SIZES[:2]]


@pytest.mark.parametrize(("dtype", "size", "engine"), PLACES)
def test_squares_of_large_deviations_do_not_overflow(dtype, size, engine):
    """Standardized rows do not depend on their scale; their derivatives go with its inverse."""
    row = np.array([0.5, -1.0, 1.0, 0.25])
    x = (row * size).astype(dtype)
    weights = np.array([1.0, 2.0, -1.0, 0.5], dtype)

    def both(x):
        return bp.standardize(x), bp.grad(lambda x: np.sum(bp.standardize(x) * weights))(x)

    y, gradient = (bp.compile(both, engine=engine) if engine else both)(x)
    expected = (row - row.mean()) / row.std()
    slope = (weights - weights.mean() - expected * np.mean(weights * expected)) / row.std()
    tolerance = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(y, expected, rtol=tolerance)
    np.testing.assert_allclose(gradient.astype(float) * size, slope, rtol=tolerance, atol=tolerance)
