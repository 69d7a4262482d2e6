"""Every affordable way to compute one gradient, side by side: they must agree."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from backpath.calculus import check_grads
from backpath.calculus.call import call
from backpath.calculus.check import floating_arguments, in_float64
from backpath.diagnosis.edges import WrongEdge, wrong_edges
from backpath.nets import Network
from backpath.paths import SUM_PRODUCT, Counted, Elimination, Linearization, count_node_paths

Gradient = dict[str, np.ndarray]
Run = Callable[[], tuple[Gradient, str]]
Exact = tuple[str, Run]

TOLERANCE = 1e-9
AFFORDABLE_PATHS = 2_000
AFFORDABLE_VALUES = 50_000_000
AFFORDABLE_EDGES = 2_000_000
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
    """

    routes: tuple[Route, ...]
    left_out: tuple[tuple[str, str], ...]
    wrong_edge: WrongEdge | None

    @property
    def ok(self) -> bool:
        """Whether all methods agree."""
        return all(route.ok for route in self.routes)

    def __str__(self) -> str:
        width = max(len(route.name) for route in self.routes)
        lines = [f"{'method':<{width}}  largest relative difference  operations              time"]
        for r in self.routes:
            verdict = "" if r.ok else "  DISAGREES"
            lines.append(f"{r.name:<{width}}  {r.error:<27.1e}  {r.operations:<22}  {r.seconds * 1e3:.1f} ms{verdict}")
        lines += [f"{name:<{width}}  left out: {reason}" for name, reason in self.left_out]
        if self.wrong_edge is not None:
            lines.append(f"the first wrong edge is {self.wrong_edge}")
        return "\n".join(lines)


def check(f: Callable[..., Any] | Network, *args: Any, seed: int = 0) -> Check:
    """Compute one gradient in every way that is affordable, and compare.

    Args:
        f: a traceable function; or a network, with ``args`` its parameters, X and y. The check runs in float64.
        *args: the arguments; derivatives are by those that hold real floating-point numbers.
        seed: of the sample that the numerical methods take from many entries.

    Returns:
        One row for each method: reverse and forward sweep, elimination, enumeration of paths, the textbook's recursions
        for a network, complex step and central differences.

    Raises:
        TraceError: if ``f`` cannot be traced, or no argument holds real floating-point numbers.

    >>> check(lambda w: w**2 + 1 / w, 2.0).ok
    True
    """
    if not isinstance(f, Network):
        return _compare(f, args, seed, [])
    parameters, X, y = in_float64(args[0]), np.asarray(args[1], float), args[2]
    beside = _recursions(f, parameters, X, y)
    return _compare(lambda parameters: f.loss_value(parameters, X, y), (parameters,), seed, beside)


def _compare(f: Callable[..., Any], args: Sequence[Any], seed: int, beside: Sequence[Exact]) -> Check:
    args = in_float64(args)
    numbers = floating_arguments(args)
    traced = call(f, args, numbers, {})
    lin, sources = traced.lin, [traced.lin.graph.nodes[s].name for s in traced.sources]
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
        error = _largest_difference(found, reference)
        routes.append(Route(name, error, operations, seconds, error <= TOLERANCE))
    routes += _numerical(f, args, numbers, seed)
    wrong = None if all(r.ok for r in routes) else next(wrong_edges(lin), None)
    return Check(tuple(routes), tuple(left_out), wrong)


def _numerical(f: Callable[..., Any], args: Sequence[Any], numbers: Sequence[int], seed: int) -> list[Route]:
    """Complex step and central differences, on a sample of the entries."""
    started = time.perf_counter()
    found = check_grads(f, args, argnums=numbers, sample=NUMERICAL_SAMPLE, seed=seed)
    seconds = time.perf_counter() - started
    routes = []
    for method in dict.fromkeys(a.method for a in found.arguments):
        rows = [a for a in found.arguments if a.method == method]
        counted = f"{sum(a.checked for a in rows):,} of {sum(a.total for a in rows):,} entries"
        routes.append(Route(method, max(a.error for a in rows), counted, seconds, all(a.ok for a in rows)))
    return routes


def _blocks(lin: Linearization, sources: list[str], method: str, **options: Any) -> Gradient:
    """Every derivative of an output by a source, by name; of a single output by the source's name alone."""
    outputs = [lin.graph.nodes[o].name for o in lin.outputs]
    by_output = lin.gradient(sources, outputs, method, **options)
    if len(outputs) == 1:
        return {s: np.asarray(block) for s, block in by_output[outputs[0]].items()}
    return {f"{o} by {s}": np.asarray(block) for o, blocks in by_output.items() for s, block in blocks.items()}


def _sweeps(lin: Linearization, sources: list[str]) -> list[tuple[str, Run, str]]:
    """The path methods: name, how to run it, and why it is left out, if it is."""
    entries = sum(int(np.prod(lin.shape(lin.find(s)), dtype=int)) for s in sources)
    edges = sum(_entries(lin, j) * _entries(lin, i) for j in range(len(lin)) for _, i in lin.edges_into(j))
    paths = sum(count_node_paths(lin, lin.find(s), o) for s in sources for o in lin.outputs)
    values = sum(_entries(lin, j) for j in range(len(lin)))
    too_wide = f"{entries:,} sweeps over {values:,} values" if entries * values > AFFORDABLE_VALUES else ""
    too_dense = f"about {edges:,} scalar edges" if edges > AFFORDABLE_EDGES else ""
    too_many = f"{paths:,} paths" if paths > AFFORDABLE_PATHS else too_dense

    def swept(method: str) -> tuple[Gradient, str]:
        counted = Counted(SUM_PRODUCT)
        return _blocks(lin, sources, method, semiring=counted), _cost(counted)

    def eliminated() -> tuple[Gradient, str]:
        return _blocks(lin, sources, "elimination"), _cost(lin.eliminate(sources))

    def enumerated() -> tuple[Gradient, str]:
        return _blocks(lin, sources, "paths"), f"{paths:,} paths"

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


def _largest_difference(found: Gradient, reference: Gradient) -> float:
    """The largest difference over all arrays, each relative to its largest entry."""
    worst = 0.0
    for name, theirs in reference.items():
        ours = found[name]
        scale = max(float(np.abs(theirs).max(initial=0.0)), float(np.abs(ours).max(initial=0.0)))
        if scale > 0:
            worst = max(worst, float(np.abs(ours - theirs).max()) / scale)
    return worst
