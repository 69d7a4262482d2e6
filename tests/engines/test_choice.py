"""The engine for a job: what it saves against what it takes to begin."""

import numpy as np
import pytest

from backpath.engines import choice, choose, compile_graph
from backpath.engines.compiled import store
from backpath.engines.program import cost
from backpath.ops import trace

X = np.ones((16, 16))
PROGRAMS = [compile_graph(trace(lambda x: np.tanh(x @ x).sum(), X))]


@pytest.mark.parametrize(
    ("steps", "missing", "engine", "why"),
    [
        (10, 99, "numpy", "10 steps are too few for a start of 0.1 s to pay off"),
        (10**6, 99, "numpy", "1,000,000 steps are too few for 99 kernels to be compiled"),
        (10**6, 0, "compiled", "in 1,000,000 steps, for a start of 0.1 s"),
        (10**8, 99, "compiled", "in 100,000,000 steps, for 99 kernels to be compiled"),
    ],
)
def test_what_is_saved_is_weighed_against_the_start(monkeypatch, steps, missing, engine, why):
    monkeypatch.setattr(choice, "missing", lambda kernels, dtype: missing)
    found = choose(PROGRAMS, X.dtype, steps, 2, None)
    assert (found.engine, found.why[-len(why) :]) == (engine, why)


def test_kernels_are_looked_for_on_disk(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "folder", lambda: tmp_path)
    found = choose(PROGRAMS, X.dtype, 2 * 10**5, 2, None)
    assert found.why == "200,000 steps are too few for 4 kernels to be compiled"
    for name in ("run", "product", "reduce", "tanh"):
        (tmp_path / f"backpath_{name}_float64.o").touch()
    assert choose(PROGRAMS, X.dtype, 2 * 10**5, 2, None).engine == "compiled"


def test_elementary_functions_count():
    """NumPy takes as long for one as for twenty sums."""
    x = np.ones((64, 64))
    sums, functions = ([compile_graph(trace(f, x))] for f in (lambda x: x + x + x, lambda x: np.expm1(x) + x + x))
    gained = cost.by_numpy(functions, 2) - cost.by_numpy(sums, 2)
    assert gained > 10e-6
    assert cost.by_machine(functions) - cost.by_machine(sums) < gained / 3


def test_an_obstacle_decides():
    assert choose(PROGRAMS, X.dtype, 10**9, 2, "it cannot") == choice.Choice("numpy", "it cannot")
