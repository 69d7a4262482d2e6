"""Training on all the data at once, by methods that use or estimate curvature, through ``scipy.optimize.minimize``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from backpath.calculus import hvp
from backpath.engines import Choice, compile_graph
from backpath.engines.xla.setting import XlaSetting
from backpath.graph import SettingError
from backpath.nets import Model
from backpath.ops import leaves_of, trace
from backpath.training.given import Init, examples_of, first_parameters
from backpath.training.loop.cores import blas_threads
from backpath.training.loop.epochs import Epoch
from backpath.training.loop.examples import InMemory
from backpath.training.loop.rows import Rows
from backpath.training.loop.step import BatchGradient, bound
from backpath.training.result import Fit, finished

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

METHODS = {"lbfgs": "L-BFGS-B", "cg": "CG", "newton-cg": "Newton-CG"}
"""Limited-memory BFGS; nonlinear conjugate gradients; and Newton's method, Hessian-free: conjugate gradients solve its
linear systems by Hessian-vector products alone."""


def minimize(
    model: Model,
    X: Any,
    y: Any,
    method: str = "lbfgs",
    *,
    iterations: int = 200,
    l2: float | np.ndarray = 0.0,
    weights: Any = None,
    evaluations: int | None = None,
    tolerance: float = 1e-6,
    seed: int = 0,
    threads: int | None = None,
    init: Init = "auto",
    engine: str = "numpy",
    device: str | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Fit:
    """Train ``model`` on all of (X, y) together, in float64.

    Args:
        model: what to train.
        X: shape (examples, ...).
        y: class indices (examples,) or values (examples, outputs), as the model's loss asks.
        method: ``"lbfgs"``, ``"cg"`` or ``"newton-cg"``.
        iterations: at most so many.
        l2: half of this times the squared norm of the parameters is added to the loss; or one for each parameter.
        weights: of the examples in the loss, of shape (examples,); by default all the same.
        evaluations: of the loss at most, for ``lbfgs``.
        tolerance: of the gradient's largest entry (``lbfgs``, ``cg``), or of the mean change of a parameter
            (``newton-cg``), below which to stop.
        seed: of the initial weights.
        threads: of the BLAS; by default all cores that this process may use.
        init: as of ``fit``.
        engine: of loss, gradient and products with the Hessian: ``"numpy"``, or ``"xla"``, on whose device the examples
            stay; SciPy goes from point to point in either case.
        device: of the XLA engine, as of ``fit``.
        on_epoch: called after each iteration.

    Returns:
        A fit whose epochs are iterations.

    Raises:
        SettingError: for another method, a number outside its range, or a model that draws in training; for another
            engine, or as of ``fit`` with this one.
        ShapeError: if X or y do not fit the model.
        DataError: if X or y hold numbers that are not finite, or no example.
    """
    if method not in METHODS:
        raise SettingError(f"no method is called {method!r}; there are {', '.join(METHODS)}")
    if iterations < 1 or not np.all(np.asarray(l2) >= 0):
        raise SettingError(f"iterations={iterations}, l2={l2}: at least one iteration, and l2 at least 0")
    setting = XlaSetting(device)
    if (engine := setting.engine(engine)) not in ("numpy", "xla"):
        raise SettingError(f"engine={engine!r}: all examples at once are for 'numpy' or 'xla'")
    model, examples = examples_of(model, X, y, weights)
    if model.noise_shapes(1):
        raise SettingError(f"{method} needs the same loss at each evaluation: {model!r} draws, or drops out neurons")
    if not isinstance(examples, InMemory):
        raise SettingError(f"{method} needs all examples at once, in arrays: use fit for those on disk")
    initial = first_parameters(model, examples.X, init, seed, float)
    history: list[Epoch] = []
    started = time.perf_counter()

    def after(intermediate_result: OptimizeResult) -> None:
        loss = float(intermediate_result.fun)
        history.append(Epoch(len(history) + 1, loss, time.perf_counter() - started - sum(e.seconds for e in history)))
        if on_epoch is not None:
            on_epoch(history[-1])

    with blas_threads(threads):
        found = solve(
            model,
            examples.X,
            examples.y,
            initial,
            method,
            iterations=iterations,
            l2=l2,
            weights=examples.weights,
            evaluations=evaluations,
            tolerance=tolerance,
            callback=after,
            setting=setting if engine == "xla" else None,
        )
    if not history:
        after(found)
    why = Choice(engine, "SciPy asks for all examples at once")
    return finished(model, found.x, tuple(history), int(found.nfev), examples.X, seed, why)


def solve(
    model: Model,
    X: Rows,
    y: np.ndarray,
    initial: np.ndarray,
    method: str,
    *,
    iterations: int,
    l2: float | np.ndarray,
    weights: np.ndarray | None,
    evaluations: int | None,
    tolerance: float,
    callback: Callable[[OptimizeResult], None] | None = None,
    setting: XlaSetting | None = None,
) -> OptimizeResult:
    """SciPy's result for one flat array of parameters in float64; arguments as of ``minimize``, already checked."""
    from scipy.optimize import minimize as scipy_minimize

    problem = _Problem(model, X, y, l2, weights, setting)
    options: dict[str, Any] = {"maxiter": iterations, "xtol" if method == "newton-cg" else "gtol": tolerance}
    if evaluations is not None and method == "lbfgs":
        options["maxfun"] = evaluations
    # A line search may try steps that overflow; it then takes shorter ones.
    with np.errstate(over="ignore", invalid="ignore"):
        return scipy_minimize(
            problem.value_and_gradient,
            initial,
            method=METHODS[method],
            jac=True,
            hessp=problem.hessian_product if method == "newton-cg" else None,
            callback=callback,
            options=options,
        )


