"""``to_jax``: a Model of ours as a function of JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backpath.graph import Graph, SettingError
from backpath.nets import Model
from backpath.nets.model import Parameters
from backpath.ops import trace


def to_jax(model: Model, parameters: Parameters | None = None) -> tuple[Callable[[Any, Any], Any], dict[str, Any]]:
    """A model as a function of JAX, ``f(parameters, X)``, and its parameters as arrays of JAX by name.

    The function runs the model's graph, traced once for each shape of X, by the table from which ``engine="xla"``
    makes its programs; so ``jax.jit``, ``jax.grad`` and ``jax.vmap`` take it.

    Args:
        model: any; what it only does in training is left out.
        parameters: as its ``scores`` take them; by default those of ``model.init(0)``.

    Raises:
        SettingError: if JAX cannot compute a primitive of it (from a call), or it is no model.
        ShapeError: if the parameters do not fit the model; from a call, if X does not.
        ImportError: if JAX is not installed.

    Example:
        ``f, p = bp.to_jax(fit.network, fit.parameters); jax.jit(f)(p, X)``
    """
    try:
        import jax.numpy as jnp
    except ImportError as error:
        raise ImportError("to_jax needs JAX: pip install 'backpath[jax]'") from error
    if not isinstance(model, Model):
        raise SettingError(f"to_jax: {model!r} is no model: give a bp.Network, a bp.nets.Sequential or a bp.Model")
    values = model.named(model.init(0) if parameters is None else parameters)
    made: dict[Any, Callable[..., Any]] = {}

    def scores(parameters: Any, X: Any) -> Any:
        leaves = [*[parameters[name] for name in values], X]
        key = tuple((np.shape(x), str(x.dtype)) for x in leaves)
        if key not in made:
            made[key] = _function(_traced(model, list(values), leaves))
        return made[key](*leaves)[0]

    return scores, {name: jnp.asarray(value) for name, value in values.items()}


def _traced(model: Model, names: list[str], leaves: list[Any]) -> Graph:
    *parameters, X = [np.broadcast_to(np.zeros((), str(x.dtype)), np.shape(x)) for x in leaves]
    return trace(lambda p, X: model.scores(model.tree(p), X), dict(zip(names, parameters, strict=True)), X)


def _function(graph: Graph) -> Callable[..., Any]:
    from backpath.engines.xla.lowering.graphs import lowered
    from backpath.engines.xla.refusals import require_lowered

    require_lowered([graph])
    return lowered(graph)
