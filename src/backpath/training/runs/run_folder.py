"""Run folders: a trained model on disk, written whole or not at all, and read with suspicion.

``model.safetensors`` holds the parameters by name; ``model.json`` the network, the features, the target and the
checksum of the first; ``history.json`` the loss of each epoch; ``config.json`` how the run was made. No file
is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from backpath.data.grids import inputs_from_json, shape_of
from backpath.data.reading.options import Reading
from backpath.data.target import Target
from backpath.graph import DataError, GraphError, RunError, SettingError, ShapeError
from backpath.importers import OnnxModel, from_onnx
from backpath.nets import Model, Network, model_from_json
from backpath.training.checkpoints.checkpoint import Checkpoint, write_checkpoint
from backpath.training.loop.epochs import Epoch
from backpath.training.runs.saved_model import SavedModel, outputs_for

FORMAT = 2
PARAMETERS, MODEL, HISTORY, CONFIG = "model.safetensors", "model.json", "history.json", "config.json"
GRAPH = "model.onnx"
"""The file of a model that was read from one."""
ESTIMATOR = "estimator"
"""What stands in ``model.json`` beside the network if an estimator was saved."""


def next_run_folder(base: str | Path, name: str) -> Path:
    """The first of ``base/name-1``, ``base/name-2``, ... that does not exist, and that no training is on its way to."""
    number = 1
    while os.path.lexists(folder := Path(base) / f"{name}-{number}") or os.path.lexists(checkpoint_of(folder)):
        number += 1
    return folder


def checkpoint_of(folder: str | Path) -> Path:
    """Where the training of a run folder keeps its checkpoint: beside the folder, which is made at the end."""
    folder = Path(folder)
    return folder.with_name(f"{folder.name}.checkpoint")


def reserve(folder: Path, config: Mapping[str, Any]) -> bool:
    """Take the place of a run's checkpoint with one that holds its settings; False if another training has it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = checkpoint_of(folder)
    try:
        place.touch(exist_ok=False)
    except FileExistsError:
        return False
    write_checkpoint(place, Checkpoint({}, {"config": config}))
    return True


def check_free(folder: str | Path) -> None:
    """Make sure that a run could be written there, before any time is spent on it.

    Raises:
        RunError: if something is in the way.
    """
    folder = Path(folder)
    if os.path.lexists(folder) and not folder.is_dir():
        raise RunError(f"{folder} exists and is no folder: give another place for the run")
    if folder.is_dir() and any(folder.iterdir()):
        raise RunError(f"the folder {folder} is not empty: give another place for the run, or delete it first")
    above = next(parent for parent in folder.absolute().parents if os.path.lexists(parent))
    if not above.is_dir():
        raise RunError(f"{folder} cannot be made: {above} is no folder")
    if not os.access(above, os.W_OK | os.X_OK):
        raise RunError(f"{folder} cannot be made: there is no permission to write in {above}")


def write_run(folder: str | Path, model: SavedModel, history: Sequence[Epoch], config: Mapping[str, Any]) -> None:
    """Write a run into a folder beside its place, then move it there: it is there whole, or not at all.

    Args:
        folder: where; it must not exist, or be empty.
        model: what was trained.
        history: its epochs.
        config: plain data that say how the run was made.

    Raises:
        RunError: if something is in the way.
        OSError: if it cannot be written, as on a full disk; nothing of it is left.
    """
    described = {
        "features": model.features.to_json(),
        "target": model.target.to_json(),
        "reading": model.reading.to_json(),
    }
    write_model(folder, model.network, model.parameters, described, history, config)


def write_model(
    folder: str | Path,
    network: Model,
    parameters: Any,
    described: Mapping[str, Any],
    history: Sequence[Epoch],
    config: Mapping[str, Any],
) -> None:
    """Write a model and what else is to be known of it; see :func:`write_run`."""
    from importlib.metadata import version

    from safetensors.numpy import save

    folder = Path(folder)
    check_free(folder)
    arrays = save({name: np.ascontiguousarray(array) for name, array in network.named(parameters).items()})
    description = {
        "format": 1 if isinstance(network, Network) else FORMAT,
        "backpath": version("backpath"),
        "network": network.to_json(),
        **described,
        "sha256": hashlib.sha256(arrays).hexdigest(),
    }
    graph = network.file if isinstance(network, OnnxModel) else None
    if graph is not None:
        description["graph_sha256"] = hashlib.sha256(graph).hexdigest()
    try:
        with _placed(folder) as temporary:
            _write(temporary / PARAMETERS, arrays)
            if graph is not None:
                _write(temporary / GRAPH, graph)
            _write(temporary / MODEL, _json(description))
            _write(temporary / HISTORY, _json([asdict(epoch) for epoch in history]))
            _write(temporary / CONFIG, _json(config))
    except OSError as error:
        raise OSError(error.errno, f"the run cannot be written: {error.strerror}", str(folder)) from None


def read_run(folder: str | Path) -> SavedModel:
    """The model of a run folder, with what reads its tables.

    Raises:
        RunError: if the folder holds no run, a damaged one, one of a newer format, or one without tables.
    """
    path = Path(folder) / MODEL
    if ESTIMATOR in read_description(folder):
        raise RunError(f"{folder} holds a robust estimator: `backpath predict` and bp.load take it, and nothing else")
    network, description = _read_network(Path(folder))
    try:
        if description["features"] is None:
            raise RunError(f"{folder} was saved from Python, without a table that it reads: bp.load({str(folder)!r})")
        features, target = inputs_from_json(description["features"]), Target.from_json(description["target"])
        reading = Reading.from_json(description.get("reading", {}))
    except KeyError as error:
        raise RunError(f"{path} is damaged: it has no {error}") from None
    except (DataError, TypeError) as error:
        raise RunError(f"{path} is damaged: {error}") from None
    inputs, outputs = shape_of(features), (outputs_for(target, network.loss),)
    if (network.inputs, network.outputs) != (inputs, outputs):
        told = [", ".join(map(str, shape or ())) for shape in (inputs, outputs, network.inputs, network.outputs)]
        raise RunError(
            f"{path} is damaged: the features and the target ask for {told[0]} inputs and {told[1]} outputs; the "
            f"network has {told[2]} and {told[3]}"
        )
    parameters = network.tree(_read_parameters(Path(folder) / PARAMETERS, description["sha256"], network))
    return SavedModel(network, parameters, features, target, reading)


