"""Graphs run by the compiled engine, for its tests; and its threads one after another, in any order."""

import itertools

import numpy as np

from backpath.engines import compile_graph
from backpath.engines.compiled import engine as compiled_engine
from backpath.engines.compiled import tables
from backpath.engines.compiled.engine import Machine


class ByTurns(Machine):
    """A machine whose threads run one after another, from meeting to meeting: each does all it may before the next.

    Any two instructions that need a meeting between them and have none then run in the wrong order, if the order of
    the threads is that or its reverse.
    """

    def by_turns(self, order):
        cuts = sorted({0, len(self.code), *np.flatnonzero(self.code[:, tables.MEETS])})
        whole = [told.copy() for told in self.told]
        for first, last in itertools.pairwise(cuts):
            code = self.code[first:last].copy()
            code[0, tables.MEETS] = 0
            for thread in order:
                fields = [tables.CODE, tables.INSTRUCTIONS, tables.INTAKES]
                self.told[thread][fields] = code.ctypes.data, len(code), 0
                self.barrier[0] = self.threads - 1
                self._work(thread, 1, np.empty(1, self.dtype))
        for told, before in zip(self.told, whole, strict=True):
            told[:] = before


def bound(graph, inputs, overwrites=None, monkeypatch=None, threads=1):
    """A machine for a graph, and its outputs; inputs are copied."""
    dtype = inputs[0].dtype
    program = compile_graph(graph, overwrites or {}, conditions=dtype)
    inputs = [np.array(x) for x in inputs]
    nodes = [graph.nodes[o] for o in graph.outputs]
    outputs = [
        inputs[overwrites[k]] if overwrites and k in overwrites else np.full(n.shape, 77, n.dtype)
        for k, n in enumerate(nodes)
    ]
    if monkeypatch:
        monkeypatch.setattr(compiled_engine, "WORTH_SHARING", -1.0)
    return ByTurns([(program, inputs, outputs)], dtype, threads=threads), outputs, program
