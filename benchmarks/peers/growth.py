"""Cost against depth, width and batch, each from 1 to 64 times the least: a table and a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.peers.cases import Case
from benchmarks.peers.runners import OURS
from benchmarks.peers.settings import Settings
from benchmarks.peers.steps import measured
from benchmarks.peers.tables import rounded, table
from benchmarks.peers.timing import Times

FACTORS = (1, 2, 4, 8, 16, 32, 64)
AXES: Mapping[str, Callable[[int], Case]] = {
    "hidden layers of 64, batch 32": lambda n: Case((64, *[64] * n, 10), "relu", 32, examples=512),
    "width of two hidden layers, x 32, batch 32": lambda n: Case((64, 32 * n, 32 * n, 10), "relu", 32, examples=512),
    "batch, x 8, network 64-64-64-10": lambda n: Case((64, 64, 64, 10), "relu", 8 * n, examples=max(512, 32 * n)),
}
"""What grows, and the case at a factor."""
RUNNERS = (*OURS, "PyTorch eager", "JAX scan")
"""Ours and the quickest peers; torch.compile would take longer to compile than all else to run."""

Found = dict[str, dict[int, dict[str, Times]]]


def report(settings: Settings) -> str:
    factors = FACTORS[::3] if settings.quick else FACTORS
    found: Found = {
        axis: {n: measured(case(n), settings.rounds(7), RUNNERS)[0] for n in factors} for axis, case in AXES.items()
    }
    picture = settings.folder / "growth.png"
    draw(found, picture)
    parts = ["µs a step, medians, relu.", *(table_of(axis, by_factor) for axis, by_factor in found.items())]
    return "\n\n".join([*parts, f"![cost against depth, width and batch]({picture.name})"])


def table_of(axis: str, by_factor: dict[int, dict[str, Times]]) -> str:
    """A row for each factor."""
    names = [name for name in RUNNERS if all(name in times for times in by_factor.values())]
    rows = [[f"{n}", *(rounded(times[name].median * 1e6) for name in names)] for n, times in by_factor.items()]
    return table([axis, *names], rows)


def draw(found: Found, path: Path) -> None:
    """Three panels, both axes in logarithms."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.2), layout="constrained")
    panels = figure.subplots(1, len(found), sharey=True)
    for panel, (axis, by_factor) in zip(panels, found.items(), strict=True):
        for name, mark in zip(RUNNERS, "os^D", strict=True):
            points = [(n, times[name].median * 1e6) for n, times in by_factor.items() if name in times]
            if points:
                panel.plot(*zip(*points, strict=True), marker=mark, label=name)
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.set_xticks(list(by_factor), [str(n) for n in by_factor])
        panel.set_xlabel(axis)
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("µs a step")
    panels[0].legend()
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=120)
