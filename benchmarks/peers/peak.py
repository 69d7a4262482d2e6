"""The share of this machine's matrix-product peak that a step of the wide network reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from scipy.linalg import blas

from benchmarks.peers.cases import WIDE
from benchmarks.peers.settings import Settings
from benchmarks.peers.steps import started
from benchmarks.peers.tables import table
from benchmarks.peers.timing import Times, in_turn

Product = Callable[[], Any]
sgemm: Any = vars(blas)["sgemm"]  # compiled, so that type checkers do not see it
SHAPES = ((512, 1024, 1024), (1024, 1024, 1024), (2048, 2048, 2048))
"""Of the products: rows, inner, columns. The first is the wide network's own."""


def products(rows: int, inner: int, columns: int) -> dict[str, Product]:
    """The same float32 product by each library, into memory that is already there where the library can."""
    rng = np.random.default_rng(0)
    A, B = (rng.standard_normal(shape).astype(np.float32) for shape in ((rows, inner), (inner, columns)))
    out = np.empty((rows, columns), np.float32)
    # SciPy's BLAS wants columns that lie together.
    FA, FB, FC = np.asfortranarray(A), np.asfortranarray(B), np.zeros((rows, columns), np.float32, order="F")
    TA, TB, TC = torch.from_numpy(A), torch.from_numpy(B), torch.empty(rows, columns)
    JA, JB, product = jnp.array(A), jnp.array(B), jax.jit(jnp.matmul)
    return {
        "NumPy": lambda: np.matmul(A, B, out=out),
        "SciPy": lambda: sgemm(1.0, FA, FB, c=FC, overwrite_c=True),
        "PyTorch": lambda: torch.mm(TA, TB, out=TC),
        "JAX": lambda: product(JA, JB).block_until_ready(),
    }


def report(settings: Settings) -> str:
    runners, failures = started(WIDE)
    named = {(shape, name): product for shape in SHAPES for name, product in products(*shape).items()}
    titles = {f"{name} {'x'.join(map(str, shape))}": (shape, name) for shape, name in named}
    tasks: dict[str, Callable[[], Any]] = {title: named[key] for title, key in titles.items()}
    times = in_turn({**tasks, **runners}, settings.rounds(11))
    speeds = {key: 2 * np.prod(key[0], dtype=float) / times[title].median / 1e9 for title, key in titles.items()}
    peak = max(speeds.values())
    busy = {name: cores_busy(named[SHAPES[-1], name]) for _, name in list(named)[:4]}
    parts = [
        "Float32 products in GFLOP/s, and how many cores each library kept busy in the last:",
        table_of_products(speeds, busy),
        f"Of this peak, {peak:.0f} GFLOP/s, a step of {WIDE.name} reaches ({WIDE.flops / 1e9:.2f} GFLOP of products):",
        table_of_shares({name: times[name].per(WIDE.steps) for name in runners}, peak),
        *(f"{name} did not run: {why}" for name, why in failures.items()),
    ]
    return "\n\n".join(parts)


def cores_busy(product: Product, seconds: float = 1.0) -> float:
    """Processor time over wall time, while the product is made again and again."""
    started, spent = time.perf_counter(), time.process_time()
    while time.perf_counter() - started < seconds:
        product()
    return (time.process_time() - spent) / (time.perf_counter() - started)


def table_of_products(speeds: dict[Any, float], busy: dict[str, float]) -> str:
    header = ["", *("x".join(map(str, shape)) for shape in SHAPES), "cores busy"]
    rows = [[name, *(f"{speeds[shape, name]:.0f}" for shape in SHAPES), f"{busy[name]:.1f}"] for name in busy]
    return table(header, rows)


def table_of_shares(times: dict[str, Times], peak: float) -> str:
    """``times`` are of a step of the wide network; ``peak`` is in GFLOP/s."""
    speeds = {name: WIDE.flops / t.median / 1e9 for name, t in times.items()}
    rows = [
        [name, f"{times[name].median * 1e3:.1f}", f"{speed:.0f}", f"{100 * speed / peak:.0f} %"]
        for name, speed in sorted(speeds.items(), key=lambda item: -item[1])
    ]
    return table(["", "ms a step", "GFLOP/s", "of the peak"], rows)
