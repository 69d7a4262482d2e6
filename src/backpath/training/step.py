"""One training step: gather a batch, run the program of loss and gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backpath.calculus import value_and_grad
from backpath.engines import Executable, Program, compile_graph
from backpath.nets import Network
from backpath.ops import trace
from backpath.training.rows import DenseRows, Rows, Take


def loss_and_gradient_program(network: Network, batch: int, dtype: np.dtype, weighted: bool = False) -> Program:
    """The program of a network's mean loss and its gradient.

    Its inputs are the parameters, X, the targets, then the examples' weights if it is weighted, and the noise if
    neurons drop out; its outputs the loss and the gradient by each parameter.
    """
    parameters = {name: np.empty(shape, dtype) for name, shape in network.parameter_shapes.items()}
    X, targets = np.empty((batch, network.sizes[0]), dtype), np.empty((batch, network.sizes[-1]), dtype)
    rest: dict[str, Any] = {"weights": np.empty(batch, dtype)} if weighted else {}
    if shapes := network.noise_shapes(batch):
        rest["noise"] = {name: np.empty(shape, dtype) for name, shape in shapes.items()}

    def loss(parameters: Any, X: Any, targets: Any, rest: Any = None) -> Any:
        return network.loss_value(parameters, X, targets, **(rest or {}))

    return compile_graph(trace(value_and_grad(loss), parameters, X, targets, *([rest] if rest else [])))


class BatchGradient:
    """Computes loss and gradient of any ``batch`` rows of a data set, without allocating.

    Args:
        network: what to differentiate.
        parameters: one flat array, read at every call.
        gradient: one flat array, written at every call.
        X: examples; rows are read where they lie.
        y: class indices, or values (examples, outputs).
        batch: how many rows a call takes.
        weights: of the examples, of shape (examples,), if they differ.
        seed: of what drops out.
    """

    __slots__ = ("_noise", "_run", "_seed", "_takes", "loss")

    def __init__(
        self,
        network: Network,
        parameters: np.ndarray,
        gradient: np.ndarray,
        X: Rows,
        y: np.ndarray,
        batch: int,
        weights: np.ndarray | None = None,
        *,
        seed: int = 0,
    ):
        dtype = parameters.dtype
        self.loss = np.zeros((), dtype)
        rows = np.empty((batch, network.sizes[0]), dtype)
        targets = np.empty((batch, network.sizes[-1]), dtype)
        taken = [np.empty(batch, dtype)] if weights is not None else []
        shapes = network.noise_shapes(batch).values()
        self._noise = np.empty(sum(rows * width for rows, width in shapes), dtype)
        self._seed = seed
        program = loss_and_gradient_program(network, batch, dtype, weights is not None)
        noise = list(_views(self._noise, shapes))
        inputs = [*network.views(parameters).values(), rows, targets, *taken, *noise]
        self._run = Executable(program, inputs, [self.loss, *network.views(gradient).values()])
        self._takes = [X.taker(rows), _target_taker(network, y, targets)]
        if weights is not None:
            self._takes.append(DenseRows(weights[:, None]).taker(taken[0][:, None]))

    def __call__(self, chosen: np.ndarray, count: int = 0) -> None:
        """Loss and gradient over the rows whose positions are ``chosen``, of shape (batch,), in the step ``count``."""
        for take in self._takes:
            take(chosen)
        self.again(count)

    def again(self, count: int = 0) -> None:
        """Loss and gradient over the same rows as in the last call."""
        if self._noise.size:
            # Of the step's own number, so that a step made again drops out the same neurons.
            np.random.default_rng([self._seed, 4, count]).random(out=self._noise, dtype=self._noise.dtype.type)
        self._run()


def _views(flat: np.ndarray, shapes: Any) -> Iterator[np.ndarray]:
    start = 0
    for shape in shapes:
        size = int(np.prod(shape))
        yield flat[start : start + size].reshape(shape)
        start += size


def _target_taker(network: Network, y: np.ndarray, target: np.ndarray) -> Take:
    if not network.reads_classes(y):
        return DenseRows(network.targets(y)).taker(target)
    one_hot = np.eye(network.sizes[-1], dtype=target.dtype)
    labels = np.empty((len(target), 1), np.intp)
    take_labels = DenseRows(y[:, None]).taker(labels)

    def take(chosen: np.ndarray) -> None:
        take_labels(chosen)
        np.take(one_hot, labels[:, 0], axis=0, out=target, mode="clip")

    return take
