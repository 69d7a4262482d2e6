"""A map of stability as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpath.diagnosis.stability import REGIONS, StabilityMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = {"converges": "#1565c0", "crawls": "#b0bec5", "oscillates": "#ffb300", "diverges": "#b71c1c"}


def stability_plot(found: StabilityMap) -> Figure:
    """Regions by step size and scale or depth, with the theory's edge as a line.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    try:
        from matplotlib.colors import ListedColormap
        from matplotlib.figure import Figure
        from matplotlib.patches import Patch
    except ImportError:
        raise ImportError('plots need matplotlib, which is not installed: pip install "backpath[plot]"') from None
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.subplots()
    by_depth = found.axis == "depth"
    colors = ListedColormap([COLORS[name] for name in REGIONS])
    edges = _between(found.rates, True), _between(found.values, not by_depth)
    axes.pcolormesh(*edges, found.regions, cmap=colors, vmin=-0.5, vmax=len(REGIONS) - 0.5, edgecolors="white", lw=0.4)
    axes.set_xscale("log")
    if not by_depth:
        axes.set_yscale("log")
    known = np.isfinite(found.edge)
    line = axes.plot(found.edge[known], found.values[known], "o-", color="black", markersize=4)[0]
    axes.set_xlim(edges[0][0], edges[0][-1])
    axes.set(xlabel="step size", ylabel="hidden layers" if by_depth else "initial weights, times the fan rule's")
    axes.set_title(f"what becomes of {found.regions.size} trainings")
    handles = [Patch(color=COLORS[name], label=name) for name in REGIONS]
    line.set_label("edge of stability: 2 (1 + momentum) / largest eigenvalue at the start")
    axes.legend(handles=[*handles, line], loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, frameon=False)
    return figure


def _between(values: np.ndarray, logarithmic: bool) -> np.ndarray:
    """The borders of cells around values."""
    x = np.log(values) if logarithmic else np.asarray(values, float)
    step = np.diff(x) if len(x) > 1 else np.ones(1)
    borders = np.concatenate([[x[0] - step[0] / 2], x[:-1] + np.diff(x) / 2, [x[-1] + step[-1] / 2]])
    return np.exp(borders) if logarithmic else borders
