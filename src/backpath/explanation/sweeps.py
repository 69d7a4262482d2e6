"""Who runs the sweeps of an explanation: NumPy, or XLA, which is given them as graphs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpath.engines.xla.setting import XlaSetting
from backpath.ops import Semiring, record
from backpath.paths import (
    MASS,
    SCALED_MASS,
    SUM_PRODUCT,
    Lengths,
    Linearization,
    LogScaled,
    PathNorm,
    Scaled,
    linearize_graph,
    pull_back,
    push_forward,
)
from backpath.paths.semirings.open_paths import undefined

Sums = Mapping[int, Any]
Sweep = Callable[[Linearization, Any], Sums]
"""From a linearization, whose values are traced, and the seed to path sums."""


@dataclass(frozen=True)
class Sweeps:
    """Sweeps by NumPy, over the values and derivatives that a linearization has."""

    def pull(
        self, lin: Linearization, seed: Any, wanted: Collection[int], semiring: Semiring, label: str | None = None
    ) -> Sums:
        """Path sums from each of ``wanted`` to the output, as of ``pull_back``.

        Args:
            lin: whose.
            seed: of its output.
            wanted: positions.
            semiring: of the sums.
            label: the same for semirings that do the same; by default the name.
        """
        return pull_back(lin, {lin.outputs[0]: seed}, wanted, semiring)

    def push(self, lin: Linearization, sources: Collection[int]) -> Sums:
        """The mass of the paths from all of ``sources`` to each node that they reach."""
        return push_forward(lin, {s: Scaled(_ones(lin, s), 0) for s in sources}, SCALED_MASS)


BY_NUMPY = Sweeps()


def _ones(lin: Linearization, position: int) -> np.ndarray:
    return np.broadcast_to(MASS.one((), lin.dtype(position)), lin.shape(position))


@dataclass(frozen=True)
class XlaSweeps(Sweeps):
    """Sweeps by XLA: the forward phase and the recursion as one graph each, which is compiled once for all seeds.

    What is made of numbers alone goes there: derivatives, masses, norms of paths, and derivatives by length. Exact
    counts, entropies and single paths stay with NumPy, and so do derivatives at points where infinite ones meet zeros.
    """

    setting: XlaSetting
    made: dict[Any, _Call] = field(default_factory=dict, repr=False, compare=False)

    def pull(
        self, lin: Linearization, seed: Any, wanted: Collection[int], semiring: Semiring, label: str | None = None
    ) -> Sums:
        by_numpy = super().pull
        if isinstance(semiring, LogScaled):
            found = self.pull(lin, seed.entries, wanted, semiring.inner, label)
            scaled = _scaled(found)
            return by_numpy(lin, seed, wanted, semiring) if scaled is None else scaled
        if not _of_numbers(semiring):
            return by_numpy(lin, seed, wanted, semiring)

        def sweep(here: Linearization, seed: Any) -> Sums:
            return pull_back(here, {lin.outputs[0]: seed}, wanted, semiring)

        found = self._made((label or semiring.name, tuple(wanted)), lin, seed, sweep)(seed)
        if semiring is SUM_PRODUCT and undefined(found.values()):
            return by_numpy(lin, seed, wanted, semiring)
        return found

    def push(self, lin: Linearization, sources: Collection[int]) -> Sums:
        def sweep(here: Linearization, _: Any) -> Sums:
            return push_forward(here, {s: _ones(lin, s) for s in sources}, MASS)

        scaled = _scaled(self._made(("forward", tuple(sources)), lin, None, sweep)(None))
        return super().push(lin, sources) if scaled is None else scaled

    def _made(self, key: Any, lin: Linearization, seed: Any, sweep: Sweep) -> _Call:
        if key not in self.made:
            self.made[key] = _Call(lin, seed, sweep, self.setting)
        return self.made[key]


class _Call:
    """A sweep on the device, at one point, from any seed. A graph has arrays for outputs: ``keys`` say whose."""

    def __init__(self, lin: Linearization, seed: Any, sweep: Sweep, setting: XlaSetting):
        from backpath.engines.xla.call import XlaCall

        point, seeds = [np.asarray(lin.values[i]) for i in lin.inputs], _arrays(seed)
        self.keys: list[tuple[int, Any]] = []

        def traced(inputs: Any, seeds: Any) -> list[Any]:
            start = {0: seeds[0]} if isinstance(seed, dict) else seeds[0] if seeds else None
            found = _flat(sweep(linearize_graph(lin.graph, inputs), start))
            self.keys = [key for key, _ in found]
            return [value for _, value in found]

        graph = record(traced, point, seeds).graph
        self.seeds, nodes = seeds, [graph.nodes[o] for o in graph.outputs]
        self.outputs = [np.empty(node.shape, node.dtype) for node in nodes]
        self.run = XlaCall(graph, [*point, *seeds], self.outputs, setting, range(len(point)))

    def __call__(self, seed: Any) -> Sums:
        for array, value in zip(self.seeds, _arrays(seed), strict=True):
            np.copyto(array, value)
        self.run()
        sums: dict[int, Any] = {}
        for (position, length), value in zip(self.keys, self.outputs, strict=True):
            if length is None:
                sums[position] = value.copy()
            else:
                sums.setdefault(position, {})[length] = value.copy()
        return sums


def _flat(sums: Sums) -> list[tuple[tuple[int, Any], Any]]:
    """Path sums with the position of each, and the length where they are kept apart by it."""
    parts = [(k, s.items() if isinstance(s, dict) else [(None, s)]) for k, s in sums.items()]
    return [((k, length), value) for k, entries in parts for length, value in entries]


def _scaled(sums: Sums) -> Sums | None:
    """Masses as such with a power of two; None where one is beyond the range of its type."""
    if not all(np.isfinite(s).all() for s in sums.values()):
        return None
    return {k: Scaled(s, 0) for k, s in sums.items()}


def _of_numbers(semiring: Semiring) -> bool:
    """Whether the sums are arrays of floating-point numbers, or such arrays by length."""
    return semiring is SUM_PRODUCT or isinstance(semiring, PathNorm | Lengths)


def _arrays(seed: Any) -> list[np.ndarray]:
    """The arrays of a seed, which may be None; by length, those of length 0, as each path begins."""
    if seed is None:
        return []
    return [np.array(seed[0] if isinstance(seed, dict) else seed)]
