"""Explanation: one gradient taken apart path by path, and told in words, in data and in pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backpath.explanation.quantities import Quantities
from backpath.explanation.summary import summary, to_json
from backpath.explanation.verification import verify


@dataclass(frozen=True, repr=False)
class Explanation(Quantities):
    """Which paths carry a gradient. Every quantity is computed when it is asked for, and exactly.

    Paths go from entry to entry of arrays, neuron by neuron, unless ``by`` says otherwise. An operation counts as one
    edge between each pair of entries that its local derivative joins: softmax, log-sum-exp, standardization and the
    fused losses are atomic. Where the output is an array, paths to all of its entries are taken together, as of the
    gradient of their sum; :meth:`each` takes them one at a time.

    Attributes:
        lin: the graph at its point, with one output.
        sources: positions of the inputs that are explained.
        entry: the index of the output's entry that is explained, or None for all.
        sweeps: who runs them.
    """

    def verify(self) -> dict[str, bool]:
        """Invariants that hold on any graph, each by name; all are True unless there is an error in backpath.

        Where there are few paths, every quantity is also compared with all paths one by one.
        """
        return verify(self)

    def to_json(self) -> dict[str, Any]:
        """The aggregated quantities, and the ten strongest paths, as plain data."""
        return to_json(self)

    def summary(self) -> str:
        """The same in words: numbers, a bar for each length, and the strongest paths."""
        return summary(self.to_json())

    def plot(self) -> Any:
        """A matplotlib figure: the length spectrum, the adjoint and the flow by layer, and how much cancels.

        Raises:
            ImportError: if matplotlib is not installed.
        """
        from backpath.report.plot import plot

        return plot(self)

    def explore(self, title: str | None = None) -> Any:
        """A page to step through the gradient, forward and backward, path by path: a :class:`backpath.Explorer`.

        Args:
            title: what stands above it; by default what is differentiated.

        Raises:
            GraphError: if a value is no real number.
        """
        from backpath.report.explorer.explore import explore

        return explore(self, title)

    def _repr_png_(self) -> bytes | None:
        """The figure, for notebooks; None without matplotlib."""
        from backpath.report.plot import png

        return png(self)

    def __repr__(self) -> str:
        inputs = ", ".join(self.lin.names[s] for s in self.sources)
        return f"Explanation of {self.lin.names[self.output]} by {inputs}: see summary(), plot() and to_json()"
