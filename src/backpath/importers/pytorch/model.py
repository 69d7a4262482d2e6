"""A network of PyTorch as a Model of ours."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from backpath.graph import GraphError
from backpath.importers.model import ImportedModel
from backpath.importers.operations import batch_statistics
from backpath.importers.pytorch.recipe import DROPOUT, Recipe, Ref, Step, noise_shape
from backpath.nets import Model
from backpath.nets.described import READERS
from backpath.nets.trees import tree_from_json
from backpath.ops import record

BATCH_NORMS = frozenset(
    {"batch_norm.default", "native_batch_norm.default", "_native_batch_norm_legit_functional.default"}
)


class TorchModel(ImportedModel):
    """What ``from_torch`` returns: see there, and :class:`ImportedModel`."""

    __slots__ = ("_recipe", "_settings", "_shapes_of_noise")

    def __init__(self, recipe: Recipe, parameters: Mapping[str, np.ndarray], **settings: Any):
        super().__init__(recipe, parameters, inputs=recipe.inputs, outputs=tuple(recipe.outputs), **settings)
        self._recipe, self._settings = recipe, settings
        self._shapes_of_noise: dict[int, dict[str, tuple[int, ...]]] = {}

    @property
    def recipe(self) -> Recipe:
        """The network as steps."""
        return self._recipe

    @property
    def trains_apart(self) -> bool:
        """Whether it was read for training, and drops entries out or uses the statistics of its batch."""
        return bool(self._recipe.draws) or any(_of_batch(step) for step in self._recipe.steps)

    def scores(self, parameters: Mapping[str, Any], X: Any, noise: Mapping[str, Any] | None = None) -> Any:
        """As of any model; without ``noise`` nothing drops out."""
        return self._called(parameters, X, noise)[self._output]

    def _called(self, parameters: Mapping[str, Any], X: Any, noise: Mapping[str, Any] | None) -> tuple[Any, ...]:
        if not noise:
            return self.call(parameters, X)
        inputs, precision = self._given(parameters, X)
        return self._recipe({**self._buffers_in(precision), **parameters}, inputs, precision, noise)

    def noise_shapes(self, batch: int) -> dict[str, tuple[int, ...]]:
        """The shapes of the uniform numbers that each dropout draws, by its step."""
        draws = {step.name: step for step in self._recipe.draws}
        if draws and self.inputs is not None and batch not in self._shapes_of_noise:
            reads = {step.args[0].name: step for step in draws.values()}
            shapes: dict[str, tuple[int, ...]] = {}

            def traced(parameters: Mapping[str, Any], X: Any) -> Any:
                inputs, precision = self._given(parameters, X)
                for name, value in self._recipe.run({**self._buffers_in(precision), **parameters}, inputs, precision):
                    if name in reads:
                        shapes[reads[name].name] = noise_shape(reads[name].op, np.shape(value))
                return 0.0

            record(traced, self.init(), np.zeros((batch, *self.inputs), self.input_dtype(np.float32)))
            self._shapes_of_noise[batch] = shapes
        return dict(self._shapes_of_noise.get(batch, {}))

    def folded(self, parameters: Mapping[str, Any], X: np.ndarray) -> tuple[Model, Any]:
        """The network to predict with: nothing drops out, and batches have the mean and variance of X."""
        if not self.trains_apart:
            return self, parameters
        norms = {step.args[0].name: step for step in self._recipe.steps if _of_batch(step)}
        inputs, precision = self._given(parameters, X)
        buffers, known = dict(self.buffers), {**self._buffers_in(precision), **parameters}
        held = dict(self._recipe.held)
        changed: dict[str, Step] = {}
        for name, value in self._recipe.run(known, inputs, precision):
            if name in norms:
                step = norms[name]
                found = f"{step.module}.running_mean", f"{step.module}.running_var"
                refs = f"{step.name}_mean", f"{step.name}_var"
                buffers.update(zip(found, map(np.asarray, batch_statistics(value)), strict=True))
                held.update(zip(refs, found, strict=True))
                changed[step.name] = replace(
                    step, args=(*step.args[:3], Ref(refs[0]), Ref(refs[1]), False, *step.args[6:])
                )
        steps = tuple(_without_dropout(changed.get(step.name, step)) for step in self._recipe.steps)
        recipe = replace(self._recipe, held=held, steps=steps)
        return TorchModel(recipe, self._first, **{**self._settings, "buffers": buffers, **self._known()}), parameters

    def _given(self, parameters: Mapping[str, Any], X: Any) -> tuple[list[Any], np.dtype]:
        inputs = self._listed(X)
        return inputs, self._precision_of(parameters, inputs)

    def _known(self) -> dict[str, Any]:
        example = None if self.inputs is None else (self.inputs, self.outputs)
        return {"loss": self.loss, "example": example, "output": self.output_names[self._output]}

    def to_json(self) -> dict[str, Any]:
        """The whole network as plain data, but for its parameters."""
        return {
            **super().to_json(),
            "kind": "torch",
            "recipe": self._recipe.to_json(),
            "buffers": {name: _written(value) for name, value in self.buffers.items()},
            "output": self.output_names[self._output],
            "outputs": None if self.outputs is None else list(self.outputs),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TorchModel:
        """The network described by :meth:`to_json`, its parameters 0.

        Raises:
            GraphError: if the data describe none.
        """
        try:
            recipe = Recipe.from_json(data["recipe"])
            known = None if data["inputs"] is None else (tuple(data["inputs"]), tuple(data["outputs"]))
            return cls(
                recipe,
                tree_from_json(data["parameters"]),
                buffers={str(name): _read(part) for name, part in data["buffers"].items()},
                output=data["output"],
                loss=data["loss"],
                vocabulary=int(data["vocabulary"]),
                example=known,
                source=str(data["name"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise (
                error if isinstance(error, GraphError) else GraphError(f"not a network of PyTorch: {error!r}")
            ) from None


def _of_batch(step: Step) -> bool:
    """Whether it normalizes by the statistics of its batch, since it was read for training."""
    return step.op in BATCH_NORMS and step.args[5] is True and step.args[3] is not None


def _without_dropout(step: Step) -> Step:
    return replace(step, args=(*step.args[:2], False)) if step.op in DROPOUT else step


def _written(value: np.ndarray) -> dict[str, Any]:
    data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii")
    return {"type": str(value.dtype), "shape": list(value.shape), "data": data}


def _read(part: Mapping[str, Any]) -> np.ndarray:
    dtype = np.dtype(part["type"])
    if dtype.kind not in "biuf":
        raise GraphError(f"a buffer of {dtype} is no array of numbers")
    flat = np.frombuffer(base64.b64decode(part["data"], validate=True), dtype)
    return flat.reshape(tuple(int(n) for n in part["shape"])).copy()


READERS["torch"] = TorchModel.from_json
