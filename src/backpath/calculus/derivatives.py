"""Derivatives of functions: each is a sweep of the sum-product semiring over the traced call.

The names, arguments and shapes are JAX's. Results are known arrays at known arguments, and traced values inside
another trace, so that derivatives nest to any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from backpath.calculus.call import Argnums, Call, call, chosen, listed
from backpath.graph import ShapeError, TraceError
from backpath.ops import flatten, read, spec_of, unflatten
from backpath.ops.tracing.trees import LEAF, paths_of


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., tuple[Any, Any]]:
    """A function that returns the value of ``f`` and its gradient by the arguments at ``argnums``.

    Args:
        f: returns one real number; its arguments are arrays, or tuples, lists, dicts, dataclasses of arrays.
        argnums: which arguments to differentiate by; the gradient is nested as they are, and a tuple for several. What
            is no number in them (None, a flag, a text, a function) stands in the gradient as it stands there.

    Raises:
        TraceError: if ``f`` does not return a real scalar, or uses a traced value where a number is needed.

    >>> import numpy as np
    >>> value_and_grad(lambda w: np.cos(w) * w)(0.0)
    (np.float64(0.0), np.float64(1.0))
    """

    @wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        traced = call(f, args, argnums, kwargs)
        output = _scalar_output(traced)
        adjoints = _owned(traced, traced.pull([np.ones((), output.dtype)]))
        return traced.value, chosen(argnums, unflatten(traced.structure, adjoints))

    return value_and_gradient


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that returns the gradient of ``f`` by the arguments at ``argnums``.

    See :func:`value_and_grad` for arguments and errors.

    >>> grad(lambda w: w**2)(3.0)
    np.float64(6.0)
    >>> grad(grad(lambda w: w**3))(2.0)
    np.float64(12.0)
    """
    both = value_and_grad(f, argnums)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def vjp(f: Callable[..., Any], *primals: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of ``f`` and the function that pulls an adjoint of its output back to all its positional arguments.

    Returns:
        ``f(*primals, **kwargs)`` and ``pull``, where ``pull(adjoint)`` gives one adjoint for each argument; ``adjoint``
        is nested and shaped as the value.

    Raises:
        ShapeError: from ``pull``, if the adjoint is not nested and shaped as the value.

    >>> value, pull = vjp(lambda a, b: a * b, 3.0, 4.0)
    >>> pull(1.0)
    (np.float64(4.0), np.float64(3.0))
    """
    traced = call(f, primals, range(len(primals)), kwargs, kept=True)

    def pull(adjoint: Any) -> tuple[Any, ...]:
        nodes = [traced.lin.graph.nodes[o] for o in traced.outputs]
        seeds = _fitting("adjoint", adjoint, traced.out_structure, nodes)
        return unflatten(traced.structure, _owned(traced, traced.pull(seeds), seeds))

    return traced.value, pull


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], **kwargs: Any) -> tuple[Any, Any]:
    """The value of ``f`` at ``primals`` and its derivative along ``tangents``, by the forward sweep.

    Args:
        f: any traceable function.
        primals: its arguments, as a tuple or list.
        tangents: one direction for each of them, nested and shaped alike; None for what is no number.
        **kwargs: arguments of ``f`` that are held fixed.

    Raises:
        ShapeError: if the tangents are not nested and shaped as the primals.
        TraceError: if primals or tangents are no tuple or list, or not of real numbers.

    >>> jvp(lambda a, b: a * b, (3.0, 4.0), (1.0, 0.0))
    (np.float64(12.0), np.float64(4.0))
    """
    primals, tangents = listed("primals", primals, "jvp(f, (x,), (v,))"), listed("tangents", tangents, "(v,)")
    traced = call(f, primals, range(len(primals)), kwargs)
    nodes = [traced.lin.graph.nodes[s] for s in traced.sources]
    seeds = _fitting("tangent", tangents, traced.structure, nodes)
    return traced.value, unflatten(traced.out_structure, _owned(traced, traced.push(seeds), seeds))


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], **kwargs: Any) -> tuple[Any, ...]:
    """The Hessian of ``f`` at ``primals``, times ``tangents``: forward over reverse, at the cost of a few gradients.

    Args:
        f: returns one real number.
        primals: its arguments, as a tuple or list.
        tangents: one direction for each of them, nested and shaped alike; None for what is no number.
        **kwargs: arguments of ``f`` that are held fixed.

    Returns:
        One product for each argument, nested and shaped alike.

    Raises:
        ShapeError: if the tangents are not nested and shaped as the primals.
        TraceError: if ``f`` does not return a real scalar, or primals or tangents are no tuple or list.

    >>> hvp(lambda a, b: a**2 * b, (3.0, 4.0), (1.0, 0.0))
    (np.float64(8.0), np.float64(6.0))
    """
    primals = listed("primals", primals, "hvp(f, (x,), (v,))")
    return jvp(grad(f, tuple(range(len(primals)))), primals, tangents, **kwargs)[1]


def jacobian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that returns the Jacobian of ``f`` by the arguments at ``argnums``.

    For an output of shape s and an argument of shape t it has shape s + t, and is nested first as the output, then
    as the argument. It takes one sweep for each entry of the output, or of the argument if those are fewer.

    >>> import numpy as np
    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @wraps(f)
    def of_arguments(*args: Any, **kwargs: Any) -> Any:
        traced = call(f, args, argnums, kwargs)
        nodes = traced.lin.graph.nodes
        inputs = sum(int(np.prod(nodes[s].shape)) for s in traced.sources)
        outputs = sum(int(np.prod(nodes[o].shape)) for o in traced.outputs)
        blocks = _blocks_by_rows(traced) if outputs <= inputs else _blocks_by_columns(traced)
        rows = [chosen(argnums, unflatten(traced.structure, row)) for row in blocks]
        return unflatten(traced.out_structure, rows)

    return of_arguments


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of a scalar ``f``: the Jacobian of its gradient.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] * x[1])(np.array([1.0, 2.0]))
    array([[0., 1.],
           [1., 0.]])
    """
    return jacobian(grad(f, argnums), argnums)


def _scalar_output(traced: Call) -> Any:
    nodes = [traced.lin.graph.nodes[o] for o in traced.outputs]
    if traced.out_structure is not LEAF or nodes[0].shape != () or nodes[0].dtype.kind != "f":
        shown = ", ".join(f"{n.dtype}[{','.join(map(str, n.shape))}]" for n in nodes)
        if len(nodes) == 1 and traced.out_structure is not LEAF:
            shown += " in a tuple, list or dict"
        raise TraceError(
            f"a gradient is of one real number, and the function returned {shown or 'nothing'}: sum or average it, or "
            f"use jacobian for several outputs"
        )
    return nodes[0]


def _fitting(word: str, tree: Any, structure: Any, nodes: Sequence[Any]) -> list[Any]:
    """The leaves of ``tree`` in the order of ``structure`` and of the nodes' dtypes, refused if they do not fit."""
    given = dict(flatten(tree, word)[0])
    wanted = paths_of(structure, word)
    if set(given) != set(wanted):
        shown, asked = (", ".join(paths) or "nothing" for paths in (given, wanted))
        raise ShapeError(f"the {word} is made of {shown}, and must be of {asked}: nested as the values are")
    leaves = [given[path] for path in wanted]
    found, needed = [spec_of(x).shape for x in leaves], [n.shape for n in nodes]
    if found != needed:
        raise ShapeError(f"the {word} has shapes {found}, and those of the values are {needed}: they must be equal")
    for path, x in zip(wanted, leaves, strict=True):
        if spec_of(x).dtype.kind == "c":
            raise TraceError(f"{path} is complex: derivatives are along real directions; take the two parts in turn")
    return [_of_dtype(x, n.dtype) for x, n in zip(leaves, nodes, strict=True)]


def _of_dtype(x: Any, dtype: np.dtype) -> Any:
    x = read(x)
    return x.astype(dtype) if x.dtype != dtype and x.dtype.kind in "biuf" and dtype.kind == "f" else x


def _owned(traced: Call, arrays: Sequence[Any], seeds: Sequence[Any] = ()) -> list[Any]:
    """The arrays, copied where one is another, a seed, a value or a view, so that each may be changed in place."""
    taken = {id(x) for x in (*traced.lin.values, *seeds)}
    owned = []
    for x in arrays:
        if isinstance(x, np.ndarray) and (id(x) in taken or x.base is not None):
            x = x.copy()
        taken.add(id(x))
        owned.append(x[()] if isinstance(x, np.ndarray) and x.ndim == 0 else x)
    return owned


def _basis(shape: tuple[int, ...], dtype: Any) -> list[Any]:
    size = int(np.prod(shape))
    return list(np.eye(size, dtype=dtype).reshape(size, *shape))


def _one_at_a_time(lin: Any, seeded: Sequence[int], at: int) -> list[list[Any]]:
    """For each unit vector at node ``seeded[at]``: that vector there, and zeros at the others."""
    nodes = [lin.graph.nodes[p] for p in seeded]
    zeros = [np.zeros(n.shape, n.dtype) for n in nodes]
    return [[*zeros[:at], unit, *zeros[at + 1 :]] for unit in _basis(nodes[at].shape, nodes[at].dtype)]


def _blocks_by_rows(traced: Call) -> list[list[Any]]:
    nodes = traced.lin.graph.nodes
    blocks = []
    for at, output in enumerate(traced.outputs):
        pulled = [traced.pull(seeds) for seeds in _one_at_a_time(traced.lin, traced.outputs, at)]
        rows = [[row[k] for row in pulled] for k in range(len(traced.sources))]
        blocks.append(
            [_joined(parts, nodes[output].shape, nodes[s], 0) for parts, s in zip(rows, traced.sources, strict=True)]
        )
    return blocks


def _blocks_by_columns(traced: Call) -> list[list[Any]]:
    nodes = traced.lin.graph.nodes
    blocks: list[list[Any]] = [[] for _ in traced.outputs]
    for at, source in enumerate(traced.sources):
        pushed = [traced.push(seeds) for seeds in _one_at_a_time(traced.lin, traced.sources, at)]
        for k, output in enumerate(traced.outputs):
            blocks[k].append(_joined([column[k] for column in pushed], nodes[source].shape, nodes[output], -1))
    return blocks


def _joined(parts: Sequence[Any], shape: tuple[int, ...], node: Any, axis: int) -> Any:
    """The parts, each shaped as ``node``, along a new axis, which is then spread out to ``shape``."""
    whole = (*shape, *node.shape) if axis == 0 else (*node.shape, *shape)
    return np.reshape(np.stack(parts, axis), whole) if parts else np.zeros(whole, node.dtype)
