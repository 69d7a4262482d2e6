"""Attributes of an estimator as plain data, and back: what no JSON holds is a list that begins with what it is.

Nothing is made of the data but what stands here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

import numpy as np

from backpath.engines import Choice
from backpath.estimators.robust.importance import Background
from backpath.estimators.robust.members import Form
from backpath.estimators.robust.table import Table
from backpath.estimators.robust.targets import Quantity
from backpath.graph import DataError

RECORDS: Mapping[str, type[Any]] = MappingProxyType(
    {"choice": Choice, "form": Form, "quantity": Quantity, "background": Background}
)
"""Frozen values that are their fields: dataclasses and named tuples."""

KINDS = "biufUO"
"""Of arrays: numbers, truth values and text, or objects that are plain themselves."""


def to_plain(value: Any) -> Any:
    """Data for JSON from which :func:`from_plain` makes the same value.

    Raises:
        TypeError: for what is neither plain nor an array, a table or a record.
    """
    if isinstance(value, np.generic) and value.dtype.kind in KINDS:
        return ["scalar", value.dtype.str, to_plain(value.item())]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else ["float", str(value)]
    for name, kind in RECORDS.items():
        if type(value) is kind:
            return [name, {field: to_plain(getattr(value, field)) for field in _fields(kind)}]
    if type(value) is list or type(value) is tuple:
        return [type(value).__name__, *(to_plain(found) for found in value)]
    if isinstance(value, dict):
        return ["dict", *([to_plain(key), to_plain(found)] for key, found in value.items())]
    if isinstance(value, np.ndarray) and value.dtype.kind in KINDS:
        return ["array", value.dtype.str, list(value.shape), [to_plain(v) for v in value.ravel().tolist()]]
    if isinstance(value, Table):
        return ["table", value.to_json()]
    if isinstance(value, type) and issubclass(value, np.generic):
        return ["type", np.dtype(value).name]
    if isinstance(value, np.dtype):
        return ["dtype", value.str]
    raise TypeError(f"{value!r} is no plain data")


def _fields(kind: type[Any]) -> list[str]:
    return list(getattr(kind, "_fields", ())) or [field.name for field in fields(kind)]


def from_plain(data: Any) -> Any:
    """What :func:`to_plain` described.

    Raises:
        DataError: if the data describe nothing.
    """
    try:
        return _read(data)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise DataError(f"not what an estimator learned: {error!r}") from None


def _read(data: Any) -> Any:
    if not isinstance(data, list):
        if isinstance(data, dict):
            raise TypeError("an object without a name")
        return data
    name, *told = data
    if name in RECORDS:
        (record,) = told
        return RECORDS[name](**{field: _read(value) for field, value in record.items()})
    return _MAKERS[name](*told)


def _array(dtype: str, shape: list[int], values: list[Any]) -> np.ndarray:
    kind = np.dtype(dtype)
    if kind.kind not in KINDS or kind.itemsize > 4 * max(4, *(len(str(value)) for value in values), 0):
        raise TypeError(f"an array of {dtype}")
    array = np.empty(len(values), kind)
    for k, value in enumerate(values):
        array[k] = _read(value)
    return array.reshape(shape)


def _scalar(dtype: str, value: Any) -> Any:
    return np.dtype(dtype).type(_read(value))


_MAKERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "array": _array,
        "dict": lambda *pairs: {_read(key): _read(value) for key, value in pairs},
        "dtype": np.dtype,
        "float": float,
        "list": lambda *values: [_read(value) for value in values],
        "scalar": _scalar,
        "table": Table.from_json,
        "tuple": lambda *values: tuple(_read(value) for value in values),
        "type": lambda name: np.dtype(name).type,
    }
)
