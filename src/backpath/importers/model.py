"""A model of another framework as a Model of ours: its parameters by their names there, and what runs its graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from backpath.graph import SettingError, ShapeError
from backpath.importers.agreement import Agreement
from backpath.nets import Loss, Model
from backpath.nets.losses import checked_loss
from backpath.ops import flatten, leaves_of, spec_of

Run = Callable[[Mapping[str, Any], Sequence[Any], np.dtype], Sequence[Any]]
"""From values by name, inputs in order, and the type in which the framework's own real numbers are held, to outputs.

It is run anew for each trace, on traced values, so that the batch may have any size.
"""


class ImportedModel(Model):
    """A model that a reader of another framework's files or objects made.

    Its ``scores`` are one of the graph's outputs; :meth:`call` gives all of them. Where the graph has several inputs, X
    is a tuple of arrays, or a dictionary of them by name, and can be explained, though ``fit`` takes one array.

    Args:
        run: what computes the graph.
        parameters: those that are trained, by their names in the framework.
        buffers: other known arrays by name, such as running means.
        inputs: the names of the graph's inputs.
        outputs: the names of its outputs.
        output: which of them the scores are.
        loss: a name in ``nets.LOSSES``, or a ``nets.Loss``.
        vocabulary: how many different whole numbers the one input may hold; 0 where it holds real numbers.
        example: the shape of an example, without the batch, where it is known, and of its scores.
        source: what it was made from, in a few words.

    Raises:
        SettingError: if ``output`` is none of the outputs.
        GraphError: for a loss that does not exist.
    """

    __slots__ = ("_agreement", "_buffers", "_held", "_input_names", "_output", "_output_names", "_run", "source")

    def __init__(
        self,
        run: Run,
        parameters: Mapping[str, np.ndarray],
        *,
        buffers: Mapping[str, np.ndarray],
        inputs: Sequence[str],
        outputs: Sequence[str],
        output: str | None = None,
        loss: str | Loss = "cross_entropy",
        vocabulary: int = 0,
        example: tuple[tuple[int, ...], tuple[int, ...]] | None = None,
        source: str = "a model",
    ):
        chosen = outputs[0] if output is None else output
        if chosen not in outputs:
            raise SettingError(f"output={output!r}: the outputs of {source} are {', '.join(outputs)}")
        self._first = {name: _kept(value) for name, value in parameters.items()}
        self._structure = flatten(dict(self._first), "")[1]
        self._function, self._run, self._vocabulary = None, run, vocabulary
        self._modal, self._statistics, self._noise_shapes = False, None, {}
        self._buffers, self._held = dict(buffers), {}
        self._input_names, self._output_names = tuple(inputs), tuple(outputs)
        self._output = self._output_names.index(chosen)
        self._inputs, self._outputs = example or (None, None)
        self._agreement: Agreement | None = None
        self.loss, self.source = checked_loss(loss), source

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the graph's inputs, in order."""
        return self._input_names

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of the graph's outputs, in order."""
        return self._output_names

    @property
    def output_number(self) -> int:
        """Which of the outputs the scores are."""
        return self._output

    @property
    def buffers(self) -> dict[str, np.ndarray]:
        """Known arrays that are not trained, by name."""
        return dict(self._buffers)

    @property
    def first(self) -> dict[str, np.ndarray]:
        """The parameters as they were in the framework, which cannot be written into; :meth:`init` copies them."""
        return dict(self._first)

    @property
    def agreement(self) -> Agreement | None:
        """How its values compared with the framework's own when it was imported; None if that was not asked for."""
        return self._agreement

    def agreed(self, agreement: Agreement) -> ImportedModel:
        """Itself, with what a comparison found."""
        self._agreement = agreement
        return self

    def init(self, seed: int = 0, dtype: Any = np.float32, weights: str = "auto") -> dict[str, np.ndarray]:
        """The parameters as they were in the framework: new arrays, views of one flat array."""
        if not self._first:
            return {}
        return super().init(seed, dtype, weights)

    def scores(self, parameters: Mapping[str, Any], X: Any, noise: Mapping[str, Any] | None = None) -> Any:
        """The output that the scores are, for one array X, a tuple of inputs, or a dictionary of them by name."""
        return self.call(parameters, X)[self._output]

    def call(self, parameters: Mapping[str, Any], X: Any) -> tuple[Any, ...]:
        """All outputs, in order.

        Args:
            parameters: by name.
            X: one array, a tuple of inputs, or a dictionary of them by name.

        Raises:
            ShapeError: if there are other inputs, or they do not fit.
        """
        inputs = self._listed(X)
        precision = self._precision_of(parameters, inputs)
        return tuple(self._run({**self._buffers_in(precision), **parameters}, inputs, precision))

    def _precision_of(self, parameters: Mapping[str, Any], inputs: Sequence[Any]) -> np.dtype:
        """The type in which the framework's own real numbers are held beside these."""
        reals = [spec_of(x).dtype for x in (*leaves_of(dict(parameters)), *inputs)]
        return np.result_type(*[dtype for dtype in reals if dtype.kind == "f"] or [np.float32])

    def _listed(self, X: Any) -> list[Any]:
        names = self._input_names
        if isinstance(X, Mapping):
            if set(X) != set(names):
                raise ShapeError(f"{self.source} has the inputs {', '.join(names)}; given were {', '.join(X)}")
            return [X[name] for name in names]
        given = list(X) if isinstance(X, (tuple, list)) else [X]
        if len(given) != len(names):
            raise ShapeError(
                f"{self.source} has {len(names)} inputs ({', '.join(names)}), and {len(given)} were given: give X as a "
                f"tuple of arrays, or a dictionary by name"
            )
        return given

    def _buffers_in(self, precision: np.dtype) -> dict[str, np.ndarray]:
        """Buffers of real numbers in that type, each made once."""
        if precision not in self._held:
            # What is larger than all numbers of the narrower type, such as a bound of a clip, is infinite there.
            with np.errstate(over="ignore"):
                self._held[precision] = {
                    name: value.astype(precision) if value.dtype.kind == "f" else value
                    for name, value in self._buffers.items()
                }
        return self._held[precision]

    def to_json(self) -> dict[str, Any]:
        """Plain data that tell what it is; the graph itself is not among them."""
        return {**super().to_json(), "kind": "imported", "name": self.source}

    def __repr__(self) -> str:
        return f"ImportedModel({self.source}, {self.parameter_count:,} parameters, loss={self.loss!r})"


def _kept(value: Any) -> np.ndarray:
    """A copy that nobody can write into, which is read where it lies from then on."""
    kept = np.array(value)
    kept.flags.writeable = False
    return kept
