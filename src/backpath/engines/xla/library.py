"""JAX itself: imported when it is needed, its devices by name, and float64 for our calls alone."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import cache
from importlib.util import find_spec
from typing import Any

from backpath.engines.xla.setting import INSTALL
from backpath.graph import SettingError

KINDS = ("cuda", "rocm", "tpu", "cpu")

PLUGINS = ("jax_cuda12_plugin", "jax_cuda13_plugin", "jax_rocm7_plugin", "jax_rocm60_plugin", "libtpu")
"""Packages that bring JAX an accelerator."""


def installed() -> bool:
    """Whether JAX can be imported; it is not."""
    return find_spec("jax") is not None


@cache
def library() -> Any:
    """The module ``jax``.

    Raises:
        SettingError: if it is not installed.
    """
    try:
        import jax
    except ImportError as error:
        raise SettingError(f"engine='xla' needs JAX: {INSTALL} ({error})") from None
    return jax


def wide() -> AbstractContextManager[Any]:
    """Within, JAX knows numbers of 64 bits; the caller's own JAX is as it was, after and in other threads."""
    return library().enable_x64(True)


def devices() -> list[str]:
    """The names of all devices here, such as ``cpu`` and ``cuda:0``."""
    return [f"{kind}:{number}" for kind in KINDS for number, _ in _of(kind)]


def device(name: str | None) -> Any:
    """The device of that name: a kind, whose first one is taken, or a kind and a number; None for JAX's own choice.

    Raises:
        SettingError: if there is none, with those that there are.
    """
    if name is None:
        return library().local_devices()[0]
    kind, _, number = name.partition(":")
    found = dict(_of("cuda" if kind == "gpu" else kind))
    if (number or "0").isdecimal() and int(number or 0) in found:
        return found[int(number or 0)]
    raise SettingError(f"device={name!r}: there is none; here are {', '.join(devices())}")


def _of(kind: str) -> list[tuple[int, Any]]:
    """The devices of a kind in this process, with their numbers."""
    try:
        return list(enumerate(library().local_devices(backend=kind)))
    except RuntimeError:
        return []


def _kind(one: Any) -> str:
    """The platform as it is named here: JAX calls GPUs of all makes alike."""
    return next((kind for kind in KINDS if any(other == one for _, other in _of(kind))), one.platform)


def accelerator() -> str | None:
    """The name of the accelerator that JAX would take; None where it would take the CPU, or is not installed.

    JAX is not even imported where none of its parts for accelerators is there.
    """
    if not any(find_spec(part) for part in PLUGINS) and "jax" not in sys.modules:
        return None
    if not installed():
        return None
    one = library().local_devices()[0]
    return None if one.platform == "cpu" else name_of(one)


def name_of(one: Any) -> str:
    """What a device is called: its kind, and its number among those of its kind."""
    kind = _kind(one)
    return f"{kind}:{next((number for number, other in _of(kind) if other == one), 0)}"
