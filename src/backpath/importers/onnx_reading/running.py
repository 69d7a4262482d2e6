"""A plan at values: run on arrays, or on traced values, which records it as a graph of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from backpath.graph import BackpathError, DataError, TraceError, UnsupportedError
from backpath.importers.onnx_reading.elementwise import MANY, TWO
from backpath.importers.onnx_reading.plan import MOST_STEPS, Planner, is_read, schema_of
from backpath.importers.onnx_reading.rules import MOST_KNOWN, RULES, Call, NotKnownError, RefusedError, Training
from backpath.importers.onnx_reading.steps import Plan, Step
from backpath.importers.onnx_reading.texts import Texts, Vocabulary, is_texts, moved
from backpath.ops import Variable, scope, spec_of


class _Missing:
    """What stands for the results of nodes that are refused, while others are looked at."""


MISSING = _Missing()

BROADCASTING = {*TWO, *MANY, "Div", "Mean", "Mod", "Pow", "Where", "BitShift"}
"""Operations whose operands broadcast."""


class Runner:
    """Runs the plans of one file.

    Args:
        planner: of the file, for bodies of functions.
        real: the type of its real numbers.
        source: what it is called in errors.
        texts: of the file.
    """

    def __init__(self, planner: Planner, real: np.dtype, source: str, texts: Vocabulary):
        self._planner, self._real, self._source, self._texts = planner, real, source, texts
        self._bodies: dict[Any, Plan] = {}
        self._done, self._traced = 0, False
        self.may_be_known: Callable[[Any], bool] = lambda value: False
        """Whether a traced value would be known if some arrays of the file were not traced."""
        self.training: Training | None = None
        """What this run draws and sees, if the model was read for training."""
        self.batch: tuple[int, int] | None = None
        """The batch that the file was written for, if it is one, and that of the inputs."""

    def run(
        self,
        plan: Plan,
        values: Mapping[str, Any],
        precision: np.dtype,
        watch: Callable[[str, Any], None] | None = None,
    ) -> tuple[Any, ...]:
        """The outputs of a plan.

        Args:
            plan: of the file's graph.
            values: of its inputs and its known arrays, by name.
            precision: the type in which its real numbers are computed.
            watch: is told every result by its name.

        Raises:
            UnsupportedError: for all nodes that are refused, together.
            NotKnownError: for a node that needs numbers of a traced value that may be known.
        """
        refused: dict[str, list[str]] = {}
        self._done, self._traced = 0, not plan.inputs or any(isinstance(x, Variable) for x in values.values())
        results = self._run(plan, dict(values), precision, watch, refused)
        if refused:
            raise UnsupportedError(self._source, refused)
        return tuple(y.codes if isinstance(y, Texts) else y for y in results)

    def _run(
        self,
        plan: Plan,
        values: dict[str, Any],
        precision: np.dtype,
        watch: Callable[[str, Any], None] | None,
        refused: dict[str, list[str]],
    ) -> list[Any]:
        for step, last in zip(plan.steps, plan.last, strict=True):
            results = self._step(step, values, precision, refused)
            for name, value in zip(step.outputs, results, strict=False):
                if name:
                    values[name] = value
                    if watch is not None:
                        watch(name, value)
            for name in last:
                values.pop(name, None)
        missing = [name for name in plan.outputs if name not in values]
        if missing:
            raise DataError(f"{self._source}: nothing makes the outputs {', '.join(missing)}")
        return [values[name] for name in plan.outputs]

    def _step(
        self, step: Step, values: dict[str, Any], precision: np.dtype, refused: dict[str, list[str]]
    ) -> Sequence[Any]:
        absent = [name for name in step.inputs if name and name not in values]
        if absent:
            raise DataError(f"{self._source}: node {step.name} reads {', '.join(absent)}, which nothing makes")
        inputs = tuple(values[name] if name else None for name in step.inputs)
        while inputs and inputs[-1] is None:
            inputs = inputs[:-1]
        if any(x is MISSING for x in inputs):
            return [MISSING] * len(step.outputs)
        self._done += 1
        if self._done > MOST_STEPS:
            raise DataError(f"{self._source}: its loops make more than {MOST_STEPS:,} steps, written out")
        wanted = max((k + 1 for k, name in enumerate(step.outputs) if name), default=0)

        def branch(plan: Plan, given: list[Any]) -> list[Any]:
            inside = {**values, **self._typed(plan.known, precision), **dict(zip(plan.inputs, given, strict=False))}
            return self._run(plan, inside, precision, None, refused)

        call = Call(
            step.op,
            inputs,
            step.attributes,
            step.version,
            wanted,
            (self._real, precision),
            branch,
            self.batch,
            self._traced,
            self.training,
            next(iter(step.outputs), ""),
            self._texts,
        )
        try:
            with scope(step.scope or step.name.strip("/").replace("/", ".")):
                results = self._results(step, call, refused)
        except NotKnownError as error:
            if self.may_be_known(error.value):
                raise
            refused.setdefault(f"{step.op} ({error})", []).append(step.name)
            return [MISSING] * len(step.outputs)
        except (RefusedError, TraceError) as error:
            why = f"{step.op} ({_in_short(error)})" if str(error) else step.op
            refused.setdefault(why, []).append(step.name)
            return [MISSING] * len(step.outputs)
        except BackpathError as error:
            raise type(error)(f"{self._source}: node {step.name} ({step.op}): {error}") from None
        except (ValueError, TypeError, IndexError, KeyError, AttributeError, ZeroDivisionError) as error:
            if isinstance(error.__cause__, TraceError):
                refused.setdefault(f"{step.op} ({_in_short(error.__cause__)})", []).append(step.name)
                return [MISSING] * len(step.outputs)
            shapes = ", ".join(_described(x) for x in inputs)
            raise DataError(f"{self._source}: node {step.name} ({step.op}) of {shapes}: {error}") from error
        return results

    def _results(self, step: Step, call: Call, refused: dict[str, list[str]]) -> Sequence[Any]:
        texts = any(isinstance(x, Texts) or is_texts(x) for x in call.inputs)
        if step.op not in RULES and not texts:
            return self._by_body(step, call, refused)
        _require_room(call)
        with np.errstate(all="ignore"):
            result = moved(call, self._texts) if texts else RULES[step.op](call)
        results = result if isinstance(result, tuple) else (result,)
        made = [np.asarray(y) if isinstance(y, (np.generic, float, int, bool)) else y for y in results]
        for y in made if call.traced else ():
            if isinstance(y, np.ndarray) and y.size > MOST_KNOWN:
                raise RefusedError(f"it makes {y.size:,} known numbers, and {MOST_KNOWN:,} are the most")
        return made

    def _by_body(self, step: Step, call: Call, refused: dict[str, list[str]]) -> Sequence[Any]:
        """The results of an operation that ONNX tells by others."""
        if not is_read(step):
            raise RefusedError("")
        specs = tuple(None if x is None else spec_of(x) for x in call.inputs)
        key = id(step), specs
        if key not in self._bodies:
            self._bodies[key] = self._planner.body(_body(step, call, specs), step)
        plan = self._bodies[key]
        values = {name: x for name, x in zip(step.inputs, call.inputs, strict=False) if name}
        found = dict(zip(plan.outputs, self._run(plan, values, call.real[1], None, refused), strict=True))
        return [found.get(name) for name in step.outputs]

    def _typed(self, known: Mapping[str, np.ndarray], precision: np.dtype) -> dict[str, np.ndarray]:
        if precision == self._real:
            return dict(known)
        return {name: x.astype(precision) if x.dtype == self._real else x for name, x in known.items()}


def _in_short(error: BaseException) -> str:
    """What a refusal says first; how a traced function is to be written helps nobody who has a file."""
    return re.split(r"[:;(]", str(error))[0].strip() if isinstance(error, TraceError) else str(error)


def _described(x: Any) -> str:
    return "nothing" if x is None else str(spec_of(x)) if hasattr(x, "dtype") else type(x).__name__


def _require_room(call: Call) -> None:
    """Refuse operands whose shapes broadcast to more than a result may hold."""
    if call.traced and call.op in BROADCASTING:
        shapes = [x.shape for x in call.inputs if isinstance(x, np.ndarray)]
        with suppress(ValueError):
            call.room(np.broadcast_shapes(*shapes))


def _body(step: Step, call: Call, specs: tuple[Any, ...]) -> Any:
    """The FunctionProto that tells an operation at inputs of these types."""
    from onnx import FunctionProto, helper

    domain, _, op = step.op.rpartition(".")
    schema = schema_of(op, domain, step.version)
    if schema.has_function:
        version = max((v for v in schema.function_opset_versions if v <= step.version), default=None)
        data = schema.get_function_with_opset_version(version) if version else None
        return schema.function_body if data is None else FunctionProto.FromString(data)
    types = [
        (helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(s.dtype), s.shape) if s else None) for s in specs
    ]
    data = [b"" if t is None else t.SerializeToString() for t in types]
    return FunctionProto.FromString(schema.get_context_dependent_function(step.node.SerializeToString(), data))
