"""Processes that meet at a coordinator, which JAX's runtime holds in process 0."""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from backpath.engines.notices import notice
from backpath.engines.processes.company import Company
from backpath.engines.processes.discovery import Place, address
from backpath.graph import ProcessError, SettingError

WAIT = 300
"""Seconds in which all processes must have come."""

HEARTBEAT, SHUTDOWN = 100, 60
"""Seconds without a sign of life after which JAX's runtime ends all processes, and that it waits for the last one."""

FOREVER = 10**6
"""Seconds, in place of a time after which JAX's runtime would end the process without a word of ours."""

AGAIN = 0.1


def join(place: Place, coordinator: str | None = None, wait: float = WAIT) -> Company:
    """Meet the other processes.

    Process 0 listens at the coordinator's address, and nowhere else. JAX's channel is not encrypted, and whoever
    reaches it may join: a notice says so where the address is not this host's own loopback.

    Args:
        place: which process this is.
        coordinator: ``host:port``, in place of what the launcher says.
        wait: seconds until all must have come.

    Raises:
        SettingError: if there is no address, or none of that form.
        ProcessError: if the coordinator cannot be reached, or not all have come in time.
        ImportError: if JAX is not installed.
    """
    where = coordinator or place.coordinator
    if where is None:
        raise SettingError(f"{place.launcher} does not say where processes meet: give --coordinator host:port")
    host, port = address(where)
    try:
        import jax
    except ImportError:
        raise ImportError("several processes train together by JAX: pip install 'backpath[jax]'") from None
    if place.rank == 0:
        _require_free(host, port)
        if not is_loopback(host):
            notice(
                f"the coordinator listens at {where}; JAX's channel is not encrypted, and asks nobody who he is: "
                f"use it in a network that you trust"
            )
    else:
        _reach(place, host, port, wait)
    # It would keep SIGTERM from ending this process.
    jax.config.update("jax_enable_preemption_service", False)
    devices = [place.local_rank] if _shares_host(place) else None

    def meet() -> None:
        jax.distributed.initialize(
            where,
            place.size,
            place.rank,
            local_device_ids=devices,
            cluster_detection_method="deactivate",
            initialization_timeout=FOREVER,
            heartbeat_timeout_seconds=HEARTBEAT,
            shutdown_timeout_seconds=SHUTDOWN,
            coordinator_bind_address=os.environ.get("JAX_COORDINATOR_BIND_ADDRESS", where),
        )

    if not _done_in_time(meet, wait):
        raise ProcessError(
            f"process {place.rank} of {place.size} waited {wait:g} s at the coordinator {where}, and not all came: "
            f"were {place.size} processes started, and do all have this address?"
            + (" Is it process 0 that listens there?" if place.rank else "")
        )
    return Company(place.rank, place.size)


def leave(company: Company) -> None:
    """Part from the others, who all do the same; nothing is told between processes after it."""
    if company.size > 1:
        import jax

        jax.distributed.shutdown()


def _done_in_time(action: Callable[[], None], wait: float) -> bool:
    """Whether it returns within so many seconds; an error of its own is raised.

    It goes on in a thread if not: JAX itself would end the process when its time is over.
    """
    errors: list[Exception] = []

    def run() -> None:
        try:
            action()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(wait)
    for error in errors:
        raise ProcessError(f"JAX cannot join this process with the others: {str(error).splitlines()[0]}") from error
    return not thread.is_alive()


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this host alone."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _shares_host(place: Place) -> bool:
    """Whether accelerators of this host are to be shared out, one to each process."""
    alone = place.local_size == 1 or (place.local_size is None and place.launcher == "JAX's own variables")
    return not alone and not os.environ.get("JAX_LOCAL_DEVICE_IDS")


def _require_free(host: str, port: int) -> None:
    """A clear error in place of JAX's, whose coordinator would share a port with another one in silence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ProcessError(
                f"the coordinator cannot listen at {host}:{port} ({error.strerror or error}): give an address of the "
                f"host of process 0, and a port that is free there, as --coordinator host:port"
            ) from None


def _reach(place: Place, host: str, port: int, wait: float) -> None:
    """Wait for process 0 to listen."""
    began = time.monotonic()
    while True:
        try:
            socket.create_connection((host, port), timeout=max(wait, 1)).close()
            return
        except OSError as error:
            waited, why = time.monotonic() - began, error.strerror or str(error)
        if waited >= wait:
            raise ProcessError(
                f"process {place.rank} of {place.size} cannot reach the coordinator at {host}:{port}: it waited "
                f"{waited:.0f} s ({why}). Is process 0 running there, and does a firewall let others in?"
            )
        time.sleep(AGAIN)
