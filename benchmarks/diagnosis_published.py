"""Dense programs of Stack Overflow that DeepLocalize and DeepFD report on, described by us as data plus settings.

Wardat and others, 2021, and Cao and others, 2022, give the number of each question. Rows are fewer and pictures smaller
than theirs (digits of 8 x 8 in the place of MNIST); losses that we have not are written as a squared error. Faults are
those that the answers mend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn import datasets

from backpath.nets import Activation, Dense, Dropout, Model, Sequential
from backpath.ops import softmax
from backpath.training.optimizers import adam, rmsprop, sgd
from benchmarks.diagnosis_programs import Program, half_of

SMALL_RATE = frozenset({"rate_too_small", "too_few_epochs", "bad_optimizer"})
LARGE_RATE = frozenset({"rate_too_large", "exploding_gradient", "non_finite", "unscaled_features"})
OUTPUT, LOSS = frozenset({"wrong_output"}), frozenset({"wrong_loss"})
SCALE = frozenset({"unscaled_features", "bad_features"})
LINEAR = frozenset({"underfitting"})
WEIGHTS = frozenset({"bad_initialization", "exploding_gradient", "saturated_units"})
BATCH = frozenset({"batch_size", "too_few_epochs", "rate_too_small"})


def dense(inputs: int, hidden: Sequence[tuple[int, str | None]], outputs: int, loss: str, *ending: Any) -> Sequential:
    parts = [p for n, phi in hidden for p in (Dense(n), *([Activation(phi)] if phi else []))]
    return Sequential([*parts, Dense(outputs), *ending], inputs, loss)


def with_softmax(model: Sequential) -> Model:
    return Model(lambda p, X: softmax(model.scores(p, X)), model.init(1, np.float64), loss=model.loss).suited(
        model.inputs
    )


def uniform(model: Model, size: float = 0.05) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {k: rng.uniform(-size, size, s) if len(s) > 1 else np.zeros(s) for k, s in model.parameter_shapes.items()}


def corners(rows: int = 160) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    X = rng.integers(0, 2, (rows, 2)).astype(float)
    return X, (X[:, 0] != X[:, 1]).astype(int)


def digits() -> tuple[np.ndarray, np.ndarray]:
    images: Any = datasets.load_digits()
    X, y = images.data, images.target
    kept = np.random.default_rng(2).permutation(len(X))[:400]
    return X[kept], y[kept]


def _31880720() -> Any:
    X = np.repeat([[1.0] * 16, [0.0] * 16], 100, axis=0)
    model = with_softmax(dense(16, [(50, "relu"), (50, "relu")], 1, "sigmoid_cross_entropy"))
    return model, X, np.repeat([1, 0], 100), rmsprop(1e-3), 3, 8, "auto", [OUTPUT]


def _34311586() -> Any:
    model = with_softmax(dense(2, [(2, "sigmoid"), (3, "sigmoid")], 1, "squared_error"))
    return model, *corners(), sgd(1e-3, 0.9, True), 20, 32, uniform(model), [OUTPUT | LOSS, SMALL_RATE]


def _39525358() -> Any:
    rng = np.random.default_rng(7)
    X = rng.uniform(0, 1, (240, 3)) * [4000, 30, 900] + [1000, 0, 100]
    y = ((X[:, 0] - 3000) / 2000 + (X[:, 2] - 550) / 450 > 0).astype(int)
    model = dense(3, [(12, "relu"), (3, "relu")], 1, "sigmoid_cross_entropy")
    return model, X, y, adam(1e-3), 40, 4, uniform(model), [SCALE]


def _48251943() -> Any:
    rng = np.random.default_rng(8)
    X = rng.uniform(0, 100, (200, 2))
    y = -0.4 * X[:, 0] + 0.2 * X[:, 1] + rng.normal(0, 1, 200)
    return dense(2, [(4, "relu")], 1, "squared_error", Activation("relu")), X, y, sgd(0.01), 50, 10, "auto", [OUTPUT]


def _48385830() -> Any:
    X, y = digits()
    model = dense(64, [(30, None)], 10, "squared_error")
    init = {k: np.random.default_rng(1).normal(0, 1, s) for k, s in model.parameter_shapes.items()}
    return model, X / 16, np.eye(10)[y], sgd(3.0), 30, 10, init, [LOSS, LARGE_RATE | WEIGHTS]


def _48934338() -> Any:
    X = np.repeat(np.arange(0.0, 5.0, 0.1), 3)[:, None]
    y = 5 * X[:, 0] ** 2 + np.random.default_rng(7).normal(0, 1, len(X)) ** 3
    return dense(1, [(50, "relu"), (30, "relu")], 1, "squared_error"), X, y, sgd(0.1), 200, 32, "auto", [LARGE_RATE]


def _50306988() -> Any:
    rng = np.random.default_rng(4)
    X = np.concatenate([rng.uniform(0.2, 0.4, (100, 2)), rng.uniform(0.5, 0.7, (100, 2))])
    return (
        dense(2, [(2, "sigmoid")], 2, "cross_entropy"),
        X,
        np.repeat([0, 1], 100),
        adam(1e-3),
        5,
        32,
        "auto",
        [SMALL_RATE],
    )


def _55328966() -> Any:
    X, y = digits()
    model = dense(64, [(64, None), (50, "relu")], 10, "cross_entropy", Activation("sigmoid"))
    return model, X * 16, y, sgd(1e-4), 10, 32, "auto", [OUTPUT, SMALL_RATE | SCALE]


def _45442843() -> Any:
    X = np.random.default_rng(6).uniform(0, 50, (240, 1))
    model = with_softmax(dense(1, [(1, "sigmoid")], 1, "squared_error"))
    return model, X, (X[:, 0] > 20).astype(int), rmsprop(1e-3), 100, 200, uniform(model), [OUTPUT | LOSS]


def _47352366() -> Any:
    X, y = digits()
    model = dense(64, [(64, "relu"), (64, "relu")], 10, "cross_entropy", Dropout(0.5), Activation("relu"))
    return model, X / 16, y, adam(1e-3), 40, 50, "auto", [OUTPUT]


def _51930566() -> Any:
    X, y = datasets.load_iris(return_X_y=True)
    model = dense(4, [(4, "relu")], 3, "cross_entropy", Activation("sigmoid"))
    return model, X, y, adam(1e-3), 50, 5, uniform(model), [OUTPUT]


def _45337371() -> Any:
    X = np.random.default_rng(9).uniform(0, 1, (240, 5))
    model = with_softmax(dense(5, [(60, "relu"), (50, "relu")], 1, "sigmoid_cross_entropy"))
    return model, X, (X.sum(axis=1) > 2.5).astype(int), adam(1e-3), 40, 32, "auto", [OUTPUT]


def _48221692() -> Any:
    X = np.random.default_rng(5).uniform(0, 20, (200, 1))
    model = dense(1, [(5, "sigmoid")], 1, "squared_error", Activation("sigmoid"))
    return model, X, 3 * X[:, 0] + 2, sgd(0.01), 200, 130, "auto", [OUTPUT]


def _38648195() -> Any:
    drawn: Any = datasets.make_multilabel_classification(300, 20, n_classes=3, random_state=0)
    X, y = drawn
    layers = [Dense(20), Activation("relu"), Dropout(0.5), Dense(20), Activation("relu"), Dropout(0.5), Dense(3)]
    return (
        with_softmax(Sequential(layers, 20, "squared_error")),
        X,
        y.astype(float),
        sgd(0.01),
        20,
        20,
        "auto",
        [OUTPUT | LOSS],
    )


def _44164749() -> Any:
    X, y = digits()
    return (
        dense(64, [(128, "relu"), (64, "relu")], 10, "cross_entropy"),
        X / 16,
        y,
        sgd(0.01, 0.9),
        5,
        260,
        "auto",
        [BATCH],
    )


def _31556268() -> Any:
    model = dense(2, [(4, "sigmoid")], 1, "squared_error", Activation("sigmoid"))
    return model, *corners(40), sgd(0.05, 0.11), 300, 26, "auto", [LOSS, SMALL_RATE]


def _33969059() -> Any:
    rng = np.random.default_rng(12)
    X = rng.uniform(0, 1e4, (300, 3))
    model = with_softmax(dense(3, [(3, "tanh"), (2, "tanh")], 1, "squared_error"))
    return model, X, X @ [1.0, 0.5, 0.25] + 1.1, sgd(0.1, 0.9), 20, 32, uniform(model), [OUTPUT, SCALE]


QUESTIONS: dict[str, Callable[[], Any]] = {
    name[1:]: made for name, made in sorted(globals().items()) if name[1:].isdigit() and callable(made)
}


def published(half: str) -> list[Program]:
    """Those of a half."""
    found = []
    for number, make in QUESTIONS.items():
        name = f"question {number}"
        if half_of(name) == half:
            model, X, y, optimizer, epochs, batch, init, faults = make()
            found.append(Program(name, name, model, X, y, optimizer, epochs, batch, init, None, tuple(faults), True))
    return found
