"""Explain: one gradient taken apart, by sweeps of the same recursion in other semirings."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any

import numpy as np

from backpath.diagnosis.spectrum import LAYERS, LengthSpectrum
from backpath.diagnosis.summary import summary
from backpath.graph import GraphError, hooks
from backpath.nets import Network
from backpath.ops import Semiring
from backpath.paths import (
    ACTIVE_COUNT,
    ENTROPY,
    MASS,
    PATH_COUNT,
    SUM_PRODUCT,
    Lengths,
    Linearization,
    PathNorm,
    linearize,
    pull_back,
    push_forward,
)
from backpath.paths.top_paths import NeuronPath, strongest_paths

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Explanation:
    """Which paths carry a gradient. Every quantity is computed when it is asked for, and exactly.

    Paths go from entry to entry of arrays, neuron by neuron. An operation counts as one edge between each pair of
    entries that its local derivative joins: softmax, log-sum-exp and the fused losses are atomic.

    Attributes:
        lin: the graph at its point, with one scalar output.
        sources: positions of the inputs that are explained.
    """

    lin: Linearization
    sources: tuple[int, ...]

    @property
    def output(self) -> int:
        """The position of the scalar that is differentiated."""
        return self.lin.outputs[0]

    @cached_property
    def gradient(self) -> Arrays:
        """The derivative by each input, by name: the sum over all paths."""
        return self._by_name(self._pulled(SUM_PRODUCT))

    def length_spectrum(self, by: str = "layer") -> LengthSpectrum:
        """The gradient carried by the paths of each length.

        Args:
            by: ``"layer"`` counts the operations on a path that mix neurons (matrix products), ``"edge"`` all.

        Raises:
            GraphError: for another word.
        """
        if by not in ("layer", "edge"):
            raise GraphError(f"by={by!r}: lengths are counted by 'layer' or by 'edge'")
        steps = [int(by == "edge" or node.primitive in LAYERS) for node in self.lin.graph.nodes]
        pulled = self._pulled(Lengths(steps))
        lengths = sorted({n for polynomial in pulled.values() for n in polynomial})
        parts = {n: {self.lin.names[s]: pulled[s].get(n, self._zeros(s)) for s in self.sources} for n in lengths}
        return LengthSpectrum(by, parts)

    @cached_property
    def mass(self) -> Arrays:
        """The sum over all paths of the size of their product, by name: what the gradient would be without signs."""
        return self._by_name(self._pulled(MASS))

    @property
    def total_mass(self) -> float:
        """The mass over all entries of all inputs."""
        return math.fsum(float(np.sum(m)) for m in self.mass.values())

    def cancellation(self) -> Arrays:
        """The gradient's size over the mass, entry by entry: 1 where all paths agree in sign, near 0 where they cancel.

        Wide layers cancel more, whatever they have learned: compare networks of equal width.
        """
        sizes = {name: np.abs(g) for name, g in self.gradient.items()}
        masses = self.mass
        return {n: np.divide(a, masses[n], out=np.ones_like(a), where=masses[n] > 0) for n, a in sizes.items()}

    def flow(self, by: str = "node") -> dict[Any, float]:
        """How much of the mass goes through each node, or each edge.

        An edge's flow is alpha times the size of z times beta, where alpha is the mass of paths from the inputs to its
        source, and beta of those from its target to the output. Edges across any cut carry the same total, which is
        ``total_mass``.

        Args:
            by: ``"node"``: by name; ``"edge"``: by (name of the source, name of the target, operand number).

        Raises:
            GraphError: for another word.
        """
        if by not in ("node", "edge"):
            raise GraphError(f"by={by!r}: flow is by 'node' or by 'edge'")
        names = self.lin.names
        if by == "node":
            return {names[k]: float(np.sum(self._alpha[k] * b)) for k, b in self._beta.items() if k in self._alpha}
        return {
            (names[i], names[j], slot): float(np.sum(self.lin.local(j, slot).push(self._alpha[i], MASS) * beta))
            for j, beta in self._beta.items()
            for slot, i in self.lin.edges_into(j)
            if i in self._alpha
        }

    def top_paths(self, k: int = 10) -> list[NeuronPath]:
        """The ``k`` paths of largest \\|product\\|, in order, neuron by neuron."""
        return list(strongest_paths(self.lin, self.sources, (self.output, 0), k))

    def count(self) -> int:
        """How many paths there are."""
        return sum(int(np.sum(c)) for c in self._pulled(PATH_COUNT).values())

    def active_count(self) -> int:
        """How many of them carry anything at this point: a dead neuron closes all paths through it."""
        return sum(int(np.sum(c)) for c in self._pulled(ACTIVE_COUNT).values())

    def entropy(self) -> float:
        """The entropy of the paths' shares of the mass, in nats: 0 for one path, log(n) for n equal ones."""
        spreads = list(self._pulled(ENTROPY).values())
        mass, moment = (math.fsum(float(np.sum(s[k])) for s in spreads) for k in (0, 1))
        return math.log(mass) - moment / mass if mass > 0 else 0.0

    def evenness(self) -> float:
        """The entropy over the logarithm of the number of active paths: 1 if all carry equally much."""
        count = self.active_count()
        return self.entropy() / math.log(count) if count > 1 else 1.0

    def path_norm(self, q: float = 2.0) -> float:
        """The q-norm of the products over all paths."""
        semiring = PathNorm(q)
        return float(semiring.norm(math.fsum(float(np.sum(s)) for s in self._pulled(semiring).values())))

    def depth_scale(self) -> list[tuple[str, float]]:
        """For each layer from the output backwards its name and the root mean square of the adjoint there.

        A network whose numbers fall from line to line has a vanishing gradient; where they grow it explodes.
        """
        nodes = self.lin.graph.nodes
        found = self._sums_of_all
        layers = [k for k in sorted(found, reverse=True) if nodes[k].primitive in LAYERS]
        return [(nodes[k].name, float(np.sqrt(np.mean(np.square(found[k], dtype=float))))) for k in layers]

    def verify(self) -> dict[str, bool]:
        """Invariants that hold on any graph, each by name; all are True unless there is an error in backpath."""
        g, m = (np.concatenate([np.ravel(a[n]) for n in a]) for a in (self.gradient, self.mass))
        spectrum, top = self.length_spectrum("edge"), self.top_paths(1)
        parts = [np.concatenate([np.ravel(a) for a in part.values()]) for part in spectrum.parts.values()]
        slack = 1e-5 if g.dtype == np.float32 else 1e-10
        total = self.total_mass
        room = math.log(max(self.active_count(), 1)) + slack
        return {
            "the lengths sum to the gradient": bool(np.allclose(sum(parts), g, rtol=0, atol=slack * m.max())),
            "no derivative is larger than its mass": bool((np.abs(g) <= m * (1 + slack)).all()),
            "every cut carries the same flow": all(abs(c - total) <= slack * total for c in self._cuts()),
            "the strongest path is no larger than the mass": not top or abs(top[0].product) <= total * (1 + slack),
            "the entropy is at most the logarithm of the count": self.entropy() <= room,
        }

    def to_json(self) -> dict[str, Any]:
        """The aggregated quantities, and the ten strongest paths, as plain data."""
        spectrum = self.length_spectrum()
        return {
            "inputs": [self.lin.names[s] for s in self.sources],
            "output": self.lin.names[self.output],
            "gradient_norm": float(np.sqrt(sum(np.sum(np.square(g, dtype=float)) for g in self.gradient.values()))),
            "mass": self.total_mass,
            "paths": self.count(),
            "active_paths": self.active_count(),
            "entropy": self.entropy(),
            "evenness": self.evenness(),
            "length_spectrum": {"norms": spectrum.norms, "shares": spectrum.shares},
            "effective_depth": spectrum.effective_depth,
            "depth_scale": dict(self.depth_scale()),
            "top_paths": [{"path": p.route, "product": p.product} for p in self.top_paths()],
        }

    def summary(self) -> str:
        """The same in words: numbers, a bar for each length, and the strongest paths."""
        return summary(self.to_json())

    def plot(self) -> Any:
        """A matplotlib figure: the length spectrum, the adjoint's size by layer, and how much cancels.

        Raises:
            ImportError: if matplotlib is not installed.
        """
        return hooks.PLOT[0](self)

    # Sweeps.

    def _pulled(self, semiring: Semiring) -> dict[int, Any]:
        lin, o = self.lin, self.output
        found = pull_back(lin, {o: semiring.one((), lin.dtype(o))}, self.sources, semiring)
        return {s: found[s] if s in found else semiring.zero(lin.shape(s), lin.dtype(s)) for s in self.sources}

    @cached_property
    def _alpha(self) -> dict[int, np.ndarray]:
        """The mass of paths from the explained inputs to each node."""
        return push_forward(self.lin, {s: np.ones(self.lin.shape(s)) for s in self.sources}, MASS)

    @cached_property
    def _beta(self) -> dict[int, np.ndarray]:
        """The mass of paths from each node to the output."""
        return pull_back(self.lin, {self.output: np.ones(())}, range(len(self.lin)), MASS)

    @cached_property
    def _sums_of_all(self) -> dict[int, np.ndarray]:
        seed = np.ones((), self.lin.dtype(self.output))
        return pull_back(self.lin, {self.output: seed}, range(len(self.lin)), SUM_PRODUCT)

    def _cuts(self) -> list[float]:
        """The flow over the edges from the first k nodes to the rest, for each k from the last explained input on."""
        position = {name: k for k, name in enumerate(self.lin.names)}
        flows = [(position[i], position[j], f) for (i, j, _), f in self.flow("edge").items()]
        return [math.fsum(f for i, j, f in flows if i <= k < j) for k in range(max(self.sources), self.output)]

    def _zeros(self, position: int) -> np.ndarray:
        return np.zeros(self.lin.shape(position), self.lin.dtype(position))

    def _by_name(self, found: dict[int, Any]) -> Arrays:
        return {self.lin.names[s]: np.asarray(value) for s, value in found.items()}


