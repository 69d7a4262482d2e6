"""From a plan to a model: an example, the output that the scores are, parameters, and what shapes depend on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backpath.graph import INPUT, Graph, SettingError, ancestors
from backpath.importers.onnx_reading.model import Folding, OnnxModel
from backpath.importers.onnx_reading.plan import Planner
from backpath.importers.onnx_reading.roles import trained
from backpath.importers.onnx_reading.rules import NotKnownError, Training
from backpath.importers.onnx_reading.running import Runner
from backpath.importers.onnx_reading.steps import Plan, pruned
from backpath.importers.onnx_reading.texts import Texts, Vocabulary, is_texts, labels_of
from backpath.nets import Loss
from backpath.ops import trace

LINKS = ("Softmax", "LogSoftmax", "Sigmoid")
COPIES = ("Identity", "Cast", "ai.onnx.ml.ZipMap")

BATCH = 2
"""How many examples stand for any number of them."""

UNKNOWN = 8
"""The length of an axis of which a file does not say it."""


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a graph: its name, type, lengths, None for those that are free, and whether it holds texts."""

    name: str
    dtype: np.dtype
    lengths: tuple[int | None, ...]
    texts: bool = False

    def example(self, rng: np.random.Generator, batch: int | None, texts: int = 0) -> np.ndarray:
        """Numbers of its type, or of so many texts, with a batch of that many where that is free."""
        shape = [UNKNOWN if n is None else n for n in self.lengths]
        if shape and batch is not None and self.lengths[0] is None:
            shape[0] = batch
        if self.dtype.kind == "f":
            return rng.normal(size=shape).astype(self.dtype)
        return rng.integers(0, max(texts, 1) if self.texts else 2, size=shape).astype(self.dtype)


