"""How fast the engines are on this machine: measured once, in a part of a second, and kept beside the kernels."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np

from backpath.engines.compiled.engine import Machine
from backpath.engines.compiled.store import folder
from backpath.engines.numpy.engine import Executable
from backpath.engines.program.cost import INSTRUCTION, Speeds
from backpath.engines.program.program import Program, compile_graph
from backpath.ops import trace

ROUNDS, LEAST = 9, 1e-3
"""How often each is measured, of which the quickest counts, and for how many seconds at least."""

WIDE, LONG = 256, 1 << 15

CHAIN = 64


def kept(dtype: np.dtype) -> tuple[Speeds, Speeds] | None:
    """What was measured on this machine, of NumPy and of compiled kernels; None if nothing was."""
    place = _place(dtype)
    if place is None:
        return None
    try:
        numpy, compiled = json.loads(place.read_bytes())
        return Speeds(**numpy), Speeds(**compiled)
    except (OSError, ValueError, TypeError):
        return None


def measured(dtype: np.dtype) -> tuple[Speeds, Speeds]:
    """Likewise, measured now if it was not before."""
    return kept(dtype) or _measured(dtype)


@cache
def _measured(dtype: np.dtype) -> tuple[Speeds, Speeds]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        found = _of_both(dtype)
    _keep(dtype, found)
    return found[0], found[1]


def _of_both(dtype: np.dtype) -> list[Speeds]:
    rng = np.random.default_rng(0)
    wide, long, short = (rng.uniform(0.5, 1, shape).astype(dtype) for shape in ((WIDE, WIDE), LONG, 4))
    product, added, function, chain = (
        compile_graph(trace(f, *xs), conditions=dtype)
        for f, xs in (
            (lambda x, y: x @ y, (wide, wide)),
            (lambda x, y: x + y, (long, long)),
            (np.tanh, (long,)),
            (_chain, (short,)),
        )
    )
    found = []
    for run in (_by_numpy, _by_machine):
        memory = run(added, long, long) / (3 * long.nbytes)
        found.append(
            Speeds(
                call=run(chain, short) / CHAIN if run is _by_numpy else INSTRUCTION,
                products=2 * WIDE**3 / run(product, wide, wide),
                memory=1 / memory,
                function=max(run(function, long) - 2 * long.nbytes * memory, 0.0) / LONG,
            )
        )
    return found


def _chain(x: np.ndarray) -> np.ndarray:
    for _ in range(CHAIN // 2):
        x = (x + 1) * 0.5
    return x


def _by_numpy(program: Program, *inputs: np.ndarray) -> float:
    """Seconds of a run."""
    return _quickest(Executable(program, inputs, _outputs(program)))


def _by_machine(program: Program, *inputs: np.ndarray) -> float:
    machine = Machine([(program, inputs, _outputs(program))], inputs[0].dtype)
    return _quickest(lambda: machine(CHAIN)) / CHAIN


def _outputs(program: Program) -> list[np.ndarray]:
    return [np.empty(program.graph.nodes[o].shape, program.graph.nodes[o].dtype) for o in program.graph.outputs]


def _quickest(call: Callable[[], None]) -> float:
    """Seconds of the quickest of some calls, after one that does not count."""
    call()
    return min(_taken(call) for _ in range(ROUNDS))


def _taken(call: Callable[[], None]) -> float:
    begun, calls = time.perf_counter(), 0
    while (seconds := time.perf_counter() - begun) < LEAST:
        call()
        calls += 1
    return seconds / calls


def _place(dtype: np.dtype) -> Path | None:
    return (here := folder()) and here / f"speeds_{dtype}.json"


def _keep(dtype: np.dtype, found: list[Speeds]) -> None:
    """Write them whole, or not at all: where nothing can be written, each process measures for itself."""
    if place := _place(dtype):
        with suppress(OSError):
            temporary = place.with_name(f".{place.name}.{os.getpid()}")
            temporary.write_text(json.dumps([asdict(speeds) for speeds in found]), encoding="utf-8")
            os.replace(temporary, place)
