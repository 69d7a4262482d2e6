"""The layers of any model, read off its graph: what mixes neurons, what comes behind, and what ends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.diagnosis.subject import Subject
from backpath.explanation.spectrum import LAYERS
from backpath.graph import Graph
from backpath.paths import Linearization, linearize

MIXING = LAYERS | {"conv", "convolution"}
CARRIED = frozenset({"add", "multiply", "reshape", "transpose", "astype"})
"""What may stand between a layer's product and its activation: biases, gains and forms."""

SHAPES = frozenset({"reshape", "transpose", "astype", "index"})

ROWS = 128
"""That stand for all where values of every unit are looked at."""


@dataclass(frozen=True, slots=True)
class LayerValues:
    """One layer at a point.

    Attributes:
        name: of its node.
        weight: the name of its weights, among the model's parameters.
        pre: what its activation reads, of shape (rows, units).
        post: what the next layer reads, of the same shape; of the last layer the scores.
        activations: the primitives between them, in order.
    """

    name: str
    weight: str
    pre: np.ndarray
    post: np.ndarray
    activations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The layers in order; ``normalized`` tells whether some are standardized over the batch."""

    layers: tuple[LayerValues, ...]
    normalized: bool

    @property
    def hidden(self) -> tuple[LayerValues, ...]:
        """All but the last."""
        return self.layers[:-1]

    @property
    def ending(self) -> tuple[str, ...]:
        """The primitives behind the last layer."""
        return self.layers[-1].activations if self.layers else ()


def layout_of(subject: Subject, parameters: Any, X: np.ndarray | None = None) -> Layout:
    """The layout of a subject's model at parameters, on some of its rows."""
    X = (subject.X if X is None else X)[:ROWS]
    model = subject.model
    rows = model.shaped(np.asarray(X, model.input_dtype(np.float64)))
    parameters = model.tree({k: np.asarray(v, float) for k, v in model.named(parameters).items()})

    def scores(parameters: Any) -> Any:
        return model.scores(parameters, rows)

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        lin = linearize(scores, parameters)
    nodes = lin.graph.nodes
    mixing = [k for k, node in enumerate(nodes) if node.primitive in MIXING and len(node.shape) > 1]
    followers = _followers(lin.graph)
    layers = [_layer(lin, k, followers, set(mixing), lin.outputs[0]) for k in mixing]
    normalized = any(node.primitive == "standardize" and node.params.get("axis") == 0 for node in nodes)
    return Layout(tuple(layers), normalized)


def end_of_layers(graph: Graph) -> int:
    """The position of what the last layer makes, with its bias; -1 without a layer."""
    nodes = graph.nodes
    mixing = [k for k, node in enumerate(nodes) if node.primitive in MIXING and len(node.shape) > 1]
    if not mixing:
        return -1
    chain = _behind(mixing[-1], _followers(graph), set(mixing), graph.outputs[0])
    return _before_activation(graph, mixing[-1], chain)


def _followers(graph: Graph) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for k, node in enumerate(graph.nodes):
        for parent in node.parents:
            found.setdefault(parent, []).append(k)
    return found


def _before_activation(graph: Graph, start: int, chain: list[int]) -> int:
    """The last of the nodes behind a layer that only add biases and gains, or change its form."""
    pre = start
    for k in chain:
        if graph.nodes[k].primitive not in CARRIED | {"standardize"}:
            break
        pre = k
    return pre


def _layer(
    lin: Linearization, start: int, followers: dict[int, list[int]], mixing: set[int], output: int
) -> LayerValues:
    nodes = lin.graph.nodes
    parameters = [lin.names[p] for p in nodes[start].parents if nodes[p].primitive == "input"]
    weight = next((n for n in parameters if len(lin.shape(lin.find(n))) > 1), parameters[0] if parameters else "")
    chain = _behind(start, followers, mixing, output)
    pre = _before_activation(lin.graph, start, chain)
    post = chain[-1] if chain else start
    names = tuple(nodes[k].primitive for k in chain if k > pre and nodes[k].primitive not in SHAPES)
    before, after = (np.asarray(lin.values[k], float) for k in (pre, post))
    before, after = (v.reshape(-1, v.shape[-1]) for v in (before, after))
    return LayerValues(lin.names[start], weight.removeprefix("parameters."), before, after, names)


def _behind(start: int, followers: dict[int, list[int]], mixing: set[int], output: int) -> list[int]:
    """The nodes behind a layer up to the next one, as long as the way does not part."""
    chain, at = [], start
    while at != output:
        nexts = sorted(set(followers.get(at, ())))
        if not nexts or any(k in mixing for k in nexts):
            break
        at = nexts[0] if len(nexts) == 1 else _joining(nexts, followers, chain)
        if at < 0:
            break
        chain.append(at)
    return chain


def _joining(nexts: list[int], followers: dict[int, list[int]], chain: list[int]) -> int:
    """Where an activation that is made of several operations comes together again; -1 if it does not."""
    reached = set(nexts)
    for _ in range(12):
        if len(reached) == 1:
            return reached.pop()
        first = min(reached)
        reached.discard(first)
        behind = followers.get(first, [])
        if not behind:
            return -1
        reached |= set(behind)
    return -1
