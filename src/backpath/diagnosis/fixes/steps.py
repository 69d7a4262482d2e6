"""Changes of how steps are made: rate, epochs, batch, optimizer."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from backpath.diagnosis.evidence.curvature import rate_of
from backpath.diagnosis.fixes.fix import Fix, with_settings
from backpath.diagnosis.subject import Subject
from backpath.training.optimizers.chain import Optimizer, chain
from backpath.training.optimizers.limits import Clip, ClipByGlobalNorm, Decay
from backpath.training.optimizers.momenta import ScaleByAdam, ScaleByRms, Trace
from backpath.training.optimizers.named import Rate, ScaleByRate, adam

USUAL_BATCH, USUAL_RATE = 32, 3e-3
MOST_EPOCHS = 400


def at_rate(optimizer: Optimizer, factor: float) -> Optimizer | None:
    """The same optimizer with all step sizes times a factor."""
    links = [ScaleByRate(_times(t.rate, factor)) if isinstance(t, ScaleByRate) else t for t in optimizer.transforms]
    found = any(isinstance(t, ScaleByRate) for t in links)
    return Optimizer(tuple(links)) if found else None


def _times(rate: Rate, factor: float) -> Rate:
    return (lambda step: factor * rate(step)) if callable(rate) else factor * rate


def rate(factor: float) -> Fix:
    """Other step sizes."""

    def change(s: Subject) -> Subject | None:
        optimizer = at_rate(s.optimizer, factor)
        if optimizer is None:
            return None
        return s.changed(optimizer=optimizer, settings=with_settings(s, rate=rate_of(optimizer)))

    return Fix(f"step size times {factor:g}", "rate", change)


def epochs(factor: float) -> Fix:
    """More or fewer passes."""

    def change(s: Subject) -> Subject | None:
        count = min(max(round(s.epochs * factor), 1), MOST_EPOCHS)
        return s.changed(epochs=count, settings=with_settings(s, epochs=count)) if count != s.epochs else None

    return Fix(f"{factor:g} times the epochs", "epochs", change)


def batch(size: int) -> Fix:
    """Another batch."""

    def change(s: Subject) -> Subject | None:
        count = min(size, len(s.X))
        return s.changed(batch=count, settings=with_settings(s, batch=count)) if count != s.batch else None

    return Fix(f"{size} examples a step", "batch", change)


def optimizer(new: Optimizer, words: str, **settings: Any) -> Fix:
    """Another optimizer altogether."""
    return Fix(words, "optimizer", lambda s: s.changed(optimizer=new, settings=with_settings(s, **settings)))


def usual_optimizer() -> Fix:
    """Adam at a rate that suits small networks."""
    return optimizer(
        adam(USUAL_RATE), f"adam with step size {USUAL_RATE:g}", optimizer="adam", rate=USUAL_RATE, momentum=None
    )


def usual_constants() -> Fix:
    """The optimizer's decays and epsilon as their authors gave them; step sizes as far as they still mean the same."""

    def change(s: Subject) -> Subject | None:
        links = []
        for link in s.optimizer.transforms:
            if isinstance(link, ScaleByAdam):
                link = ScaleByAdam(nesterov=link.nesterov)
            elif isinstance(link, ScaleByRms):
                link = ScaleByRms()
            elif isinstance(link, Trace) and link.decay > 0.9:
                link = replace(link, decay=0.9)
            links.append(link)
        changed = Optimizer(tuple(links))
        if changed == s.optimizer:
            return None
        return s.changed(optimizer=changed, settings=with_settings(s, momentum=None))

    return Fix("momentum, decays and epsilon at their usual values", "optimizer", change)


def without_decay() -> Fix:
    """No penalty on the weights."""

    def change(s: Subject) -> Subject | None:
        links = tuple(t for t in s.optimizer.transforms if not (isinstance(t, Decay) and (t.l2 or t.l1)))
        if links == s.optimizer.transforms:
            return None
        return s.changed(optimizer=Optimizer(links), settings=with_settings(s, l2=0.0))

    return Fix("no penalty on the weights", "penalty", change)


def decay(l2: float) -> Fix:
    """A penalty on the weights."""

    def change(s: Subject) -> Subject | None:
        links = tuple(t for t in s.optimizer.transforms if not isinstance(t, Decay))
        return s.changed(optimizer=chain(Decay(l2), *links), settings=with_settings(s, l2=l2))

    return Fix(f"a penalty of {l2:g} on the weights", "penalty", change)


def clipped(norm: float = 1.0) -> Fix:
    """Gradients no longer than a norm."""

    def change(s: Subject) -> Subject | None:
        if any(isinstance(t, (ClipByGlobalNorm, Clip)) for t in s.optimizer.transforms):
            return None
        changed = chain(ClipByGlobalNorm(norm), s.optimizer)
        return s.changed(optimizer=changed, settings=with_settings(s, clip=norm))

    return Fix(f"gradients clipped to a norm of {norm:g}", "clip", change)


def strongest_decay(optimizer: Optimizer) -> float:
    """The weight of the penalty in an optimizer, of a schedule's first step; 0 without one."""
    decays = [t for t in optimizer.transforms if isinstance(t, Decay)]
    return max((max(t.l2(0) if callable(t.l2) else t.l2, t.l1) for t in decays), default=0.0)


def epsilon_of(optimizer: Optimizer) -> float:
    """What an adaptive optimizer adds to the root mean square of gradients; 0 for others."""
    for t in optimizer.transforms:
        if isinstance(t, ScaleByAdam):
            return t.eps
        if isinstance(t, ScaleByRms):
            return math.sqrt(t.eps)
    return 0.0
