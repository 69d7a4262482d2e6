"""What the rows and the course of training suggest: features, labels, steps, fit."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from backpath.diagnosis.evidence.curvature import momentum_of, rate_of
from backpath.diagnosis.evidence.observed import Observed
from backpath.diagnosis.fixes import models, rows, steps
from backpath.diagnosis.rules.suspicion import Suspicion, sourced
from backpath.diagnosis.thresholds import limit

SMALLER, LARGER = (1 / 3, 0.1, 0.03, 0.01), (3.0, 10.0, 30.0, 100.0, 1e3, 1e4)
HEAVY_DROPOUT, FEW_EPOCHS = 0.3, 15


def features(o: Observed) -> Iterator[Suspicion]:
    """Scales, outliers, copies."""
    s, c = o.subject, o.columns
    name = s.name(c.worst)
    if c.scale > limit("scale") or c.spread > limit("columns"):
        message = (
            f"features are of scales that no one step size suits: {name} has a root mean square of {c.rms[c.worst]:.4g}"
        )
        told = {"scale": c.scale, "largest over median": c.spread, "sources": sourced("scale", "columns")}
        strength = min(1.0, 0.4 + 0.3 * math.log10(max(c.scale, c.spread)))
        yield Suspicion("unscaled_features", name, message, told, [rows.standardized()], strength)
    if not s.goal.classes and (c.target > limit("scale") * 2 or c.target < 0.5 / limit("scale")):
        told = {"root mean square": c.target, "sources": sourced("scale")}
        message = f"the target has a root mean square of {c.target:.4g}, and initial scores are of the order of 1"
        strength = min(1.0, 0.4 + 0.3 * abs(math.log10(max(c.target, 1e-9))))
        yield Suspicion("unscaled_features", "target", message, told, [rows.scaled_target()], strength)
    if c.outlying:
        worst = max(c.outlying, key=c.outlying.__getitem__)
        message = f"a fiftieth of the rows make {c.outlying[worst]:.0%} of the variance of {s.name(worst)}"
        told = {
            "columns": [s.name(k) for k in c.outlying],
            "variance": c.outlying[worst],
            "sources": sourced("outliers"),
        }
        yield Suspicion("bad_features", s.name(worst), message, told, [rows.robust()], 0.9)
    if c.constant or c.copies:
        drop = [*c.constant, *(b for _, b in c.copies)][:20]
        message = f"{len(c.constant)} columns never change, and {len(c.copies)} are copies of others"
        told = {"constant": len(c.constant), "copies": len(c.copies)}
        fix = rows.without_columns(drop, [s.name(k) for k in drop])
        far = any(abs(float(np.asarray(s.X).reshape(len(s.X), -1)[0, k])) > limit("columns") for k in c.constant)
        yield Suspicion("bad_features", s.name(drop[0]), message, told, [fix], 1.0 if far else 0.6)


def labels(o: Observed) -> Iterator[Suspicion]:
    """Noise and imbalance of labels."""
    found = o.labels
    if found is None:
        return
    if o.final and found.noise > limit("contradicted") and o.skill < found.skill + limit("nothing"):
        told = {"noise": found.noise, "neighbours' skill": found.skill, "sources": sourced("contradicted")}
        told["first"] = ", ".join(map(str, found.suspects[:5].tolist()))
        message = f"{found.noise:.0%} of the labels differ from what neighbours of one mind say"
        yield Suspicion("noisy_labels", "target", message, told, [], 0.8)
        return
    if o.final and found.skill < limit("nothing") and o.skill < limit("nothing") and o.train_skill > -1:
        message = (
            "labels have nothing to do with features: neither neighbours nor the network tell them better than chance"
        )
        told = {"neighbours' skill": found.skill, "skill": o.skill, "sources": sourced("nothing")}
        yield Suspicion("noisy_labels", "target", message, told, [], 0.8)
        return
    if found.noise > limit("noise") and len(found.suspects) > 4:
        few = ", ".join(map(str, found.suspects[:5].tolist()))
        message = f"{found.noise:.0%} of the labels differ from what neighbours of one mind say"
        told = {"noise": found.noise, "suspects": len(found.suspects), "first": few, "sources": sourced("noise")}
        fix = rows.without_rows(
            found.suspects, f"{len(found.suspects)} training rows left out that neighbours contradict"
        )
        yield Suspicion("noisy_labels", f"rows {few}, ...", message, told, [fix], 0.9)
    shares = found.shares[found.shares > 0]
    if len(shares) > 1 and shares.min() * len(shares) < limit("minority") * 2:
        told = {"rarest": float(shares.min()), "classes": len(shares), "sources": sourced("minority")}
        message = f"the rarest class has {shares.min():.1%} of the rows, so that a loss can be low without it"
        yield Suspicion("imbalance", "target", message, told, [rows.balanced()], 0.9)


def too_large(o: Observed) -> Iterator[Suspicion]:
    """Steps beyond the edge of stability."""
    c = o.course
    if c is None:
        return
    signs = {
        "curvature over the edge": o.sharp > limit("edge"),
        "loss above its start": c.last > c.start,
        "halved": c.halved,
        "rising epochs": c.rising > limit("rises"),
    }
    if any(signs.values()):
        told = {
            "curvature times rate over its limit": o.sharp,
            "loss at the start": c.start,
            "at the end": c.last,
            "rising epochs": c.rising,
            "not finite": c.halved,
            "sources": sourced("edge", "rises"),
        }
        message = f"steps of {rate_of(o.subject.optimizer):.3g} are too large: " + ", ".join(
            n for n, v in signs.items() if v
        )
        strength = min(1.0, 0.35 + 0.25 * sum(signs.values()))
        yield Suspicion("rate_too_large", "optimizer", message, told, [steps.rate(f) for f in SMALLER], strength)


def too_small(o: Observed) -> Iterator[Suspicion]:
    """Steps that are too small or too few."""
    c, s = o.course, o.subject
    if c is None or not math.isfinite(c.last):
        return
    movement = c.movement + math.log10(1 / max(1 - momentum_of(s.optimizer), 0.01)) * _sums(o)
    falling = c.falling > limit("falling")
    told = {
        "log10 of step over weights": movement,
        "part of the fall in the last quarter": c.falling,
        "epochs": s.epochs,
        "sources": sourced("descent", "falling"),
    }
    slow = movement < limit("descent") + 0.8
    if slow or falling:
        message = f"steps of {rate_of(s.optimizer):.3g} move the weights by 10^{movement:.1f} of their size"
        yield Suspicion(
            "rate_too_small", "optimizer", message, told, [steps.rate(f) for f in LARGER], 0.95 if slow else 0.5
        )
    if falling:
        message = f"the loss still falls when training ends after {s.epochs} epochs"
        yield Suspicion(
            "too_few_epochs",
            f"epoch {s.epochs}",
            message,
            told,
            [steps.epochs(4), *([steps.epochs(20)] if s.epochs < FEW_EPOCHS else [])],
            0.4 if slow else 0.9 if s.epochs < FEW_EPOCHS else 0.6,
        )


def _sums(o: Observed) -> float:
    """1 where momentum sums steps, 0 where it averages them."""
    return float(any(type(t).__name__ == "Trace" for t in o.subject.optimizer.transforms))


def batches(o: Observed) -> Iterator[Suspicion]:
    """Batches that waste rows, or drown the gradient in noise."""
    s = o.subject
    if s.steps <= limit("steps") and s.batch > steps.USUAL_BATCH:
        told = {"batch": s.batch, "steps an epoch": s.steps, "noise scale": o.noise_scale, "sources": sourced("steps")}
        message = f"batches of {s.batch} of {len(s.X)} rows make {s.steps} steps an epoch"
        yield Suspicion("batch_size", "batch", message, told, [steps.batch(steps.USUAL_BATCH), steps.batch(8)], 0.95)
    if s.batch < 8 and len(s.X) > 64 and s.batch < limit("noise_scale") * 4 * max(o.noise_scale, 1.0):
        told = {"batch": s.batch, "noise scale": o.noise_scale, "sources": sourced("noise_scale")}
        message = f"batches of {s.batch} are far below the noise scale of {o.noise_scale:.3g}"
        yield Suspicion("batch_size", "batch", message, told, [steps.batch(steps.USUAL_BATCH)], 0.7)


def optimizer(o: Observed) -> Iterator[Suspicion]:
    """Constants of the optimizer, and penalties."""
    s = o.subject
    momentum, eps = momentum_of(s.optimizer), steps.epsilon_of(s.optimizer)
    size = gradient_size(o)
    if momentum > limit("momentum") or (eps > 1e-6 and eps > limit("epsilon") * size):
        told = {
            "momentum": momentum,
            "epsilon": eps,
            "rms of gradients": size,
            "sources": sourced("momentum", "epsilon"),
        }
        what = (
            f"momentum {momentum:g}"
            if momentum > limit("momentum")
            else f"epsilon {eps:g} above the gradients' {size:.2g}"
        )
        yield Suspicion("bad_optimizer", "optimizer", what, told, [steps.usual_constants()], 1.0)
    if o.skill < limit("fitted"):
        told = {"skill": o.skill}
        message = "another optimizer gets farther in as many steps"
        yield Suspicion("bad_optimizer", "optimizer", message, told, [steps.usual_optimizer()], 0.1)
    penalty, dropped = steps.strongest_decay(s.optimizer), models.dropout_of(s.model)
    if penalty > 0 or dropped >= HEAVY_DROPOUT:
        told = {"penalty": penalty, "dropout": dropped, "skill on training rows": o.train_skill}
        fixes = [*([steps.without_decay()] if penalty else []), *([models.dropout(0.0)] if dropped else [])]
        what = f"a penalty of {penalty:g}" if penalty else f"dropout {dropped:g}"
        message = (
            f"{what} keeps the network from what it could learn: its skill on training rows is {o.train_skill:.2f}"
        )
        yield Suspicion("over_regularized", "optimizer" if penalty else "model", message, told, fixes, 0.95)


def gradient_size(o: Observed) -> float:
    """Root mean square of the gradient before the first step; infinite where unknown."""
    from backpath.calculus import grad
    from backpath.diagnosis.evidence.curvature import flat_loss

    f, flat = flat_loss(o.subject, o.first)
    with np.errstate(all="ignore"):
        found = float(np.sqrt(np.mean(grad(f)(flat) ** 2)))
    return found if math.isfinite(found) and found > 0 else math.inf


def fit(o: Observed) -> Iterator[Suspicion]:
    """Too little and too much."""
    s, gap = o.subject, o.train_skill - o.skill
    if gap > limit("gap"):
        told = {"skill on training rows": o.train_skill, "on others": o.skill, "sources": sourced("gap")}
        message = f"skill is {o.train_skill:.2f} on training rows and {o.skill:.2f} on others"
        fixes = [
            steps.decay(0.01),
            steps.decay(0.1),
            models.dropout(0.3),
            models.widths(0.25),
            steps.epochs(0.25),
            steps.epochs(0.1),
        ]
        yield Suspicion("overfitting", "model", message, told, fixes, 0.7)
    if o.train_skill < limit("fitted"):
        bare = [h.weight for h in o.layout.hidden if not h.activations] if o.layout else []
        told = {"skill on training rows": o.train_skill, "parameters": s.model.parameter_count}
        told["sources"] = sourced("fitted")
        if bare:
            message = f"nothing stands behind {', '.join(bare)}: layers without an activation are one layer"
            fixes = [models.activation("relu")]
            yield Suspicion("underfitting", bare[0], message, {**told, "linear layers": len(bare)}, fixes, 1.0)
        message = f"skill is {o.train_skill:.2f} on the training rows themselves: the network cannot tell them apart"
        fixes = [models.widths(4), models.hidden_layers([32, 32])]
        yield Suspicion("underfitting", "model", message, told, fixes, 0.6)


SEEN = (features, labels, too_large, too_small, batches, optimizer, fit)
