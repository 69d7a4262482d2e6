"""Training by the compiled engine: the NumPy engine's steps, the same bits by one thread and two, nothing lost."""

import itertools
import os
import signal
import threading
import time
import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse
from machines import ByTurns, dealt_finely
from pyarrow import parquet
from stopping import Stopping
from threadpoolctl import threadpool_info

import backpath as bp
from backpath.data.reading.parquet import ParquetSource
from backpath.data.scaling import Scaling
from backpath.engines.compiled import engine as compiled_engine
from backpath.nets.activations import ACTIVATIONS
from backpath.nets.losses import LOSSES
from backpath.training.checkpoints.saver import Interrupted, Saver
from backpath.training.loop import streaming
from backpath.training.loop.epochs import Loop
from backpath.training.loop.examples import InMemory
from backpath.training.loop.rows import rows_of
from backpath.training.loop.stepping import Stepping
from backpath.training.optimizers.limits import Clip, ClipByGlobalNorm, Decay
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.settings import Settings

rng = np.random.default_rng(0)
X, CLASSES = rng.standard_normal((100, 6)), rng.integers(3, size=100)
VALUES = {"squared_error": rng.standard_normal((100, 3)), "huber": 2 * rng.standard_normal((100, 3))}
VALUES["poisson"] = rng.integers(5, size=(100, 3)).astype(float)
VALUES["sigmoid_cross_entropy"] = rng.integers(2, size=(100, 3)).astype(float)
NET = bp.Network([6, 20, 17, 3], "tanh")
DTYPES = [np.float32, np.float64]


def assert_same_training(network, X, y, *, exact=1e-9, single=1e-5, dtype=np.float64, **settings):
    """Parameters and losses of both engines, near each other relative to the largest entry."""
    settings = {"epochs": 20, "batch": 16, "optimizer": bp.optimizers.sgd(0.01, 0.9), "dtype": dtype, **settings}
    ours = bp.fit(network, X, y, engine="compiled", **settings)
    theirs = bp.fit(network, X, y, engine="numpy", **settings)
    assert (ours.engine.engine, theirs.engine.engine) == ("compiled", "numpy")
    tolerance = exact if dtype == np.float64 else single
    for name, value in theirs.parameters.items():
        assert ours.parameters[name].dtype == value.dtype
        np.testing.assert_allclose(ours.parameters[name], value, rtol=0, atol=tolerance * np.abs(value).max())
    losses = [[e.loss for e in fitted.history] for fitted in (ours, theirs)]
    np.testing.assert_allclose(*losses, rtol=tolerance, atol=tolerance)
    assert losses[0][-1] != losses[0][0]
    return ours


