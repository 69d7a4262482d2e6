"""The processes of one start: each with its share of the cores, watched, told to stop, and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from backpath.engines.processes.signs import FOLDER, UNWATCHED, sign_of

NONE = -1
"""In place of the time of a sign that was not given yet."""

SHOWN = 8_000
"""Bytes of a failed process's stderr, the last ones, that are shown."""


class Team:
    """Processes that run the same command, each with its place in JAX's own variables.

    The first has our stdout and stderr; what others print goes nowhere, and their stderr is kept.

    Args:
        command: of each.
        processes: how many.
        coordinator: ``host:port``, at which they meet.
        folder: where they leave signs.
    """

    def __init__(self, command: Sequence[str], processes: int, coordinator: str, folder: Path):
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        told = {"JAX_COORDINATOR_ADDRESS": coordinator, "JAX_NUM_PROCESSES": str(processes), FOLDER: str(folder)}
        cores, gpus = _cores(), gpus_here(os.environ)
        try:
            for rank in range(processes):
                own = {**told, "JAX_PROCESS_ID": str(rank)}
                if 1 < processes <= gpus and "JAX_LOCAL_DEVICE_IDS" not in os.environ:
                    own["JAX_LOCAL_DEVICE_IDS"] = ",".join(map(str, share(range(gpus), processes, rank)))
                self._start(command, own, share(cores, processes, rank))
        except BaseException:
            self.end()
            raise
        self.seen = [(time.monotonic(), NONE)] * processes

    def _start(self, command: Sequence[str], told: dict[str, str], cores: list[int]) -> None:
        first = not self.processes
        # What a thread may run on is inherited by the process that it starts.
        before = _cores()
        _keep_to(cores)
        try:
            with self._error(len(self.processes)).open("wb") as error:
                process = subprocess.Popen(
                    list(command),
                    env={**os.environ, "OMP_NUM_THREADS": str(len(cores)), **told},
                    stdin=subprocess.DEVNULL,
                    stdout=None if first else subprocess.DEVNULL,
                    stderr=None if first else error,
                    # A terminal's Ctrl-C reaches us alone, and is passed on once.
                    start_new_session=True,
                )
            self.processes.append(process)
        finally:
            _keep_to(before)

    def _error(self, rank: int) -> Path:
        return self.folder / f"stderr-{rank}"

    def codes(self) -> list[int | None]:
        """The exit code of each, negative for a signal; None of one that runs."""
        return [process.poll() for process in self.processes]

    def stuck(self, limit: float) -> list[int]:
        """Those that run, are watched, and have told nothing for so many seconds."""
        now, found = time.monotonic(), []
        for rank, process in enumerate(self.processes):
            try:
                sign = os.stat(sign_of(self.folder, process.pid)).st_mtime_ns
            except FileNotFoundError:
                sign = NONE
            if sign == UNWATCHED or sign != self.seen[rank][1] or process.poll() is not None:
                self.seen[rank] = (now, sign)
            elif now - self.seen[rank][0] > limit:
                found.append(rank)
        return found

    def pass_on(self, number: int) -> None:
        """Send a signal to all that run."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.send_signal(number)

    def end(self) -> None:
        """Have none run any more: what they have made is in a checkpoint, and they may be past hearing a request."""
        self.pass_on(signal.SIGKILL)
        for process in self.processes:
            process.wait()

    def error_of(self, rank: int) -> str:
        """The end of what a process other than the first had to say on stderr."""
        with self._error(rank).open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - SHOWN, 0))
            return file.read().decode(errors="replace").strip()


def share(cores: Sequence[int], processes: int, rank: int) -> list[int]:
    """The cores of one process among several: neighbours, as many for each or one more; one where there are too few."""
    if processes > len(cores):
        return [cores[rank % len(cores)]]
    return list(cores[rank * len(cores) // processes : (rank + 1) * len(cores) // processes])


def gpus_here(environment: Mapping[str, str], devices: Path = Path("/dev")) -> int:
    """How many NVIDIA GPUs processes may use, told without asking them."""
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([name for name in visible.split(",") if name.strip() not in ("", "-1")])
    return len(list(devices.glob("nvidia[0-9]*")))


def free_address() -> str:
    """A port of this host's loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def _cores() -> list[int]:
    given: Any = getattr(os, "sched_getaffinity", None)
    return sorted(given(0)) if given else list(range(os.cpu_count() or 1))


def _keep_to(cores: Sequence[int]) -> None:
    keep: Any = getattr(os, "sched_setaffinity", None)
    if keep:
        keep(0, cores)
