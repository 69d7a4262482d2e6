"""What the page shows of a graph that is too large to send neuron by neuron: quantities by array node."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.explanation import Explanation
from backpath.graph import GraphError
from backpath.ops.control import has_control
from backpath.paths import PATH_COUNT, SUM_PRODUCT, Dag, Linearization, pull_back

STRONGEST = 20


def summary(what: Linearization | Dag | Explanation) -> dict[str, Any]:
    """By node the norm of its value and what the sweeps find there; of the whole, lengths and strongest paths.

    Raises:
        GraphError: for a Dag of more edges than the page takes, which has nothing to be summed up by.
    """
    if isinstance(what, Dag):
        raise GraphError(f"{what!r} is too large to explore: take the part between two nodes")
    if isinstance(what, Linearization):
        what = _explained(what)
    lin, names = what.lin, what.lin.names
    adjoints = pull_back(lin, {what.output: what.seed}, range(len(lin)), SUM_PRODUCT)
    seed = np.asarray(what.seed).astype(int).astype(object)
    counts = pull_back(lin, {what.output: seed}, range(len(lin)), PATH_COUNT)
    flow, kept, spectrum = what.flow("node"), what.cancellation("node"), what.length_spectrum()
    shares = spectrum.shares
    by = "layer" if has_control(lin.graph) else "element"
    return {
        "values": [_norm(value) for value in lin.values],
        "adjoints": [_rms(adjoints[k]) if k in adjoints else None for k in range(len(lin))],
        "flow": [flow.get(name) for name in names],
        "cancellation": [kept.get(name) for name in names],
        "paths": [str(int(np.sum(counts[k]))) if k in counts else "0" for k in range(len(lin))],
        "lengths": [[n, norm, shares[n]] for n, norm in spectrum.norms.items()],
        "strongest": [[p.route, p.product, p.share] for p in what.top_paths(STRONGEST, by)],
        "count": str(what.count()),
        "mass": what.total_mass,
        "gradient": [[name, float(np.linalg.norm(g))] for name, g in what.gradient.items()],
    }


def _explained(lin: Linearization) -> Explanation:
    sources = tuple(k for k in lin.inputs if lin.dtype(k).kind == "f")
    if len(lin.outputs) != 1 or not sources:
        raise GraphError(
            f"a graph of this size is shown as an explanation, of one output by real inputs; this one has "
            f"{len(lin.outputs)} outputs and {len(sources)} such inputs"
        )
    return Explanation(lin, sources)


def _norm(value: Any) -> float:
    return float(np.linalg.norm(np.asarray(value, float)))


def _rms(value: Any) -> float:
    return float(np.sqrt(np.mean(np.square(np.asarray(value, float)))))
