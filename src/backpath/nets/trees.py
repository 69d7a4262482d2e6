"""Trees of arrays as plain data: what is nested in what, and the shape of each array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from backpath.graph import GraphError


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
