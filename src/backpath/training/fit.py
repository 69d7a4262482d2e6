"""Training a model: data checked, initial parameters made, then epochs of steps; reproducible from its seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np

from backpath.engines.notices import notice
from backpath.engines.processes.company import ALONE, Company, company
from backpath.engines.xla.library import installed
from backpath.engines.xla.setting import XlaSetting
from backpath.graph import RunError, SettingError
from backpath.nets import Model
from backpath.training.checkpoints.checkpoint import Checkpoint, read_checkpoint
from backpath.training.checkpoints.identity import described, digest, require_same
from backpath.training.checkpoints.saver import Saver
from backpath.training.given import Init, examples_of, first_parameters
from backpath.training.loop.engine_choice import choose_engine
from backpath.training.loop.epochs import Epoch, descend
from backpath.training.optimizers.averaging import PolyakAverage
from backpath.training.optimizers.chain import Optimizer
from backpath.training.optimizers.named import sgd
from backpath.training.optimizers.plateau import ReduceOnPlateau
from backpath.training.optimizers.ranges import check_whole
from backpath.training.result import Fit, finished

DESCENT = sgd(0.05, momentum=0.9)


def fit(
    model: Model,
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
    init: Init = "auto",
    dtype: Any = np.float32,
    checkpoint: str | Path | Saver | None = None,
    engine: str = "auto",
    device: str | None = None,
    precision: str = "full",
    devices: int | str | None = None,
    shard: str | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Fit:
    """Train ``model`` on (X, y) by mini-batches, with steps of any optimizer.

    The same arguments give the same weights to the last bit on one machine with one number of threads.

    Where the loss or the weights stop being finite, training goes back to where the loss was last near its lowest, and
    on from there with half the step sizes, at most three times in a fit; each epoch's ``factor`` tells.

    Args:
        model: what to train: a ``Network``, a ``nets.Sequential``, or a ``Model`` of your own function.
        X: shape (examples, ...), real and finite, or whole numbers for an ``Embedding``; read where it lies, never
            copied whole. Or ``Examples``, which bring y and weights with them.
        y: class indices (examples,) or values (examples, outputs), as the model's loss asks.
        epochs: passes over the data, each in a new random order.
        batch: examples a step; the last step of an epoch takes what is left.
        optimizer: such as ``sgd(0.05, momentum=0.9)``, the default, or ``adam(1e-3)``.
        seed: of initial weights, of the order of examples, and of what drops out.
        weights: of the examples in each batch's mean loss, of shape (examples,), not negative; by default all the same.
        plateau: lowers the step size where the loss no longer falls.
        average: of the parameters over the steps, to return in place of the last ones.
        threads: that may work on a step; by default as many as this process may use cores.
        init: how to draw initial weights, one of ``STARTS`` (such as ``"orthogonal"``, ``"critical"``, ``"lsuv"`` or
            ``"pretrained"``); or initial parameters, by name or as the
            tree that the model reads, which are not changed.
        dtype: the type in which to train.
        checkpoint: a file to keep where training stands, after each epoch and once a minute. If it is there, training
            goes on from it, to the last bit as if it had never stopped. Ctrl-C then ends the step, saves, and raises
            ``Interrupted``. A ``Saver`` says how often.
        engine: ``"numpy"``, ``"compiled"``, ``"xla"``, or the one of them that is likely to be done first; they make
            the same steps but for the last digits of sums. A checkpoint of one is gone on from by another, whose digits
            then are not those of a training that never stopped.
        device: of the XLA engine: ``"cpu"``, ``"cuda"`` or ``"cuda:1"``; by default an accelerator if there is one.
        precision: of its products in float32: ``"full"``, ``"tensorfloat32"`` or ``"bfloat16"``; sums and parameters
            are in float32 in any case.
        devices: that make each step of the XLA engine together: so many, or ``"all"``. ``batch`` counts the examples of
            all of them, so that only roundings depend on their number. By default one; where JAX has joined several
            processes, all devices of all processes.
        shard: ``"parameters"``, where they and the optimizer's arrays are too large for one device: each device holds a
            piece of each.
        on_epoch: called after each epoch; an epoch that was undone is told again when it is made again.

    Raises:
        ShapeError: if X or y do not fit the model.
        DataError: if X or y hold numbers that are not finite, or no example; or y targets that the loss is not defined
            for.
        RunError: if the checkpoint is damaged, or of another training.
        NonFiniteError: if that happens for a fourth time: it names the first node that is not finite.
        SettingError: if a setting is not of its kind or outside its range, or the engine cannot train such a model: it
            names the node; or if JAX is not installed, or has no such device.
    """
    setting = XlaSetting(device, precision, devices, shard)
    ours = company() if engine in ("auto", "xla") else ALONE
    engine = engine if ours.size == 1 else "xla"
    check_settings(epochs, batch, threads, seed, optimizer, plateau, average)
    if on_epoch is not None and not callable(on_epoch):
        raise SettingError(f"on_epoch={on_epoch!r}: give a function of an Epoch, such as print")
    if not isinstance(checkpoint, (str, Path, Saver, NoneType)):
        raise SettingError(f"checkpoint={checkpoint!r}: give the path of a file")
    model, examples = ours.all_or_none(lambda: examples_of(model, X, y, weights))
    flat = ours.all_or_none(lambda: first_parameters(model, examples.at_hand, init, seed, dtype))
    saver = Saver(checkpoint) if isinstance(checkpoint, (str, Path)) else checkpoint
    resume = ours.all_or_none(lambda: _found(saver) if saver else None)
    asked = "as asked for"
    began = resume.facts.get("identity", {}).get("engine") if resume else None
    if began and setting.engine(engine) == "auto" and (began != "xla" or installed()):
        # More epochs than before may favour another engine, whose sums end in other digits.
        engine, asked = began, "as the training began"
    choice, programs = ours.all_or_none(
        lambda: choose_engine(engine, model, flat, examples, optimizer, average, batch, epochs, threads, asked, setting)
    )
    if began not in (None, choice.engine):
        notice(f"the {choice.engine} engine goes on with what {began} began: sums end in other digits")
    identity: dict[str, Any] = {}
    if saver or ours.size > 1:
        parts = {"optimizer": optimizer, "batch": batch, "seed": seed, "plateau": plateau, "average": average}
        parts["engine"] = choice.engine
        digests = {"initial parameters": digest(flat), "data": examples.identity()}
        identity = {"network": model.to_json(), **described(parts), **digests}
        _require_one_mind(ours, {**identity, "epochs": epochs}, resume)
    if saver:
        saver.company = ours
        saver.about["identity"] = identity
        if resume:
            # As JSON has it, without tuples.
            own = json.loads(json.dumps(identity))
            require_same(saver.path, {k: v for k, v in own.items() if k != "engine"}, resume.facts.get("identity"))
    history, steps = descend(
        model,
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
        setting=setting,
    )
    return finished(model, flat, history, len(history) * steps, examples.at_hand, seed, choice)


def _found(saver: Saver) -> Checkpoint | None:
    """The checkpoint to go on from, if there is one; one without a step, or an empty file, holds its place."""
    if not saver.path.exists() or saver.path.stat().st_size == 0:
        return None
    found = read_checkpoint(saver.path)
    return found if found.begun else None


def _require_one_mind(ours: Company, identity: Mapping[str, Any], resume: Checkpoint | None) -> None:
    """Raises RunError in all processes unless they train the same, from the same checkpoint."""
    stands = {k: resume.facts[k] for k in ("step", "steps", "history")} if resume else None
    told = ours.gathered(np.frombuffer(hashlib.sha256(json.dumps([identity, stands]).encode()).digest(), np.uint8))
    if (told != told[0]).any():
        rank = int(np.argmax((told != told[0]).any(axis=1)))
        raise RunError(
            f"processes 0 and {rank} do not see the same data, settings or checkpoint: have these lie where all "
            f"processes read the same files"
        )


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
