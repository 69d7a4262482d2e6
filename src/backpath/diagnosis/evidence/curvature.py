"""The largest eigenvalue of the Hessian, by Lanczos on Hessian-vector products, and the step that it allows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from backpath.calculus import grad, hvp
from backpath.diagnosis.subject import Subject
from backpath.ops import trace
from backpath.ops.recursion import evaluate
from backpath.training.optimizers.chain import Optimizer
from backpath.training.optimizers.limits import Clip, ClipByGlobalNorm, Decay, Factors
from backpath.training.optimizers.momenta import ScaleByAdam, ScaleByRms, Trace
from backpath.training.optimizers.named import ScaleByRate

ROWS, ITERATIONS = 96, 10
UNDERSTOOD = (Trace, ScaleByAdam, ScaleByRms, ScaleByRate, Decay, Clip, ClipByGlobalNorm, Factors)
"""Links of an optimizer whose edge of stability is known."""


def rate_of(optimizer: Optimizer) -> float:
    """The step size of the first step; nan for an optimizer that ends in none."""
    for link in optimizer.transforms:
        if isinstance(link, ScaleByRate):
            return float(link.rate(0) if callable(link.rate) else link.rate)
    return math.nan


def momentum_of(optimizer: Optimizer) -> float:
    """How much of the last step the next one keeps."""
    for link in optimizer.transforms:
        if isinstance(link, Trace):
            return link.decay
        if isinstance(link, ScaleByAdam):
            return link.b1
    return 0.0


def sharpness(subject: Subject, parameters: Any) -> float:
    """The largest eigenvalue of the Hessian of the loss, over what the optimizer's step size allows; 1 is the edge.

    Steps of size r along a quadratic with eigenvalue s diverge beyond s r = 2, with momentum b beyond 2 (1 + b), and
    with b as the decay of a mean, as in Adam, beyond 2 (1 + b) / (1 - b) (Cohen and others, 2021 and 2022). For
    optimizers that divide by the root mean square of gradients, the Hessian is divided by it, too.
    """
    rate, b = rate_of(subject.optimizer), momentum_of(subject.optimizer)
    adaptive = next((t for t in subject.optimizer.transforms if isinstance(t, (ScaleByAdam, ScaleByRms))), None)
    allowed = 2 * (1 + b) / (1 - b if isinstance(adaptive, ScaleByAdam) and b < 1 else 1)
    if math.isnan(rate) or any(not isinstance(t, UNDERSTOOD) for t in subject.optimizer.transforms):
        return math.nan
    f, flat = flat_loss(subject, parameters)
    inverse = np.ones_like(flat)
    if adaptive is not None:
        square = _mean_square(subject, flat)
        inside = isinstance(adaptive, ScaleByRms)
        inverse = 1 / (np.sqrt(square + adaptive.eps) if inside else np.sqrt(square) + adaptive.eps)
    root = np.sqrt(inverse)
    # Traced once, and computed for each direction.
    graph = trace(lambda w, v: hvp(f, (w,), (v,))[0], flat, flat)
    with np.errstate(over="ignore", invalid="ignore"):
        top = lanczos(lambda v: root * np.asarray(evaluate(graph, [flat, root * v])[graph.outputs[0]]), len(flat))
    return top * rate / allowed


def flat_loss(subject: Subject, parameters: Any, rows: slice = slice(ROWS)) -> tuple[Any, np.ndarray]:
    """The loss of some rows as a function of one flat array, and that array."""
    model = subject.model
    flat = np.concatenate([np.ravel(np.asarray(v, float)) for v in model.named(parameters).values()])
    X = model.shaped(np.asarray(subject.X[rows], model.input_dtype(np.float64)))
    y = model.targets(subject.y[rows])

    def loss(w: Any) -> Any:
        views, start = {}, 0
        for name, shape in model.parameter_shapes.items():
            size = math.prod(shape)
            views[name] = np.reshape(w[start : start + size], shape)
            start += size
        return model.loss_value(model.tree(views), X, y)

    return loss, flat


def _mean_square(subject: Subject, flat: np.ndarray) -> np.ndarray:
    """Of the gradients of batches at these parameters."""
    squares, batches = np.zeros_like(flat), 0
    views = subject.model.views(flat)
    for first in range(0, min(len(subject.X), 4 * subject.batch), subject.batch):
        f, w = flat_loss(subject, views, slice(first, first + subject.batch))
        squares += grad(f)(w) ** 2
        batches += 1
    return squares / batches


def lanczos(product: Any, size: int, iterations: int = ITERATIONS, seed: int = 0) -> float:
    """The largest eigenvalue of a symmetric map, from below (Lanczos, 1950); nan where products are not finite."""
    v = np.random.default_rng(seed).standard_normal(size)
    v /= np.linalg.norm(v)
    basis, diagonal, off = [v], [], []
    for _ in range(min(iterations, size)):
        w = product(basis[-1])
        if not np.isfinite(w).all():
            return math.nan
        diagonal.append(float(w @ basis[-1]))
        known = np.array(basis)
        for _ in range(2):
            w = w - known.T @ (known @ w)
        length = float(np.linalg.norm(w))
        if length < 1e-10:
            break
        off.append(length)
        basis.append(w / length)
    k = len(diagonal)
    matrix = np.diag(diagonal) + np.diag(off[: k - 1], 1) + np.diag(off[: k - 1], -1)
    return float(np.linalg.eigvalsh(matrix)[-1])


def noise_scale(subject: Subject, parameters: Any, batches: int = 12) -> float:
    """The batch at which noise and gradient are alike: trace of the covariance over the squared gradient.

    McCandlish and others, 2018; from gradients of single rows and of all that are looked at.
    """
    rows = min(len(subject.X), 8 * batches)
    gradients = []
    views = subject.model.tree(subject.model.named(parameters))
    for first in range(0, rows, 8):
        f, w = flat_loss(subject, views, slice(first, first + 8))
        gradients.append(grad(f)(w))
    found = np.array(gradients)
    mean = found.mean(axis=0)
    # Each is a mean over 8 rows: its variance is an eighth of a row's.
    trace = 8 * float(np.sum(found.var(axis=0, ddof=1))) if len(found) > 1 else 0.0
    square = float(mean @ mean) - trace / rows
    return trace / max(square, 1e-12 * max(trace, 1e-300))