def same_bits(a, b):
    assert all(np.array_equal(a.parameters[name], b.parameters[name]) for name in a.parameters)
    assert [(e.loss, e.factor) for e in a.history] == [(e.loss, e.factor) for e in b.history]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation, dtype):
    assert_same_training(bp.Network([6, 20, 17, 3], activation), X, CLASSES, dtype=dtype, epochs=150, single=5e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("outputs", [1, 3])
def test_losses(loss, outputs, dtype):
    if loss == "cross_entropy" and outputs == 1:
        loss, outputs = "hinge", 1
    y = VALUES[loss][:, :outputs] if loss in VALUES else np.minimum(CLASSES, max(outputs - 1, 1))
    assert_same_training(bp.Network([6, 20, outputs], "tanh", loss), X, y, dtype=dtype)


OPTIONS = {
    "batch norm": {"norm": "batch"},
    "layer norm": {"norm": "layer"},
    "dropout": {"dropout": 0.3},
    "ntk": {"ntk": True},
    "input scale": {"input_scale": True},
    "all": {"norm": "layer", "dropout": (0.2, 0.1), "ntk": True, "input_scale": True},
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIONS)
def test_options_of_networks(name, dtype):
    assert_same_training(bp.Network([6, 20, 17, 3], "silu", **OPTIONS[name]), X, CLASSES, dtype=dtype)


@pytest.mark.parametrize("variables", ["post", "pre"])
def test_readings(variables):
    assert_same_training(bp.Network([6, 8, 3], "tanh", variables=variables), X, CLASSES)


o = bp.optimizers
OPTIMIZERS = {
    "sgd": o.sgd(0.05),
    "nesterov": o.sgd(0.01, 0.9, nesterov=True),
    "adagrad": o.adagrad(0.01),
    "rmsprop": o.rmsprop(1e-3),
    "adadelta": o.adadelta(),
    "adam": o.adam(1e-3),
    "nadam": o.nadam(1e-3),
    "adamw": o.adamw(1e-3, weight_decay=0.1),
    "clip": o.chain(Clip(0.01), o.sgd(0.05, 0.9)),
    "clip by norm": o.chain(ClipByGlobalNorm(0.1), o.adam(1e-3)),
    "penalties": o.chain(Decay(1e-2, 1e-3, np.arange(NET.parameter_count) % 2), o.sgd(0.02)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name, dtype):
    assert_same_training(NET, X, CLASSES, optimizer=OPTIMIZERS[name], dtype=dtype, single=1e-4)


@pytest.mark.parametrize("make", [lambda: o.lion(1e-4), lambda: o.rprop(1e-3)])
def test_optimizers_of_signs(make):
    """In double precision alone: where a sign depends on the last bit, so does the step."""
    assert_same_training(NET, X, CLASSES, optimizer=make(), batch=100)


SCHEDULES = {
    "piecewise": bp.schedules.piecewise_constant(0.05, {10: 0.1, 40: 0.5}),
    "inverse": bp.schedules.inverse_time_decay(0.05, 30),
    "exponential": bp.schedules.exponential_decay(0.05, 20, 0.7),
    "cosine": bp.schedules.warmup_cosine_decay(0.05, 10, 80),
    "one cycle": bp.schedules.one_cycle(0.05, 80),
    "coslog4": bp.schedules.coslog4(0.05, 140),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name):
    assert_same_training(NET, X, CLASSES, optimizer=o.sgd(SCHEDULES[name], 0.9))


@pytest.mark.parametrize(
    "settings",
    [
        {"average": bp.PolyakAverage()},
        {"average": bp.PolyakAverage(0.95), "optimizer": o.adam(1e-3)},
        {"plateau": bp.ReduceOnPlateau(0.5, 1, 0.1)},
        {"weights": rng.uniform(0, 2, 100)},
        {"batch": 1, "epochs": 5},
        {"batch": 99},
        {"batch": 100},
        {"batch": 1000},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_settings(settings, dtype):  # fmt: skip
    assert_same_training(NET, X, CLASSES, dtype=dtype, **settings)


def test_one_example():
    assert_same_training(NET, X[:1], CLASSES[:1])
    assert_same_training(bp.Network([1, 1, 1], "tanh", "squared_error"), X[:1, :1], X[:1, 1:2])


def test_a_loss_that_overflows_rolls_back_alike():
    inputs = rng.standard_normal((500, 5))
    network = bp.Network([5, 1], loss="squared_error")
    ours = assert_same_training(network, inputs, inputs[:, :1], batch=1, epochs=2, optimizer=o.sgd(0.8), exact=1e-6)
    assert ours.history[-1].factor < 1


SCALING = Scaling(X.mean(axis=0), 1 / X.std(axis=0))
SPARSE = scipy.sparse.random_array((100, 6), density=0.3, rng=np.random.default_rng(0)).tocsr()
DATA = {
    "sparse": SPARSE,
    "sparse, scaled": rows_of(SPARSE, SCALING),
    "scaled": rows_of(X, SCALING),
    "scaled, clipped": rows_of(X, Scaling(X.mean(axis=0), 1 / X.std(axis=0), clipped=True)),
    "float32": X.astype(np.float32),
    "float64": X,
    "int8": (10 * X).astype(np.int8),
    "bool": X > 0,
    "Fortran order": np.asfortranarray(X),
    "every second row": np.repeat(X, 2, axis=0)[::2],
    "float32, every second column": np.repeat(X, 2, axis=1).astype(np.float32)[:, ::2],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", DATA)
def test_data(name, dtype):
    assert_same_training(NET, DATA[name], CLASSES, dtype=dtype, optimizer=o.sgd(0.003))


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.uint8])
def test_class_labels_of_any_type(kind):
    y = np.repeat(CLASSES, 2)[::2].astype(kind)
    assert_same_training(NET, X, y, dtype=np.float32)


def test_streamed_data(tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "MEBIBYTE", 1000)
    columns = {f"x{k}": X[:, k] for k in range(6)} | {"way": np.array(["a", "b", "c"])[CLASSES]}
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=17)
    given = Settings(epochs=4, layers=(6,), batch=8, stream=1)
    e = Experiment.prepare(ParquetSource(tmp_path / "t.parquet"), "way", given)
    streamed = streaming.Streamed(e.data, e.features, e.target, 1)
    assert_same_training(e.network, streamed, None, dtype=np.float32, epochs=5)


# Threads.


@pytest.fixture
def shared(monkeypatch):
    """Even small networks are worth a second thread, and are dealt out finely."""
    dealt_finely(monkeypatch)


@pytest.fixture
def busy():
    """Other threads that want the cores, so that those of a machine stop anywhere."""
    done = threading.Event()

    def spin():
        a = np.ones((300, 300))
        while not done.is_set():
            a @ a

    others = [threading.Thread(target=spin) for _ in range(2)]
    for thread in others:
        thread.start()
    yield
    done.set()
    for thread in others:
        thread.join()


THREADED = {
    "plain": (NET, {}),
    "relu, adam": (bp.Network([6, 64, 64, 3]), {"optimizer": o.adam(1e-3), "batch": 32}),
    "batch norm": (bp.Network([6, 33, 3], norm="batch"), {"batch": 33}),
    "layer norm, dropout": (bp.Network([6, 40, 3], "gelu", norm="layer", dropout=0.2), {"batch": 50}),
    "one output": (bp.Network([6, 70, 1], "silu", "squared_error"), {"batch": 64}),
    "clip": (bp.Network([6, 70, 70, 3]), {"optimizer": OPTIMIZERS["clip by norm"], "average": bp.PolyakAverage(0.9)}),
    "narrow": (bp.Network([6, 1, 3], "tanh"), {"batch": 3}),
    "a row": (NET, {"batch": 1}),
    "two rows": (NET, {"batch": 2}),
    "three rows": (NET, {"batch": 3}),
}


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", THREADED)
def test_threads_give_the_same_bits(name, dtype, threads, shared):
    network, given = THREADED[name]
    y = VALUES["squared_error"][:, :1] if network.sizes[-1] == 1 else CLASSES
    settings = {"epochs": 6, "batch": 16, "dtype": dtype, "engine": "compiled", **given}
    same_bits(bp.fit(network, X, y, threads=threads, **settings), bp.fit(network, X, y, threads=1, **settings))


@pytest.mark.parametrize("name", ["plain", "relu, adam", "batch norm"])
def test_threads_give_the_same_bits_on_busy_cores(name, shared, busy):
    network, given = THREADED[name]
    settings = {"epochs": 10, "batch": 16, "engine": "compiled", **given}
    same_bits(bp.fit(network, X, CLASSES, threads=2, **settings), bp.fit(network, X, CLASSES, threads=1, **settings))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", THREADED)
def test_threads_meet_where_they_must(name, dtype, shared, monkeypatch):
    """Run one after another between meetings, in either order, they make the steps of one."""
    monkeypatch.setattr(compiled_engine, "Machine", ByTurns)
    network, given = THREADED[name]
    y = VALUES["squared_error"][:, :1] if network.sizes[-1] == 1 else CLASSES
    batch = given.get("batch", 16)
    found = []
    for order in [(0,), *itertools.permutations(range(3))]:
        flat = np.concatenate([np.ravel(p) for p in network.init(0, dtype).values()])
        stepping = Stepping(
            network, flat, given.get("optimizer", o.sgd(0.05)), 0,
            average=given.get("average"), engine="compiled", threads=len(order),
        )  # fmt: skip
        targets = network.targets(y) if network.sizes[-1] == 1 else network.checked_classes(y)
        steps = stepping.steps(rows_of(X.astype(dtype)), targets, batch, None)
        losses = np.empty(1)
        steps.run(np.arange(batch)[None], np.zeros(1, int), losses)
        if len(order) > 1:
            assert steps._machine.threads == 3
        for _ in range(3):
            steps._machine.by_turns(order)
        found.append(flat)
    assert all(np.array_equal(found[0], other) for other in found[1:])


# Nothing is lost, and nothing is made anew.


@pytest.mark.parametrize(("threads", "blas"), [(1, None), (2, 1)])
def test_the_blas_has_no_thread_in_the_way_of_the_engines(threads, blas, shared):
    """An idle thread of it spins for a while after each product of somebody else's: a validation, say."""
    examples = InMemory(rows_of(X), CLASSES)
    network = bp.Network([X.shape[1], 8, 3])
    flat = np.concatenate([np.ravel(p) for p in network.init(0, float).values()])
    loop = Loop(network, flat, examples, 16, o.sgd(0.05), 0, engine="compiled", threads=threads)
    before = blas_of_numpy()
    with loop.blas():
        assert blas_of_numpy() == (blas or before)
    assert blas_of_numpy() == before


def blas_of_numpy():
    return next(found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("at", [1, 4, 7, 23])
def test_a_stopped_training_goes_on_to_the_same_bits(tmp_path, at, threads, shared):
    adam, average = o.adam(1e-2), bp.PolyakAverage(0.9)
    settings = {"epochs": 6, "batch": 13, "optimizer": adam, "average": average, "threads": threads}
    network = bp.Network([6, 16, 3], "tanh", dropout=0.2)
    whole = bp.fit(network, X, CLASSES, engine="compiled", **settings)
    path = tmp_path / "c"
    with pytest.raises(Interrupted):
        bp.fit(network, X, CLASSES, engine="compiled", checkpoint=Stopping(path, at), **settings)
    with pytest.raises(bp.RunError, match="of another training: batch"):
        bp.fit(network, X, CLASSES, engine="compiled", checkpoint=path, **{**settings, "batch": 12})
    again = bp.fit(network, X, CLASSES, checkpoint=path, **settings)
    assert again.engine.engine == "compiled"
    same_bits(again, whole)


def test_ctrl_c_stops_and_saves(tmp_path):
    path = tmp_path / "c"
    inputs, classes = rng.standard_normal((20_000, 6)), rng.integers(3, size=20_000)
    settings = {"batch": 10, "engine": "compiled"}
    bp.fit(NET, X, CLASSES, epochs=1, **settings)
    before = signal.getsignal(signal.SIGINT)
    threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    with pytest.raises(Interrupted, match="holds all of it"):
        bp.fit(NET, inputs, classes, epochs=10**6, checkpoint=Saver(path), **settings)
    assert time.monotonic() - started < 10
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(Interrupted):
        bp.fit(NET, inputs, classes, epochs=10**6, checkpoint=Stopping(path, 1), **settings)


@pytest.mark.parametrize("name", ["float64", "sparse, scaled", "scaled"])
def test_long_epochs_keep_no_room_for_every_number_of_steps(name):
    """Steps are made in stretches of any length; what takes rows for them is not kept for each length."""
    network = bp.Network([6, 3])
    flat = np.zeros(network.parameter_count, np.float32)
    stepping = Stepping(network, flat, o.sgd(0.05), 0, engine="compiled")
    steps = stepping.steps(rows_of(DATA[name]), CLASSES, 5, None)
    losses = np.empty(400)
    rows = rng.integers(100, size=(400, 5))
    tracemalloc.start()
    try:
        for k in range(1, 30):
            steps.run(rows[:k], np.arange(k), losses[:k])
        before = tracemalloc.get_traced_memory()[0]
        for k in range(30, 400):
            steps.run(rows[:k], np.arange(k), losses[:k])
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert kept < 20 * 400 * 5 * 6 * 8


@pytest.mark.parametrize("name", ["float32", "float64", "scaled"])
def test_an_epoch_allocates_no_array_of_values(name):
    from backpath.training.loop.epochs import Loop
    from backpath.training.loop.examples import InMemory

    network = bp.Network([6, 2000, 3])
    flat = np.concatenate([np.ravel(p) for p in network.init(0).values()])
    given = InMemory(rows_of(DATA[name]), CLASSES)
    loop = Loop(network, flat, given, 50, o.adam(1e-3), 0, engine="compiled")
    loop.epoch()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        loop.epoch()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    # A batch's hidden values are 400 kB. NumPy takes 64 kB to sum the parameters in double precision.
    assert peak < 80_000
