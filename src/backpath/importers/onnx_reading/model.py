"""A model that was read from a file of ONNX's, and can be written down with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from backpath.graph import ShapeError
from backpath.importers.model import ImportedModel, Run
from backpath.importers.onnx_reading.rules import Training
from backpath.importers.onnx_reading.texts import Vocabulary, is_texts
from backpath.nets import Model
from backpath.nets.losses import loss_name
from backpath.ops import record

KIND = "onnx"
"""What such a model tells of itself in plain data; its file stands beside them."""


class RunScores(Protocol):
    """From values by name, inputs, the type of real numbers, and what is drawn and seen in training, to the scores."""

    def __call__(
        self, values: Mapping[str, Any], inputs: Sequence[Any], precision: np.dtype, training: Training | None = None
    ) -> Any: ...


Folding = Callable[[Mapping[str, tuple[np.ndarray, np.ndarray]], np.ndarray], "OnnxModel"]
"""From the means and variances of a model that was read for training, and X, to the model to predict with."""


class OnnxModel(ImportedModel):
    """A model of an .onnx file: see :func:`from_onnx`.

    Args:
        run: as of :class:`ImportedModel`.
        parameters: as of it.
        scores: runs what the scores need alone.
        file: the bytes of a file from which the same model can be read, arrays and all.
        folding: makes the model to predict with, of one that was read for training.
        texts: those of the file.
        text_inputs: the inputs that hold texts.
        labels: of the classes of the scores, as far as the file tells them.
        **told: as of :class:`ImportedModel`.
    """

    __slots__ = ("_file", "_folding", "_run_scores", "_shapes_of_noise", "_text_inputs", "_texts", "labels")

    def __init__(
        self,
        run: Run,
        parameters: Mapping[str, Any],
        *,
        scores: RunScores,
        file: Callable[[], bytes],
        folding: Folding | None,
        texts: Vocabulary,
        text_inputs: frozenset[str],
        labels: tuple[str | int, ...],
        **told: Any,
    ):
        super().__init__(run, parameters, **told)
        self._run_scores, self._file, self._folding = scores, file, folding
        self._texts, self._text_inputs, self.labels = texts, text_inputs, labels
        self._shapes_of_noise: dict[int, dict[str, tuple[int, ...]]] = {}

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that the file holds; in inputs and outputs each is told by its position here."""
        return self._texts.texts

    def coded(self, X: Any) -> Any:
        """X with whole numbers in place of texts, as graphs take it: an array, a tuple, or a dictionary by name."""
        if isinstance(X, Mapping):
            return {name: self._coded(x) for name, x in X.items()}
        return tuple(map(self._coded, X)) if isinstance(X, (tuple, list)) else self._coded(X)

    def _coded(self, x: Any) -> Any:
        return self._texts.coded(x) if is_texts(x) else x

    def _listed(self, X: Any) -> list[Any]:
        found = super()._listed(X)
        for name, x in zip(self._input_names, found, strict=True):
            if is_texts(x) and name not in self._text_inputs:
                raise ShapeError(f"{self.source}: its input {name} holds numbers, and texts were given")
        return [self._coded(x) for x in found]

    @property
    def file(self) -> bytes:
        """A file from which :func:`from_onnx` makes the same model."""
        return self._file()

    @property
    def output(self) -> str:
        """The name of the value that the scores are."""
        return self._output_names[self._output]

    def scores(self, parameters: Mapping[str, Any], X: Any, noise: Mapping[str, Any] | None = None) -> Any:
        """The output that the scores are, for one array X, a tuple of inputs, or a dictionary of them by name.

        Without ``noise`` nothing drops out.
        """
        return self._scored(parameters, X, None if self._folding is None else Training(noise or {}))

    def _scored(self, parameters: Mapping[str, Any], X: Any, training: Training | None) -> Any:
        inputs = self._listed(X)
        precision = self._precision_of(parameters, inputs)
        return self._run_scores({**self._buffers_in(precision), **parameters}, inputs, precision, training)

    @property
    def trains_apart(self) -> bool:
        """Whether it was read for training: see ``train`` of :func:`from_onnx`."""
        return self._folding is not None

    def noise_shapes(self, batch: int) -> dict[str, tuple[int, ...]]:
        """The shapes of the uniform numbers that each dropout draws, by the value that it makes."""
        if self._folding is None or self.inputs is None:
            return {}
        if batch not in self._shapes_of_noise:
            training = Training()
            X = np.zeros((batch, *self.inputs), self.input_dtype(np.float32))
            record(lambda parameters, X: self._scored(parameters, X, training), self.init(), X)
            self._shapes_of_noise[batch] = training.shapes
        return dict(self._shapes_of_noise[batch])

    def folded(self, parameters: Mapping[str, Any], X: np.ndarray) -> tuple[Model, Any]:
        """The model to predict with: nothing drops out, and batches have the mean and variance of X."""
        if self._folding is None:
            return self, parameters
        training = Training()
        self._scored(parameters, X, training)
        return self._folding(training.statistics, X), parameters

    def to_json(self) -> dict[str, Any]:
        """Plain data that tell which part of its file it is."""
        return {
            "kind": KIND,
            "name": self.source,
            "output": self.output,
            "inputs": None if self._inputs is None else list(self._inputs),
            "loss": loss_name(self.loss),
            "train": self.trains_apart,
        }
