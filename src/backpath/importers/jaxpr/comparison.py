"""An imported function beside JAX itself, on the example: every value, and the gradient by every parameter."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.calculus import vjp
from backpath.importers.agreement import Agreement, compared, direction
from backpath.importers.jaxpr.equations import Equation, values_of


def beside_jax(jax: Any, traced: Any, model: Any) -> Agreement:
    """Run both forwards and backwards; the gradient is that of the scores along one random direction.

    Args:
        jax: the module.
        traced: what the model runs.
        model: the model.
    """
    ours: list[tuple[str, Any]] = []

    def seen(equation: Equation, made: Any) -> None:
        ours.extend((_label(equation, k), value) for k, value in enumerate(made))

    parameters, inputs = model.first, traced.inputs
    results = traced.run(parameters, inputs, traced.own, seen)
    theirs = values_of(traced.flat, list(parameters.values()), list(inputs))
    values = [(name, a, b) for (name, a), b in zip(ours, theirs, strict=True)]
    if parameters and np.asarray(results[0]).dtype.kind == "f":
        seed = direction(np.shape(results[0]), np.asarray(results[0]).dtype)
        X = inputs[0] if len(inputs) == 1 else tuple(inputs)
        _, pull = vjp(lambda p: model.scores(p, X), parameters)
        (own,) = pull(seed)

        def scores(arrays: Any) -> Any:
            return traced.flat(arrays, inputs)[0]

        def theirs_by(arrays: Any, seed: Any) -> Any:
            return jax.vjp(scores, arrays)[1](seed)[0]

        def agreement(run: Any) -> Agreement:
            found = run(list(parameters.values()), seed)
            gradients = {name: (own[name], np.asarray(g)) for name, g in zip(parameters, found, strict=True)}
            return compared(model.source, f"JAX {jax.__version__}", values, gradients)

        # XLA may compute the operand of a maximum twice and differently, and then the winner is lost to the gradient.
        found = agreement(jax.jit(theirs_by))
        return found if found.first is None or found.first in found.values else agreement(theirs_by)
    return compared(model.source, f"JAX {jax.__version__}", values)


def _label(equation: Equation, k: int) -> str:
    name = f"{equation.op}_{equation.results[k]}"
    return f"{equation.module}/{name}" if equation.module else name
