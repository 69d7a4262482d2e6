"""Training by XLA is training by the other engines: the same batches, steps, noise and stops, but for rounding."""

import json
import subprocess
import sys

import jax
import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

import backpath as bp
import backpath.sklearn as bs
from backpath import optimizers as o
from backpath.engines import choice
from backpath.engines.xla import library, mesh, steps
from backpath.engines.xla.lowering.graphs import lowered
from backpath.engines.xla.placement import Placement
from backpath.graph import NonFiniteError, SettingError
from backpath.nets import Sequential, layers
from backpath.ops import leaves_of
from backpath.training.checkpoints.checkpoint import read_checkpoint
from backpath.training.checkpoints.saver import Interrupted, Saver
from backpath.training.loop.examples import InMemory
from backpath.training.loop.rows import DenseRows
from backpath.training.loop.step import update_program
from backpath.training.optimizers.schedules import one_cycle

rng = np.random.default_rng(0)
X = rng.standard_normal((70, 6))
Y = rng.integers(0, 3, 70)
VALUES = rng.standard_normal((70, 2))
IMAGES = rng.standard_normal((20, 6, 6, 2))
TOKENS = rng.integers(0, 9, (20, 5))
NET = bp.Network([6, 8, 3], "tanh", "cross_entropy")
FIT = {"epochs": 2, "batch": 14, "dtype": np.float64, "seed": 3}


class Elsewhere(Placement):
    """A CPU that is treated as an accelerator: data lie on the device, and steps take rows there."""

    def __init__(self, name=None):
        super().__init__(name)
        self.of_host = False

    def room(self):
        return 1e9


@pytest.fixture
def elsewhere(monkeypatch):
    monkeypatch.setattr(mesh, "placement_of", lambda setting, shapes=(): Elsewhere(setting.device))


