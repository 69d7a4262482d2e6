"""Texts of a file as whole numbers: the position of each among all texts that the file holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backpath.importers.onnx_reading.rules import RULES, Call, RefusedError
from backpath.importers.onnx_reading.steps import Plan, Step, walk
from backpath.ops import Variable

MOVING = {
    *"Compress Concat Expand Flatten Gather GatherElements GatherND Identity Reshape Slice Split Squeeze".split(),
    *"Tile Transpose Unsqueeze Where ai.onnx.ml.ArrayFeatureExtractor ai.onnx.ml.ZipMap".split(),
}
"""Operations that put entries elsewhere, whatever they are."""

MEASURING = {"Shape", "Size"}

READING = {"Cast", "ai.onnx.ml.LabelEncoder", "ai.onnx.ml.OneHotEncoder"}
"""Operations with rules for texts."""


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """An array of texts: their positions in a vocabulary, of which one more stands for every other text."""

    codes: Any


class Vocabulary:
    """All texts of a file, in the order in which they stand there.

    Args:
        plan: of the file's graph.
    """

    def __init__(self, plan: Plan):
        self.texts = tuple(dict.fromkeys(_texts_of(plan)))
        self._codes = {text: k for k, text in enumerate(self.texts)}

    def coded(self, texts: Any) -> np.ndarray:
        """Positions of texts; the number of texts for one that the file does not hold."""
        array = np.asarray(texts)
        other = len(self.texts)
        flat = [self._codes.get(str(text), other) for text in array.ravel().tolist()]
        return np.array(flat, np.int64).reshape(array.shape)

    def told(self, codes: Any) -> np.ndarray:
        """The texts at positions; an empty one for others."""
        return np.array([*self.texts, ""], object)[np.asarray(codes)]


def is_texts(x: Any) -> bool:
    """Whether an array holds texts."""
    return isinstance(x, np.ndarray) and x.dtype.kind in "OUS"


def _texts_of(plan: Plan) -> Iterator[str]:
    found: list[Any] = [x for x in plan.known.values() if is_texts(x)]

    def look(step: Step) -> None:
        for name, value in step.attributes.items():
            if is_texts(value) or (isinstance(value, (str, list)) and "string" in name):
                found.append([value] if isinstance(value, str) else value)
            elif isinstance(value, Plan):
                found.extend(x for x in value.known.values() if is_texts(x))

    walk(plan, look)
    for part in found:
        yield from (str(text) for text in np.ravel(np.asarray(part, object)))


def moved(call: Call, texts: Vocabulary) -> Any:
    """What an operation makes where texts go into it.

    Raises:
        RefusedError: if it is none of those that put them elsewhere, or compare them with known ones.
    """
    inputs = tuple(Texts(texts.coded(x)) if is_texts(x) else x for x in call.inputs)
    if call.op in READING:
        return RULES[call.op](replace(call, inputs=inputs))
    bare = replace(call, inputs=tuple(x.codes if isinstance(x, Texts) else x for x in inputs))
    if call.op in MEASURING:
        return RULES[call.op](bare)
    beside = inputs[1:] if call.op == "Where" else inputs
    if call.op == "Equal" and all(isinstance(x, Texts) for x in inputs):
        if all(isinstance(x.codes, Variable) for x in inputs):
            raise RefusedError("texts are compared of which none is known")
        return RULES[call.op](bare)
    if call.op not in MOVING or (call.op in ("Concat", "Where") and not all(isinstance(x, Texts) for x in beside)):
        raise RefusedError("texts go into it")
    results = RULES[call.op](bare)
    return tuple(Texts(y) for y in results) if isinstance(results, tuple) else Texts(results)


LABELS = ("classlabels_strings", "classlabels_ints", "classlabels_int64s")


def labels_of(plan: Plan, scores: int, texts: Vocabulary) -> tuple[str | int, ...]:
    """The labels of so many scores, as scikit-learn's exporters leave them, or a table that a class picks one of."""
    found: tuple[str | int, ...] = ()
    for step in plan.steps:
        told = next((step.attributes[name] for name in LABELS if step.attributes.get(name)), None)
        if told is None and step.op in ("ai.onnx.ml.ArrayFeatureExtractor", "Gather") and step.inputs[0] in plan.known:
            table = plan.known[step.inputs[0]]
            told = table.ravel().tolist() if is_texts(table) or step.op != "Gather" else None
        if told and len(told) in (scores, scores + (scores == 1)) and all(isinstance(x, (str, int)) for x in told):
            found = tuple(told)
    return found
