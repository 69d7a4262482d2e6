"""A network of ten hidden sigmoid layers, from different starts: the same data, steps and time for all.

Gradients shrink from layer to layer where weights are small: from the usual start the network does not get past
guessing. It learns from weights whose scale is critical, and from layers that were first trained one by one as
autoencoders.

Run with ``python examples/deep_sigmoid.py``.
"""

from __future__ import annotations

import numpy as np

import backpath as bp
from backpath.data.reading.named import load_named
from backpath.training.loop.starts import start as initial_parameters
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.settings import Settings

STARTS = ("auto", "glorot_normal", "orthogonal", "critical", "pretrained", "pretrained_tied")


def accuracy(start: str, layers: int = 10, seed: int = 0) -> tuple[float, float]:
    """On the test rows of digits after 40 epochs; and the mean size of the first layer's gradient at the start."""
    table, target = load_named("digits")
    settings = Settings(layers=(64,) * layers, activation=("sigmoid",), init=start, seed=seed)
    experiment = Experiment.prepare(table, target, settings)
    X, y = experiment.examples
    net, first = experiment.network, initial_parameters(experiment.network, X, start, seed)
    slope = np.abs(bp.grad(net.loss_value)(first, X[:256], y[:256])["W1"]).mean()
    model = experiment.model(bp.fit(net, X, y, init=first, optimizer=experiment.descent(), epochs=40, seed=seed))
    return experiment.tallies(model)["test"].scores()["accuracy"], float(slope)


def main() -> None:
    """One line for each start."""
    for start in STARTS:
        scored, slope = accuracy(start)
        print(f"{start:<16} first layer's gradient {slope:.0e}   test accuracy {scored:.3f}")


if __name__ == "__main__":
    main()
