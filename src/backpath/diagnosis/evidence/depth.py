"""How a gradient changes from layer to layer, and which paths carry it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.diagnosis.subject import Subject
from backpath.explanation import explain

ROWS = 32


@dataclass(frozen=True, slots=True)
class Depth:
    """The gradient of the loss at one point, layer by layer from the inputs.

    Attributes:
        layers: names of their weights, or of their nodes.
        sizes: the norm of the adjoint at each over that at the last: between layers whose weights follow the fan rule
            it stays, whatever their widths.
        spectrum: the norm of what paths of each length carry.
        paths: how many there are.
        dead: how many of them carry nothing.
        cancellation: gradient over what random signs would leave of the mass, at the first layer: 1 is chance's.
    """

    layers: tuple[str, ...]
    sizes: tuple[float, ...]
    spectrum: dict[int, float]
    paths: int
    dead: int
    cancellation: float

    @property
    def ratio(self) -> float:
        """The adjoint at the first layer over that at the last; 1 for a single layer."""
        return self.sizes[0] if len(self.sizes) > 1 else 1.0

    @property
    def steepest(self) -> tuple[str, float]:
        """The layer at which the adjoint changes most on its way back, and by which factor."""
        if len(self.sizes) < 2:
            return (self.layers[0] if self.layers else "", 1.0)
        pairs = zip(self.layers, self.sizes, self.sizes[1:], strict=False)
        factors = [(name, here / there if there else 0.0) for name, here, there in pairs]
        direction = 1.0 if self.ratio >= 1 else -1.0
        return max(factors, key=lambda pair: direction * np.log(max(pair[1], 1e-300)))


def depth_of(subject: Subject, parameters: Any) -> Depth:
    """The depth profile of a subject's gradient at parameters, on a few of its rows."""
    model = subject.model
    X = model.shaped(np.asarray(subject.X[:ROWS], model.input_dtype(np.float64)))
    y = model.targets(subject.y[:ROWS])
    tree = model.tree({k: np.asarray(v, float) for k, v in model.named(parameters).items()})
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = explain(lambda parameters: model.loss_value(parameters, X, y), (tree,))
        scales = list(reversed(found.depth_scale()))
        relative = found.cancellation("layer", relative=True)
        count, active = found.count(), found.active_count()
    first = scales[0].layer if scales else ""
    return Depth(
        tuple(s.layer for s in scales),
        _relative([s.ratio for s in scales[:-1]]),
        found.length_spectrum().norms,
        count,
        count - active,
        relative.get(first, float("nan")),
    )


def _relative(ratios: Sequence[float]) -> tuple[float, ...]:
    """Norms over the last one's, from the squared norm of each over the next one's."""
    following = np.nan_to_num(np.sqrt(np.asarray(ratios, float)), nan=0.0)[::-1]
    return (*np.cumprod(following)[::-1].tolist(), 1.0)
