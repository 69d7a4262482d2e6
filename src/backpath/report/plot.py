"""An explanation as a figure: how long paths are, where the gradient vanishes, where it flows, what cancels."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from backpath.explanation import Explanation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE = "#1565c0", "#e65100"
NEGLIGIBLE = 1e-12


def plot(explanation: Explanation) -> Figure:
    """Four panels.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    figure = figure_of(11, 7)
    (spectrum, scale), (flow, cancellation) = figure.subplots(2, 2)
    _plot_spectrum(spectrum, explanation)
    _plot_scale(scale, explanation)
    _plot_flow(flow, explanation)
    _plot_cancellation(cancellation, explanation)
    return figure


def figure_of(width: float, height: float) -> Figure:
    """An empty figure of so many inches.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError('plots need matplotlib, which is not installed: pip install "backpath[plot]"') from None
    return Figure(figsize=(width, height), layout="constrained")


def png(explanation: Explanation) -> bytes | None:
    """The figure as a picture; None without matplotlib."""
    try:
        figure = plot(explanation)
    except ImportError:
        return None
    written = BytesIO()
    figure.savefig(written, format="png", dpi=80)
    return written.getvalue()


def _plot_spectrum(axes: Axes, explanation: Explanation) -> None:
    spectrum = explanation.length_spectrum()
    norms = spectrum.norms
    largest = max(norms.values(), default=0.0)
    shown = {n: norm for n, norm in norms.items() if norm > NEGLIGIBLE * largest}
    axes.bar(list(shown), list(shown.values()), color=BLUE)
    axes.axvline(spectrum.effective_depth, color=ORANGE, label=f"effective depth {spectrum.effective_depth:.2f}")
    if largest > 0:
        axes.set_yscale("log")
    axes.set_xlim(-0.5, max(shown, default=0) + 0.5)
    _whole_numbers(axes)
    axes.set(title="gradient by path length", xlabel="length in layers", ylabel="norm of what they carry")
    axes.legend(frameon=False)


def _plot_scale(axes: Axes, explanation: Explanation) -> None:
    sizes = [scale.rms for scale in reversed(explanation.depth_scale())]
    axes.plot(range(1, len(sizes) + 1), sizes, "o-", color=BLUE, markersize=4)
    if min(sizes, default=0.0) > 0:
        axes.set_yscale("log")
    _whole_numbers(axes)
    axes.set(title="adjoint by layer", xlabel="layer, from the input", ylabel="root mean square")


def _plot_flow(axes: Axes, explanation: Explanation) -> None:
    total = explanation.total_mass or 1.0
    shares = [flow / total for flow in explanation.flow("layer").values()]
    axes.bar(range(1, len(shares) + 1), shares, color=BLUE)
    axes.set_ylim(0, max(1.05, *shares) if shares else 1.05)
    _whole_numbers(axes)
    axes.set(title="flow through each layer", xlabel="layer, from the input", ylabel="share of the mass")


def _whole_numbers(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _plot_cancellation(axes: Axes, explanation: Explanation) -> None:
    shares = np.concatenate([np.ravel(c) for c in explanation.cancellation().values()])
    axes.hist(shares, bins=np.linspace(0, 1, 41).tolist(), color=BLUE)
    axes.axvline(float(np.median(shares)), color=ORANGE, label=f"median {np.median(shares):.3f}")
    if explanation.total_mass:
        chance = explanation.chance_mass / explanation.total_mass
        axes.axvline(chance, color=ORANGE, linestyle=":", label=f"of random signs {chance:.3f}")
    axes.set(title="what cancellation leaves", xlabel="|gradient| / mass", ylabel="entries")
    axes.legend(frameon=False)
