"""Environments as launchers make them, each with what they say."""

from __future__ import annotations

import pytest

from backpath.engines.processes.discovery import Place, address, discovered
from backpath.graph import SettingError

JAX = {"JAX_COORDINATOR_ADDRESS": "10.0.0.5:1234", "JAX_NUM_PROCESSES": "3", "JAX_PROCESS_ID": "2"}

TORCHRUN = {
    "RANK": "5",
    "WORLD_SIZE": "8",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "4",
    "MASTER_ADDR": "node1",
    "MASTER_PORT": "29500",
    "TORCHELASTIC_USE_AGENT_STORE": "True",
}

OPEN_MPI = {
    "OMPI_COMM_WORLD_RANK": "3",
    "OMPI_COMM_WORLD_SIZE": "4",
    "OMPI_COMM_WORLD_LOCAL_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
    "OMPI_MCA_orte_hnp_uri": "1531576320.0;tcp://10.96.0.1,10.148.0.1:34911",
}

SLURM = {
    "SLURM_JOB_ID": "4100",
    "SLURM_STEP_ID": "2",
    "SLURM_PROCID": "6",
    "SLURM_STEP_NUM_TASKS": "8",
    "SLURM_NTASKS": "16",
    "SLURM_LOCALID": "2",
    "SLURM_STEP_NUM_NODES": "2",
    "SLURM_STEP_NODELIST": "gpu[007-008]",
}

EXPECTED = [
    (JAX, Place("JAX's own variables", 2, 3, coordinator="10.0.0.5:1234")),
    (TORCHRUN, Place("torchrun", 5, 8, 1, 4, "node1:29501")),
    (TORCHRUN | {"TORCHELASTIC_USE_AGENT_STORE": ""}, Place("torchrun", 5, 8, 1, 4, "node1:29500")),
    (TORCHRUN | {"MASTER_ADDR": "fe80::1"}, Place("torchrun", 5, 8, 1, 4, "[fe80::1]:29501")),
    (OPEN_MPI, Place("Open MPI", 3, 4, 1, 2, f"10.96.0.1:{61_440 + (1531576320 >> 12) % 4096}")),
    (
        OPEN_MPI | {"OMPI_MCA_orte_hnp_uri": "4096.0;tcp6://[fe80::b9b,2620::2]:43370"},
        Place("Open MPI", 3, 4, 1, 2, "[fe80::b9b]:61441"),
    ),
    (
        OPEN_MPI | {"OMPI_MCA_orte_hnp_uri": "4096.0;tcp://10.0.0.9:34911"},
        Place("Open MPI", 3, 4, 1, 2, "10.0.0.9:61441"),
    ),
    ({k: v for k, v in OPEN_MPI.items() if "uri" not in k}, Place("Open MPI", 3, 4, 1, 2, None)),
    (
        {k: v for k, v in OPEN_MPI.items() if "uri" not in k} | {"OMPI_COMM_WORLD_LOCAL_SIZE": "4"},
        Place("Open MPI", 3, 4, 1, 4, "127.0.0.1:61440"),
    ),
    (SLURM, Place("Slurm", 6, 8, 2, None, "gpu007:61446")),
    (SLURM | {"SLURM_STEP_NUM_NODES": "1"}, Place("Slurm", 6, 8, 2, 8, "127.0.0.1:61446")),
]


@pytest.mark.parametrize(("environment", "place"), EXPECTED)
def test_each_launcher_is_read(environment, place):
    assert discovered({"PATH": "/bin", "HOME": "/root", **environment}) == place


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"RANK": "0"},
        {"JAX_COORDINATOR_ADDRESS": "10.0.0.5:1234"},
        TORCHRUN | {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"},
        {name: value for name, value in SLURM.items() if "STEP" not in name},
        SLURM | {"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"},
    ],
)
def test_one_process_is_no_company(environment):
    assert discovered(environment) is None


def test_the_innermost_launcher_counts():
    assert discovered(SLURM | OPEN_MPI).launcher == "Open MPI"
    assert discovered(SLURM | TORCHRUN).launcher == "torchrun"
    assert discovered(SLURM | OPEN_MPI | JAX).launcher == "JAX's own variables"


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        (JAX | {"JAX_PROCESS_ID": "3"}, "process 3 of 3"),
        (JAX | {"JAX_PROCESS_ID": "first"}, "JAX_PROCESS_ID is 'first'"),
        (SLURM | {"SLURM_STEP_NUM_TASKS": "-1"}, "SLURM_STEP_NUM_TASKS is '-1'"),
    ],
)
def test_what_contradicts_itself_is_refused(environment, shown):
    with pytest.raises(SettingError, match=shown):
        discovered(environment)


@pytest.mark.parametrize(
    ("text", "found"),
    [("10.0.0.1:4321", ("10.0.0.1", 4321)), ("node-1.local:1", ("node-1.local", 1)), ("[::1]:80", ("::1", 80))],
)
def test_addresses(text, found):
    assert address(text) == found


@pytest.mark.parametrize("text", ["", "node", "node:", ":80", "node:0", "node:65536", "node:x", "::1:80", "a b:3"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(SettingError, match="host:port"):
        address(text)
