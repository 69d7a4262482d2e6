"""How the compiled engine's functions are compiled, and that somebody who waits for it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba
from numba.core.event import Event, Listener, install_listener

from backpath.engines.notices import notice

OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}
"""Of fast mathematics only the contraction of a product and a sum is allowed: NaN and infinity stay what they are."""

COMPILING = "compiling kernels for this machine, once: it takes some seconds"


def compiled(function: Callable[..., Any]) -> Any:
    """The function compiled on its first use, within the one that is kept on disk and calls it."""
    return numba.njit(nogil=True, **OPTIONS)(function)


@contextmanager
def telling_of_compilation() -> Iterator[None]:
    """Gives notice when something within is compiled, and not found on disk."""
    with install_listener("numba:compile", _First()):
        yield


class _First(Listener):
    """Gives notice of the first event."""

    def __init__(self) -> None:
        self.told = False

    def on_start(self, event: Event) -> None:
        if not self.told:
            self.told = True
            notice(COMPILING)

    def on_end(self, event: Event) -> None:
        pass


def apart(function: Callable[..., Any], *words: Any) -> Callable[..., Any]:
    """The function under a name of its own, by which Numba keeps one compiled form of it on disk.

    Of several forms under one name, two processes that compile at the same time may write two into one file, and the
    next one would run one in place of the other.
    """
    function.__qualname__ = "_".join(map(str, words))
    return function