def same(ours, theirs, tolerance=1e-12):
    assert [e.factor for e in ours.history] == [e.factor for e in theirs.history]
    np.testing.assert_allclose([e.loss for e in ours.history], [e.loss for e in theirs.history], rtol=tolerance)
    for a, b in zip(leaves_of(ours.parameters), leaves_of(theirs.parameters), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


CASES = {
    "adam, clipped, averaged, with weights": (
        NET, X, Y,
        {"optimizer": o.chain(o.ClipByGlobalNorm(0.5), o.adam(1e-2)), "average": bp.PolyakAverage(0.9),
         "weights": np.linspace(0, 2, 70)},
    ),
    "dropout and batch norm, a schedule": (
        bp.Network([6, 8, 3], "relu", "cross_entropy", norm="batch", dropout=0.3), X, Y,
        {"optimizer": o.sgd(one_cycle(0.1, 10), momentum=0.9)},
    ),
    "values, plateaus": (
        bp.Network([6, 4, 2], "gelu", "squared_error"), X, VALUES,
        {"plateau": bp.ReduceOnPlateau(0.5, 1, 0.9), "epochs": 4, "batch": 16},
    ),
    "sparse rows": (NET, scipy.sparse.csr_array(X), Y, {}),
    "a convolution": (
        Sequential(
            (layers.Conv(3, 3), layers.Activation("relu"), layers.MaxPool(2), layers.Flatten(), layers.Dense(3)),
            (6, 6, 2),
        ),
        IMAGES, Y[:20], {"batch": 10},
    ),
    "a transformer": (
        Sequential(
            (layers.Embedding(9, 4), layers.TransformerBlock(2, 8), layers.GlobalMeanPool(), layers.Dense(3)), (5,)
        ),
        TOKENS, Y[:20], {"optimizer": o.adamw(1e-2), "batch": 10, "epochs": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_as_by_numpy(name, monkeypatch):
    # Half of the cases with the state in pieces, where the update goes by entries.
    monkeypatch.setattr(steps, "PIECES", 0 if "a" in name[:1] or "dropout" in name else 1 << 20)
    model, X, y, options = CASES[name]
    theirs = bp.fit(model, X, y, engine="numpy", **{**FIT, **options})
    ours = bp.fit(model, X, y, engine="xla", device="cpu", **{**FIT, **options})
    same(ours, theirs)
    assert (ours.engine.engine, ours.engine.why) == ("xla", "as asked for, on cpu:0")


@pytest.mark.parametrize("name", ["adam, clipped, averaged, with weights", "values, plateaus", "a convolution"])
def test_with_the_data_on_the_device(elsewhere, name):
    model, X, y, options = CASES[name]
    theirs = bp.fit(model, X, y, engine="numpy", **{**FIT, **options})
    same(bp.fit(model, X, y, engine="xla", **{**FIT, **options}), theirs)


def test_calls_of_few_steps_each_and_rows_that_change(monkeypatch):
    monkeypatch.setattr(steps, "ROWS", 16)
    options = {**FIT, "batch": 5}
    theirs = bp.fit(NET, X, Y, engine="numpy", **options)
    same(bp.fit(NET, X, Y, engine="xla", **options), theirs)


def test_rows_that_change_come_from_the_host_each_time(elsewhere):
    examples = InMemory(DenseRows(X, changing=True), NET.checked_targets(Y))
    same(bp.fit(NET, examples, engine="xla", **FIT), bp.fit(NET, X, Y, engine="numpy", **FIT))


OPTIMIZERS = {
    name: getattr(o, name)
    for name in ("sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad", "adadelta", "rprop", "lion")
}


def test_every_optimizer_makes_the_step_of_numpy():
    """As one function, so that it is compiled once."""
    flat, gradient = rng.standard_normal(9), rng.standard_normal(9)
    cases = {}
    for name, made in OPTIMIZERS.items():
        optimizer = o.chain(o.Clip(1.0), made(0.1) if name != "adadelta" else made())
        state = optimizer.init(flat)
        program = update_program(optimizer, None, flat, state)
        arrays = [np.abs(rng.standard_normal(9)) for own in state.arrays for _ in own]
        cases[name] = program.graph, [gradient, flat, *arrays, optimizer.scalars(3, 0.5)[0]]
    functions = {name: lowered(graph) for name, (graph, _) in cases.items()}
    found = jax.jit(lambda inputs: {name: f(*inputs[name]) for name, f in functions.items()})(
        {name: inputs for name, (_, inputs) in cases.items()}
    )
    for name, (graph, inputs) in cases.items():
        values = bp.paths.evaluate(graph, inputs)
        for ours, output in zip(found[name], graph.outputs, strict=True):
            np.testing.assert_allclose(ours, values[output], rtol=1e-12, atol=1e-14)


def test_a_loss_that_overflows_halves_the_steps_as_by_numpy():
    options = {**FIT, "optimizer": o.sgd(1e80), "epochs": 3}
    net = bp.Network([6, 4, 2], "relu", "squared_error")
    with pytest.raises(NonFiniteError) as theirs:
        bp.fit(net, X, VALUES, engine="numpy", **options)
    with pytest.raises(NonFiniteError) as ours:
        bp.fit(net, X, VALUES, engine="xla", **options)
    assert str(ours.value) == str(theirs.value)


# Checkpoints.
def stopped_after(path, epochs, engine):
    saver = Saver(path)

    def stop(epoch):
        saver.stopping = epoch.number == epochs

    with pytest.raises(Interrupted):
        bp.fit(NET, X, Y, checkpoint=saver, on_epoch=stop, engine=engine, **{**FIT, "epochs": 4})


@pytest.mark.parametrize(("first", "then"), [("xla", "xla"), ("numpy", "xla"), ("xla", "compiled")])
def test_one_engine_goes_on_with_what_another_began(tmp_path, capsys, first, then):
    whole = bp.fit(NET, X, Y, engine=first, **{**FIT, "epochs": 4})
    path = tmp_path / "checkpoint"
    stopped_after(path, 2, first)
    assert read_checkpoint(path).facts["identity"]["engine"] == first
    resumed = bp.fit(NET, X, Y, engine=then, checkpoint=path, **{**FIT, "epochs": 4})
    if first == then:
        for name, value in whole.parameters.items():
            np.testing.assert_array_equal(resumed.parameters[name], value)
    else:
        same(resumed, whole)
    told = capsys.readouterr().err
    assert ("sums end in other digits" in told) == (first != then)


# Many at once, all at once, functions.
def test_many_networks_at_once_are_those_of_fit():
    options = {**FIT, "seeds": [1, 2, 3, 4], "init": "orthogonal"}
    del options["seed"]
    net = bp.Network([6, 4, 3], "tanh", "cross_entropy", dropout=0.2)
    optimizers = [o.sgd(0.1, 0.9), o.sgd(0.01, 0.9), o.adam(0.1), o.sgd(0.1, 0.9)]
    theirs = bp.fit_many(net, X, Y, engine="numpy", optimizer=optimizers, **options)
    ours = bp.fit_many(net, X, Y, engine="xla", optimizer=optimizers, **options)
    for a, b in zip(ours, theirs, strict=True):
        same(a, b)


def test_one_network_of_many_that_diverges_is_told_as_by_numpy():
    net = bp.Network([6, 4, 2], "relu", "squared_error")
    options = {"seeds": [1, 2], "optimizer": [o.sgd(0.01), o.sgd(1e80)], "epochs": 2, "dtype": float}
    told = []
    for engine in ("numpy", "xla"):
        with pytest.raises(NonFiniteError, match="the network of seed 2") as error:
            bp.fit_many(net, X, VALUES, engine=engine, **options)
        told.append(str(error.value))
    assert told[0] == told[1]


@pytest.mark.parametrize("method", ["lbfgs", "newton-cg"])
def test_all_examples_at_once(method):
    theirs = bp.minimize(NET, X, Y, method, iterations=3)
    ours = bp.minimize(NET, X, Y, method, iterations=3, engine="xla")
    same(ours, theirs, 1e-9)
    assert ours.engine.engine == "xla"


def test_a_compiled_function_and_its_gradient():
    f = bp.compile(bp.value_and_grad(lambda w: np.sum(np.tanh(w) ** 2)), engine="xla", device="cpu")
    for x in (X, X[:, 0], np.float32(X)):
        for ours, theirs in zip(f(x), bp.value_and_grad(lambda w: np.sum(np.tanh(w) ** 2))(x), strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours, theirs, rtol=1e-5 if x.dtype == np.float32 else 1e-12)


def test_what_cannot_be_lowered_is_refused_by_name():
    with pytest.raises(SettingError, match=r"node 'kv_\d+' cannot run there.*take engine='numpy'"):
        bp.compile(lambda x: bp.ops.apply(bp.ops.PRIMITIVES["kv"], 1.5, x), engine="xla")(X)


def test_estimators():
    options = {"max_iter": 3, "random_state": 0}
    with pytest.warns(ConvergenceWarning):
        made = [bs.MLPClassifier([4], engine=engine, **options).fit(X, Y) for engine in ("numpy", "xla")]
    np.testing.assert_allclose(made[1].loss_curve_, made[0].loss_curve_, rtol=1e-10)


# Precision.
def test_half_precision_of_factors_trains_nearly_as_well():
    options = {"epochs": 20, "batch": 16, "engine": "xla"}
    full, half = (bp.fit(NET, X, Y, precision=p, **options) for p in ("full", "bfloat16"))
    assert half.parameters["W1"].dtype == np.float32
    losses = [f.history[-1].loss for f in (full, half)]
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    assert losses[0] < 0.8 * full.history[0].loss


# What is asked for, and what is there.
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "xla", "device": "cuda:7"}, "there is none; here are cpu:0"),
        ({"engine": "xla", "device": "gpu"}, "here are cpu:0"),
        ({"engine": "xla", "device": 3}, "give a name"),
        ({"engine": "xla", "precision": "tensorfloat32"}, "cpu:0 does not know precision='tensorfloat32'"),
        ({"engine": "xla", "precision": "half"}, "one of full, tensorfloat32, bfloat16"),
        ({"engine": "numpy", "device": "cuda"}, "device='cuda' is for engine='xla'"),
        ({"engine": "compiled", "precision": "bfloat16"}, "precision='bfloat16' is for engine='xla'"),
        ({"engine": "xla", "dtype": np.longdouble}, "no more than 64 bits"),
    ],
)
def test_settings_that_do_not_go(options, message):
    with pytest.raises(SettingError, match=message):
        bp.fit(NET, X, Y, **options)


