"""Models from the plain data that they tell of themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backpath.graph import GraphError
from backpath.nets.mode import statistics_from_json
from backpath.nets.model import Model, Parameters
from backpath.nets.network import Network
from backpath.nets.sequential import Sequential
from backpath.nets.trees import tree_from_json

READERS: dict[str, Callable[[Mapping[str, Any]], Model]] = {}
"""Kinds of models that floors above add: each with what makes one of its description."""


def model_from_json(data: Any, scores: Callable[..., Any] | None = None, parameters: Parameters | None = None) -> Model:
    """The model that described itself by ``to_json``.

    Args:
        data: what it told.
        scores: its function, where it is a model of a function of the user's own.
        parameters: a tree such as it reads, where that has types of the user's own; else tuples, lists and
            dictionaries.

    Raises:
        GraphError: if the data describe none, or the function is missing.
    """
    kind = data.get("kind", "network") if isinstance(data, Mapping) else None
    if kind == "network":
        return Network.from_json(data)
    if kind == "sequential":
        return Sequential.from_json(data)
    if kind in READERS:
        return READERS[kind](data)
    if kind != "function":
        raise GraphError(f"not the description of a model: {str(data)[:80]}")
    if scores is None:
        raise GraphError(f"it is of the function {data.get('name')!r}, which is not written down: give it as scores=")
    try:
        like = tree_from_json(data["parameters"]) if parameters is None else parameters
        model = Model(scores, like, loss=data["loss"], vocabulary=data["vocabulary"])
        if "statistics" in data:
            model = model.predicting(statistics_from_json(data["statistics"]))
        return model if data["inputs"] is None else model.suited(tuple(data["inputs"]))
    except (KeyError, TypeError) as error:
        raise GraphError(f"not the description of a model of a function: {error!r}") from None
