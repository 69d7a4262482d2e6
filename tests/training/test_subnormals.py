"""Numbers below the normal ones are zeros in compiled training steps on x86, and in nothing else."""

import numpy as np
import pytest

import backpath as bp
from backpath.engines.compiled.subnormals import X86
from backpath.graph import NonFiniteError
from backpath.nets import Network
from backpath.training.optimizers.chain import chain
from backpath.training.optimizers.limits import Decay
from backpath.training.optimizers.momenta import Trace
from backpath.training.optimizers.named import ScaleByRate

SMALL = {np.float32: 1e-40, np.float64: 1e-310}
pytestmark = pytest.mark.skipif(not X86, reason="elsewhere subnormals cost nothing and stay")


def is_kept(dtype=np.float32):
    """Whether this thread computes with subnormal numbers as they are."""
    return np.full(1, SMALL[dtype], dtype) * np.ones(1, dtype) != 0


def trained(network, dtype, engine, threads=1, on_epoch=None, value=None):
    """The parameters, all subnormal before the first step and without a gradient, since every input is 0."""
    init = {
        name: np.full(shape, SMALL[dtype] if value is None else value)
        for name, shape in network.parameter_shapes.items()
    }
    X, y = np.zeros((64, network.sizes[0])), np.zeros((64, network.sizes[-1]))
    fit = bp.fit(
        network, X, y, epochs=2, batch=32, optimizer=bp.optimizers.sgd(0.01), init=init, dtype=dtype, engine=engine,
        threads=threads, on_epoch=on_epoch,
    )  # fmt: skip
    return np.concatenate([array.reshape(-1) for array in fit.parameters.values()])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_subnormal_weights_become_zeros_in_the_compiled_engine_alone(dtype):
    network = Network([3, 4, 2], "tanh", "squared_error")
    assert not trained(network, dtype, "compiled").any()
    assert (trained(network, dtype, "numpy") != 0).sum() >= 3 * 4
    assert is_kept(dtype)


def test_they_do_so_in_every_thread_and_only_while_steps_are_made():
    kept = []
    network = Network([256, 512, 512, 8], "tanh", "squared_error")
    weights = trained(network, np.float32, "compiled", 2, lambda epoch: kept.append(is_kept()))
    assert not weights.any()
    assert kept == [True, True]


def test_a_fit_that_ends_in_an_error_leaves_the_thread_as_it_was():
    network = Network([3, 4, 2], "tanh", "squared_error")

    def stop(epoch):
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        trained(network, np.float32, "compiled", on_epoch=stop)
    assert is_kept()
    with pytest.raises(NonFiniteError):
        trained(network, np.float32, "compiled", value=np.nan)
    assert is_kept()


def test_compiled_functions_keep_them():
    trained(Network([3, 4, 2], "tanh", "squared_error"), np.float32, "compiled")
    halved = bp.compile(lambda x: x * np.float32(0.5), engine="compiled")
    assert halved(np.full(3, 4e-40, np.float32)) == pytest.approx(np.full(3, 2e-40), rel=1e-4)


def test_training_resumes_and_many_train_to_the_bit_below_the_normal_numbers(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((64, 3)), rng.integers(2, size=64)
    X[:, 0] = 0
    network = Network([3, 8, 2], "tanh")
    # The loss does not hold up the weights of a feature that is always 0: they decay, below the normal numbers too.
    init = {**network.init(0), "W1": np.vstack([np.full(8, 3e-38), rng.standard_normal((2, 8))])}
    decaying = chain(Decay(l2=2.0), Trace(0.5), ScaleByRate(0.1))
    settings = {"batch": 8, "optimizer": decaying, "init": init, "engine": "compiled"}
    whole = bp.fit(network, X, y, epochs=8, **settings)
    assert not whole.parameters["W1"][0].any()
    one, _ = bp.fit_many(network, X, y, seeds=[0, 1], epochs=8, **settings)
    bp.fit(network, X, y, epochs=3, checkpoint=tmp_path / "kept", **settings)
    resumed = bp.fit(network, X, y, epochs=8, checkpoint=tmp_path / "kept", **settings)
    for name, array in whole.parameters.items():
        assert array.tobytes() == one.parameters[name].tobytes() == resumed.parameters[name].tobytes()
