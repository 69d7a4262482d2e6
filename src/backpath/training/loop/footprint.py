"""The memory that training takes, known before its first step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backpath.engines.program.planning import nbytes
from backpath.nets import Model
from backpath.training.loop.stepping import Stepping
from backpath.training.optimizers.chain import Optimizer


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes that training holds from its first step to its last, beside the data.

    Attributes:
        parameters: of parameters, gradient and what the optimizer keeps.
        snapshot: of the copy to go back to.
        batch: of a step's examples.
        buffers: of the values that a step computes.
    """

    parameters: int
    snapshot: int
    batch: int
    buffers: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.parameters + self.snapshot + self.batch + self.buffers


def footprint(model: Model, optimizer: Optimizer, batch: int, dtype: type = np.float32) -> Footprint:
    """What training in batches of so many examples takes, by the NumPy engine's plan; the compiled one's is alike."""
    stepping = Stepping(model, np.zeros(model.parameter_count, dtype), optimizer, 0)
    state = sum(a.nbytes for arrays in stepping.state.arrays for a in arrays)
    parameters = stepping.parameters.nbytes
    gradient = stepping.gradient_program(batch, False)
    graph = gradient.graph
    given = graph.inputs[len(model.parameter_shapes) :]
    examples = sum(nbytes(graph.nodes[i]) for i in given)
    buffers = gradient.memory + stepping.update_program().memory
    return Footprint(2 * parameters + state, parameters + state, examples, buffers)
