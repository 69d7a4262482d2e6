"""What paths tell of one gradient: sweeps of the same recursion in other semirings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from backpath.explanation.carriers import Carriers, Flows, of_branches, of_heads, of_modules
from backpath.explanation.footprint import memory
from backpath.explanation.skips import branches_of
from backpath.explanation.spectrum import LAYERS, LengthSpectrum, step_inside, step_of
from backpath.explanation.sweeps import BY_NUMPY, Sweeps
from backpath.graph import GraphError
from backpath.ops import Semiring, scope_of
from backpath.ops.control import refuse_control
from backpath.paths import (
    ACTIVE_COUNT,
    ENTROPY,
    PATH_COUNT,
    SCALED_MASS,
    SUM_PRODUCT,
    Lengths,
    Linearization,
    PathNorm,
    Scaled,
    push_forward,
    reachable,
)
from backpath.paths.array_paths import ArrayPath, strongest_array_paths
from backpath.paths.convolutions import WithWindows, inner_nodes
from backpath.paths.semirings.log_scaled import SCALED_SQUARES, product, summed
from backpath.paths.top_paths import NeuronPath, strongest_paths

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class LayerScale:
    """How large the gradient is at one layer.

    Attributes:
        layer: the name of its node.
        rms: the root mean square of the adjoint's entries there.
        ratio: the adjoint's squared norm over that at the next layer towards the output (NaN at the last layer): below
            1 the gradient vanishes on its way back, above 1 it explodes.
    """

    layer: str
    rms: float
    ratio: float


@dataclass(frozen=True)
class Quantities:
    """What sweeps find of one gradient; see :class:`Explanation`, which adds how to tell it."""

    lin: Linearization
    sources: tuple[int, ...]
    entry: tuple[int, ...] | None = None
    sweeps: Sweeps = BY_NUMPY

    @property
    def output(self) -> int:
        """The position of the node that is differentiated."""
        return self.lin.outputs[0]

    @property
    def seed(self) -> np.ndarray:
        """Of the output's shape: 1 at the entries that are explained, else 0."""
        return self._seed(SUM_PRODUCT)

    @property
    def left_out(self) -> dict[str, str]:
        """Inputs that are not explained since they hold no real floating-point numbers: name and type."""
        others = [i for i in self.lin.inputs if self.lin.dtype(i).kind != "f"]
        return {self.lin.names[i]: str(self.lin.dtype(i)) for i in others}

    @property
    def outside(self) -> str:
        """The first node without a value at this point, which lies outside its domain; empty if all have one."""
        return self.lin.outside_domain(self.output)

    def each(self) -> list[Self]:
        """One explanation for each entry of the output, such as each example of a batch.

        They share the forward phase. Every quantity of one takes a sweep of its own through the whole graph.
        """
        return [replace(self, entry=entry) for entry in np.ndindex(self.lin.shape(self.output))]

    @cached_property
    def gradient(self) -> Arrays:
        """The derivative by each input, by name: the sum over all paths."""
        if "_adjoints" in self.__dict__:
            return self._by_name({s: self._adjoints.get(s, self._zeros(s)) for s in self.sources})
        return self._by_name(self._pulled(SUM_PRODUCT))

    def length_spectrum(self, by: str = "layer") -> LengthSpectrum:
        """The gradient carried by the paths of each length.

        Args:
            by: ``"layer"`` counts the operations on a path that mix neurons (matrix products), ``"edge"`` all,
                ``"block"`` the residual blocks that a path goes through and not around, ``"module"`` the modules of
                an imported model that it enters.

        Raises:
            GraphError: for another word, or blocks or modules where there are none.
        """
        lengths = Lengths(step_of(self.lin, by), lambda graph: step_inside(graph, by))
        pulled = self._pulled(lengths, f"lengths by {by}")
        found = sorted({n for polynomial in pulled.values() for n in polynomial})
        parts = {n: {self.lin.names[s]: pulled[s].get(n, self._zeros(s)) for s in self.sources} for n in found}
        return LengthSpectrum(by, parts)

    def mass(self) -> Arrays:
        """The sum over all paths of the size of their product, by name: what the gradient would be without signs.

        Sweeps carry masses with a power of two beside them. They come back in the type of the input, in float64 where
        that does not hold them, and infinite beyond that; ``log10_mass`` is finite.
        """
        return self._by_name(
            {s: self._masses[s].array() if s in self._masses else self._zeros(s) for s in self.sources}
        )

    @cached_property
    def total_mass(self) -> float:
        """The mass over all entries of all inputs; infinite where a number of float64 does not hold it."""
        return float(self._total_mass)

    @property
    def log10_mass(self) -> float:
        """The decimal logarithm of ``total_mass``, whatever its size."""
        return float(self._total_mass.log10())

    @cached_property
    def _total_mass(self) -> Scaled:
        return summed(self._masses[s].total() for s in self.sources if s in self._masses)

    @cached_property
    def chance_mass(self) -> float:
        """What signs drawn at random would leave of the mass, as :meth:`cancellation` takes it, over all inputs."""
        return float(summed(self._chances[s].total() for s in self.sources if s in self._chances))

    def cancellation(self, by: str = "element", relative: bool = False) -> dict[str, Any]:
        """The gradient's size over the mass: 1 where all paths agree in sign, near 0 where they cancel.

        Raw cancellation mostly measures width: for L square layers of n independent Gaussian weights the root mean
        square of the gradient is sqrt(pi/2) (pi/(2n))^((L-1)/2) of the mass. Relative to that, 1 is what chance gives.

        Args:
            by: ``"element"``: for each input an array, entry by entry (for a parameter, weight by weight);
                ``"layer"``: for each layer a number, its entries summed before the division; ``"node"``: likewise for
                every node between the inputs and the output; ``"module"``: for the last node of each module.
            relative: take in place of the mass the root of the sum over the paths of their squared product: the root
                mean square that the gradient would have if every edge's sign were drawn at random.

        Raises:
            GraphError: for another word.
        """
        if by not in ("element", "layer", "node", "module"):
            raise GraphError(f"by={by!r}: cancellation is by 'element', by 'layer', by 'node' or by 'module'")
        wholes = self._chances if relative else self._masses
        if by == "element":
            sizes = {s: np.abs(self._adjoints.get(s, self._zeros(s))) for s in self.sources}
            return self._by_name({s: _kept(a, wholes[s]) if s in wholes else np.ones_like(a) for s, a in sizes.items()})
        named = {self.lin.names[k]: k for k in (self._layers if by == "layer" else sorted(self._adjoints))}
        chosen = self._modules if by == "module" else named
        sizes = {name: Scaled(np.sum(np.abs(self._adjoints[k]), dtype=float), 0) for name, k in chosen.items()}
        return {name: size.over(wholes[chosen[name]].total()) for name, size in sizes.items()}

    def flow(self, by: str = "node") -> dict[Any, float]:
        """How much of the mass goes through each node, each layer, each module or each edge.

        An edge's flow is alpha times the size of z times beta, where alpha is the mass of paths from the inputs to its
        source, and beta of those from its target to the output. Edges across any cut carry the same total, which is
        ``total_mass``.

        Args:
            by: ``"node"``: by name; ``"layer"``: likewise, for the nodes that mix neurons; ``"module"``: by its path;
                ``"edge"``: by (name of the source, name of the target, slot).

        Raises:
            GraphError: for another word.
        """
        names, alpha, beta = self.lin.names, self._alpha, self._masses
        if by == "node":
            return {names[k]: float(product(alpha[k], beta[k])) for k in sorted(beta)}
        if by == "layer":
            return {names[k]: float(product(alpha[k], beta[k])) for k in self._layers}
        if by == "module":
            return {part.name: part.mass * self.total_mass for part in self.carried("module")}
        if by != "edge":
            raise GraphError(f"by={by!r}: flow is by 'node', by 'layer', by 'module' or by 'edge'")
        return {
            (names[i], names[j], slot): float(product(self.lin.local(j, slot).push(alpha[i], SCALED_MASS), beta[j]))
            for j in sorted(beta)
            for slot, i in self.lin.edges_into(j)
            if i in alpha
        }

    def carried(self, by: str = "module") -> Carriers:
        """Which parts of a model carry the gradient, and which work against it: a table when printed.

        Takes four sweeps in all, whatever the number of parts, and shares three of them with other quantities.

        Args:
            by: ``"module"``: what leaves each module of an imported model, those inside others too; ``"branch"``: what
                goes through each residual branch and not around it; ``"head"``: through each head of each attention.

        Raises:
            GraphError: for another word, or where there are no such parts.
        """
        if by not in ("module", "branch", "head"):
            raise GraphError(f"by={by!r}: parts that carry a gradient are by 'module', by 'branch' or by 'head'")
        found = {
            "module": of_modules,
            "branch": lambda flows: of_branches(flows, branches_of(self.lin)),
            "head": of_heads,
        }[by](self._flows)
        if not found:
            raise GraphError(f"by={by!r}: the graph has none on a path from what it is explained by to the output")
        return Carriers(by, found)

    def memory(self, by: str = "layer") -> dict[str, int]:
        """How many bytes the path sums of a sweep take at once, before any is made.

        ``"values"`` are there already. ``"adjoint"`` is what ``gradient`` takes, ``"nodes"`` each of the sweeps that
        keep the sums of all nodes, of which :meth:`flow`, :meth:`cancellation` and :meth:`carried` take two to four,
        and ``"spectrum"`` the length spectrum.

        Args:
            by: the unit of the spectrum's lengths.

        Raises:
            GraphError: as :meth:`length_spectrum`.
        """
        return memory(self.lin, self.sources, self.output, step_of(self.lin, by))

    def top_paths(self, k: int = 10, by: str = "element") -> list[NeuronPath] | list[ArrayPath]:
        """The ``k`` strongest paths, in order.

        Args:
            k: how many.
            by: ``"element"``: neuron by neuron, by the size of their product; ``"layer"``: from array to array, by the
                mass of all the neuron paths that go that way.

        Raises:
            GraphError: for another word; by element, if the graph has a loop or a branch as one node.
        """
        if by == "element":
            refuse_control(self.lin.graph, "top_paths(by='element')")
            return list(strongest_paths(self.lin, self.sources, self.output, self.seed, k))
        if by == "layer":
            return list(strongest_array_paths(self.lin, self.sources, self.output, self.seed, k))
        raise GraphError(f"by={by!r}: paths are by 'element' or by 'layer'")

    def count(self) -> int:
        """How many paths there are."""
        return self._total(PATH_COUNT)

    def active_count(self) -> int:
        """How many of them carry anything at this point: a dead neuron closes all paths through it."""
        return self._total(ACTIVE_COUNT)

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

    def depth_scale(self, by: str = "layer") -> list[LayerScale]:
        """How large the gradient is at each layer, from the output backwards: where it vanishes or explodes.

        Args:
            by: ``"layer"``, or ``"module"`` for the last node of each module of an imported model.

        Raises:
            GraphError: for another word.
        """
        if by not in ("layer", "module"):
            raise GraphError(f"by={by!r}: the scale is by 'layer' or by 'module'")
        chosen = self._modules if by == "module" else {self.lin.names[k]: k for k in self._layers}
        squares = [(name, np.square(self._adjoints[k], dtype=float)) for name, k in reversed(chosen.items())]
        totals = [math.nan, *(float(np.sum(s)) for _, s in squares)]
        return [
            LayerScale(name, float(np.sqrt(np.mean(s))), total / after if after else math.nan)
            for (name, s), total, after in zip(squares, totals[1:], totals, strict=False)
        ]

    # Sweeps.

    def _seed(self, semiring: Semiring) -> Any:
        shape, dtype = self.lin.shape(self.output), self.lin.dtype(self.output)
        if self.entry is None or shape == ():
            return semiring.one(shape, dtype)
        return semiring.scatter(semiring.one((), dtype), self.entry, shape)

    def _pulled(self, semiring: Semiring, label: str | None = None) -> dict[int, Any]:
        lin = self.lin
        found = self.sweeps.pull(lin, self._seed(semiring), self.sources, semiring, label)
        return {s: found[s] if s in found else semiring.zero(lin.shape(s), lin.dtype(s)) for s in self.sources}

    def _total(self, semiring: Semiring) -> int:
        return sum(int(np.sum(c)) for c in self._pulled(semiring).values())

    def _on_paths(self, semiring: Semiring) -> Mapping[int, Any]:
        """Path sums to the output from every node that lies on a path from an explained input."""
        inner = inner_nodes(self.lin.graph).keys() - set(self.sources)
        between = [k for k, flag in enumerate(reachable(self.lin, self.sources)) if flag and k not in inner]
        sums = self.sweeps.pull(self.lin, self._seed(semiring), between, semiring)
        return WithWindows(self.lin, sums, semiring, False) if inner else sums

    @cached_property
    def _adjoints(self) -> Mapping[int, np.ndarray]:
        return self._on_paths(SUM_PRODUCT)

    @cached_property
    def _masses(self) -> Mapping[int, Scaled]:
        """Beta: the mass of paths from each node to the output."""
        return self._on_paths(SCALED_MASS)

    @cached_property
    def _chances(self) -> dict[int, Scaled]:
        return {k: s.root() for k, s in self._on_paths(SCALED_SQUARES).items()}

    @cached_property
    def _alpha(self) -> Mapping[int, Scaled]:
        """The mass of paths from the explained inputs to each node."""
        return self.sweeps.push(self.lin, self.sources)

    @property
    def _layers(self) -> list[int]:
        """The nodes between the inputs and the output that mix neurons."""
        return [k for k in sorted(self._masses) if self.lin.graph.nodes[k].primitive in LAYERS]

    @property
    def _modules(self) -> dict[str, int]:
        """The last node of each module that has nodes of its own, in the order of the graph."""
        last = {scope_of(self.lin.names[k]): k for k in sorted(self._adjoints)}
        if not any(last):
            raise GraphError("by='module': no node of the graph is of a module, as those of an imported model are")
        return {path: k for path, k in sorted(last.items(), key=lambda pair: pair[1]) if path}

    @cached_property
    def _flows(self) -> Flows:
        """Adjoints, tangents along the gradient, and masses both ways."""
        gradient = {s: self._adjoints.get(s, self._zeros(s)) for s in self.sources}
        tangents = push_forward(self.lin, gradient, SUM_PRODUCT)
        square = math.fsum(float(np.sum(np.square(g, dtype=float))) for g in gradient.values())
        return Flows(self.lin, self._adjoints, tangents, self._masses, self._alpha, self._total_mass, square)

    def _zeros(self, position: int) -> np.ndarray:
        return np.zeros(self.lin.shape(position), self.lin.dtype(position))

    def _by_name(self, found: dict[int, Any]) -> Arrays:
        return {self.lin.names[s]: np.asarray(value) for s, value in found.items()}


def _kept(sizes: np.ndarray, whole: Scaled) -> np.ndarray:
    """What is kept of each entry of the whole; 1 where there is nothing to cancel."""
    part = np.ldexp(sizes, -whole.exponent) if whole.exponent else sizes
    return np.divide(part, whole.entries, out=np.ones_like(part), where=whole.entries > 0)
