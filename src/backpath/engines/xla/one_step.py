"""One step as a function of JAX: the programs of gradient and update, on flat vectors or on the pieces of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from backpath.engines.steps import Intake, Part
from backpath.engines.xla.residence import Residence
from backpath.engines.xla.segments import Segment, segment
from backpath.graph import CONSTANT, INPUT, Graph, ShapeError
from backpath.ops.elementwise import ELEMENTWISE


class OneStep:
    """From the state and what each intake fills to the state after it, and the loss.

    The state is a flat vector for each array, or in pieces, one for each parameter: on a CPU products with slices of a
    long vector take XLA longer.

    Args:
        parts: the program of loss and gradient, then that of the update; see ``XlaSteps``.
        intakes: of both.
        residence: the state, the parameters first.
        precision: of products.

    Attributes:
        separable: whether the update makes each entry from those of its own place, and numbers of the step.
        in_pieces: whether each array of the state is a tuple of ``pieces``, not a vector.
        pieces: where each parameter lies in the vector, in order.
    """

    def __init__(self, parts: Sequence[Part], intakes: Sequence[Intake], residence: Residence, precision: str):
        from backpath.engines.xla.lowering.graphs import as_it_is, lowered

        (first, given, made), (second, taken, changed) = parts
        self.placement = residence.placement
        gradient, targets = taken[0], [intake.target for intake in intakes]
        self.inputs = [segment(a, [*residence.arrays, *targets], "an input") for a in given]
        self.numbers = segment(taken[-1], targets, "the step's numbers")
        self.vectors = len(residence.arrays)
        pieces = [segment(a, [gradient], "a part of the gradient") for a in made[1:]]
        self.order = sorted(range(len(pieces)), key=lambda k: pieces[k].start)
        self.pieces = [pieces[k] for k in self.order]
        ends = [0, *(p.stop for p in self.pieces)]
        if [p.start for p in self.pieces] != ends[:-1] or ends[-1] != gradient.size or len(changed) != self.vectors:
            raise ShapeError("the gradient's parts do not make up the flat vector")
        self.differentiate, self.update = lowered(first.graph, precision), lowered(second.graph, precision)
        self.separable, self.in_pieces = is_separable(second.graph, gradient.size), False
        self._update_of_piece: list[Callable[..., list[Any]]] = []
        if self.separable:
            graphs = [_piece_of(second.graph, gradient.size, p) for p in self.pieces]
            self._update_of_piece = [as_it_is(graph) for graph in graphs]

    def __call__(self, state: Any, filled: list[Any]) -> tuple[Any, Any]:
        if self.in_pieces:
            return self._by_pieces(state, filled)
        placement = self.placement
        inputs = [self._input(s, lambda s: placement.leaf(state[s.base], s), filled) for s in self.inputs]
        loss, *found = self.differentiate(*inputs)
        gradient = placement.parts(placement.joined([found[k] for k in self.order]))
        after = self.update(gradient, *state, self._numbers(filled))
        return tuple(placement.parts(x) for x in after), placement.same(loss)

    def _by_pieces(self, state: Any, filled: list[Any]) -> tuple[Any, Any]:
        own = {(p.start, p.shape): part for p, part in zip(self.pieces, state[0], strict=True)}
        loss, *found = self.differentiate(
            *[self._input(s, lambda s: own[s.start, s.shape], filled) for s in self.inputs]
        )
        numbers, after = self._numbers(filled), []
        for number, (k, update) in enumerate(zip(self.order, self._update_of_piece, strict=True)):
            made = update(found[k], *(parts[number] for parts in state), numbers)
            after.append([self.placement.parts(x) for x in made])
        return tuple(zip(*after, strict=True)), self.placement.same(loss)

    def _input(self, s: Segment, of_parameters: Callable[[Segment], Any], filled: list[Any]) -> Any:
        if s.base < self.vectors:
            return of_parameters(s)
        return self.placement.rows(s.of(filled[s.base - self.vectors]))

    def _numbers(self, filled: list[Any]) -> Any:
        return self.numbers.of(filled[self.numbers.base])


def is_separable(graph: Graph, size: int) -> bool:
    """Whether nothing in a graph joins entries of a vector of that size that stand at different places."""
    nodes = graph.nodes
    for node in nodes:
        long = any(nodes[p].shape == (size,) for p in node.parents)
        if node.primitive in (INPUT, CONSTANT) or not (long or node.shape == (size,)):
            continue
        if node.primitive not in ELEMENTWISE and node.primitive != "astype":
            return False
    return True


def _piece_of(graph: Graph, size: int, piece: Segment) -> Graph:
    """The graph for some places of the vector: its constants are cut; shapes stay what they were, and are not read."""

    def cut(node: Any) -> Any:
        if node.primitive != CONSTANT or node.shape != (size,):
            return node
        return replace(node, params={"value": piece.of(node.params["value"])})

    return Graph(tuple([cut(node) for node in graph.nodes]), graph.inputs, graph.outputs)
