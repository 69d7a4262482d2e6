"""One training step: gather a batch, run the program of loss and gradient, update the parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backpath.calculus import value_and_grad
from backpath.engines import Executable, Program, compile_graph
from backpath.nets import Network
from backpath.ops import trace


def loss_and_gradient_program(network: Network, batch: int, dtype: np.dtype) -> Program:
    """The program of a network's mean loss and its gradient.

    Its inputs are the parameters, X and the targets; its outputs the loss and the gradient by each parameter.
    """
    parameters = {name: np.empty(shape, dtype) for name, shape in network.parameter_shapes.items()}
    X, targets = np.empty((batch, network.sizes[0]), dtype), np.empty((batch, network.sizes[-1]), dtype)
    return compile_graph(trace(value_and_grad(network.loss_value), parameters, X, targets))


class BatchGradient:
    """Computes loss and gradient of any ``batch`` rows of a data set, without allocating.

    Args:
        network: what to differentiate.
        parameters: one flat array, read at every call.
        gradient: one flat array, written at every call.
        X: shape (examples, inputs); rows are read where they lie.
        y: class indices, or values (examples, outputs).
        batch: how many rows a call takes.
    """

    __slots__ = ("_gather", "_run", "loss")

    def __init__(
        self,
        network: Network,
        parameters: np.ndarray,
        gradient: np.ndarray,
        X: np.ndarray,
        y: np.ndarray,
        batch: int,
    ):
        dtype = parameters.dtype
        self.loss = np.zeros((), dtype)
        rows = np.empty((batch, network.sizes[0]), dtype)
        targets = np.empty((batch, network.sizes[-1]), dtype)
        program = loss_and_gradient_program(network, batch, dtype)
        inputs = [*network.views(parameters).values(), rows, targets]
        self._run = Executable(program, inputs, [self.loss, *network.views(gradient).values()])
        self._gather = (_gatherer(X, rows), _target_gatherer(network, y, targets))

    def __call__(self, chosen: np.ndarray) -> None:
        """Loss and gradient over the rows whose positions are ``chosen``, of shape (batch,)."""
        for gather in self._gather:
            gather(chosen)
        self._run()


def _gatherer(source: np.ndarray, target: np.ndarray) -> Callable[[np.ndarray], None]:
    """Copies chosen rows of ``source`` into ``target``; in between them lies a cast if their types differ."""
    landing = target if source.dtype == target.dtype else np.empty(target.shape, source.dtype)

    def gather(chosen: np.ndarray) -> None:
        # mode="clip" writes straight into the target; the default would go through a copy.
        np.take(source, chosen, axis=0, out=landing, mode="clip")
        if landing is not target:
            np.copyto(target, landing, casting="same_kind" if source.dtype.kind == "f" else "unsafe")

    return gather


def _target_gatherer(network: Network, y: np.ndarray, target: np.ndarray) -> Callable[[np.ndarray], None]:
    if not network.reads_classes(y):
        return _gatherer(network.targets(y), target)
    one_hot = np.eye(network.sizes[-1], dtype=target.dtype)
    labels = np.empty(len(target), np.intp)
    gather = _gatherer(y, labels)

    def gather_one_hot(chosen: np.ndarray) -> None:
        gather(chosen)
        np.take(one_hot, labels, axis=0, out=target, mode="clip")

    return gather_one_hot
