"""One step as a function of JAX: the programs of gradient and update, on flat vectors or on the pieces of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backpath.engines.steps import Intake, Part
from backpath.engines.xla.residence import Residence
from backpath.engines.xla.segments import Segment, segment
from backpath.graph import ShapeError


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
        divisible: whether the update can be made in pieces.
        in_pieces: whether each array of the state is a tuple of ``pieces``, not a vector.
        pieces: where each parameter lies in the vector, in order.
    """

    def __init__(self, parts: Sequence[Part], intakes: Sequence[Intake], residence: Residence, precision: str):
        from backpath.engines.xla.lowering.graphs import lowered
        from backpath.engines.xla.lowering.in_pieces import by_pieces, goes_by_pieces

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
        self.divisible, self.in_pieces = goes_by_pieces(second.graph, gradient.size), False
        self._update_of_pieces = by_pieces(second.graph, gradient.size, self.pieces)

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
        gradient = tuple(found[k] for k in self.order)
        after = self._update_of_pieces(gradient, *state, self._numbers(filled))
        return tuple(tuple(map(self.placement.parts, parts)) for parts in after), self.placement.same(loss)

    def _input(self, s: Segment, of_parameters: Callable[[Segment], Any], filled: list[Any]) -> Any:
        if s.base < self.vectors:
            return of_parameters(s)
        return self.placement.rows(s.of(filled[s.base - self.vectors]))

    def _numbers(self, filled: list[Any]) -> Any:
        return self.numbers.of(filled[self.numbers.base])
