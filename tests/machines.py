"""Graphs run by the compiled engine, for its tests; and their pieces one after another, in any order."""

import numpy as np

from backpath.engines import compile_graph
from backpath.engines.compiled import dealing, tables
from backpath.engines.compiled import engine as compiled_engine
from backpath.engines.compiled.engine import Machine


class ByTurns(Machine):
    """A machine whose pieces are done one after another, from meeting to meeting.

    Any two instructions that need a meeting between them and have none then run in the wrong order, if the order of
    the pieces is that or its reverse.
    """

    def by_turns(self, order):
        told = self.told[0]
        before = told.copy()
        for stretch in self.stretches:
            pieces = int(stretch[tables.PIECES])
            here = stretch[None].copy()
            for piece in [p for t in order for p in self._own(t, pieces)]:
                # As the last of so many threads, whose pieces all but one are taken.
                lines = np.ones((tables.TAKEN + pieces, tables.LINE_WORDS), np.int64)
                lines[tables.TAKEN + piece] = 0
                lines[tables.NOW] = lines[tables.ASLEEP] = 0
                lines[tables.DONE] = pieces - 1
                told[[tables.STRETCHES, tables.STRETCH_COUNT, tables.INTAKES]] = here.ctypes.data, 1, 0
                told[[tables.LINES, tables.THREAD, tables.THREADS]] = lines.ctypes.data, piece, pieces
                self._work(0, 1, np.empty(1, self.dtype))
        told[:] = before

    def _own(self, thread, pieces):
        return range(thread * pieces // self.threads, (thread + 1) * pieces // self.threads)


def dealt_finely(monkeypatch):
    """Work is shared however little it is, in more pieces than there are threads."""
    monkeypatch.setattr(compiled_engine, "WORTH_SHARING", -1.0)
    monkeypatch.setattr(compiled_engine, "MEETING", -1.0)
    monkeypatch.setattr(dealing, "GRAIN", 1e-9)
    monkeypatch.setattr(dealing, "ROWS", 2)


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
        dealt_finely(monkeypatch)
    return ByTurns([(program, inputs, outputs)], dtype, threads=threads), outputs, program
