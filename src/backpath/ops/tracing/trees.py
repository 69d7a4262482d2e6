"""Trees of arrays: taken apart into leaves, put together again, and parted from what is static.

A leaf is a number or an array of numbers. Tuples, lists, mappings, named tuples and dataclasses are containers. All
else is static: it stays as it is where it stands, and is part of the structure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from backpath.graph import TraceError

LEAF = object()
"""The structure of a single array."""

NUMBERS = "biufc"
"""The kinds of types that arrays of numbers have."""


class Static:
    """What a function is given beside arrays: None, a flag, a text, a callable, an object of any other kind.

    Two are equal if their values are, and are of one type; values that cannot be hashed, if they are one object.
    """

    __slots__ = ("_key", "value")

    def __init__(self, value: Any):
        self.value = value
        self._key = type(value), _identity(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@dataclass(frozen=True, slots=True)
class Branch:
    """A container: its class, and the structures of its parts by key, index or field."""

    kind: type
    keys: tuple[Any, ...]
    parts: tuple[Any, ...]


def flatten(tree: Any, name: str, leaf: Callable[[Any], bool] | None = None) -> tuple[list[tuple[str, Any]], Any]:
    """The leaves of ``tree`` with their paths (``name.key``, ``name[0]``), and its structure, which can be hashed.

    ``leaf`` says what a leaf is; by default :func:`is_leaf`.

    >>> flatten({"W": 1.0, "b": (2.0, 3.0), "activation": "tanh"}, "p")[0]
    [('p.W', 1.0), ('p.b[0]', 2.0), ('p.b[1]', 3.0)]
    """
    leaves: list[tuple[str, Any]] = []
    return leaves, _walk(tree, name, leaves, False, leaf or is_leaf)


def _walk(tree: Any, name: str, leaves: list[tuple[str, Any]], in_fields: bool, leaf: Callable[[Any], bool]) -> Any:
    if isinstance(tree, Mapping):
        parts = tuple([_walk(value, _path(dict, name, key), leaves, in_fields, leaf) for key, value in tree.items()])
        return Branch(dict, tuple(tree), parts)
    if isinstance(tree, (tuple, list)):
        kind = list if isinstance(tree, list) else type(tree) if hasattr(tree, "_fields") else tuple
        parts = tuple([_walk(value, _path(kind, name, k), leaves, in_fields, leaf) for k, value in enumerate(tree)])
        return Branch(kind, tuple(range(len(tree))), parts)
    if leaf(tree) and not (in_fields and type(tree) is int):
        leaves.append((name, tree))
        return LEAF
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        return _walk_fields(tree, name, leaves, leaf)
    return Static(tree)


def _walk_fields(tree: Any, name: str, leaves: list[tuple[str, Any]], leaf: Callable[[Any], bool]) -> Any:
    """A dataclass by the fields that its constructor takes; static as a whole where they hold no leaf.

    A field is static where ``field(metadata={"static": True})`` says so, as for JAX, and whole numbers are: they are
    sizes, positions and flags.
    """
    before = len(leaves)
    fields = [f for f in dataclasses.fields(tree) if f.init]
    parts = tuple(
        [
            Static(value)
            if f.metadata.get("static")
            else _walk(value, _path(type(tree), name, f.name), leaves, True, leaf)
            for f, value in ((f, getattr(tree, f.name)) for f in fields)
        ]
    )
    return Branch(type(tree), tuple(f.name for f in fields), parts) if len(leaves) > before else Static(tree)


def is_leaf(x: Any) -> bool:
    """Whether ``x`` is a number or an array of numbers, traced or known; flags and members of enumerations are not."""
    if isinstance(x, np.generic):
        return x.dtype.kind in NUMBERS and not isinstance(x, np.bool)
    if isinstance(x, np.ndarray):
        # Arrays of exact numbers, of a class of their own, hold objects.
        return x.dtype.kind in NUMBERS or type(x) is not np.ndarray
    if isinstance(x, (int, float, complex)):
        return not isinstance(x, (bool, Enum))
    return not isinstance(x, type) and (hasattr(x, "__array_ufunc__") or hasattr(x, "__array__"))


def unflatten(structure: Any, leaves: Iterable[Any]) -> Any:
    """The tree of that structure with these leaves, in the order of :func:`flatten`.

    Raises:
        TraceError: if a dataclass refuses such leaves.
    """
    return _build(structure, iter(leaves))


def _build(structure: Any, leaves: Iterator[Any]) -> Any:
    if structure is LEAF:
        return next(leaves)
    if isinstance(structure, Static):
        return structure.value
    parts = [_build(part, leaves) for part in structure.parts]
    kind = structure.kind
    if kind is list:
        return parts
    if kind is tuple:
        return tuple(parts)
    if kind is dict:
        return dict(zip(structure.keys, parts, strict=True))
    if issubclass(kind, tuple):
        return kind._make(parts)  # type: ignore[attr-defined]
    try:
        return kind(**dict(zip(structure.keys, parts, strict=True)))
    except (TypeError, ValueError) as error:
        raise TraceError(
            f"{kind.__name__} cannot be made of traced values or derivatives: {error}. Its constructor is called with "
            f"them in place of arrays: let it take them as they are, and check numbers elsewhere"
        ) from error


def paths_of(structure: Any, name: str) -> list[str]:
    """The paths of the leaves of a structure, as :func:`flatten` names them."""
    if isinstance(structure, Branch):
        pairs = zip(structure.keys, structure.parts, strict=True)
        return [path for key, part in pairs for path in paths_of(part, _path(structure.kind, name, key))]
    return [name] if structure is LEAF else []


def statics_of(structure: Any) -> list[Static]:
    """What is static in a structure."""
    if isinstance(structure, Branch):
        return [static for part in structure.parts for static in statics_of(part)]
    return [structure] if isinstance(structure, Static) else []


def _path(kind: type, name: str, key: Any) -> str:
    return f"{name}[{key}]" if issubclass(kind, (tuple, list)) else f"{name}.{key}"


def leaves_of(tree: Any) -> list[Any]:
    """The leaves alone."""
    return [leaf for _, leaf in flatten(tree, "")[0]]


def _identity(value: Any) -> Any:
    """What tells a static value from others: 0.0 and -0.0 differ, and a nan is itself."""
    if isinstance(value, float):
        return float(value).hex()
    if isinstance(value, (tuple, frozenset)) and type(value) in (tuple, frozenset):
        return type(value)((type(x), _identity(x)) for x in value)
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value