class _Problem:
    """The loss of all examples as a function of one flat array, its gradient, and products with its Hessian."""

    def __init__(
        self,
        model: Model,
        X: Rows,
        y: np.ndarray,
        l2: Any,
        weights: np.ndarray | None,
        setting: XlaSetting | None = None,
    ):
        self.setting = setting
        self.model, self.X, self.y, self.l2, self.weights = model, X, y, l2, weights
        self.at = np.zeros(model.parameter_count)
        self.gradient = np.empty_like(self.at)
        self.rows = np.arange(len(X))
        self.gradient_of = BatchGradient(model, self.at, self.gradient, X, y, len(X), weights, setting=setting)
        self.gradient_of(self.rows)
        self._product: Callable[[], None] | None = None
        self.along, self.product = np.empty_like(self.at), np.empty_like(self.at)

    def value_and_gradient(self, w: np.ndarray) -> tuple[float, np.ndarray]:
        """At ``w``; a new array each time, since SciPy keeps it."""
        np.copyto(self.at, w)
        self.gradient_of.again()
        return float(self.gradient_of.loss) + float((self.l2 * w) @ w) / 2, self.gradient + self.l2 * w

    def hessian_product(self, w: np.ndarray, v: np.ndarray) -> np.ndarray:
        """H v at ``w``, by forward over reverse: as much work as two gradients."""
        if self._product is None:
            self._product = self._compiled_product()
        np.copyto(self.at, w)
        np.copyto(self.along, v)
        self._product()
        return self.product + self.l2 * v

    def _compiled_product(self) -> Callable[[], None]:
        model = self.model
        X = model.shaped(self.X.take(self.rows, model.input_dtype(float)))
        targets = np.ascontiguousarray(model.targets(self.y), float)

        def product(parameters: Any, along: Any, X: Any, targets: Any) -> Any:
            return hvp(lambda p: model.loss_value(p, X, targets, self.weights), (parameters,), (along,))[0]

        program = compile_graph(trace(product, model.views(self.at), model.views(self.along), X, targets))
        inputs = [*leaves_of(model.views(self.at)), *leaves_of(model.views(self.along)), X, targets]
        return bound(program, inputs, leaves_of(model.views(self.product)), self.setting, len(inputs) - 2)
