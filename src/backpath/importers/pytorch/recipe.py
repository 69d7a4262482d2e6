"""A network of PyTorch as plain data: which operations, of what, in which module; and how it is run on ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.graph import BackpathError, GraphError
from backpath.importers.pytorch.aten import ATEN
from backpath.nets.blocks import dropped
from backpath.ops import scope


@dataclass(frozen=True, slots=True)
class Ref:
    """An argument that is what a step made, or an input, a parameter or a buffer, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Kind:
    """An argument that is a type of numbers, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One operation.

    Attributes:
        name: of what it makes.
        op: in the table of operations.
        args: nested lists of references, types, numbers, words and None.
        settings: likewise, by keyword.
        module: the path of the module that it belongs to, such as ``"layer3.1.conv2"``.
    """

    name: str
    op: str
    args: tuple[Any, ...]
    settings: Mapping[str, Any]
    module: str = ""


SIZES: dict[str, Callable[..., Any]] = {
    "getitem": lambda parts, k: parts[k],
    "mul": lambda a, b: a * b,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "floordiv": lambda a, b: a // b,
    "truediv": lambda a, b: a / b,
    "mod": lambda a, b: a % b,
    "neg": lambda a: -a,
    "sym_max": max,
    "sym_min": min,
    "sym_float": float,
    "sym_int": int,
    "ceil": math.ceil,
    "floor": math.floor,
}
"""What is done with sizes, by name; and how a part of several results is taken."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A network as steps in order.

    Attributes:
        inputs: their names in steps, in order.
        held: the names in steps of parameters, buffers and constants, each with its own name.
        steps: in order.
        outputs: what the network gives, references by name.
        precision: the type in which it holds real numbers.
    """

    inputs: tuple[str, ...]
    held: Mapping[str, str]
    steps: tuple[Step, ...]
    outputs: Mapping[str, Ref]
    precision: str

    def __call__(
        self,
        values: Mapping[str, Any],
        inputs: Sequence[Any],
        precision: np.dtype,
        noise: Mapping[str, Any] | None = None,
    ) -> tuple[Any, ...]:
        """The outputs, in order: what ``ImportedModel`` runs."""
        made = {ref.name: None for ref in self.outputs.values()}
        for name, value in self.run(values, inputs, precision, noise):
            if name in made:
                made[name] = value
        return tuple(made[ref.name] for ref in self.outputs.values())

    def run(
        self,
        values: Mapping[str, Any],
        inputs: Sequence[Any],
        precision: np.dtype,
        noise: Mapping[str, Any] | None = None,
    ) -> Iterator[tuple[str, Any]]:
        """Each value that is made, by name: inputs and what is held first, then of each step.

        Raises:
            ShapeError: if inputs do not fit: it names the step and its module.
        """
        known = {name: values[own] for name, own in self.held.items()}
        known.update(zip(self.inputs, inputs, strict=True))
        yield from known.items()
        for step in self.steps:
            # A network without dropout draws nothing; with it, each draw is known by its step.
            with scope(step.module):
                known[step.name] = self._made(step, known, precision, noise or {})
            yield step.name, known[step.name]

    def _made(self, step: Step, known: Mapping[str, Any], precision: np.dtype, noise: Mapping[str, Any]) -> Any:
        args = [self._value(x, known, precision) for x in step.args]
        settings = {key: self._value(x, known, precision) for key, x in step.settings.items()}
        if step.op in SIZES:
            return SIZES[step.op](*args, **settings)
        if step.name in noise:
            y = dropped(args[0], args[1], noise[step.name])
            return (y, None) if step.op == "native_dropout.default" else y
        try:
            return ATEN[step.op](*args, **settings)
        except BackpathError as error:
            raise type(error)(f"{step.op} of {step.module or 'the network'}: {error}") from None

    def _value(self, x: Any, known: Mapping[str, Any], precision: np.dtype) -> Any:
        if isinstance(x, Ref):
            return known[x.name]
        if isinstance(x, Kind):
            return precision if x.name == self.precision else np.dtype(x.name)
        if isinstance(x, (list, tuple)):
            return [self._value(part, known, precision) for part in x]
        return x

    @property
    def draws(self) -> tuple[Step, ...]:
        """The steps that drop entries out, of a network that was read for training."""
        return tuple(s for s in self.steps if s.op in DROPOUT and s.args[2] is True and s.args[1] > 0)

    # As plain data.

    def to_json(self) -> dict[str, Any]:
        """Plain data, from which :meth:`from_json` makes the same."""
        return {
            "inputs": list(self.inputs),
            "held": dict(self.held),
            "outputs": {name: ref.name for name, ref in self.outputs.items()},
            "precision": self.precision,
            "steps": [
                [s.name, s.op, _plain(list(s.args)), {k: _plain(x) for k, x in s.settings.items()}, s.module]
                for s in self.steps
            ],
        }

    @classmethod
    def from_json(cls, data: Any) -> Recipe:
        """The network of :meth:`to_json`.

        Raises:
            GraphError: if the data describe none.
        """
        try:
            steps = tuple(
                Step(
                    str(name),
                    str(op),
                    tuple(_meant(args)),
                    {str(k): _meant(x) for k, x in settings.items()},
                    str(module),
                )
                for name, op, args, settings, module in data["steps"]
            )
            outputs = {str(name): Ref(str(made)) for name, made in data["outputs"].items()}
            recipe = cls(tuple(data["inputs"]), dict(data["held"]), steps, outputs, str(np.dtype(data["precision"])))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise GraphError(f"not the description of a network of PyTorch: {error!r}") from None
        recipe.check()
        return recipe

    def check(self) -> None:
        """Every operation is in the table, and every reference to what was made before.

        Raises:
            GraphError: naming the first step that breaks a rule.
        """
        known = {*self.inputs, *self.held}
        for step in self.steps:
            if step.op not in ATEN and step.op not in SIZES:
                raise GraphError(f"step {step.name!r}: there is no operation {step.op!r}")
            if missing := [ref for ref in _references([step.args, list(step.settings.values())]) if ref not in known]:
                raise GraphError(f"step {step.name!r} reads {missing[0]!r}, which nothing before it made")
            known.add(step.name)
        if missing := [ref.name for ref in self.outputs.values() if ref.name not in known]:
            raise GraphError(f"the output {missing[0]!r} is made by no step")


DROPOUT = frozenset({"dropout.default", "feature_dropout.default", "native_dropout.default"})


def noise_shape(op: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """How many numbers a dropout draws: one for each entry, or one for each channel."""
    return (*shape[:2], *(1 for _ in shape[2:])) if op == "feature_dropout.default" else shape


def _references(x: Any) -> Iterator[str]:
    if isinstance(x, Ref):
        yield x.name
    elif isinstance(x, (list, tuple)):
        for part in x:
            yield from _references(part)


def _plain(x: Any) -> Any:
    match x:
        case Ref(name):
            return {"value": name}
        case Kind(name):
            return {"type": name}
        case float() if not math.isfinite(x):
            return {"number": repr(x)}
        case list() | tuple():
            return [_plain(part) for part in x]
    return x


def _meant(data: Any) -> Any:
    match data:
        case {"value": str(name)}:
            return Ref(name)
        case {"type": str(name)}:
            return Kind(str(np.dtype(name)))
        case {"number": ("inf" | "-inf" | "nan") as word}:
            return float(word)
        case list():
            return [_meant(part) for part in data]
        case None | bool() | int() | float() | str():
            return data
    raise ValueError(f"{str(data)[:60]} is no argument")
