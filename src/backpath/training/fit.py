"""Training a network: data checked, initial parameters made, then epochs of steps; reproducible from its seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np

from backpath.engines import Choice
from backpath.graph import DataError, SettingError, ShapeError
from backpath.nets import Network
from backpath.training.checkpoints.checkpoint import Checkpoint, read_checkpoint
from backpath.training.checkpoints.identity import described, digest, require_same
from backpath.training.checkpoints.saver import Saver
from backpath.training.loop.engine_choice import choose_engine
from backpath.training.loop.epochs import Epoch, descend, typical_seconds
from backpath.training.loop.examples import Examples, InMemory
from backpath.training.loop.rows import DenseRows, Rows, rows_of
from backpath.training.loop.starts import some, start
from backpath.training.optimizers.averaging import PolyakAverage
from backpath.training.optimizers.chain import Optimizer
from backpath.training.optimizers.named import sgd
from backpath.training.optimizers.plateau import ReduceOnPlateau
from backpath.training.optimizers.ranges import check_whole

DESCENT = sgd(0.05, momentum=0.9)
MOST_FOLDED = 10_000
"""Examples whose statistics stand for those of all when batch normalization is folded into the weights."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A trained network.

    Attributes:
        network: what predicts: what was trained, ``folded`` if it had options.
        parameters: its weights and biases by name.
        history: every epoch.
        steps: how many steps were made.
        seconds_per_step: median over the epochs.
        engine: what made the steps, and why it was chosen.
    """

    network: Network
    parameters: dict[str, np.ndarray]
    history: tuple[Epoch, ...]
    steps: int
    seconds_per_step: float
    engine: Choice

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Class indices, or values: see ``Network.predict``."""
        return self.network.predict(self.parameters, X)

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """Class probabilities of shape (batch, classes)."""
        return self.network.probabilities(self.parameters, X)


