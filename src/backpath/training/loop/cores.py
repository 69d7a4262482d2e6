"""The cores that a process may use, and the BLAS's threads on them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any


def usable_cores() -> int:
    """How many cores this process may use: a pool of processes, such as joblib's, leaves each its share."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, max(int(share), 1)) if share.isdecimal() else cores


@contextmanager
def blas_threads(threads: int | None) -> Iterator[None]:
    """Every BLAS with so many threads, by default as many as this process may use cores."""
    with _controller("scipy.linalg.cython_blas" in sys.modules).limit(
        limits=threads or usable_cores(), user_api="blas"
    ):
        yield


@lru_cache(maxsize=1)
def _controller(with_scipys: bool) -> Any:
    """Finding the libraries takes longer than an epoch of a small network; SciPy's is there once it is imported."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
