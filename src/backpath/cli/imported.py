"""What ``explain`` and ``check`` do with an .onnx file: its model, an input, and which number of an output is meant."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from backpath.graph import DataError
from backpath.importers import OnnxModel

EXAMPLES = 4


def is_onnx(path: Path) -> bool:
    """Whether a name is that of an .onnx file."""
    return path.suffix.lower() == ".onnx"


def read_arrays(path: Path) -> Any:
    """The array of an .npy file, or those of an .npz file by name; one alone by itself.

    Raises:
        DataError: if it is neither, or holds what is no array of numbers or texts.
    """
    try:
        read = np.load(path, allow_pickle=False)
        arrays = dict(read) if hasattr(read, "files") else {path.name: read}
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, EOFError, KeyError):
        raise DataError(f"{path} is no .npy or .npz file of numbers or texts") from None
    wrong = [name for name, x in arrays.items() if x.dtype.kind not in "biufU"]
    if wrong or not arrays:
        raise DataError(f"{path} holds no arrays of numbers or texts{': ' if wrong else ''}{', '.join(wrong)}")
    return next(iter(arrays.values())) if len(arrays) == 1 else arrays


def parsed_output(text: str | None) -> tuple[str | None, Any]:
    """The name of a value, and an index into it: ``logits[0,3]``, ``logits``, ``[0,3]``.

    Raises:
        DataError: if it is none of these.
    """
    if text is None:
        return None, None
    match = re.fullmatch(r"(.*?)(?:\[([^\[\]]*)\])?", text, re.DOTALL)
    assert match is not None
    return match[1] or None, None if match[2] is None else tuple(_part(text, p) for p in match[2].split(","))


def _part(text: str, part: str) -> Any:
    part = part.strip()
    if part == "...":
        return Ellipsis
    if part == ":":
        return slice(None)
    if not re.fullmatch(r"-?\d{1,18}", part):
        raise DataError(f"--output {text}: {part!r} is no position: write such as logits[0,3], or : for all of an axis")
    return int(part)


def chosen_score(model: OnnxModel, parameters: dict[str, np.ndarray], X: Any) -> tuple[Any, ...]:
    """Where the largest score of the first example is."""
    scores = np.asarray(model.scores(parameters, X))
    if scores.ndim == 0:
        return ()
    first = scores[0]
    return 0, *(int(k) for k in np.unravel_index(int(np.argmax(first)), first.shape))


def as_double(model: OnnxModel, X: Any) -> tuple[dict[str, np.ndarray], Any]:
    """Parameters and real inputs in double precision."""
    wide = {name: np.asarray(x, float) for name, x in model.init(0, np.float64).items()}

    def cast(x: Any) -> np.ndarray:
        x = np.asarray(x)
        return x.astype(float) if x.dtype.kind == "f" else x

    if isinstance(X, dict):
        return wide, {name: cast(x) for name, x in X.items()}
    return wide, tuple(cast(x) for x in X) if isinstance(X, tuple) else cast(X)


def random_batch(model: OnnxModel, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random examples, and targets of the kind that the loss takes.

    Raises:
        DataError: if the model has several inputs, or not a row of scores for each example.
    """
    if model.inputs is None or model.outputs is None:
        raise DataError(
            f"{model.source} has {len(model.input_names)} inputs, or does not give a row of scores for each example: "
            f"bp.check(f, *args) checks any function of them"
        )
    rng = np.random.default_rng(seed)
    shape = (EXAMPLES, *model.inputs)
    X = rng.integers(0, model.vocabulary, shape) if model.vocabulary else rng.standard_normal(shape)
    if model.loss_function.classifies and model.outputs[-1] > 1:
        return X, rng.integers(0, model.outputs[-1], (EXAMPLES, *model.outputs[:-1]))
    return X, rng.standard_normal((EXAMPLES, *model.outputs))
