"""Who trains: by name, each in a file of its own, so that a process imports only the libraries that it measures."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from benchmarks.peers.cases import Case

Runner = Callable[[], float]
"""Trains one epoch more and returns the mean loss of its steps."""

Maker = Callable[[Case], Runner]
"""From a case to what trains it, from its initial weights on."""

OURS = ("backpath numpy", "backpath compiled")
PLACES = {
    "backpath numpy": "ours:numpy_engine",
    "backpath compiled": "ours:compiled_engine",
    "backpath xla": "ours:xla_engine",
    "PyTorch eager": "torch_runners:eager",
    "PyTorch compiled": "torch_runners:compiled",
    "JAX jit": "jax_runners:step_by_step",
    "JAX scan": "jax_runners:scan",
    "scikit-learn": "sklearn_runners:epoch_by_epoch",
}
PEERS = tuple(name for name in PLACES if not name.startswith("backpath"))


def maker(name: str) -> Maker:
    """Import what makes the runner of this name."""
    file, _, function = PLACES[name].partition(":")
    return getattr(import_module(f"benchmarks.peers.{file}"), function)
