"""The map of stability: where training converges, crawls, oscillates and diverges, by step size and start or depth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.diagnosis.evidence.curvature import rate_of, sharpness
from backpath.diagnosis.fixes.steps import at_rate
from backpath.diagnosis.subject import Subject, subject_of
from backpath.graph import NonFiniteError, SettingError
from backpath.nets import Model, Network
from backpath.training.fit_many import fits_or_errors
from backpath.training.optimizers.chain import Optimizer
from backpath.training.optimizers.named import sgd
from backpath.training.result import Fit

REGIONS = ("converges", "crawls", "oscillates", "diverges")

SLOW, RISING, ABOVE = 0.5, 0.3, 1.05
"""A training crawls if it makes less than half of the way that the best of the map makes; it oscillates if its loss
rises in three of ten of its later epochs and ends a twentieth above its lowest."""


@dataclass(frozen=True, slots=True)
class StabilityMap:
    """A grid of trainings.

    Attributes:
        rates: step sizes, of shape (r,).
        values: of the other axis, of shape (v,): factors of initial weights, or numbers of hidden layers.
        axis: ``"scale"`` or ``"depth"``.
        losses: at the end, of shape (v, r); infinite where training diverged.
        regions: the index in ``REGIONS`` of each, of shape (v, r).
        edge: the step size at which the theory puts the edge of stability, 2 (1 + momentum) over the largest Hessian
            eigenvalue before the first step, of shape (v,); nan where unknown.
        start: the loss before the first step, of shape (v,).
    """

    rates: np.ndarray
    values: np.ndarray
    axis: str
    losses: np.ndarray
    regions: np.ndarray
    edge: np.ndarray
    start: np.ndarray

    def region(self, value: int, rate: int) -> str:
        """What becomes of the training at these places of the grid."""
        return REGIONS[int(self.regions[value, rate])]

    def plot(self) -> Any:
        """The map as a matplotlib figure.

        Raises:
            ImportError: if matplotlib is not installed.
        """
        from backpath.report.stability_plot import stability_plot

        return stability_plot(self)

    def to_json(self) -> dict[str, Any]:
        """As plain data; what is not finite is None."""

        def plain(a: np.ndarray) -> Any:
            return [plain(row) for row in a] if a.ndim > 1 else [float(x) if np.isfinite(x) else None for x in a]

        told = {name: plain(getattr(self, name)) for name in ("rates", "values", "losses", "edge", "start")}
        return {**told, "axis": self.axis, "regions": [[REGIONS[k] for k in row] for row in self.regions]}

    def __str__(self) -> str:
        counts = {name: int(np.sum(self.regions == k)) for k, name in enumerate(REGIONS)}
        rows = [f"{self.regions.size} trainings: " + ", ".join(f"{n} {name}" for name, n in counts.items())]
        rows.append(f"{self.axis:>10}  rates {self.rates[0]:.2g} to {self.rates[-1]:.2g}; | is the edge of theory")
        for value, regions, edge in zip(self.values, self.regions, self.edge, strict=True):
            marks = ["#~o."[k] for k in (0, 1, 2, 3)]
            line = [marks[k] for k in regions]
            at = int(np.searchsorted(self.rates, edge)) if math.isfinite(edge) else len(line)
            line.insert(at, "|")
            rows.append(f"{value:10.3g}  {''.join(line)}")
        rows.append("# converges, ~ crawls, o oscillates, . diverges")
        return "\n".join(rows)


def stability_map(
    model: Model,
    X: Any,
    y: Any,
    *,
    rate: Sequence[float] | None = None,
    scale: Sequence[float] | None = None,
    depth: Sequence[int] | None = None,
    optimizer: Optimizer | None = None,
    epochs: int = 20,
    batch: int = 32,
    seed: int = 0,
) -> StabilityMap:
    """Train a grid of networks, and tell where training converges, crawls, oscillates and diverges.

    Args:
        model: what to train; for depths, a ``Network`` whose first hidden layer is repeated.
        X: shape (rows, ...).
        y: targets as of ``fit``.
        rate: step sizes, growing; by default 24 from 1e-4 to 30.
        scale: factors of the initial weights; by default 13 from 0.1 to 10, unless there are depths.
        depth: numbers of hidden layers, in place of scales.
        optimizer: of the steps, whose step size is replaced; by default gradient descent without momentum.
        epochs: of each training.
        batch: examples a step.
        seed: of all of them.

    Raises:
        SettingError: if there are both scales and depths, or values that make no grid, or depths of another model.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> X = (X - X.mean(axis=0)) / X.std(axis=0)
    >>> found = stability_map(Network([4, 8, 3]), X, y, rate=[1e-4, 0.1, 1e4], scale=[1.0], epochs=10)
    >>> found.region(0, 0), found.region(0, 1), found.region(0, 2)
    ('crawls', 'converges', 'diverges')
    """
    if scale is not None and depth is not None:
        raise SettingError("stability_map: give scales of initial weights or depths, not both")
    rates = np.asarray(np.geomspace(1e-4, 30, 24) if rate is None else rate, float)
    values = np.asarray(depth if depth is not None else np.geomspace(0.1, 10, 13) if scale is None else scale, float)
    if not (rates.ndim == values.ndim == 1 and len(rates) and len(values) and rates.min() > 0 and values.min() > 0):
        raise SettingError("stability_map: rates, scales and depths are sequences of numbers above 0")
    if np.any(np.diff(rates) <= 0):
        raise SettingError("stability_map: rates must grow")
    base = subject_of(model, X, y, optimizer=optimizer or sgd(1.0), batch=batch, epochs=epochs, validation=(X, y))
    rows = [_row(base, value, depth is not None, rates, seed) for value in values]
    losses, courses, edges, starts = zip(*rows, strict=True)
    lost, start = np.array(losses), np.array(starts)
    best = min((float(x) for x in lost.ravel() if math.isfinite(x)), default=math.nan)
    regions = [
        [_region(course, float(x), s, best) for course, x in zip(row, last, strict=True)]
        for row, last, s in zip(courses, lost, start, strict=True)
    ]
    axis = "depth" if depth is not None else "scale"
    return StabilityMap(rates, values, axis, lost, np.array(regions), np.array(edges), start)


def _row(base: Subject, value: float, depth: bool, rates: np.ndarray, seed: int) -> tuple[Any, ...]:
    """Losses, courses, edge and start of all rates at one place of the other axis."""
    model = _deep(base.model, round(value)) if depth else base.model
    first = model.init(seed, np.float64)
    factor = 1.0 if depth else value
    named = {k: np.asarray(v) * (factor if np.ndim(v) > 1 else 1) for k, v in model.named(first).items()}
    tree = model.tree(named)
    subject = base.changed(model=model, init=tree)
    optimizers = [at_rate(base.optimizer, r / rate_of(base.optimizer)) for r in rates.tolist()]
    fits = fits_or_errors(
        model, np.asarray(base.X, model.input_dtype(np.float32)), base.y, seeds=[seed] * len(rates),
        optimizer=[o for o in optimizers if o is not None], init=[tree] * len(rates), epochs=base.epochs,
        batch=base.batch,
    )  # fmt: skip
    courses = [_course(fit) for fit in fits]
    sharp = sharpness(subject, tree)
    edge = rate_of(base.optimizer) / sharp if sharp > 0 else math.nan
    rows = model.shaped(np.asarray(base.X, model.input_dtype(np.float64)))
    with np.errstate(all="ignore"):
        start = float(model.loss_value(tree, rows, base.y))
    return [c[-1] if c else math.inf for c in courses], courses, edge, start


def _deep(model: Model, layers: int) -> Network:
    if not isinstance(model, Network) or len(model.sizes) < 3:
        raise SettingError(
            f"stability_map: depth repeats the first hidden layer of a bp.Network, which {model!r} has not"
        )
    sizes = [model.sizes[0], *[model.sizes[1]] * layers, model.sizes[-1]]
    return Network(sizes, model.activations[0], model.loss, norm=model.norm, ntk=model.ntk)


def _course(fit: Fit | NonFiniteError) -> list[float]:
    """The losses of a training's epochs; none where it was not finite, even if smaller steps went on."""
    if isinstance(fit, NonFiniteError) or fit.history[-1].factor < 1:
        return []
    return [epoch.loss for epoch in fit.history]


def _region(course: Sequence[float], last: float, start: float, best: float) -> int:
    if not course or not last <= start:
        return 3
    later = np.diff(course[len(course) // 2 :])
    if len(later) and np.mean(later > 0) > RISING and last > ABOVE * min(course):
        return 2
    return 0 if start - last >= SLOW * (start - best) else 1
