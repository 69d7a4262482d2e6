"""``from_jax``: a function of JAX as a Model of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

import numpy as np

from backpath.graph import SettingError, UnsupportedError
from backpath.importers.agreement import Agreement
from backpath.importers.model import ImportedModel
from backpath.nets import Loss


class JaxModel(ImportedModel):
    """What ``from_jax`` returns: see there, and :class:`ImportedModel`."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """What its parameters are called; the function itself is never written down."""
        return {**super().to_json(), "kind": "function", "name": self.source}


def from_jax(
    f: Callable[..., Any],
    *example_args: Any,
    loss: str | Loss = "cross_entropy",
    vocabulary: int | None = None,
    compare: bool = True,
) -> JaxModel:
    """A function of JAX as a Model: explained, checked, drawn and trained like any other.

    JAX traces the function; its primitives become ours one by one, calls inlined (``jit``, ``checkpoint``, functions
    with derivatives of their own) and ``scan`` of a fixed length unrolled. It is traced anew for each size of a batch.
    With Flax give ``lambda p, x: model.apply(p, x)`` and the parameters; with Equinox
    ``lambda m, x: jax.vmap(m)(x)`` and the module.

    Args:
        f: from parameters and inputs to scores, of shape (batch, outputs); or to a tree, whose first leaf they are.
        *example_args: the parameters, any tree of JAX's, of which real arrays are trained and named by their paths;
            then the inputs. With one argument there are no parameters.
        loss: a name in ``nets.LOSSES``, or a ``nets.Loss``, for training.
        vocabulary: how many different whole numbers X may hold, where it holds such; by default as many as the table
            has rows of which they choose some.
        compare: whether to run JAX's own on the example too; ``model.agreement`` tells how far the two are apart.

    Raises:
        UnsupportedError: for primitives without a function here, ``while`` among them: all of them, how often each
            occurs, and where.
        SettingError: if there is no argument.
        ImportError: if JAX is not installed.
    """
    try:
        import jax
    except ImportError as error:
        raise ImportError("from_jax needs JAX: pip install 'backpath[jax]'") from error
    if not callable(f) or not example_args:
        raise SettingError("from_jax: give a function of JAX and its arguments: parameters, then inputs")
    traced = _Traced(jax, f, example_args)
    model = JaxModel(
        traced,
        traced.parameters,
        buffers={},
        inputs=traced.names,
        outputs=traced.output_names,
        loss=loss,
        vocabulary=vocabulary or traced.vocabulary,
        source=f"{getattr(f, '__name__', type(f).__name__)} of JAX",
    )
    inputs = traced.inputs
    if len(inputs) == 1 and inputs[0].ndim and traced.parameters:
        # Of scores without a batch, or a batch that the function fixes, it is explained all the same.
        with suppress(ValueError, TypeError):
            model = cast(JaxModel, model.suited(inputs[0].shape[1:]))
    if compare:
        model.agreed(_beside_jax(jax, traced, model))
    return model


class _Traced:
    """What an imported model runs: the function's equations, read anew for each shape of its inputs."""

    def __init__(self, jax: Any, f: Callable[..., Any], args: Sequence[Any]):
        self.jax, self.f = jax, f
        first, rest = (args[0], args[1:]) if len(args) > 1 else ({}, args)
        leaves, self.structure = jax.tree_util.tree_flatten_with_path(first)
        # Activations and flags stand in trees too; they stay as they are.
        self.fixed = [leaf for _, leaf in leaves]
        self.paths = {_name(jax, path): k for k, (path, leaf) in enumerate(leaves) if _is_real(leaf)}
        self.parameters = {name: np.asarray(self.fixed[k]) for name, k in self.paths.items()}
        inputs, self.nesting = jax.tree_util.tree_flatten_with_path(rest)
        self.inputs = [np.asarray(leaf) for _, leaf in inputs]
        named = [_name(jax, path[1:]) for path, _ in inputs]
        self.names = ["X"] if len(inputs) == 1 else [n or f"x{k}" for k, n in enumerate(named)]
        if len(set(self.names)) < len(self.names):
            self.names = [f"x{k}" for k in range(len(inputs))]
        self.own = next(
            (x.dtype for x in (*self.parameters.values(), *self.inputs) if x.dtype.kind == "f"), np.dtype("f4")
        )
        self.read: dict[Any, Any] = {}
        equations = self.equations([x.shape for x in self.inputs])
        self.output_names = [str(k) for k in range(len(equations.results))]

    def flat(self, parameters: Sequence[Any], inputs: Sequence[Any]) -> Any:
        """The function's results in order, from the arrays that are its parameters and inputs."""
        leaves = list(self.fixed)
        for k, value in zip(self.paths.values(), parameters, strict=True):
            leaves[k] = value
        unflatten = self.jax.tree_util.tree_unflatten
        rest = unflatten(self.nesting, inputs)
        args = (unflatten(self.structure, leaves), *rest) if self.fixed or self.paths else rest
        return self.jax.tree_util.tree_leaves(self.f(*args))

    def equations(self, shapes: Sequence[tuple[int, ...]]) -> Any:
        """The function for inputs of these shapes.

        Raises:
            UnsupportedError: if there are primitives that the table has not.
        """
        from backpath.importers.jaxpr.equations import equations_of
        from backpath.importers.jaxpr.running import unsupported

        key = tuple(tuple(shape) for shape in shapes)
        if key not in self.read:
            spec = self.jax.ShapeDtypeStruct
            parameters = [spec(x.shape, x.dtype) for x in self.parameters.values()]
            inputs = [spec(shape, x.dtype) for shape, x in zip(key, self.inputs, strict=True)]
            found, _ = equations_of(self.flat, parameters, inputs)
            if missing := unsupported(found):
                raise UnsupportedError("the function of JAX", missing, "write those parts with other operations")
            self.read[key] = found
        return self.read[key]

    @property
    def vocabulary(self) -> int:
        """How many rows the table has from which one input of whole numbers takes some; 0 if there is none."""
        if len(self.inputs) != 1 or self.inputs[0].dtype.kind not in "iu":
            return 0
        equations = self.equations([self.inputs[0].shape])
        *parameters, x = equations.arguments
        tables = dict(zip(parameters, self.parameters.values(), strict=True))
        chosen, rows = {x}, []
        for equation in equations.every():
            read = [v.number for v in equation.operands if not isinstance(v, np.ndarray)]
            if equation.op == "gather" and read[0] in tables and read[1:2] and read[1] in chosen:
                rows.append(len(tables[read[0]]))
            elif chosen.intersection(read):
                chosen.update(equation.results)
        return min(rows, default=0)

    def __call__(self, values: Mapping[str, Any], inputs: Sequence[Any], precision: np.dtype) -> list[Any]:
        return self.run(values, inputs, precision)

    def run(self, values: Mapping[str, Any], inputs: Sequence[Any], precision: np.dtype, seen: Any = None) -> list[Any]:
        """What ``ImportedModel`` runs."""
        from backpath.importers.jaxpr.running import Run

        equations = self.equations([np.shape(x) for x in inputs])
        return Run(self.own, precision, seen)(equations, [*[values[name] for name in self.paths], *inputs])


def _name(jax: Any, path: Any) -> str:
    """``params.Dense_0.kernel``."""
    parts = []
    for key in path:
        found = next((getattr(key, word) for word in ("key", "name", "idx") if hasattr(key, word)), key)
        parts.append(str(found).strip(".[]'\""))
    return ".".join(parts)


def _is_real(leaf: Any) -> bool:
    # Keys of random numbers have a type that NumPy does not know.
    return hasattr(leaf, "shape") and getattr(getattr(leaf, "dtype", None), "kind", "") == "f"


def _beside_jax(jax: Any, traced: _Traced, model: JaxModel) -> Agreement:
    """Values of every equation and gradients by every parameter, beside JAX's own on the example."""
    from backpath.importers.jaxpr.comparison import beside_jax

    return beside_jax(jax, traced, model)