def test_an_accelerator_asked_for_by_auto_means_xla():
    with pytest.raises(SettingError, match="device='cuda': there is none"):
        bp.fit(NET, X, Y, device="cuda")


def test_jax_that_is_missing(monkeypatch):
    library.library.cache_clear()
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(SettingError, match=r"pip install 'backpath\[jax\]'"):
        bp.fit(NET, X, Y, engine="xla")


def test_neither_import_nor_other_engines_load_jax_and_float64_is_ours_alone():
    code = """
import sys, json, numpy as np, backpath as bp
X, y = np.arange(12.0).reshape(6, 2), np.arange(6) % 2
net = bp.Network([2, 2], "tanh", "cross_entropy")
bp.fit(net, X, y, epochs=1)
before = "jax" in sys.modules
fit = bp.fit(net, X, y, epochs=1, engine="xla", dtype=float)
import jax, jax.numpy as jnp
print(json.dumps([before, str(fit.parameters["W1"].dtype), str(jnp.ones(1).dtype), jax.config.jax_enable_x64]))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == [False, "float64", "float32", False]


def test_auto_takes_an_accelerator_where_the_work_pays(monkeypatch):
    wide_net = bp.Network([64, 2048, 2048, 3], "relu", "cross_entropy")
    programs = [bp.training.loop.step.loss_and_gradient_program(wide_net, 512, np.dtype(np.float32))]
    monkeypatch.setattr(choice, "missing", lambda kernels, dtype: 0)
    monkeypatch.setattr(choice, "measured", lambda dtype: (choice.NUMPY, choice.COMPILED))
    monkeypatch.setattr(choice, "kept", lambda dtype: (choice.NUMPY, choice.COMPILED))
    there = []
    monkeypatch.setattr(library, "accelerator", lambda: there.append(1) or "cuda:0")
    taken = choice.choose(programs, np.dtype(np.float32), 10_000, 2, None)
    assert taken.engine == "xla"
    assert taken.why.startswith("cuda:0 takes about ")
    few = choice.choose(programs, np.dtype(np.float32), 10, 2, None)
    assert few.engine != "xla"
    assert len(there) == 1
    monkeypatch.setattr(choice, "START_ELSEWHERE", 1e6)
    stays = choice.choose(programs, np.dtype(np.float32), 10_000, 2, None)
    assert stays.engine == "compiled"
    assert "are too few for cuda:0" in stays.why
    monkeypatch.setattr(library, "accelerator", lambda: None)
    assert choice.choose(programs, np.dtype(np.float32), 10_000, 2, None).engine == "compiled"


def test_no_accelerator_is_looked_for_where_jax_has_none(monkeypatch):
    assert library.accelerator() is None
    monkeypatch.delitem(sys.modules, "jax")
    monkeypatch.setattr(library, "library", lambda: pytest.fail("JAX is started"))
    assert library.accelerator() is None
