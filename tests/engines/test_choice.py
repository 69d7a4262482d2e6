"""The engine for a job: what it saves against what it takes to begin."""

import dataclasses

import numpy as np
import pytest

from backpath.calculus import grad
from backpath.engines import choice, choose, compile_graph, speeds
from backpath.engines.compiled import store
from backpath.engines.program import cost
from backpath.nets import MaxPool
from backpath.ops import trace

X = np.ones((16, 16))
FLOAT32 = np.dtype(np.float32)
PROGRAMS = [compile_graph(trace(lambda x: np.tanh(x @ x).sum(), X))]


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch):
    """A machine whose speeds nobody has measured."""
    monkeypatch.setattr(choice, "kept", lambda dtype: None)
    monkeypatch.setattr(choice, "measured", lambda dtype: (cost.NUMPY, cost.COMPILED))


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


def test_winners_of_pools_count():
    """NumPy takes longer for each entry that goes where an index says than for a pass over it."""
    images = np.ones((8, 16, 16, 4))
    backward = grad(lambda x: np.sum(np.square(MaxPool(2).apply({}, x))))
    pools = [compile_graph(trace(backward, images))]
    assert cost.by_numpy(pools, 2) > 20e-9 * images.size
    assert cost.by_machine(pools) < cost.by_numpy(pools, 2) / 3


def test_an_obstacle_decides():
    assert choose(PROGRAMS, X.dtype, 10**9, 2, "it cannot") == choice.Choice("numpy", "it cannot")


def test_what_was_measured_decides(monkeypatch):
    slow = dataclasses.replace(cost.COMPILED, products=1e6)
    monkeypatch.setattr(choice, "missing", lambda kernels, dtype: 0)
    assert choose(PROGRAMS, X.dtype, 10**6, 1, None).engine == "compiled"
    monkeypatch.setattr(choice, "measured", lambda dtype: (cost.NUMPY, slow))
    assert choose(PROGRAMS, X.dtype, 10**6, 1, None).engine == "numpy"
    monkeypatch.setattr(choice, "kept", lambda dtype: (cost.NUMPY, slow))
    assert choose(PROGRAMS, X.dtype, 10**6, 1, None).engine == "numpy"


def test_speeds_are_measured_once_and_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(speeds, "folder", lambda: tmp_path)
    monkeypatch.setattr(speeds, "_measured", speeds._measured.__wrapped__)
    assert speeds.kept(FLOAT32) is None
    found = speeds.measured(FLOAT32)
    assert all(value > 0 for engine in found for value in dataclasses.astuple(engine)[:3])
    assert found[0].call > found[1].call
    monkeypatch.setattr(speeds, "_measured", None)
    assert speeds.kept(FLOAT32) == speeds.measured(FLOAT32) == found
    assert [path.name for path in tmp_path.iterdir()] == ["speeds_float32.json"]


@pytest.mark.parametrize("text", ["", "[]", "[1, 2]", '[{"call": 1}, {}]', "{"])
def test_damaged_speeds_are_none(monkeypatch, tmp_path, text):
    monkeypatch.setattr(speeds, "folder", lambda: tmp_path)
    (tmp_path / "speeds_float32.json").write_text(text)
    assert speeds.kept(FLOAT32) is None


def test_without_a_place_nothing_is_kept(monkeypatch):
    monkeypatch.setattr(speeds, "folder", lambda: None)
    monkeypatch.setattr(speeds, "_measured", speeds._measured.__wrapped__)
    assert speeds.measured(FLOAT32)
    assert speeds.kept(FLOAT32) is None