def read_model(
    folder: str | Path, scores: Callable[..., Any] | None = None, like: Any = None
) -> tuple[Model, Any, dict[str, Any]]:
    """The model of a run folder, its parameters, and all that is described.

    Args:
        folder: where.
        scores: the function of a model of the user's own.
        like: a tree of its parameters, where that has types of the user's own.

    Raises:
        RunError: if the folder holds no run, a damaged one, or one of a newer format, or the function is missing.
    """
    folder = Path(folder)
    network, description = _read_network(folder, scores, like)
    return network, network.tree(_read_parameters(folder / PARAMETERS, description["sha256"], network)), description


def read_description(folder: str | Path) -> dict[str, Any]:
    """What ``model.json`` of a run folder says.

    Raises:
        RunError: if the folder holds no run, a damaged one, or one of a newer format.
    """
    folder = Path(folder)
    if not folder.exists() and checkpoint_of(folder).exists():
        raise RunError(f"the training of {folder} was stopped, or still runs: backpath train --resume {folder} goes on")
    if not folder.is_dir():
        raise RunError(f"{folder} is no run folder: {'it is a file' if folder.exists() else 'it does not exist'}")
    if not (folder / MODEL).is_file():
        raise RunError(f"{folder} is no run folder: it has no {MODEL}")
    return _read_json(folder / MODEL)


def _read_network(
    folder: Path, scores: Callable[..., Any] | None = None, like: Any = None
) -> tuple[Model, dict[str, Any]]:
    description = read_description(folder)
    told = description.get("network")
    if isinstance(told, dict) and told.get("kind") == "function" and scores is None:
        raise RunError(
            f"{folder} holds the parameters of a function, {told.get('name')!r}, which is never written down: "
            f"bp.load({str(folder)!r}, scores=...) takes it"
        )
    if isinstance(told, dict) and told.get("kind") == "onnx":
        return _read_graph(folder, told, description), description
    try:
        network, _ = model_from_json(description["network"], scores, like), description["sha256"]
    except KeyError as error:
        raise RunError(f"{folder / MODEL} is damaged: it has no {error}") from None
    except SettingError as error:
        raise RunError(f"{folder}: {error}") from None
    except (GraphError, ShapeError, TypeError) as error:
        raise RunError(f"{folder / MODEL} is damaged: {error}") from None
    return network, description


def _read_graph(folder: Path, told: Mapping[str, Any], description: Mapping[str, Any]) -> Model:
    """The model of the run's own .onnx file."""
    path = folder / GRAPH
    try:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != description["graph_sha256"]:
            raise RunError(f"{path} is damaged: its checksum is not the one in {MODEL}")
        model = from_onnx(data, output=told["output"], loss=told["loss"], train=told.get("train", False), compare=False)
        return model if told["inputs"] is None else model.suited(tuple(told["inputs"]))
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}") from None
    except (KeyError, TypeError, DataError, GraphError, SettingError, ShapeError) as error:
        raise RunError(f"{folder / MODEL} is damaged: {error}") from None


def read_config(folder: str | Path) -> dict[str, Any]:
    """How the run was made: what :func:`write_run` was given as ``config``.

    Raises:
        RunError: if it is missing or damaged, or does not say what the run was trained on.
    """
    path = Path(folder) / CONFIG
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read: {error}") from None
    if not isinstance(config, dict):
        raise RunError(f"{path} is damaged: it is no JSON object")
    if not {"source", "target"} <= set(config):
        raise RunError(f"{path} is damaged: it does not say what the run was trained on")
    return config


def _read_json(path: Path) -> dict[str, Any]:
    try:
        description = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is damaged: it is not JSON ({error})") from None
    form = description.get("format") if isinstance(description, dict) else None
    if not isinstance(form, int):
        raise RunError(f"{path} is not of a backpath run: it has no format number")
    if form > FORMAT:
        raise RunError(
            f"{path} has format {form}, and this backpath reads up to {FORMAT}: install a newer one "
            f"(the run was made by {description.get('backpath', 'an unknown version')})"
        )
    return description


def _read_parameters(path: Path, checksum: Any, network: Model) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if not path.is_file():
        raise RunError(f"{path} is missing: the run folder is incomplete")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != checksum:
        raise RunError(f"{path} is damaged: its checksum is not the one in {MODEL}")
    try:
        parameters = load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise RunError(f"{path} is damaged: {error}") from None
    expected = network.parameter_shapes
    if set(parameters) != set(expected):
        raise RunError(f"{path} holds {', '.join(sorted(parameters))}; the network needs {', '.join(expected)}")
    for name, array in parameters.items():
        if array.shape != expected[name] or array.dtype.kind != "f":
            raise RunError(
                f"{path}: {name} is {array.dtype} of shape {list(array.shape)}; the network needs floats of shape "
                f"{list(expected[name])}"
            )
    return {name: parameters[name] for name in expected}


@contextmanager
def _placed(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder``, which takes its place at the end, or is removed after an error."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    temporary.mkdir()
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    _sync(folder.parent)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _json(data: Any) -> bytes:
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
