"""PathSums: what a user asks of a weighted DAG, by the names of its nodes."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from backpath.ops import Semiring
from backpath.paths.elimination import Elimination, eliminate
from backpath.paths.enumeration import Path, enumerate_paths
from backpath.paths.gradients import derivatives
from backpath.paths.semirings.standard import PATH_COUNT
from backpath.paths.sweep import pull_back, push_forward
from backpath.paths.weighted import Weighted

MOST_DRAWN = 300

Names = Hashable | Sequence[Hashable] | None


class PathSums(Weighted):
    """Derivatives, paths and their number, on anything with weighted edges."""

    __slots__ = ()

    def gradient(self, source: Names = None, output: Names = None, method: str = "reverse", **options: Any) -> Any:
        """The derivative of ``output`` by ``source``: the sum over all paths of the product along each.

        Args:
            source: the name of a node, or a list of names; by default all inputs.
            output: likewise; by default all outputs.
            method: ``"reverse"``, ``"forward"``, ``"paths"`` (exponential; ``limit`` says how many it may visit), or
                ``"elimination"`` (``order`` says which vertices go first).
            **options: the method's own.

        Returns:
            For one name of each, the derivative, of the output's shape followed by the source's. For several sources a
            dict by source; for several outputs a dict by output of what one output gives.

        Raises:
            GraphError: for unknown names, methods or orders.
            TooManyPathsError: from ``"paths"``, with the number of paths.
        """
        sources, one_source = self._chosen(source, self.inputs)
        outputs, one_output = self._chosen(output, self.outputs)
        one_output = one_output or (output is None and len(outputs) == 1)
        blocks = derivatives(self, sources, outputs, method, options)
        names = self.names
        by_output = {}
        for o in outputs:
            by_source = {names[s]: blocks[s, o] for s in sources}
            by_output[names[o]] = by_source[names[sources[0]]] if one_source else by_source
        return by_output[names[outputs[0]]] if one_output else by_output

    def count_paths(self, source: Hashable, output: Hashable) -> int:
        """How many paths lead from ``source`` to ``output``, entry by entry of arrays, exactly.

        Takes one sweep, however many there are.
        """
        s, o = self.find(source), self.find(output)
        counts = push_forward(self, {s: PATH_COUNT.one(self.shape(s), object)}, PATH_COUNT)
        return int(np.sum(counts[o])) if o in counts else 0

    def path_sum(self, semiring: Semiring, source: Names = None, output: Names = None) -> Any:
        """The sum over all paths from ``source`` to ``output`` in any semiring, by one sweep.

        Args:
            semiring: what plus and times mean: ``MASS``, ``MAX_PRODUCT``, ``ENTROPY`` and others of ``backpath.paths``.
            source: the name of a node, or a list of names; by default all inputs.
            output: likewise; by default all outputs. Paths to all of their entries are summed.

        Returns:
            The semiring's value, shaped as the source: each entry's sum. For several sources a dict by name; a source
            without a path has the semiring's zero.

        Raises:
            GraphError: for unknown names.

        >>> from backpath.paths import MASS, Dag
        >>> Dag.from_edges([("w", "o", 4), ("w", "o", -3)]).path_sum(MASS, "w", "o")
        7
        """
        sources, one_source = self._chosen(source, self.inputs)
        outputs, _ = self._chosen(output, self.outputs)
        seeds = {o: semiring.one(self.shape(o), self.dtype(o)) for o in outputs}
        sums = pull_back(self, seeds, sources, semiring)
        names = self.names
        by_source = {names[s]: sums[s] if s in sums else semiring.zero(self.shape(s), self.dtype(s)) for s in sources}
        return by_source[names[sources[0]]] if one_source else by_source

    def paths(self, source: Hashable, output: Hashable) -> Iterator[Path]:
        """Every path from node to node, one at a time; arrays count as one node (see :meth:`Linearization.unroll`)."""
        return enumerate_paths(self, self.find(source), self.find(output))

    def eliminate(
        self, source: Names = None, output: Names = None, order: str | Sequence[Hashable] = "markowitz"
    ) -> Elimination:
        """Vertex elimination in ``order``, with the operations it took: see ``gradient`` for names."""
        sources, _ = self._chosen(source, self.inputs)
        outputs, _ = self._chosen(output, self.outputs)
        return eliminate(self, sources, outputs, order)

    def _repr_svg_(self) -> str | None:
        """The picture that a notebook shows; None for graphs too large to draw."""
        from backpath.report.svg import svg

        return svg(self) if len(self) <= MOST_DRAWN else None

    def _repr_html_(self) -> str | None:
        """The same picture, which scrolls where the page is narrow."""
        picture = self._repr_svg_()
        return picture and f'<div style="overflow-x:auto">{picture}</div>'

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {len(self):,} nodes and {self.edge_count():,} edges"

    def _chosen(self, names: Any, otherwise: tuple[int, ...]) -> tuple[tuple[int, ...], bool]:
        """Positions of the named nodes, and whether one was named by itself."""
        if names is None:
            return otherwise, False
        many = names if isinstance(names, list) else [names]
        return tuple(self.find(name) for name in many), not isinstance(names, list)
