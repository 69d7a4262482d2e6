"""What values and gradients of the layers suggest: initial weights, depth, units."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from backpath.diagnosis.evidence.depth import Depth
from backpath.diagnosis.evidence.observed import Observed
from backpath.diagnosis.fixes import models, rows, steps
from backpath.diagnosis.rules.suspicion import Suspicion, sourced
from backpath.diagnosis.thresholds import limit
from backpath.nets.initialization import gain

BEGIN = 0.02
"""The least deviation of pre-activations over the fan rule's that still lets the first steps see the rows."""


def weights(o: Observed) -> Iterator[Suspicion]:
    """Initial weights far from the fan rule's size."""
    if o.layout is None:
        return
    ratios: dict[str, float] = {}
    for layer in o.layout.hidden:
        w = o.named.get(layer.weight)
        if w is None or w.ndim < 2:
            continue
        follows = layer.activations[-1] if layer.activations else "identity"
        rule = gain(follows) / math.prod(w.shape[:-1])
        ratios[layer.weight] = float(np.mean(np.square(w, dtype=float))) / rule
    c = o.course
    start = c.start / c.chance if c and c.chance > 0 else 1.0
    off = {k: v for k, v in ratios.items() if not 1 / limit("fans") <= v <= limit("fans")}
    if not off:
        return
    worst = max(off, key=lambda k: abs(math.log(max(off[k], 1e-30))))
    told = {
        "variance over the fan rule's": off,
        "loss at the start over chance's": start,
        "sources": sourced("fans", "start"),
    }
    message = f"the weights of {worst} begin {math.sqrt(off[worst]):.2g} times as large as the fan rule draws them"
    strength = min(1.0, 0.55 + 0.15 * abs(math.log10(max(off[worst], 1e-30))))
    yield Suspicion("bad_initialization", worst, message, told, [models.init()], strength)


def gradients(o: Observed) -> Iterator[Suspicion]:
    """Gradients that vanish or explode on their way back."""
    d = o.depth
    if d is None or len(d.sizes) < 3:
        return
    if o.layout and len(o.layout.layers) == len(d.layers):
        d = replace(d, layers=tuple(layer.weight for layer in o.layout.layers))
    name, factor = d.steepest
    told = _depth_in_numbers(d)
    usual = [models.init(), models.activation("relu"), models.norm("batch"), models.init("critical")]
    if d.ratio < limit("vanishing"):
        message = f"the first layer's gradient is {d.ratio:.2g} of the last one's; {name} shrinks it most: {factor:.2g}"
        strength = min(1.0, 0.6 + 0.1 * abs(math.log10(max(d.ratio, 1e-30))))
        told["sources"] = sourced("vanishing")
        fixes = [usual[1], usual[0], usual[2], usual[3]]
        yield Suspicion("vanishing_gradient", name, message, told, fixes, strength)
    if d.ratio > limit("exploding"):
        message = (
            f"the first layer's gradient is {d.ratio:.2g} times the last one's; {name} grows it most: {factor:.2g}"
        )
        strength = min(1.0, 0.6 + 0.1 * math.log10(d.ratio))
        told["sources"] = sourced("exploding")
        yield Suspicion("exploding_gradient", name, message, told, [usual[0], steps.clipped(), usual[2]], strength)


def _depth_in_numbers(d: Depth) -> dict[str, object]:
    return {
        "adjoint by layer, over the last": dict(zip(d.layers, d.sizes, strict=True)),
        "gradient by path length": d.spectrum,
        "paths": d.paths,
        "dead paths": d.dead,
        "gradient over chance's": d.cancellation,
    }


def units(o: Observed) -> Iterator[Suspicion]:
    """Units that are dead or flat."""
    begin, end = o.units
    dead, saturated = max(begin, end, key=lambda u: u.dead), max(begin, end, key=lambda u: u.saturated)
    if dead.dead > limit("dead"):
        told = {"dead at the start": begin.dead, "at the end": end.dead, "sources": sourced("dead")}
        if o.depth:
            told |= {"paths": o.depth.paths, "dead paths": o.depth.dead}
        message = (
            f"{dead.dead:.0%} of the units of {dead.dead_layer} are 0 on every row, and no gradient goes through them"
        )
        fixes = [models.activation("leaky_relu"), models.init(), steps.rate(0.1)]
        yield Suspicion("dead_units", dead.dead_layer, message, told, fixes, 0.7)
    if saturated.saturated > limit("saturated"):
        told = {
            "flat at the start": begin.saturated,
            "at the end": end.saturated,
            "sources": sourced("saturated", "slope"),
        }
        message = f"{saturated.saturated:.0%} of what {saturated.saturated_layer} gives lies where the slope is flat"
        fixes = [models.init(), rows.standardized(), models.activation("relu"), steps.rate(0.1)]
        yield Suspicion("saturated_units", saturated.saturated_layer, message, told, fixes, 0.6)


LAYERS = (weights, gradients, units)
