"""Compiling by XLA: what took long is kept on disk, beside our own kernels, and taken from there by later processes."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from backpath.engines.compiled.store import cache_folder, processor
from backpath.engines.processes.signs import at_work
from backpath.engines.xla.library import library

MOST_KEPT = 1 << 30
"""Bytes of programs on disk, beyond which those go that were used longest ago."""


@contextmanager
def compiling() -> Iterator[None]:
    """Within, programs are compiled that may take long: the process tells that it is at work, and keeps what it makes.

    A folder that JAX has been told of stands; without one, JAX has ours here and has none again afterwards.
    """
    config, place = library().config, folder()
    with at_work():
        if place is None or config.jax_compilation_cache_dir or not config.jax_enable_compilation_cache:
            yield
            return
        _use(place)
        try:
            yield
        finally:
            _use(None)
            _prune(place)


@cache
def folder() -> Path | None:
    """Where programs by this JAX for this processor are kept; None for a user without a home."""
    if (place := cache_folder()) is None:
        return None
    made_for = f"{library().__version__} {processor()}"
    return place / f"xla-{zlib.crc32(made_for.encode()):08x}"


def _use(place: Path | None) -> None:
    from jax.experimental.compilation_cache.compilation_cache import reset_cache

    library().config.update("jax_compilation_cache_dir", None if place is None else str(place))
    # JAX looks at its settings once, when it first compiles.
    reset_cache()


def _prune(place: Path) -> None:
    with suppress(OSError):
        found = [(file, file.stat()) for file in place.iterdir() if file.is_file()]
        kept = sum(told.st_size for _, told in found)
        for file, told in sorted(found, key=lambda each: max(each[1].st_atime, each[1].st_mtime)):
            if kept <= MOST_KEPT:
                return
            os.unlink(file)
            kept -= told.st_size
