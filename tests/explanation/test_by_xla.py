"""Explanations whose sweeps XLA runs: the quantities are NumPy's, and so are their invariants."""

import numpy as np
import pytest

import backpath as bp
from backpath.graph import SettingError
from backpath.nets import Sequential, layers

rng = np.random.default_rng(0)


def block(x, W, V):
    return np.sum(np.tanh(x + np.maximum(x @ W, 0) @ V) ** 2)


def loop(x, w):
    return bp.scan(lambda c, x: (np.sin(c * w + x), c), 0.5, x)[0]


NETWORK = bp.Network([4, 5, 3], "relu", "cross_entropy")
CONVOLVED = Sequential((layers.Conv(2, 2), layers.Flatten(), layers.Dense(2)), (3, 3, 1))
CASES = {
    "a residual block": (block, tuple(rng.standard_normal(s) for s in ((3, 4), (4, 5), (5, 4))), None),
    "a loop": (loop, (rng.standard_normal(4), 0.7), None),
}


def near(ours, theirs):
    """Numbers in any nest of dicts agree to 1e-12 of the largest."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key, value in theirs.items():
            near(ours[key], value)
    else:
        scale = np.abs(theirs).max(initial=1e-300)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12 * scale)


@pytest.mark.parametrize("name", CASES)
def test_quantities_are_those_of_numpy(name):
    f, args, output = CASES[name]
    theirs, ours = (bp.explain(f, args, output, engine=engine) for engine in ("numpy", "xla"))
    near(ours.gradient, theirs.gradient)
    near(ours.mass(), theirs.mass())
    near(ours.flow(), theirs.flow())
    near(ours.cancellation("node", relative=True), theirs.cancellation("node", relative=True))
    near(dict(ours.length_spectrum("edge").parts), dict(theirs.length_spectrum("edge").parts))
    assert ours.path_norm(3) == pytest.approx(theirs.path_norm(3), rel=1e-12)
    assert ours.count() == theirs.count()


def test_the_mass_of_a_convolution():
    args = CONVOLVED.init(0, float), rng.standard_normal((1, 3, 3, 1))
    theirs, ours = (bp.explain(CONVOLVED, args, (0, 1), engine=engine) for engine in ("numpy", "xla"))
    near(ours.mass(), theirs.mass())


def test_invariants_hold_and_examples_share_what_is_compiled():
    found = bp.explain(NETWORK, (NETWORK.init(0, float), rng.standard_normal((2, 4))), ..., engine="xla")
    assert all(found.verify().values())
    whole = found.gradient
    parts = [one.gradient for one in found.each()]
    made = len(found.sweeps.made)
    near({name: sum(part[name] for part in parts) for name in whole}, whole)
    assert len(found.sweeps.made) == made


def test_where_infinite_slopes_meet_zeros_as_by_numpy():
    f = lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0))  # noqa: E731
    x = np.array([0.0, 4.0])
    with np.errstate(divide="ignore", invalid="ignore"):
        near(bp.explain(f, (x,), engine="xla").gradient, bp.explain(f, (x,)).gradient)


def test_other_engines_and_functions_are_refused():
    with pytest.raises(SettingError, match="'numpy' or 'xla'"):
        bp.explain(block, CASES["a residual block"][1], engine="compiled")
    with pytest.raises(SettingError, match="here are cpu:0"):
        bp.explain(block, CASES["a residual block"][1], engine="xla", device="cuda")
