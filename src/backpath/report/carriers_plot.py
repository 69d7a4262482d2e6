"""What parts of a model carry of a gradient, as a figure: their shares beside their parts of the mass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpath.report.plot import BLUE, ORANGE, figure_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from backpath.explanation import Carriers

GREY = "#9e9e9e"
ROW, FEWEST = 0.32, 3


def plot_carriers(carriers: Carriers) -> Figure:
    """A bar for each part in order, from the top: its share of the gradient, with the mass that goes through it.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    rows = range(len(carriers))
    figure = figure_of(9, 1.2 + ROW * max(len(carriers), FEWEST))
    axes = figure.subplots()
    shares = [part.share for part in carriers]
    colors = [BLUE if share >= 0 else ORANGE for share in shares]
    axes.barh(rows, shares, color=colors, height=0.62, label="gradient (negative: against the rest)")
    axes.plot([part.mass for part in carriers], rows, "|", color=GREY, markersize=11, markeredgewidth=2.5, label="mass")
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(rows, [part.name for part in carriers])
    axes.invert_yaxis()
    axes.set(title=f"what carries the gradient, by {carriers.by}", xlabel="share")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure
