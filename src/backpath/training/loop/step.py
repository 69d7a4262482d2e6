"""A training step as programs: loss and gradient of a batch, then what the optimizer makes of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backpath.calculus import value_and_grad
from backpath.engines import Executable, Intake, Program, Take, compile_graph
from backpath.engines.xla.setting import XlaSetting
from backpath.nets import Model
from backpath.ops import leaves_of, trace
from backpath.training.loop.rows import DenseRows, Rows, rows_of
from backpath.training.optimizers.averaging import PolyakAverage
from backpath.training.optimizers.chain import Optimizer, OptimizerState

if TYPE_CHECKING:
    from backpath.engines.xla.call import XlaCall


def loss_and_gradient_program(
    model: Model, batch: int, dtype: np.dtype, weighted: bool = False, conditions: np.dtype | None = None
) -> Program:
    """The program of a model's mean loss and its gradient.

    Its inputs are the parameters, X, the targets, then the examples' weights if it is weighted, and the noise if
    neurons drop out; its outputs the loss and the gradient by each parameter.
    """
    parameters = model.views(np.empty(model.parameter_count, dtype))
    X, targets = _room(model, batch, dtype)
    rest: dict[str, Any] = {"weights": np.empty(batch, dtype)} if weighted else {}
    if shapes := model.noise_shapes(batch):
        rest["noise"] = {name: np.empty(shape, dtype) for name, shape in shapes.items()}

    def loss(parameters: Any, X: Any, targets: Any, rest: Any = None) -> Any:
        return model.loss_value(parameters, X, targets, **(rest or {}))

    graph = trace(value_and_grad(loss), parameters, X, targets, *([rest] if rest else []))
    return compile_graph(graph, conditions=conditions)


def update_program(
    optimizer: Optimizer,
    average: PolyakAverage | None,
    parameters: np.ndarray,
    state: OptimizerState,
    conditions: np.dtype | None = None,
) -> Program:
    """The program of an optimizer's step on one flat array of parameters, which it changes in place.

    Its inputs are the gradient, then the parameters, the optimizer's arrays and the average's, which are its outputs
    too, then the numbers of the step.
    """
    own = optimizer.scalars(0, 1.0).shape[1]
    scalars = np.empty(own + (average is not None), parameters.dtype)

    def update(gradient: Any, parameters: Any, arrays: Any, total: Any, scalars: Any) -> Any:
        parameters, arrays = optimizer.apply(gradient, arrays, parameters, scalars)
        total = average.apply(parameters, total, [scalars[own]]) if average else ()
        return parameters, arrays, total

    graph = trace(update, parameters, parameters, state.arrays, parameters if average else (), scalars)
    return compile_graph(graph, {k: k + 1 for k in range(len(graph.outputs))}, conditions)


class Batch:
    """The arrays that a batch's loss is computed from, and how rows of a data set come into them.

    Args:
        model: whose loss.
        X: examples; rows are read where they lie.
        y: class indices (examples,), or values (examples, outputs).
        batch: how many rows there are.
        dtype: of the model's numbers.
        weights: of the examples, of shape (examples,), if they differ.
        seed: gives that of what drops out.
    """

    def __init__(
        self,
        model: Model,
        X: Rows,
        y: np.ndarray,
        batch: int,
        dtype: np.dtype,
        weights: np.ndarray | None = None,
        seed: Callable[[], int] = lambda: 0,
    ):
        self.inputs = list(_room(model, batch, dtype))
        rows, targets = (array.reshape(batch, -1) for array in self.inputs)
        of_rows, of_targets = (None, None) if X.changing else (X, y)
        self.intakes = [
            Intake(rows, X.taker, X.as_they_lie(rows.dtype), of=of_rows),
            _targets(model, y, targets, of_targets),
        ]
        if weights is not None:
            taken, given = np.empty((batch, 1), dtype), DenseRows(weights[:, None])
            self.inputs.append(taken[:, 0])
            self.intakes.append(Intake(taken, given.taker, given.as_they_lie(dtype), of=weights))
        shapes = list(model.noise_shapes(batch).values())
        if shapes:
            cuts = np.cumsum([math.prod(shape) for shape in shapes])
            noise, cuts = np.empty((1, cuts[-1]), dtype), cuts[:-1]
            self.inputs += [part.reshape(shape) for part, shape in zip(np.split(noise[0], cuts), shapes, strict=True)]
            self.intakes.append(Intake(noise, _noise(seed), by_step=True))


class BatchGradient:
    """Computes loss and gradient of any ``batch`` rows of a data set, without allocating.

    Args:
        model: what to differentiate.
        parameters: one flat array, read at every call.
        gradient: one flat array, written at every call.
        X: examples; rows are read where they lie.
        y: class indices (examples,), or values (examples, outputs).
        batch: how many rows a call takes.
        weights: of the examples, of shape (examples,), if they differ.
        seed: of what drops out.
        setting: of the XLA engine, which then computes it; None for NumPy.
    """

    __slots__ = ("_run", "_takes", "loss")

    def __init__(
        self,
        model: Model,
        parameters: np.ndarray,
        gradient: np.ndarray,
        X: Rows,
        y: np.ndarray,
        batch: int,
        weights: np.ndarray | None = None,
        *,
        seed: int = 0,
        setting: XlaSetting | None = None,
    ):
        dtype = parameters.dtype
        self.loss = np.zeros((), dtype)
        given = Batch(model, X, y, batch, dtype, weights, lambda: seed)
        program = loss_and_gradient_program(model, batch, dtype, weights is not None)
        own, made = leaves_of(model.views(parameters)), [self.loss, *leaves_of(model.views(gradient))]
        self._run = bound(program, [*own, *given.inputs], made, setting, len(own))
        self._takes = [(intake.taker(intake.target), intake.by_step) for intake in given.intakes]

    def __call__(self, chosen: np.ndarray, count: int = 0) -> None:
        """Loss and gradient over the rows whose positions are ``chosen``, of shape (batch,), in the step ``count``."""
        for take, by_step in self._takes:
            take(np.array([count]) if by_step else chosen)
        if not isinstance(self._run, Executable):
            self._run.changed()
        self._run()

    def again(self) -> None:
        """Loss and gradient over the same rows as in the last call."""
        self._run()


def bound(
    program: Program,
    inputs: Sequence[np.ndarray],
    outputs: Sequence[np.ndarray],
    setting: XlaSetting | None,
    parameters: int,
) -> Executable | XlaCall:
    """A program on arrays: by NumPy, or by XLA, which keeps all inputs but the first, so many ``parameters``."""
    if setting is None:
        return Executable(program, inputs, outputs)
    from backpath.engines.xla.call import XlaCall

    return XlaCall(program.graph, inputs, outputs, setting, range(parameters, len(inputs)))


def _noise(seed: Callable[[], int]) -> Callable[[np.ndarray], Take]:
    """Numbers uniform in [0, 1), of each step's own number, so that a step made again drops out the same neurons."""

    def taker(target: np.ndarray) -> Take:
        def take(counts: np.ndarray) -> None:
            for row, count in zip(target, counts, strict=True):
                np.random.default_rng([seed(), 4, int(count)]).random(out=row, dtype=row.dtype.type)

        return take

    return taker


def _room(model: Model, batch: int, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Arrays for the examples of a batch and their targets."""
    assert model.inputs is not None
    assert model.outputs is not None
    return np.empty((batch, *model.inputs), model.input_dtype(dtype)), np.empty((batch, *model.outputs), dtype)


def _targets(model: Model, y: np.ndarray, target: np.ndarray, of: np.ndarray | None) -> Intake:
    if not model.reads_classes(y):
        values = rows_of(model.targets(y))
        return Intake(target, values.taker, values.as_they_lie(target.dtype), of=of)
    assert model.outputs is not None
    one_hot, labels = np.eye(model.outputs[-1], dtype=target.dtype), rows_of(y.reshape(len(y), -1))

    def taker(target: np.ndarray) -> Take:
        found = np.empty((len(target), labels.shape[1]), np.intp)
        take_labels = labels.taker(found)
        into = target.reshape(*found.shape, len(one_hot))

        def take(chosen: np.ndarray) -> None:
            take_labels(chosen)
            np.take(one_hot, found, axis=0, out=into, mode="clip")

        return take

    whole = y.ndim == 1 and y.dtype == np.int64 and y.flags.c_contiguous
    return Intake(target, taker, y if whole else None, of=of)
