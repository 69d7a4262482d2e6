"""Healthy programs, and the same with one or two faults, in the manner of DeepCrime (Humbatova and others, 2021).

A program is data plus settings. Faults are made by mutations: of the data, the model, the optimizer. Which kinds count
as a fault's name is written beside the mutation, before anything is run: the kind itself, and those whose repair is
the same change or undoes the same harm (Humbatova and others, 2025, call them alternative patches).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backpath.nets import Activation, Dense, Model, Network, Sequential
from backpath.ops import softmax
from backpath.training.optimizers import adadelta, adagrad, adam, chain, rmsprop, sgd
from backpath.training.optimizers.chain import Optimizer
from backpath.training.optimizers.limits import Decay
from benchmarks.diagnosis_data import ARCHITECTURES, DATA, Data, data, network


@dataclass(frozen=True)
class Program:
    """A training, and what is wrong with it.

    Attributes:
        name: of it.
        base: of the healthy program that it comes from.
        model: what is trained.
        X: all rows.
        y: their targets.
        optimizer: of the steps.
        epochs: passes.
        batch: examples a step.
        init: as of ``fit``.
        gradient: a hand-written one, or None.
        faults: the kinds that name each fault; none for a healthy program.
        hidden: whether the faults make scores look better, so that no loss of skill shows them.
    """

    name: str
    base: str
    model: Model
    X: np.ndarray
    y: np.ndarray
    optimizer: Optimizer
    epochs: int
    batch: int = 32
    init: Any = "auto"
    gradient: Any = None
    faults: tuple[frozenset[str], ...] = ()
    hidden: bool = False
    clean: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False)

    def arguments(self) -> dict[str, Any]:
        """What ``diagnose`` is given beside the model, X and y."""
        return {
            "optimizer": self.optimizer,
            "epochs": self.epochs,
            "batch": self.batch,
            "init": self.init,
            "gradient": self.gradient,
        }


OPTIMIZERS: Mapping[str, tuple[Callable[[float], Optimizer], float]] = {
    "momentum": (lambda f: sgd(0.03 * f, 0.9), 50),
    "adam": (lambda f: adam(5e-3 * f), 50),
    "sgd": (lambda f: sgd(0.15 * f), 60),
    "rmsprop": (lambda f: rmsprop(3e-3 * f), 50),
}


def seeded(name: str) -> np.random.Generator:
    """A generator that the name alone determines."""
    return np.random.default_rng(zlib.crc32(name.encode()))


@dataclass(frozen=True)
class Base:
    """A healthy program, by name."""

    data: str
    architecture: str
    optimizer: str

    @property
    def name(self) -> str:
        return f"{self.data} / {self.architecture} / {self.optimizer}"

    def program(self, rate: float = 1.0, batch: int = 32, longer: float = 1.0) -> Program:
        """It, at a rate, a batch and for a while that are all in use."""
        d = data(self.data)
        make, epochs = OPTIMIZERS[self.optimizer]
        return Program(
            self.name, self.name, network(d, self.architecture), d.X, d.y, make(rate), round(epochs * longer), batch
        )


def bases() -> list[Base]:
    """Each data set with several architectures, each with an optimizer, in turn."""
    architectures, optimizers = list(ARCHITECTURES), list(OPTIMIZERS)
    return [
        Base(name, architectures[(k + 5 * j) % len(architectures)], optimizers[(k + j) % 4])
        for k, name in enumerate(DATA)
        for j in range(3)
    ]


def half_of(base: str) -> str:
    """The half that a program belongs to, with all that is made from it: by its name alone."""
    return ("develop", "report")[zlib.crc32(f"half {base}".encode()) % 2]


HEALTHY = (
    (1.0, 32, 1.0),
    (0.7, 32, 1.2),
    (1.4, 32, 1.0),
    (1.0, 16, 1.0),
    (1.0, 24, 1.3),
    (0.8, 20, 1.0),
    (1.2, 40, 1.2),
    (0.9, 28, 1.1),
    (1.1, 36, 1.3),
    (1.0, 48, 1.5),
)
"""Rates, batches and lengths of the healthy trainings of each base."""


def healthy(base: Base) -> list[Program]:
    """Several healthy trainings of a base."""
    made = []
    for k, (rate, batch, longer) in enumerate(HEALTHY):
        p = base.program(rate, batch, longer)
        order = np.random.default_rng(k).permutation(len(p.X))
        made.append(replace(p, name=f"{base.name} # healthy {k}", X=p.X[order], y=p.y[order]))
    return made


Mutation = Callable[[Program, Data, np.random.Generator], Program | None]
MUTATIONS: dict[str, tuple[tuple[str, ...], Mutation]] = {}


def mutation(name: str, *kinds: str) -> Callable[[Mutation], Mutation]:
    def keep(made: Mutation) -> Mutation:
        MUTATIONS[name] = kinds, made
        return made

    return keep


def _times(optimizer: Optimizer, factor: float) -> Optimizer:
    last = optimizer.transforms[-1]
    return Optimizer((*optimizer.transforms[:-1], replace(last, rate=last.rate * factor)))  # type: ignore[call-arg]


@mutation("rate / 1000", "rate_too_small", "too_few_epochs")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, optimizer=_times(p.optimizer, 1e-3))


@mutation("rate / 100", "rate_too_small", "too_few_epochs")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, optimizer=_times(p.optimizer, 1e-2))


@mutation("rate x 100", "rate_too_large", "exploding_gradient", "non_finite")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, optimizer=_times(p.optimizer, 100))


@mutation("rate x 30", "rate_too_large", "exploding_gradient", "non_finite")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, optimizer=_times(p.optimizer, 30))


@mutation("two epochs", "too_few_epochs", "rate_too_small")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, epochs=2)


@mutation("one batch an epoch", "batch_size", "too_few_epochs", "rate_too_small")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, batch=len(p.X), epochs=max(p.epochs // 3, 1))


@mutation("batch of 1", "batch_size", "rate_too_large")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, batch=1, epochs=15)


@mutation("no activations", "underfitting")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program | None:
    n = p.model
    return replace(p, model=Network(n.sizes, "identity", n.loss))  # type: ignore[attr-defined]


@mutation("deep sigmoid", "vanishing_gradient", "saturated_units", "bad_initialization")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    n = p.model
    return replace(p, model=Network([n.sizes[0], *[16] * 6, n.sizes[-1]], "sigmoid", n.loss))  # type: ignore


@mutation("zeros", "bad_initialization")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, init={k: np.zeros(s) for k, s in p.model.parameter_shapes.items()})


@mutation("constant weights", "bad_initialization")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, init={k: np.full(s, 0.1 * (len(s) > 1)) for k, s in p.model.parameter_shapes.items()})


@mutation("deviation 5", "bad_initialization", "saturated_units", "exploding_gradient")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    shapes = p.model.parameter_shapes.items()
    return replace(p, init={k: rng.normal(0, 5, s) if len(s) > 1 else np.zeros(s) for k, s in shapes})


@mutation("deviation 0.001, deep", "bad_initialization", "vanishing_gradient")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    n = p.model
    model = Network([n.sizes[0], *[16] * 4, n.sizes[-1]], "tanh", n.loss)  # type: ignore[attr-defined]
    shapes = model.parameter_shapes.items()
    return replace(p, model=model, init={k: rng.normal(0, 1e-3, s) for k, s in shapes})


@mutation("adadelta, small", "bad_optimizer", "rate_too_small", "too_few_epochs")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, optimizer=adadelta(0.01))


@mutation("adagrad, small", "bad_optimizer", "rate_too_small", "too_few_epochs")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, optimizer=adagrad(1e-4))


@mutation("momentum 0.999", "bad_optimizer", "rate_too_large")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, optimizer=sgd(0.03, 0.999))


@mutation("epsilon 10", "bad_optimizer", "rate_too_small", "too_few_epochs")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, optimizer=adam(1e-3, eps=10.0))


@mutation("squared error of classes", "wrong_loss")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program | None:
    n = p.model
    if not d.classes:
        return None
    return replace(p, model=Network([*n.sizes[:-1], 1], n.activations, "squared_error", norm=n.norm))  # type: ignore


@mutation("a sigmoid for each of several classes", "wrong_loss")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program | None:
    n = p.model
    if d.classes < 3:
        return None
    return replace(p, model=Network(n.sizes, n.activations, "sigmoid_cross_entropy", norm=n.norm))  # type: ignore


@mutation("counts' loss of values", "wrong_loss")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program | None:
    n = p.model
    if d.classes:
        return None
    return replace(p, y=p.y - p.y.min(), model=Network(n.sizes, n.activations, "poisson", norm=n.norm))  # type: ignore


def layers_of(n: Any, *ending: Any) -> list[Any]:
    parts = [
        part for size, phi in zip(n.sizes[1:-1], n.activations, strict=True) for part in (Dense(size), Activation(phi))
    ]
    return [*parts, Dense(n.sizes[-1]), *ending]


@mutation("relu behind the scores", "wrong_output")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    n: Any = p.model
    return replace(p, model=Sequential(layers_of(n, Activation("relu")), n.sizes[0], n.loss))


@mutation("sigmoid behind the scores", "wrong_output")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    n: Any = p.model
    return replace(p, model=Sequential(layers_of(n, Activation("sigmoid")), n.sizes[0], n.loss))


@mutation("softmax behind the scores", "wrong_output")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    n: Any = p.model

    def scores(parameters: Any, X: Any) -> Any:
        return softmax(n.scores(parameters, X))

    return replace(p, model=Model(scores, n.init(1, np.float64), loss=n.loss).suited((n.sizes[0],)))


@mutation("penalty 0.5", "over_regularized")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, optimizer=chain(Decay(0.5), p.optimizer))


@mutation("dropout 0.95", "over_regularized")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    n: Any = p.model
    return replace(p, model=Network(n.sizes, n.activations, n.loss, norm=n.norm, dropout=0.95))


@mutation("a third of the labels redrawn", "noisy_labels")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program | None:
    if not d.classes:
        return None
    y = p.y.copy()
    rows = rng.permutation(len(y))[: len(y) * 3 // 10]
    y[rows] = (y[rows] + rng.integers(1, d.classes, len(rows))) % d.classes
    return replace(p, y=y, epochs=p.epochs * 2)


@mutation("targets shuffled", "noisy_labels")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, y=rng.permutation(p.y))


@mutation("one class nearly gone", "imbalance")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program | None:
    if not d.classes:
        return None
    own = np.flatnonzero(p.y == 0)
    gone = rng.permutation(own)[max(len(own) // 8, 9) :]
    kept = np.setdiff1d(np.arange(len(p.y)), gone)
    return replace(p, X=p.X[kept], y=p.y[kept], epochs=max(p.epochs // 2, 1))


@mutation("the target among the features", "leakage")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    leak = p.y + rng.normal(0, 0.01, len(p.y))
    leak = (leak - leak.mean()) / leak.std()
    X = np.column_stack([p.X, leak])
    n: Any = p.model
    model = Network([n.sizes[0] + 1, *n.sizes[1:]], n.activations, n.loss, norm=n.norm)
    return replace(p, X=X, model=model, hidden=True)


@mutation("rows several times", "leakage")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    rows = rng.permutation(len(p.X))[: len(p.X) // 3]
    again = np.concatenate([np.arange(len(p.X)), rows, rows])
    return replace(p, X=p.X[again], y=p.y[again], hidden=True)


@mutation("features of all scales", "unscaled_features", "bad_features")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, X=p.X * 10 ** rng.uniform(-1, 3, p.X.shape[1]))


@mutation("features x 200", "unscaled_features", "bad_features")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    return replace(p, X=p.X * 200 + 300)


@mutation("targets in thousands", "unscaled_features")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program | None:
    return None if d.classes else replace(p, y=p.y * 1000 + 3000)


@mutation("a few cells far out", "bad_features", "unscaled_features")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    X = p.X.copy()
    for column in range(X.shape[1]):
        X[rng.permutation(len(X))[:4], column] = rng.normal(0, 3000, 4)
    return replace(p, X=X)


@mutation("a constant column of 5000", "bad_features", "unscaled_features")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    X = p.X.copy()
    X[:, 0] = 5000
    return replace(p, X=X)


@mutation("cells that are no numbers", "non_finite")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    X = p.X.copy()
    X[rng.random(X.shape) < 0.01] = np.nan
    return replace(p, X=X)


@mutation("one hidden unit", "underfitting")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    n: Any = p.model
    return replace(p, model=Network([n.sizes[0], 1, n.sizes[-1]], n.activations[0], n.loss))


@mutation("few noisy rows by heart", "overfitting")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    n: Any = p.model
    noise = rng.normal(0, 1, (len(p.X), 30))
    X = np.column_stack([p.X, noise])
    model = Network([X.shape[1], 200, n.sizes[-1]], "relu", n.loss)
    return replace(p, X=X, model=model, epochs=200)


@mutation("batch normalization of one row", "bad_normalization", "batch_size")
def _(p: Program, d: Data, rng: np.random.Generator) -> Program:
    n: Any = p.model
    return replace(p, model=Network(n.sizes, n.activations, n.loss, norm="batch"), batch=1, epochs=5)


def _by_hand(n: Any, wrong: str) -> Callable[..., dict[str, np.ndarray]]:
    """The gradient of a network with one hidden layer of tanh and the squared error, with a slip."""

    def gradient(p: Any, X: Any, y: Any) -> dict[str, np.ndarray]:
        h = np.tanh(X @ p["W1"] + p["b1"])
        scores = h @ p["W2"] + p["b2"]
        error = (scores - np.reshape(y, scores.shape)) / len(X)
        slope = 1 - h if wrong == "slope" else 1 - h**2
        back = error @ p["W2"].T * slope
        if wrong == "sign":
            back = -back
        bias = np.zeros_like(p["b2"]) if wrong == "bias" else error.sum(axis=0)
        return {"W1": X.T @ back, "b1": back.sum(axis=0), "W2": h.T @ error, "b2": bias}

    return gradient


def _hand_written(wrong: str) -> Mutation:
    def make(p: Program, d: Data, rng: np.random.Generator) -> Program | None:
        if d.classes:
            return None
        model = Network([p.X.shape[1], 16, 1], "tanh", "squared_error")
        return replace(p, model=model, gradient=_by_hand(model, wrong), hidden=True)

    return make


for _wrong in ("sign", "slope", "bias"):
    mutation(f"by hand: {_wrong}", "wrong_gradient")(_hand_written(_wrong))

PAIRS = (
    ("features x 200", "rate / 1000"),
    ("softmax behind the scores", "rate / 100"),
    ("zeros", "rate / 100"),
    ("deep sigmoid", "features of all scales"),
    ("penalty 0.5", "features x 200"),
    ("a third of the labels redrawn", "rate / 1000"),
    ("squared error of classes", "rate / 1000"),
    ("one hidden unit", "rate x 100"),
    ("two epochs", "one batch an epoch"),
    ("dropout 0.95", "rate / 100"),
    ("cells that are no numbers", "rate x 100"),
    ("relu behind the scores", "targets in thousands"),
)
"""Two faults at a time: the second is made of the program with the first."""


def faulty(base: Base, which: str) -> Program | None:
    """A base with one mutation, or two joined by a plus; None where it makes no sense."""
    d, p = data(base.data), base.program()
    clean = p.X, p.y
    for name in which.split(" + "):
        kinds, make = MUTATIONS[name]
        made = make(p, d, seeded(f"{base.name} {name}"))
        if made is None:
            return None
        p = replace(made, faults=(*p.faults, frozenset(kinds)), hidden=p.hidden or made.hidden)
    return replace(p, name=f"{base.name} # {which}", clean=clean)


def mutants(half: str) -> list[Program]:
    """The faulty programs of a half: each mutation, or pair, of three of its bases, in turn."""
    own = [b for b in bases() if half_of(b.name) == half]
    found = []
    for k, which in enumerate([*MUTATIONS, *(" + ".join(pair) for pair in PAIRS)]):
        order = sorted(own, key=lambda b: zlib.crc32(f"{which} {b.name}".encode()))
        made = [p for b in order if (p := faulty(b, which)) is not None]
        found += made[: 3 if k < len(MUTATIONS) else 2]
    return found
