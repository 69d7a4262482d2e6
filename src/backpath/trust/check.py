"""Every affordable way to compute one gradient, side by side: they must agree."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from backpath.calculus import GradientCheck, check_grads
from backpath.calculus.call import call
from backpath.calculus.check_grads import floating_arguments, in_float64
from backpath.calculus.kinks import Kink, Kinks
from backpath.graph import GraphError, NonFiniteError, TraceError
from backpath.nets import Model, Network
from backpath.paths import (
    METHODS,
    SUM_PRODUCT,
    Counted,
    Elimination,
    Linearization,
    count_node_paths,
    eliminate,
    evaluate,
    pull_back,
)
from backpath.paths.table import aligned
from backpath.trust.edges import WrongEdge, wrong_edges
from backpath.trust.high_precision import DIGITS, DIRECTIONS, largest_error

Gradient = dict[str, np.ndarray]
Run = Callable[[], tuple[Gradient, str]]
Exact = tuple[str, Run]

TOLERANCE = 1e-9
AFFORDABLE_PATHS = 2_000
AFFORDABLE_VALUES = 50_000_000
AFFORDABLE_EDGES = 2_000_000
AFFORDABLE_EXACT = 500_000
NUMERICAL_SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Route:
    """One way to the gradient.

    Attributes:
        name: of the method.
        error: the largest difference from the reference, relative to the largest entry of that array.
        operations: what it took, in words.
        seconds: wall time.
        ok: whether the error is within what the method can promise.
    """

    name: str
    error: float
    operations: str
    seconds: float
    ok: bool


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of :func:`check`; ``str()`` of it is a table.

    Attributes:
        routes: every method that ran; the first is the reference.
        left_out: methods that would have cost too much, with the reason.
        wrong_edge: where a method disagrees, the first edge whose local derivative is wrong, if one is.
        kinks: nodes that have no derivative at this point, and what their convention is. The numerical methods go on
            straight from there, as the conventions say; see :func:`backpath.check_grads`.
    """

    routes: tuple[Route, ...]
    left_out: tuple[tuple[str, str], ...]
    wrong_edge: WrongEdge | None
    kinks: tuple[Kink, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all methods agree."""
        return all(route.ok for route in self.routes)

    def __str__(self) -> str:
        rows = [("method", "largest relative difference", "operations", "time", "")]
        for r in self.routes:
            verdict = "" if r.ok else "DISAGREES"
            rows.append((r.name, f"{r.error:.1e}", r.operations, f"{r.seconds * 1e3:.1f} ms", verdict))
        lines = [aligned(rows[0], rows[1:])]
        lines += [f"{name} left out: {reason}" for name, reason in self.left_out]
        lines += map(str, self.kinks)
        if self.wrong_edge is not None:
            lines.append(f"the first wrong edge is {self.wrong_edge}")
        return "\n".join(lines)


def check(f: Callable[..., Any] | Model | Linearization, *args: Any, seed: int = 0, **kwargs: Any) -> Check:
    """Compute one gradient in every way that is affordable, and compare.

    Args:
        f: a traceable function; or a model, with ``args`` its parameters, X and y; or a linearization in float64,
            which needs no arguments. The check runs in float64.
        *args: the arguments; derivatives are by those that hold real floating-point numbers.
        seed: of the sample that the numerical methods take from many entries.
        **kwargs: arguments of ``f`` that are held fixed.

    Returns:
        One row for each method: reverse and forward sweep, elimination, enumeration of paths, the textbook's recursions
        for a network of plain layers, complex step, central differences, and 50-digit arithmetic where mpmath is
        installed. At a kink, where methods differ by convention, each node's convention is compared with its
        differences from both sides, and named.

    Raises:
        TraceError: if ``f`` cannot be traced, or no argument holds real floating-point numbers.
        GraphError: if a linearization is not in float64, or has no inputs.
        NonFiniteError: if the value at this point is nan.

    >>> check(lambda w: w**2 + 1 / w, 2.0).ok
    True
    """
    if isinstance(f, Linearization):
        return _check_linearization(f, seed)
    if not isinstance(f, Model):
        return _check_function(f, args, kwargs, seed, [])
    if len(args) != 3:
        raise TraceError(f"a model is checked at its parameters, X and y, and {len(args)} arguments were given")
    parameters, X, y = in_float64(args[0]), np.asarray(args[1], f.input_dtype(float)), args[2]
    beside: list[Exact] = []
    if isinstance(f, Network) and not f.options and isinstance(f.loss, str):
        beside = _recursions(f, parameters, X, y)
    return _check_function(lambda parameters: f.loss_value(parameters, X, y), (parameters,), {}, seed, beside)


def _check_linearization(lin: Linearization, seed: int) -> Check:
    if not lin.inputs:
        raise GraphError("there is no variable to differentiate by: name one, as in 3*w")
    for i in lin.inputs:
        if lin.dtype(i) != np.dtype(float):
            raise GraphError(f"input {lin.names[i]!r} is {lin.dtype(i)}: linearize at float64 values to check")

    def f(*inputs: Any) -> tuple[Any, ...]:
        values = evaluate(lin.graph, inputs)
        return tuple(values[o] for o in lin.outputs)

    args = [lin.values[i] for i in lin.inputs]
    return _compare(lin, list(lin.inputs), partial(check_grads, f, args), seed, [])


def _check_function(
    f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], seed: int, beside: Sequence[Exact]
) -> Check:
    args = in_float64(args)
    numbers = floating_arguments(args)
    traced = call(f, args, numbers, kwargs)
    numerical = partial(check_grads, f, args, argnums=numbers, kwargs=kwargs)
    return _compare(traced.lin, list(traced.sources), numerical, seed, beside)


def _compare(
    lin: Linearization,
    sources: list[int],
    numerical: Callable[..., GradientCheck],
    seed: int,
    beside: Sequence[Exact],
) -> Check:
    _require_values(lin)
    kinks = Kinks(lin, seed)
    routes: list[Route] = []
    left_out: list[tuple[str, str]] = []
    reference: Gradient = {}
    for name, run, reason in [*_sweeps(lin, sources), *((name, run, "") for name, run in beside)]:
        if reason:
            left_out.append((name, reason))
            continue
        started = time.perf_counter()
        found, operations = run()
        seconds = time.perf_counter() - started
        reference = reference or found
        error = _largest_difference(found, reference, kinks.undefined)
        routes.append(Route(name, error, operations, seconds, error <= TOLERANCE))
    routes += _numerical(numerical, seed)
    if kinks:
        left_out.append((f"{DIGITS}-digit arithmetic", "the point is at a kink"))
    else:
        _in_many_digits(lin, sources, reference, seed, routes, left_out)
    wrong = None if all(r.ok for r in routes) else next(wrong_edges(lin, seed), None)
    return Check(tuple(routes), tuple(left_out), wrong, tuple(kinks.found))


def _require_values(lin: Linearization) -> None:
    for o in lin.outputs:
        if np.isnan(lin.values[o]).any():
            name = lin.outside_domain(o)
            raise NonFiniteError(f"node {name!r} is nan: the point is outside its domain; choose another one to check")


def _in_many_digits(
    lin: Linearization,
    sources: Sequence[int],
    reference: Gradient,
    seed: int,
    routes: list[Route],
    left_out: list[tuple[str, str]],
) -> None:
    """Add the route by 50-digit arithmetic, or why there is none."""
    name = f"{DIGITS}-digit arithmetic"
    sweep = Counted(SUM_PRODUCT)
    pull_back(lin, {o: np.ones(lin.shape(o)) for o in lin.outputs}, sources, sweep)
    if sweep.multiplications > AFFORDABLE_EXACT:
        left_out.append((name, f"about {sweep.multiplications:,} multiplications of {DIGITS} digits"))
        return
    blocks = {(s, o): reference[_label(lin, s, o)] for s in sources for o in lin.outputs}
    started = time.perf_counter()
    try:
        error = largest_error(lin, blocks, seed)
    except (ImportError, TypeError) as reason:
        left_out.append((name, str(reason)))
        return
    seconds = time.perf_counter() - started
    routes.append(Route(name, error, f"{DIRECTIONS} directions", seconds, error <= TOLERANCE))


def _numerical(numerical: Callable[..., GradientCheck], seed: int) -> list[Route]:
    """Complex step and central differences, on a sample of the entries."""
    started = time.perf_counter()
    found = numerical(sample=NUMERICAL_SAMPLE, seed=seed)
    seconds = time.perf_counter() - started
    routes = []
    for method in dict.fromkeys(a.method for a in found.arguments):
        rows = [a for a in found.arguments if a.method == method]
        counted = f"{sum(a.checked for a in rows):,} of {sum(a.total for a in rows):,} entries"
        routes.append(Route(method, max(a.error for a in rows), counted, seconds, all(a.ok for a in rows)))
    return routes


def _label(lin: Linearization, source: int, output: int) -> str:
    """The name of one block of derivatives: of a single output that of the source."""
    names = lin.names
    return names[source] if len(lin.outputs) == 1 else f"{names[output]} by {names[source]}"


def _blocks(lin: Linearization, sources: Sequence[int], found: Mapping[tuple[int, int], Any]) -> Gradient:
    """Every derivative of an output by a source, by label; zero where no path leads."""
    blocks = {}
    for s in sources:
        for o in lin.outputs:
            shape = (*lin.shape(o), *lin.shape(s))
            blocks[_label(lin, s, o)] = np.reshape(found[s, o], shape) if (s, o) in found else np.zeros(shape)
    return blocks


def _sweeps(lin: Linearization, sources: Sequence[int]) -> list[tuple[str, Run, str]]:
    """The path methods: name, how to run it, and why it is left out, if it is."""
    entries = sum(_entries(lin, s) for s in sources)
    edges = sum(_entries(lin, j) * _entries(lin, i) for j in range(len(lin)) for _, i in lin.edges_into(j))
    paths = sum(count_node_paths(lin, s, o) for s in sources for o in lin.outputs)
    values = sum(_entries(lin, j) for j in range(len(lin)))
    too_wide = f"{entries:,} sweeps over {values:,} values" if entries * values > AFFORDABLE_VALUES else ""
    too_dense = f"about {edges:,} scalar edges" if edges > AFFORDABLE_EDGES else ""
    too_many = f"{paths:,} paths" if paths > AFFORDABLE_PATHS else too_dense

    def swept(method: str) -> tuple[Gradient, str]:
        counted = Counted(SUM_PRODUCT)
        return _blocks(lin, sources, METHODS[method](lin, sources, lin.outputs, semiring=counted)), _cost(counted)

    def eliminated() -> tuple[Gradient, str]:
        found = eliminate(lin, sources, lin.outputs)
        return _blocks(lin, sources, found.derivatives), _cost(found)

    def enumerated() -> tuple[Gradient, str]:
        return _blocks(lin, sources, METHODS["paths"](lin, sources, lin.outputs)), f"{paths:,} path{'s' * (paths != 1)}"

    return [
        ("reverse sweep", lambda: swept("reverse"), ""),
        ("forward sweep", lambda: swept("forward"), too_wide),
        ("elimination", eliminated, too_dense),
        ("paths", enumerated, too_many),
    ]


def _cost(counted: Counted | Elimination) -> str:
    return f"{counted.multiplications:,} x, {counted.additions:,} +"


def _entries(lin: Linearization, position: int) -> int:
    return int(np.prod(lin.shape(position), dtype=int))


def _recursions(network: Network, parameters: Any, X: Any, y: Any) -> list[Exact]:
    """The textbook's recursions, and the reverse sweep on the readings by one kind of variable."""

    def run(variables: str, method: str) -> tuple[Gradient, str]:
        gradient = network.backprop(parameters, X, y, variables=variables, method=method)
        return {f"parameters.{name}": value for name, value in gradient.items()}, "vectorized"

    return [
        ("Delta recursion", partial(run, "post", "recursion")),
        ("delta recursion", partial(run, "pre", "recursion")),
        ("reverse, post-activations", partial(run, "post", "reverse")),
        ("reverse, pre-activations", partial(run, "pre", "reverse")),
    ]


def _largest_difference(found: Gradient, reference: Gradient, undefined: bool) -> float:
    """The largest difference over all arrays, each relative to its largest finite entry.

    Where a slope is ``undefined``, entries that are no number in one of them are not compared: products and sums in
    other orders make other infinities and nan.
    """
    worst = 0.0
    for name, theirs in reference.items():
        ours = found[name]
        known = np.isfinite(ours) & np.isfinite(theirs)
        if not undefined and not known.all():
            return np.inf
        scale = float(np.maximum(np.abs(theirs), np.abs(ours)).max(initial=0.0, where=known))
        if scale > 0:
            worst = max(worst, float(np.abs(ours - theirs).max(initial=0.0, where=known)) / scale)
    return worst
