"""Trees of arrays as plain data: what is nested in what, and the shape of each array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from backpath.graph import GraphError, SettingError
from backpath.ops import flatten, leaves_of


def tree_to_json(tree: Any) -> dict[str, Any]:
    """Plain data from which :func:`tree_from_json` makes a tree of the same shapes.

    Raises:
        GraphError: if a key is no text.
    """
    if isinstance(tree, Mapping):
        if strange := [key for key in tree if not isinstance(key, str)]:
            raise GraphError(f"the key {strange[0]!r} of a tree of parameters is no text, and cannot be written down")
        return {"dict": {key: tree_to_json(part) for key, part in tree.items()}}
    if isinstance(tree, (tuple, list)):
        return {"list" if isinstance(tree, list) else "tuple": [tree_to_json(part) for part in tree]}
    return {"shape": list(np.shape(tree))}


def tree_from_json(data: Any) -> Any:
    """A tree of zeros, of the shapes that :func:`tree_to_json` told.

    Raises:
        GraphError: if the data tell none.
    """
    match data:
        case {"dict": Mapping() as parts}:
            return {key: tree_from_json(part) for key, part in parts.items()}
        case {"list": list(parts)}:
            return [tree_from_json(part) for part in parts]
        case {"tuple": list(parts)}:
            return tuple(tree_from_json(part) for part in parts)
        case {"shape": list(shape)}:
            return np.zeros(shape)
    raise GraphError(f"not the description of a tree of arrays: {str(data)[:80]}")


def named_leaves(parameters: Any) -> tuple[dict[str, np.ndarray], Any]:
    """A model's parameters as arrays by name, and how they are nested.

    Raises:
        SettingError: if they are no tree of real numbers.
    """
    named: dict[str, np.ndarray] = {}
    for name, leaf in leaves_by_name(parameters):
        value = np.array(leaf)
        if value.dtype.kind not in "fiu" or name in named:
            what = f"holds {value.dtype}" if name not in named else "is there twice"
            raise SettingError(f"Model: the parameter {name} {what}; each must be an array of real numbers of its own")
        named[name] = value
    if not leaves_of(parameters):
        raise SettingError("Model: there are no parameters to train")
    return named, flatten(parameters, "")[1]


def leaves_by_name(parameters: Any) -> list[tuple[str, Any]]:
    """The arrays of a tree, each with its path as its name; one array by itself is called ``parameters``."""
    return [(path.removeprefix(".") or "parameters", leaf) for path, leaf in flatten(parameters, "")[0]]
