"""What the page is given: one dict of plain data and arrays, deflated.

Schema::

    version     1
    title       a line of text
    expression  text of which the page can make the graph, or None; an edited one is read in the same grammar
    graph       names, primitives, shapes, parents, params: one entry a node (a Dag has the primitive "given");
                params holds the plain ones, such as {"n": 2}
                inputs, outputs: positions; sources: of the inputs by which is differentiated
                entry: the flat index of the output's entry that is explained, or None for all
    scalars     values, starts, origins, slots, z, carries: see ``scalars.Scalars``; values are None for a Dag; all
                is None where there are too many, and then there is a summary
    summary     by node: norm of the value, root mean square of the adjoint, flow, cancellation, paths (as text);
                lengths: [n, norm, share]; strongest: [route, product, share]; count: text; gradient: [name, norm]
    folds       groups: see ``folds.folds``
    panels      what further panels are given, by their id

An array becomes {"$": [k, type]}, which stands for buffer number k.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from backpath.explanation import Explanation
from backpath.graph import CONSTANT, INPUT, GraphError
from backpath.paths import Dag, Linearization
from backpath.report.explorer.folds import folds, names_of
from backpath.report.explorer.scalars import Scalars, scalars
from backpath.report.explorer.spelled import spelled
from backpath.report.explorer.summary import summary

Explorable = Linearization | Dag | Explanation

TYPES = {"f8": "<f8", "i4": "<i4", "u1": "|u1"}
"""How arrays are written: by kind, NumPy's name for it."""


def payload(
    what: Explorable, title: str | None = None, expression: str | None = None, panels: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The data of a page; see the module.

    Raises:
        GraphError: if there is no node, or a value is no real number.
    """
    weighted = what.lin if isinstance(what, Explanation) else what
    if not len(weighted):
        raise GraphError("the graph has no node: there is nothing to explore")
    found = scalars(weighted)
    if expression is None and isinstance(weighted, Linearization):
        expression = spelled(weighted.graph)
    return {
        "version": 1,
        "title": title or expression or _title(what),
        "expression": expression,
        "graph": _graph(what, weighted),
        "scalars": None if found is None else _arrays(found),
        "summary": summary(what) if found is None else None,
        "folds": folds(weighted),
        "panels": dict(panels or {}),
    }


def _title(what: Explorable) -> str:
    if isinstance(what, Explanation):
        return f"gradient of {what.lin.names[what.output]}"
    outputs = [str(what.names[k]) for k in what.outputs]
    return ", ".join(outputs) if len(outputs) <= 3 else repr(what)


def _graph(what: Explorable, weighted: Linearization | Dag) -> dict[str, Any]:
    if isinstance(weighted, Dag):
        parents = [[source for _, source in weighted.edges_into(k)] for k in range(len(weighted))]
        primitives = ["given" if sources else INPUT for sources in parents]
        params: list[Any] = [None] * len(parents)
        shapes: list[list[int]] = [[] for _ in parents]
    else:
        nodes = weighted.graph.nodes
        parents = [list(node.parents) for node in nodes]
        primitives = [node.primitive for node in nodes]
        params = [None if node.primitive in (INPUT, CONSTANT) else _plain(node.params) for node in nodes]
        shapes = [list(node.shape) for node in nodes]
    explained = isinstance(what, Explanation)
    real = [k for k in weighted.inputs if weighted.dtype(k).kind in "fO"]
    sources = what.sources if explained else real or weighted.inputs
    entry = None
    if explained and what.entry is not None:
        entry = int(np.ravel_multi_index(what.entry, weighted.shape(what.output))) if what.entry else 0
    return {
        "names": names_of(weighted),
        "primitives": primitives,
        "shapes": shapes,
        "parents": parents,
        "params": params,
        "inputs": list(weighted.inputs),
        "outputs": list(weighted.outputs),
        "sources": list(sources),
        "entry": entry,
    }


def _plain(params: Mapping[str, Any]) -> dict[str, Any] | None:
    kept = {key: value for key, value in params.items() if isinstance(value, (bool, int, float, str))}
    return kept or None


def _arrays(found: Scalars) -> dict[str, Any]:
    kinds = {"values": "f8", "z": "f8", "carries": "u1"}
    data = {field.name: getattr(found, field.name) for field in fields(found)}
    return {
        name: None if array is None else np.asarray(array).astype(TYPES[kinds.get(name, "i4")])
        for name, array in data.items()
    }


def packed(data: Mapping[str, Any]) -> str:
    """The payload as text for the page: length of the JSON, the JSON, and the buffers, deflated, in base64."""
    buffers: list[np.ndarray] = []

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            kind = {"f": "f8", "i": "i4", "u": "u1", "b": "u1"}[value.dtype.kind]
            buffers.append(np.ascontiguousarray(value.reshape(-1), TYPES[kind]))
            return {"$": [len(buffers) - 1, kind]}
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, Mapping):
            return {str(key): plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return _finite(value) if isinstance(value, float) else value

    tree = plain(data)
    sizes = [buffer.nbytes for buffer in buffers]
    head = json.dumps({"sizes": sizes, "data": tree}, ensure_ascii=False, separators=(",", ":")).encode()
    head += b" " * (-(len(head) + 4) % 8)
    body = b"".join(buffer.tobytes() + b"\0" * (-buffer.nbytes % 8) for buffer in buffers)
    return base64.b64encode(zlib.compress(struct.pack("<I", len(head)) + head + body, 9)).decode()


def _finite(value: float) -> float | str:
    """JSON has no infinity and no nan: they are written as text."""
    return value if np.isfinite(value) else str(value)
