"""Training on all the data at once, by methods that use or estimate curvature, through ``scipy.optimize.minimize``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backpath.calculus import hvp
from backpath.engines import Choice, Executable, compile_graph
from backpath.graph import SettingError
from backpath.nets import Network
from backpath.ops import trace
from backpath.training.fit import MOST_FOLDED, Fit, checked_examples, checked_weights
from backpath.training.loop.cores import blas_threads
from backpath.training.loop.epochs import Epoch, typical_seconds
from backpath.training.loop.rows import Rows
from backpath.training.loop.starts import some, start
from backpath.training.loop.step import BatchGradient

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

METHODS = {"lbfgs": "L-BFGS-B", "cg": "CG", "newton-cg": "Newton-CG"}
"""Limited-memory BFGS; nonlinear conjugate gradients; and Newton's method, Hessian-free: conjugate gradients solve its
linear systems by Hessian-vector products alone."""


def minimize(
    network: Network,
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
    init: str | Mapping[str, np.ndarray] = "auto",
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Fit:
    """Train ``network`` on all of (X, y) together, in float64.

    Args:
        network: what to train.
        X: shape (examples, inputs).
        y: class indices (examples,) or values (examples, outputs), as the network's loss asks.
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
        on_epoch: called after each iteration.

    Returns:
        A fit whose epochs are iterations.

    Raises:
        SettingError: for another method, a number outside its range, or a network whose neurons drop out.
        ShapeError: if X or y do not fit the network.
        DataError: if X or y hold numbers that are not finite, or no example.
    """
    if method not in METHODS:
        raise SettingError(f"no method is called {method!r}; there are {', '.join(METHODS)}")
    if iterations < 1 or not np.all(np.asarray(l2) >= 0):
        raise SettingError(f"iterations={iterations}, l2={l2}: at least one iteration, and l2 at least 0")
    if any(network.dropout):
        raise SettingError(f"{method} needs the same loss at each evaluation: {network!r} drops out neurons")
    X, y = checked_examples(network, X, y)
    weights = None if weights is None else checked_weights(weights, len(X))
    first = start(network, X, init, seed, float) if isinstance(init, str) else init
    initial = np.concatenate([np.ravel(first[name]) for name in network.parameter_shapes]).astype(float)
    history: list[Epoch] = []
    started = time.perf_counter()

    def after(intermediate_result: OptimizeResult) -> None:
        loss = float(intermediate_result.fun)
        history.append(Epoch(len(history) + 1, loss, time.perf_counter() - started - sum(e.seconds for e in history)))
        if on_epoch is not None:
            on_epoch(history[-1])

    with blas_threads(threads):
        found = solve(
            network,
            X,
            y,
            initial,
            method,
            iterations=iterations,
            l2=l2,
            weights=weights,
            evaluations=evaluations,
            tolerance=tolerance,
            callback=after,
        )
    if not history:
        after(found)
    seconds = typical_seconds(history)
    views = network.views(found.x)
    if network.options:
        network, views = network.folded(views, some(X, seed, float, MOST_FOLDED))
    return Fit(
        network, views, tuple(history), int(found.nfev), seconds, Choice("numpy", "SciPy asks for all examples at once")
    )


def solve(
    network: Network,
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
) -> OptimizeResult:
    """SciPy's result for one flat array of parameters in float64; arguments as of ``minimize``, already checked."""
    from scipy.optimize import minimize as scipy_minimize

    problem = _Problem(network, X, y, l2, weights)
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

    def __init__(self, network: Network, X: Rows, y: np.ndarray, l2: Any, weights: np.ndarray | None):
        self.network, self.X, self.y, self.l2, self.weights = network, X, y, l2, weights
        self.at = np.zeros(network.parameter_count)
        self.gradient = np.empty_like(self.at)
        self.rows = np.arange(len(X))
        self.gradient_of = BatchGradient(network, self.at, self.gradient, X, y, len(X), weights)
        self.gradient_of(self.rows)
        self._product: Executable | None = None
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

    def _compiled_product(self) -> Executable:
        net, X = self.network, self.X.take(self.rows, float)
        targets = np.ascontiguousarray(net.targets(self.y), float)

        def product(parameters: Any, along: Any, X: Any, targets: Any) -> Any:
            return hvp(lambda p: net.loss_value(p, X, targets, self.weights), (parameters,), (along,))[0]

        program = compile_graph(trace(product, net.views(self.at), net.views(self.along), X, targets))
        inputs = [*net.views(self.at).values(), *net.views(self.along).values(), X, targets]
        return Executable(program, inputs, list(net.views(self.product).values()))
