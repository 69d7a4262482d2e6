"""A model that was read from a file of ONNX's, and can be written down with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backpath.importers.model import ImportedModel, Run
from backpath.nets.model import loss_name

KIND = "onnx"
"""What such a model tells of itself in plain data; its file stands beside them."""


class OnnxModel(ImportedModel):
    """A model of an .onnx file: see :func:`from_onnx`.

    Args:
        run: as of :class:`ImportedModel`.
        parameters: as of it.
        scores: runs what the scores need alone, and gives one output.
        file: the bytes of a file from which the same model can be read, arrays and all.
        **told: as of :class:`ImportedModel`.
    """

    __slots__ = ("_file", "_run_scores")

    def __init__(self, run: Run, parameters: Mapping[str, Any], *, scores: Run, file: Callable[[], bytes], **told: Any):
        super().__init__(run, parameters, **told)
        self._run_scores, self._file = scores, file

    @property
    def file(self) -> bytes:
        """A file from which :func:`from_onnx` makes the same model."""
        return self._file()

    @property
    def output(self) -> str:
        """The name of the value that the scores are."""
        return self._output_names[self._output]

    def scores(self, parameters: Mapping[str, Any], X: Any, noise: Mapping[str, Any] | None = None) -> Any:
        """The output that the scores are, for one array X, a tuple of inputs, or a dictionary of them by name."""
        inputs = self._listed(X)
        precision = self._precision_of(parameters, inputs)
        return self._run_scores({**self._buffers_in(precision), **parameters}, inputs, precision)[0]

    def to_json(self) -> dict[str, Any]:
        """Plain data that tell which part of its file it is."""
        return {
            "kind": KIND,
            "name": self.source,
            "output": self.output,
            "inputs": None if self._inputs is None else list(self._inputs),
            "loss": loss_name(self.loss),
        }
