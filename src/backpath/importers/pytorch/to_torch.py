"""``to_torch``: a Model of ours as a module of PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.engines.program.expand import expand
from backpath.graph import CONSTANT, INPUT, Graph, SettingError, UnsupportedError
from backpath.nets import Model
from backpath.nets.model import Parameters
from backpath.ops import scope_of, trace


def to_torch(model: Model, parameters: Parameters | None = None) -> Any:
    """A model as a ``torch.nn.Module``, whose forward gives the model's scores.

    The module runs the model's graph, traced once for each shape of X, primitive by primitive on tensors. Its
    parameters are those of the model, by the same names (``conv_1.W``; of an imported network those that it had in
    PyTorch, so that the module reads the network's state). PyTorch differentiates it as its own.

    Args:
        model: any; what it only does in training is left out.
        parameters: as its ``scores`` take them; by default those of ``model.init(0)``.

    Raises:
        UnsupportedError: from the first call, for primitives that PyTorch does not have: all of them, and where.
        ShapeError: if the parameters do not fit the model; from a call, if X does not.
        ImportError: if PyTorch is not installed.

    Example:
        ``module = bp.to_torch(fit.network, fit.parameters); module(torch.randn(8, 4))``
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError("to_torch needs PyTorch: pip install 'backpath[torch]'") from error
    if not isinstance(model, Model):
        raise SettingError(f"to_torch: {model!r} is no model: give a bp.Network, a bp.nets.Sequential or a bp.Model")
    values = model.named(model.init(0) if parameters is None else parameters)
    return _module(torch, model, {name: np.array(value) for name, value in values.items()})


def _module(torch: Any, model: Model, values: dict[str, np.ndarray]) -> Any:
    from backpath.importers.pytorch.lowering import LOWERINGS, dtype_of

    class BackpathModule(torch.nn.Module):
        """A model of backpath."""

        def __init__(self) -> None:
            super().__init__()
            self.graphs: dict[Any, Graph] = {}
            for name, value in values.items():
                *path, last = _path(name)
                holder = self
                for part in path:
                    if part not in holder._modules:
                        holder.add_module(part, torch.nn.Module())
                    holder = holder._modules[part]
                holder.register_parameter(last, torch.nn.Parameter(torch.from_numpy(value)))

        def forward(self, *inputs: Any) -> Any:
            leaves = [self.get_parameter(".".join(_path(name))) for name in values]
            key = tuple((tuple(x.shape), x.dtype) for x in (*leaves, *inputs))
            if key not in self.graphs:
                self.graphs[key] = _traced(model, list(values), leaves, inputs)
            return _run(torch, LOWERINGS, dtype_of, self.graphs[key], [*leaves, *inputs])

    return BackpathModule()


def _path(name: str) -> list[str]:
    """A parameter's name in parts as modules have them: ``layers[0].W`` is ``layers``, ``0``, ``W``."""
    return [part for part in name.replace("[", ".").replace("]", "").split(".") if part]


def _traced(model: Model, names: list[str], leaves: list[Any], inputs: tuple[Any, ...]) -> Graph:
    from backpath.importers.pytorch.lowering import LOWERINGS

    def shaped(x: Any) -> np.ndarray:
        kind = str(x.dtype).removeprefix("torch.")
        return np.broadcast_to(np.zeros((), kind), tuple(x.shape))

    def scores(parameters: Any, X: Any) -> Any:
        return model.scores(model.tree(parameters), X)

    X = shaped(inputs[0]) if len(inputs) == 1 else tuple(shaped(x) for x in inputs)
    graph = trace(scores, dict(zip(names, map(shaped, leaves), strict=True)), X)
    graph = expand(graph, LOWERINGS)
    missing: dict[str, list[str]] = {}
    for node in graph.nodes:
        if node.primitive not in (*LOWERINGS, INPUT, CONSTANT):
            missing.setdefault(node.primitive, []).append(scope_of(node.name) or node.name)
    if missing:
        raise UnsupportedError(f"{model!r} as a module of PyTorch", missing)
    return graph


def _run(torch: Any, table: Any, dtype_of: Any, graph: Graph, inputs: list[Any]) -> Any:
    """The graph's only output; every value is dropped after its last use."""
    given, values = iter(inputs), {}
    last = {p: k for k, node in enumerate(graph.nodes) for p in node.parents}
    for k, node in enumerate(graph.nodes):
        if node.primitive == INPUT:
            values[k] = next(given)
        elif node.primitive == CONSTANT:
            values[k] = torch.from_numpy(np.array(node.params["value"])).to(inputs[0].device)
        else:
            value = table[node.primitive](*[values[p] for p in node.parents], **node.params)
            wanted = dtype_of(node.dtype)
            values[k] = value if value.dtype == wanted else value.to(wanted)
        for p in {*node.parents}:
            if last[p] == k and p not in graph.outputs:
                del values[p]
    return values[graph.outputs[0]]
