"""Which of several processes this one is, told from the variables that whatever started it has set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from backpath.graph import SettingError

LOOPBACK = "127.0.0.1"

LOWEST, PORTS = 61_440, 4_096
"""Ports for coordinators whose launcher names none, one for each number of a job."""


@dataclass(frozen=True, slots=True)
class Place:
    """One process among several.

    Attributes:
        launcher: what started them, in words.
        rank: its number, from 0.
        size: how many there are.
        local_rank: its number among those on its host.
        local_size: how many are on its host; None where the launcher does not say.
        coordinator: ``host:port`` at which they meet; None where the launcher does not say.
    """

    launcher: str
    rank: int
    size: int
    local_rank: int = 0
    local_size: int | None = None
    coordinator: str | None = None


def discovered(environment: Mapping[str, str]) -> Place | None:
    """This process's place among those that JAX's own variables, torchrun, Open MPI or Slurm tell of.

    None where nothing tells of several. The innermost launcher counts: torchrun may run inside a job of Slurm.

    Raises:
        SettingError: if variables contradict one another, or are no numbers.
    """
    for read in (_of_jax, _of_torchrun, _of_open_mpi, _of_slurm):
        place = read(environment)
        if place is not None:
            if not 0 <= place.rank < place.size:
                raise SettingError(f"{place.launcher} says that this is process {place.rank} of {place.size}")
            return place if place.size > 1 else None
    return None


def address(text: str) -> tuple[str, int]:
    """Host and port of ``host:port``, of which an IPv6 address stands in brackets.

    Raises:
        SettingError: if it is otherwise.
    """
    found = re.fullmatch(r"(\[[0-9a-fA-F:.%\w]+\]|[^:\s\[\]]+):(\d{1,5})", text)
    if not found or not 0 < int(found[2]) < 65_536:
        raise SettingError(f"coordinator {text!r}: give host:port, such as 10.0.0.1:4321")
    return found[1].strip("[]"), int(found[2])


def _of_jax(environment: Mapping[str, str]) -> Place | None:
    names = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")
    if not _all(environment, *names[1:]):
        return None
    size, rank = _numbers(environment, *names[1:])
    return Place("JAX's own variables", rank, size, coordinator=environment.get(names[0]))


def _of_torchrun(environment: Mapping[str, str]) -> Place | None:
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT")
    if not _all(environment, "MASTER_ADDR", *names):
        return None
    rank, size, local_rank, port = _numbers(environment, *names)
    local_size = _number(environment, "LOCAL_WORLD_SIZE")
    # Where the agent that started us holds its own store at that port, the one above is ours.
    port += environment.get("TORCHELASTIC_USE_AGENT_STORE", "").lower() in ("true", "1")
    host = environment["MASTER_ADDR"]
    return Place(
        "torchrun", rank, size, local_rank, local_size, f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    )


def _of_open_mpi(environment: Mapping[str, str]) -> Place | None:
    names = [f"OMPI_COMM_WORLD_{name}" for name in ("RANK", "SIZE", "LOCAL_RANK")]
    if not _all(environment, *names):
        return None
    rank, size, local_rank = _numbers(environment, *names)
    local_size = _number(environment, "OMPI_COMM_WORLD_LOCAL_SIZE")
    # Version 4 gives "1531576320.0;tcp://10.96.0.1,10.148.0.1:34911", of which the job's number is a multiple of 2^12.
    uri = environment.get("OMPI_MCA_orte_hnp_uri", "")
    job = re.match(r"\d+", uri)
    number = int(job[0]) >> 12 if job else sum(environment.get("PMIX_NAMESPACE", "").encode())
    host = re.search(r"tcp6?://\[?([^,\]]+?)(?:[,\]]|:\d+$)", uri)
    where = LOOPBACK if local_size == size else host[1] if host else None
    return Place("Open MPI", rank, size, local_rank, local_size, _at(where, number))


def _of_slurm(environment: Mapping[str, str]) -> Place | None:
    # Of a step, which srun makes: the script of a batch job is one process, whatever its job may hold.
    names = ("SLURM_JOB_ID", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_NUM_NODES")
    if not _all(environment, "SLURM_STEP_NODELIST", *names):
        return None
    job, rank, size, local_rank, nodes = _numbers(environment, *names)
    where = LOOPBACK if nodes == 1 else first_host(environment["SLURM_STEP_NODELIST"])
    number = job + (_number(environment, "SLURM_STEP_ID") or 0)
    return Place("Slurm", rank, size, local_rank, size if nodes == 1 else None, _at(where, number))


def first_host(nodes: str) -> str:
    """The first of a list of hosts as Slurm writes it.

    >>> [first_host(nodes) for nodes in ("gpu7", "gpu7,gpu9", "gpu[007-015,020],login1", "rack[2,4]-node[01-03]")]
    ['gpu7', 'gpu7', 'gpu007', 'rack2-node01']
    """
    first = re.match(r"(?:\[[^\]]*\]|[^,\[])+", nodes)
    return re.sub(r"\[(\w+)[^\]]*\]", r"\1", first[0] if first else nodes)


def _at(host: str | None, number: int) -> str | None:
    if host is None:
        return None
    return f"{f'[{host}]' if ':' in host else host}:{LOWEST + number % PORTS}"


def _all(environment: Mapping[str, str], *names: str) -> bool:
    return all(environment.get(name) for name in names)


def _numbers(environment: Mapping[str, str], *names: str) -> list[int]:
    found = []
    for name in names:
        if not environment[name].isdecimal():
            raise SettingError(f"the environment's {name} is {environment[name]!r}: it should be a whole number")
        found.append(int(environment[name]))
    return found


def _number(environment: Mapping[str, str], name: str) -> int | None:
    return _numbers(environment, name)[0] if environment.get(name) else None