def explain(
    f: Callable[..., Any] | Network, args: Sequence[Any], output: Any = (), wrt: Sequence[str] | str | None = None
) -> Explanation:
    """Take the gradient of one number apart, path by path.

    Args:
        f: a traceable function; or a network, whose scores are explained, with ``args`` its parameters and X.
        args: where: a tuple or list.
        output: the index, in what ``f`` returns, of the number to explain: for a network (example, class). A function
            that returns one number needs none.
        wrt: the inputs to explain it by: an argument's name, or a name inside one, such as ``"parameters.W1"``; by
            default all that hold real floating-point numbers. Of a network X is called ``"X"``.

    Raises:
        GraphError: if ``output`` is not one number, or ``wrt`` names no input.
        TraceError: if ``f`` cannot be traced.

    >>> e = explain(lambda w: w * 3.0 - w * 2.0, (1.0,))
    >>> float(e.gradient["w"]), e.total_mass, e.count()
    (1.0, 5.0, 2)
    """
    function = f.scores if isinstance(f, Network) else f

    @wraps(function)
    def chosen(*traced: Any) -> Any:
        value = function(*traced)
        return value[output] if output != () else value

    lin = linearize(chosen, *args)
    if len(lin.outputs) != 1 or lin.shape(lin.outputs[0]) != ():
        shapes = " and ".join(str(list(lin.shape(o))) for o in lin.outputs)
        raise GraphError(f"output={output!r} leaves values of shape {shapes}: choose one number by its index")
    return Explanation(lin, _sources(lin, wrt))


def _sources(lin: Linearization, wrt: Sequence[str] | str | None) -> tuple[int, ...]:
    """Positions of the inputs of real numbers that ``wrt`` names, whole or by the argument that they are part of."""
    real = {lin.names[i]: i for i in lin.inputs if lin.dtype(i).kind == "f"}
    wanted = list(real) if wrt is None else [wrt] if isinstance(wrt, str) else list(wrt)
    found: list[int] = []
    for name in wanted:
        parts = [i for known, i in real.items() if known == name or known.startswith((f"{name}.", f"{name}["))]
        if not parts:
            raise GraphError(f"no input of real numbers is called {name!r}; there are {', '.join(real) or 'none'}")
        found += [i for i in parts if i not in found]
    if not found:
        raise GraphError("there is no input of real numbers to explain by: pass 3.0 in place of 3")
    return tuple(found)
