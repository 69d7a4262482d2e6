"""What must hold of any explanation; where there are few paths, against all of them one by one."""

from __future__ import annotations

import math

import numpy as np

from backpath.explanation.quantities import Quantities
from backpath.ops.control import has_control
from backpath.paths import entry_names

FEW_PATHS, FEW_ENTRIES = 2000, 20_000


def verify(e: Quantities) -> dict[str, bool]:
    """Each invariant by name, and whether it holds to 1e-10 (1e-5 in float32) of the mass."""
    g, m = (np.concatenate([np.ravel(a) for a in found.values()]) for found in (e.gradient, e.mass()))
    parts = [np.concatenate([np.ravel(a) for a in part.values()]) for part in e.length_spectrum("edge").parts.values()]
    slack = 1e-5 if g.dtype == np.float32 else 1e-10
    written_out = not has_control(e.lin.graph)
    total, entropy, active = e.total_mass, e.entropy(), e.active_count()
    top = e.top_paths(1, by="element" if written_out else "layer")
    held = {
        "the lengths sum to the gradient": bool(np.allclose(sum(parts), g, rtol=0, atol=slack * m.max(initial=0))),
        "no derivative is larger than its mass": bool((np.abs(g) <= m * (1 + slack)).all()),
        "every cut carries the same flow": all(abs(c - total) <= slack * total for c in _cuts(e)),
        "the strongest path is no larger than the mass": not top or abs(top[0].product) <= total * (1 + slack),
        "the entropy is at most the logarithm of the count": entropy <= math.log(max(active, 1)) + slack,
    }
    if (
        written_out
        and e.count() <= FEW_PATHS
        and sum(math.prod(e.lin.shape(k)) for k in range(len(e.lin))) <= FEW_ENTRIES
    ):
        sizes = np.abs(_products(e))
        shares = sizes[sizes > 0] / (np.sum(sizes) or 1.0)
        slack_of_mass = slack * max(total, np.finfo(float).tiny)
        held |= {
            "the mass is that of all paths one by one": abs(np.sum(sizes) - total) <= slack_of_mass,
            "the active paths are as many": np.count_nonzero(sizes) == active,
            "the entropy is theirs": abs(-np.sum(shares * np.log(shares)) - entropy) <= slack * max(1.0, entropy),
            "the strongest path is theirs": abs(np.max(sizes, initial=0) - _size(top)) <= slack_of_mass,
        }
    return {name: bool(holds) for name, holds in held.items()}


def _size(top: list) -> float:
    return abs(top[0].product) if top else 0.0


def _cuts(e: Quantities) -> list[float]:
    """The flow over the edges from the first k nodes to the rest, for each k from the last explained input on."""
    position = {name: k for k, name in enumerate(e.lin.names)}
    change = np.zeros(len(position) + 1)
    for (source, target, _), flow in e.flow("edge").items():
        change[position[source]] += flow
        change[position[target]] -= flow
    return np.cumsum(change)[max(e.sources) : e.output].tolist()


def _products(e: Quantities) -> np.ndarray:
    """The product of every path, neuron by neuron, found one by one."""
    dag = e.lin.unroll()
    known = set(dag.names)
    ends = [name for name, seed in zip(_entries(e, e.output), np.ravel(e.seed), strict=True) if seed]
    starts = [name for s in e.sources for name in _entries(e, s)]
    found = [p.product for i in starts for o in ends if {i, o} <= known for p in dag.paths(i, o)]
    without_a_step = len(ends) if e.output in e.sources else 0
    return np.array([*found, *[1.0] * without_a_step], float)


def _entries(e: Quantities, position: int) -> list[str]:
    return entry_names(e.lin.names[position], e.lin.shape(position))
