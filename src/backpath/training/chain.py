"""Optimizers as chains of transforms of the gradient: state in, state out, and no allocation in a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np

BLOCK = 1 << 15
"""Numbers of parameters, gradient and state that stay in a core's cache from one operation to the next."""

Arrays = tuple[np.ndarray, ...]


class Transform(ABC):
    """One link of a chain: makes an update of an update, entry by entry; the first one gets the gradient."""

    whole: ClassVar[bool] = False
    """Whether it must see all entries at once; else it works on one block after another."""

    def init(self, parameters: np.ndarray) -> Arrays:
        """Its arrays of state before the first step, each shaped as the parameters."""
        return ()

    @abstractmethod
    def apply(
        self, x: np.ndarray, out: np.ndarray, state: Arrays, parameters: np.ndarray, scratch: Arrays, count: int
    ) -> np.ndarray:
        """The update that follows from the update ``x``.

        Args:
            x: read only, except where it is ``out`` itself.
            out: where the result may be written.
            state: its arrays, changed in place.
            parameters: read only.
            scratch: two arrays to compute in.
            count: the number of this step, from 1.

        Returns:
            The update: ``out``, or one of the state's arrays, which is then not changed by others.
        """


class OptimizerState(NamedTuple):
    """What an optimizer keeps between steps; its arrays are reused by the next state.

    Attributes:
        steps: steps made.
        arrays: of each transform, its arrays of state, shaped as the parameters.
        factor: what every update is multiplied by; 1 unless a step size was lowered from outside.
        scratch: two blocks to compute in.
    """

    steps: int
    arrays: tuple[Arrays, ...]
    factor: float
    scratch: Arrays


@dataclass(frozen=True)
class Optimizer:
    """A chain of transforms, whose result is added to the parameters; see :func:`chain`."""

    transforms: tuple[Transform, ...]
    _segments: tuple[tuple[int, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_segments", tuple(_segments(self.transforms)))

    def init(self, parameters: np.ndarray) -> OptimizerState:
        """The state before the first step; ``parameters`` are one flat array."""
        arrays = tuple(t.init(parameters) for t in self.transforms)
        scratch = tuple(np.empty(min(BLOCK, parameters.size), parameters.dtype) for _ in range(2))
        return OptimizerState(0, arrays, 1.0, scratch)

    def update(self, gradient: np.ndarray, state: OptimizerState, parameters: np.ndarray) -> OptimizerState:
        """Change ``parameters`` in place by one step, and return the state after it.

        ``gradient`` is overwritten. Arrays of the old state are reused: keep no old states.
        """
        count, size = state.steps + 1, parameters.size
        for number, segment in enumerate(self._segments):
            last = number == len(self._segments) - 1
            if size <= BLOCK or self.transforms[segment[0]].whole:
                self._apply(segment, gradient, state.arrays, parameters, state, count, last)
                continue
            for start in range(0, size, BLOCK):
                block = slice(start, start + BLOCK)
                arrays = tuple(tuple(a[block] for a in part) for part in state.arrays)
                self._apply(segment, gradient[block], arrays, parameters[block], state, count, last)
        return state._replace(steps=count)

    def _apply(
        self,
        segment: tuple[int, ...],
        out: np.ndarray,
        arrays: tuple[Arrays, ...],
        parameters: np.ndarray,
        state: OptimizerState,
        count: int,
        last: bool,
    ) -> None:
        """One segment on one block: ``out`` is the update before it, and room for the update after it."""
        scratch = state.scratch
        if scratch[0].size > out.size:
            scratch = tuple(s[: out.size] for s in scratch)
        x = out
        for k in segment:
            x = self.transforms[k].apply(x, out, arrays[k], parameters, scratch, count)
        if last:
            if state.factor != 1.0:
                x = np.multiply(x, state.factor, out=out)
            np.add(parameters, x, out=parameters)
        elif x is not out:
            np.copyto(out, x)


def chain(*transforms: Transform | Optimizer) -> Optimizer:
    """An optimizer that applies one transform after another; optimizers among them stand for their own.

    >>> from backpath.training.optimizers import sgd
    >>> from backpath.training.limits import ClipByGlobalNorm
    >>> len(chain(ClipByGlobalNorm(1.0), sgd(0.1, momentum=0.9)).transforms)
    3
    """
    links: list[Transform] = []
    for t in transforms:
        links += t.transforms if isinstance(t, Optimizer) else (t,)
    return Optimizer(tuple(links))


def _segments(transforms: Sequence[Transform]) -> Iterator[tuple[int, ...]]:
    """Positions of transforms that can share a pass over the blocks."""
    run: list[int] = []
    for k, t in enumerate(transforms):
        if t.whole:
            if run:
                yield tuple(run)
            yield (k,)
            run = []
        else:
            run.append(k)
    if run:
        yield tuple(run)
