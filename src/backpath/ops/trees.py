"""Nested tuples, lists and dictionaries of arrays, taken apart into leaves and put together again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

LEAF = object()
"""The structure of a single array."""


def flatten(tree: Any, name: str) -> tuple[list[tuple[str, Any]], Any]:
    """The leaves of ``tree`` with their paths (``name.key``, ``name[0]``), and its structure.

    >>> flatten({"W": 1.0, "b": (2.0, 3.0)}, "p")[0]
    [('p.W', 1.0), ('p.b[0]', 2.0), ('p.b[1]', 3.0)]
    """
    leaves: list[tuple[str, Any]] = []
    return leaves, _walk(tree, name, leaves)


def _walk(tree: Any, name: str, leaves: list[tuple[str, Any]]) -> Any:
    if isinstance(tree, Mapping):
        return {key: _walk(value, f"{name}.{key}", leaves) for key, value in tree.items()}
    if isinstance(tree, (tuple, list)):
        parts = [_walk(value, f"{name}[{k}]", leaves) for k, value in enumerate(tree)]
        if isinstance(tree, list):
            return parts
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    leaves.append((name, tree))
    return LEAF


def unflatten(structure: Any, leaves: Iterable[Any]) -> Any:
    """The tree of that structure with these leaves, in the order of :func:`flatten`."""
    return _build(structure, iter(leaves))


def _build(structure: Any, leaves: Iterator[Any]) -> Any:
    if structure is LEAF:
        return next(leaves)
    if isinstance(structure, Mapping):
        return {key: _build(part, leaves) for key, part in structure.items()}
    parts = [_build(part, leaves) for part in structure]
    if isinstance(structure, list):
        return parts
    return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)


def leaves_of(tree: Any) -> list[Any]:
    """The leaves alone."""
    return [leaf for _, leaf in flatten(tree, "")[0]]
