"""Updates of parameters in pieces: what they make of vectors, of which each piece is a part."""

import jax
import numpy as np

import backpath as bp
from backpath import optimizers as o
from backpath.engines.xla.lowering.in_pieces import by_pieces, goes_by_pieces
from backpath.engines.xla.segments import Segment
from backpath.ops import trace
from backpath.training.loop.step import update_program

SIZE = 9
PIECES = [Segment(0, 0, (2, 3)), Segment(0, 6, ()), Segment(0, 7, (2,))]
rng = np.random.default_rng(0)

UPDATES = {
    "clipped by its norm, averaged": (o.chain(o.ClipByGlobalNorm(0.5), o.adam(1e-2)), bp.PolyakAverage(0.9)),
    "with momentum": (o.sgd(0.1, momentum=0.9), None),
    "by signs": (o.lion(0.1), None),
}


def test_pieces_become_what_the_vector_becomes():
    """As one function, so that it is compiled once."""
    flat, cases = rng.standard_normal(SIZE), {}
    for name, (optimizer, average) in UPDATES.items():
        state = optimizer.init(flat)
        graph = update_program(optimizer, average, flat, state).graph
        vectors = [np.abs(rng.standard_normal(SIZE)) for _ in graph.inputs[:-1]]
        cases[name] = graph, [*vectors, np.abs(rng.standard_normal(graph.nodes[graph.inputs[-1]].shape))]
    functions = {name: by_pieces(graph, SIZE, PIECES) for name, (graph, _) in cases.items()}
    given = {
        name: [*(tuple(p.of(x) for p in PIECES) for x in inputs[:-1]), inputs[-1]]
        for name, (_, inputs) in cases.items()
    }
    with jax.enable_x64(True):
        found = jax.jit(lambda given: {name: f(*given[name]) for name, f in functions.items()})(given)
    for name, (graph, inputs) in cases.items():
        assert goes_by_pieces(graph, SIZE)
        values = bp.paths.evaluate(graph, inputs)
        for made, output in zip(found[name], graph.outputs, strict=True):
            assert [piece.shape for piece in made] == [p.shape for p in PIECES]
            joined = np.concatenate([np.ravel(piece) for piece in made])
            np.testing.assert_allclose(joined, values[output], rtol=1e-13, atol=1e-15, err_msg=name)


def test_what_joins_neighbours_does_not_go_by_pieces():
    x = np.ones(SIZE)
    assert goes_by_pieces(trace(lambda x: x / np.sum(x * x), x), SIZE)
    assert not goes_by_pieces(trace(lambda x: np.cumsum(x), x), SIZE)
    assert not goes_by_pieces(trace(lambda x: x[1:] - x[:-1], x), SIZE)
    assert not goes_by_pieces(trace(lambda x: np.max(x) * x, x), SIZE)
