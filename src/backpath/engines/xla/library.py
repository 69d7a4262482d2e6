"""JAX itself: imported when it is needed, its devices by name, and float64 for our calls alone."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from importlib.util import find_spec
from typing import Any

from backpath.engines.xla.setting import INSTALL
from backpath.graph import SettingError


def installed() -> bool:
    """Whether JAX can be imported; it is not."""
    return find_spec("jax") is not None


@cache
def library() -> Any:
    """The module ``jax``, with programs that it compiles kept in a folder of ours for processes to come.

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
    found = [*_of("cuda"), *_of("rocm"), *_of("tpu"), *_of("cpu")]
    return [f"{_kind(device)}:{number}" for number, device in found] if found else []


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
    return "cuda" if one.platform == "gpu" else one.platform


def accelerated() -> str | None:
    """The name of an accelerator that JAX would take, or None where it would take the CPU, or is not installed."""
    if not installed():
        return None
    one = library().local_devices()[0]
    return None if one.platform == "cpu" else f"{_kind(one)}:0"