def fit(
    network: Network,
    X: Any,
    y: Any = None,
    *,
    epochs: int = 40,
    batch: int = 32,
    optimizer: Optimizer = DESCENT,
    seed: int = 0,
    weights: Any = None,
    plateau: ReduceOnPlateau | None = None,
    average: PolyakAverage | None = None,
    threads: int | None = None,
    init: str | Mapping[str, np.ndarray] = "auto",
    dtype: Any = np.float32,
    checkpoint: str | Path | Saver | None = None,
    engine: str = "auto",
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Fit:
    """Train ``network`` on (X, y) by mini-batches, with steps of any optimizer.

    The same arguments give the same weights to the last bit on one machine with one number of threads.

    Where the loss or the weights stop being finite, training goes back to where the loss was last near its lowest, and
    on from there with half the step sizes, at most three times in a fit; each epoch's ``factor`` tells.

    Args:
        network: what to train.
        X: shape (examples, inputs), real and finite; read where it lies, never copied whole. Or ``Examples``, which
            bring y and weights with them.
        y: class indices (examples,) or values (examples, outputs), as the network's loss asks.
        epochs: passes over the data, each in a new random order.
        batch: examples a step; the last step of an epoch takes what is left.
        optimizer: such as ``sgd(0.05, momentum=0.9)``, the default, or ``adam(1e-3)``.
        seed: of initial weights, of the order of examples, and of what drops out.
        weights: of the examples in each batch's mean loss, of shape (examples,), not negative; by default all the same.
        plateau: lowers the step size where the loss no longer falls.
        average: of the parameters over the steps, to return in place of the last ones.
        threads: that may work on a step; by default as many as this process may use cores.
        init: how to draw initial weights, one of ``STARTS`` (such as ``"orthogonal"``, ``"critical"``, ``"lsuv"`` or
            ``"pretrained"``); or initial parameters by name, which are not changed.
        dtype: the type in which to train.
        checkpoint: a file to keep where training stands, after each epoch and once a minute. If it is there, training
            goes on from it, to the last bit as if it had never stopped. Ctrl-C then ends the step, saves, and raises
            ``Interrupted``. A ``Saver`` says how often.
        engine: ``"numpy"``, ``"compiled"``, or the one of them that is likely to be done first; they make the same
            steps but for the last digits of sums.
        on_epoch: called after each epoch; an epoch that was undone is told again when it is made again.

    Raises:
        ShapeError: if X or y do not fit the network.
        DataError: if X or y hold numbers that are not finite, or no example; or y targets that the loss is not defined
            for.
        RunError: if the checkpoint is damaged, or of another training.
        NonFiniteError: if that happens for a fourth time: it names the first node that is not finite.
        SettingError: if a setting is not of its kind or outside its range, or the compiled engine cannot train such a
            network.
    """
    check_settings(epochs, batch, threads, seed, optimizer, plateau, average)
    if on_epoch is not None and not callable(on_epoch):
        raise SettingError(f"on_epoch={on_epoch!r}: give a function of an Epoch, such as print")
    if not isinstance(checkpoint, (str, Path, Saver, NoneType)):
        raise SettingError(f"checkpoint={checkpoint!r}: give the path of a file")
    examples = examples_of(network, X, y, weights)
    flat = first_parameters(network, examples, init, seed, dtype)
    saver = Saver(checkpoint) if isinstance(checkpoint, (str, Path)) else checkpoint
    resume, asked = _found(saver) if saver else None, "as asked for"
    if resume and engine == "auto":
        # More epochs than before may favour another engine, whose sums end in other digits.
        engine = resume.facts.get("identity", {}).get("engine", engine)
        asked = "as the training began"
    choice, programs = choose_engine(engine, network, flat, examples, optimizer, average, batch, epochs, threads, asked)
    if saver:
        parts = {"optimizer": optimizer, "batch": batch, "seed": seed, "plateau": plateau, "average": average}
        parts["engine"] = choice.engine
        digests = {"initial parameters": digest(flat), "data": examples.identity()}
        saver.about["identity"] = {"network": network.to_json(), **described(parts), **digests}
        if resume:
            # As JSON has it, without tuples.
            ours = json.loads(json.dumps(saver.about["identity"]))
            require_same(saver.path, ours, resume.facts.get("identity"))
    history, steps = descend(
        network,
        flat,
        examples,
        epochs=epochs,
        batch=batch,
        optimizer=optimizer,
        seed=seed,
        plateau=plateau,
        average=average,
        threads=threads,
        saver=saver,
        resume=resume,
        on_epoch=on_epoch,
        engine=choice.engine,
        programs=programs,
    )
    return finished(network, flat, history, steps, examples, seed, choice)


def finished(
    network: Network,
    flat: np.ndarray,
    history: tuple[Epoch, ...],
    steps: int,
    examples: Examples,
    seed: int,
    choice: Choice,
) -> Fit:
    """What training made of one flat array of parameters, in epochs of so many steps."""
    seconds, views = typical_seconds(history) / steps, network.views(flat)
    if network.options:
        network, views = network.folded(views, some(examples.at_hand, seed, flat.dtype, MOST_FOLDED))
    return Fit(network, views, history, len(history) * steps, seconds, choice)


def _found(saver: Saver) -> Checkpoint | None:
    """The checkpoint to go on from, if there is one; one without a step, or an empty file, holds its place."""
    if not saver.path.exists() or saver.path.stat().st_size == 0:
        return None
    found = read_checkpoint(saver.path)
    return found if found.begun else None


def check_settings(
    epochs: Any, batch: Any, threads: Any, seed: Any, optimizer: Any, plateau: Any = None, average: Any = None
) -> None:
    """Raises SettingError for what is not of its kind."""
    check_whole(epochs=epochs, batch=batch, **({} if threads is None else {"threads": threads}))
    check_whole(0, seed=seed)
    kinds = {
        "optimizer": (optimizer, Optimizer, "bp.optimizers.adam(1e-3)"),
        "plateau": (plateau, ReduceOnPlateau, "bp.ReduceOnPlateau()"),
        "average": (average, PolyakAverage, "bp.PolyakAverage()"),
    }
    for name, (value, kind, example) in kinds.items():
        if not isinstance(value, kind) and (value is not None or name == "optimizer"):
            raise SettingError(f"{name}={value!r}: give something like {example}")


def first_parameters(
    network: Network, examples: Examples, init: str | Mapping[str, np.ndarray], seed: int, dtype: Any
) -> np.ndarray:
    """Initial parameters as one new flat array; arguments as of ``fit``.

    Raises:
        SettingError: if no way to begin has that name, or parameters are of no kind to train.
        ShapeError: if parameters that are given do not fit the network.
    """
    if np.dtype(dtype).kind != "f":
        raise SettingError(f"dtype={dtype!r}: give a type of real numbers, such as float32")
    if not isinstance(init, (str, Mapping)):
        raise SettingError(f"init={init!r}: give a name such as 'orthogonal', or parameters by name")
    flat = np.empty(network.parameter_count, dtype)
    first = start(network, examples.at_hand, init, seed, dtype) if isinstance(init, str) else init
    for name, view in network.views(flat).items():
        if name not in first or np.shape(first[name]) != view.shape:
            given = f"has shape {list(np.shape(first[name]))}" if name in first else "is missing"
            raise ShapeError(f"init: the parameter {name} of {network!r} needs shape {list(view.shape)}, and {given}")
        view[...] = first[name]
    return flat


def examples_of(network: Network, X: Any, y: Any, weights: Any) -> Examples:
    """What to train on, from the arguments of ``fit``, checked."""
    if isinstance(X, Examples):
        return X
    X, y = checked_examples(network, X, y)
    return InMemory(X, y, None if weights is None else checked_weights(weights, len(X)))


def checked_examples(network: Network, X: Any, y: Any) -> tuple[Rows, np.ndarray]:
    """X as rows and y as an array that fit the network.

    Raises:
        ShapeError: if they do not.
        DataError: if they hold numbers that are not finite, or no example, or targets outside the loss's domain.
    """
    X, y = rows_of(X), np.asarray(y)
    shape = X.array.shape if isinstance(X, DenseRows) and X.scaling is None else X.shape
    if len(shape) != 2 or shape[1] != network.sizes[0]:
        raise ShapeError(f"X has shape {list(shape)}; {network!r} needs (examples, {network.sizes[0]})")
    if len(X) == 0 or len(X) != len(y):
        raise DataError(f"X has {len(X)} examples and y has {len(y)}: they must be equally many, at least one")
    for name, array in (("X", X.arrays[0]), ("y", y)):
        if array.dtype.kind not in "fiub":
            raise DataError(f"{name} holds {array.dtype}; it must hold numbers")
        # The sum is finite if all entries are, and needs no array of flags.
        if array.dtype.kind == "f" and not np.isfinite(array.sum(dtype=float)):
            raise DataError(f"{name} holds numbers that are not finite: fill or drop them first")
    return X, network.checked_targets(y)


def checked_weights(weights: Any, examples: int) -> np.ndarray:
    """One finite weight for each example, none negative, some positive.

    Raises:
        ShapeError: if there are more or fewer.
        DataError: if they are otherwise.
    """
    weights = np.asarray(weights, float)
    if weights.shape != (examples,):
        raise ShapeError(f"weights have shape {list(weights.shape)}; X has {examples} examples")
    if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.max() > 0):
        raise DataError("weights must be finite and not negative, and not all 0")
    return weights