class Making:
    """A model in the making.

    Args:
        planner: of the file.
        plan: of its graph.
        inputs: of its graph.
        named: what it is called.
        real: the type of its real numbers.
        train: whether it is read for training.
    """

    def __init__(
        self,
        planner: Planner,
        plan: Plan,
        inputs: list[Input],
        named: str,
        real: np.dtype,
        train: bool,
        weights: frozenset[str],
    ):
        self.plan, self.inputs, self.named, self.real, self.train = plan, inputs, named, real, train
        self.texts = Vocabulary(plan)
        self.runner = Runner(planner, real, named, self.texts)
        self.trained = trained(plan, real, weights)
        self.runner.may_be_known = lambda value: bool(self._made_of_parameters(value))
        self._graph: tuple[Plan, Graph] | None = None
        lengths = [i.lengths[0] for i in inputs if i.lengths]
        self.written = lengths[0] if lengths else None

    def example(self, X: Any) -> list[np.ndarray]:
        """Inputs in order, as given or made up."""
        if X is None:
            rng = np.random.default_rng(0)
            return [i.example(rng, BATCH, len(self.texts.texts)) for i in self.inputs]
        names = [i.name for i in self.inputs]
        given = (
            [X[n] for n in names if n in X] if isinstance(X, Mapping) else X if isinstance(X, (tuple, list)) else [X]
        )
        if len(given) != len(names) or (isinstance(X, Mapping) and len(X) != len(names)):
            raise SettingError(f"{self.named} has {len(names)} inputs: {', '.join(names)}; X gives others")
        found = []
        for i, x in zip(self.inputs, given, strict=True):
            array = np.asarray(x)
            if is_texts(array) != i.texts and not (i.texts and array.dtype.kind in "iu"):
                raise SettingError(f"{self.named}: its input {i.name} holds {'texts' if i.texts else 'numbers'}")
            array = self.texts.coded(array) if is_texts(array) else array
            found.append(array if array.dtype.kind == "f" and i.dtype.kind == "f" else array.astype(i.dtype))
        return found

    def choose(self, output: str | None, example: Sequence[np.ndarray], before_link: bool) -> str:
        """The name of the value that the scores are."""
        found = self._named(output) if output is not None else self._first_of_reals(example)
        return self._named(self._before_link(found)) if before_link else found

    def _before_link(self, name: str) -> str:
        """What a softmax or sigmoid is taken of, where the value is one, or a copy of one."""
        makers = {output: step for step in self.plan.steps for output in step.outputs}
        at = name
        while at in makers and makers[at].op in COPIES:
            at = makers[at].inputs[0]
        return makers[at].inputs[0] if at in makers and makers[at].op in LINKS else name

    def _named(self, output: str) -> str:
        """A value that is an output from now on."""
        made = {name for step in self.plan.steps for name in step.outputs if name}
        if output not in made | set(self.plan.inputs) | set(self.plan.known):
            raise SettingError(
                f"output={output!r}: {self.named} makes no such value; its outputs are {', '.join(self.plan.outputs)}"
            )
        if output not in self.plan.outputs:
            last = tuple(tuple(n for n in names if n != output) for names in self.plan.last)
            self.plan = replace(self.plan, outputs=(*self.plan.outputs, output), last=last)
        return output

    def _first_of_reals(self, example: Sequence[np.ndarray]) -> str:
        graph = self.traced(example)
        for name, o in zip(self.plan.outputs, graph.outputs, strict=True):
            if graph.nodes[o].dtype.kind == "f":
                return name
        return self.plan.outputs[0]

    def _values(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        parameters = {name: self.plan.known[name] for name in self.trained}
        return parameters, {name: x for name, x in self.plan.known.items() if name not in parameters}

    def run(
        self,
        values: Mapping[str, Any],
        inputs: Sequence[Any],
        precision: np.dtype,
        plan: Plan | None = None,
        training: Training | None = None,
    ) -> Sequence[Any]:
        """The outputs of the graph, or of a part of it."""
        self.runner.training = training or (Training() if self.train else None)
        given = self.coded(dict(zip(self.plan.inputs, inputs, strict=True)))
        batch = np.shape(inputs[0])[0] if inputs and np.ndim(inputs[0]) else None
        fixed = self.written is not None and batch is not None and batch != self.written
        self.runner.batch = (self.written, batch) if fixed else None  # type: ignore[assignment]
        return self.runner.run(plan or self.plan, {**values, **given}, precision)

    def coded(self, given: dict[str, Any]) -> dict[str, Any]:
        """Inputs by name, those of texts marked as such."""
        return given | {i.name: Texts(given[i.name]) for i in self.inputs if i.texts}

    def traced(self, example: Sequence[np.ndarray]) -> Graph:
        """The graph of all outputs; arrays that decide shapes are known in it."""
        if self._graph is not None and self._graph[0] is self.plan:
            return self._graph[1]
        for _ in range(len(self.trained) + 1):
            parameters, buffers = self._values()

            def outputs(parameters: Any, X: Any, buffers: Any = buffers) -> Any:
                return tuple(self.run({**buffers, **parameters}, X, self.real))

            try:
                graph = trace(outputs, parameters, list(example))
            except NotKnownError as error:
                self._demote(error)
            else:
                self._graph = self.plan, graph
                return graph
        raise AssertionError("each turn makes a parameter known")

    def _made_of_parameters(self, value: Any) -> set[str]:
        """The parameters that a traced value is made of; none if it is made of anything else too."""
        names = _inputs_of(value)
        parameters = {f"parameters.{name}": name for name in self.trained}
        return {parameters[name] for name in names} if names <= set(parameters) else set()

    def _demote(self, error: NotKnownError) -> None:
        """Parameters that a shape depends on are none."""
        gone = self._made_of_parameters(error.value)
        self.trained = [name for name in self.trained if name not in gone]

    def model(
        self,
        chosen: str,
        example: Sequence[np.ndarray],
        loss: str | Loss | None,
        file: Callable[[], bytes],
        folding: Folding | None,
    ) -> OnnxModel:
        """The model whose scores are that value."""
        graph = self.traced(example)
        scores = graph.nodes[graph.outputs[self.plan.outputs.index(chosen)]].shape
        parameters, buffers = self._values()
        fits = len(example) == 1 and example[0].ndim > 0 and len(scores) > 1 and scores[0] == example[0].shape[0]
        if loss is None:
            loss = "squared_error" if math.prod(scores[1:]) == 1 else "cross_entropy"
        part = pruned(self.plan, chosen)
        return OnnxModel(
            self.run,
            parameters,
            scores=lambda values, inputs, precision, training=None: self.run(values, inputs, precision, part, training)[
                0
            ],
            file=file,
            folding=folding,
            buffers=buffers,
            texts=self.texts,
            text_inputs=frozenset(i.name for i in self.inputs if i.texts),
            labels=labels_of(self.plan, math.prod(scores[1:]), self.texts),
            inputs=self.plan.inputs,
            outputs=self.plan.outputs,
            output=chosen,
            loss=loss,
            vocabulary=_vocabulary(graph, example),
            example=(example[0].shape[1:], scores[1:]) if fits else None,
            source=self.named,
        )


def _inputs_of(value: Any) -> set[str]:
    """The inputs of a trace from which a value is made."""
    nodes, stack = value.recorder.nodes, [value.position]
    seen = set(stack)
    while stack:
        fresh = [k for k in nodes[stack.pop()].parents if k not in seen]
        seen.update(fresh)
        stack += fresh
    return {nodes[k].name for k in seen if nodes[k].primitive == INPUT}


def _vocabulary(graph: Graph, example: Sequence[np.ndarray]) -> int:
    """How many rows the smallest table has that the one input picks rows of; 0 where it holds real numbers."""
    if len(example) != 1 or example[0].dtype.kind not in "iu":
        return 0
    position = graph.inputs[-1]
    rows = [
        graph.nodes[node.parents[0]].shape[0]
        for node in graph.nodes
        if node.primitive == "take" and position in ancestors(graph, [node.parents[1]])
    ]
    return min(rows, default=int(np.iinfo(np.int32).max))
