"""Where a line goes that says why an engine takes its time: to stderr, or to whoever shows it in another way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Tell = Callable[[str], None]


def _on_stderr(text: str) -> None:
    print(f"backpath: {text}", file=sys.stderr, flush=True)


_TELL: ContextVar[Tell] = ContextVar("tell", default=_on_stderr)


@contextmanager
def notices_to(tell: Tell) -> Iterator[None]:
    """Within, notices go to this function."""
    token = _TELL.set(tell)
    try:
        yield
    finally:
        _TELL.reset(token)


def notice(text: str) -> None:
    """Tell it."""
    _TELL.get()(text)
