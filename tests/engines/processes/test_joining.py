"""Real processes over loopback: they meet, hear one another, and learn of each other's ends."""

from __future__ import annotations

import os
import socket
import socketserver
import subprocess
import sys
import textwrap
import threading
from contextlib import suppress

import numpy as np
import pytest

from backpath.engines.processes.company import ALONE, company
from backpath.engines.processes.discovery import Place
from backpath.engines.processes.joining import is_loopback, join
from backpath.graph import DataError, ProcessError, SettingError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


PAIR = """
    import os, signal, sys
    import numpy as np
    from backpath.engines.processes.company import company
    from backpath.engines.processes.discovery import Place
    from backpath.engines.processes.joining import join
    from backpath.graph import DataError, ProcessError

    rank = int(sys.argv[1])
    ours = join(Place("a test", rank, 2, coordinator=sys.argv[2]))
    assert ours == company() and (ours.rank, ours.size, ours.first) == (rank, 2, rank == 0)
    values = np.array([[rank + 0.1, -0.0]])
    found = ours.gathered(values)
    assert found.dtype == np.float64 and found.tobytes() == np.array([[[0.1, -0.0]], [[1.1, -0.0]]]).tobytes()
    assert ours.gathered(np.arange(3, dtype=np.int64) << 40).dtype == np.int64
    swapped = ours.exchanged(np.arange(6.0).reshape(2, 3) + 10 * rank)
    assert swapped.tolist() == [[3.0 * rank + k for k in range(3)], [10.0 + 3 * rank + k for k in range(3)]]
    assert ours.led(3 + rank) == 3.0
    assert ours.all_or_none(lambda: rank * 7) == rank * 7

    def fails():
        if rank == 1:
            raise DataError("row group 3 is damaged")

    try:
        ours.all_or_none(fails)
    except DataError as error:
        print("own:", error)
    except ProcessError as error:
        print("told:", error)
    written = []
    ours.by_first(lambda: written.append(rank))
    assert written == [0] * (rank == 0)
    sys.stdout.flush()
    if rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        ours.led(1.0)
    except ProcessError as error:
        print("gone:", error, flush=True)
    os._exit(0)
"""


def test_two_processes_hear_one_another_and_of_each_others_end():
    where = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-c", textwrap.dedent(PAIR)]
    pair = [
        subprocess.Popen([*command, str(rank), where], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    try:
        (first, error), (second, _) = (process.communicate(timeout=300) for process in pair)
    finally:
        for process in pair:
            process.kill()
    assert "told: process 1 of 2 stopped: row group 3 is damaged" in first, error
    assert "gone: another process of this training is gone" in first
    assert "own: row group 3 is damaged" in second
    assert [process.returncode for process in pair] == [0, -9]


def test_a_coordinator_that_is_not_there_is_named_with_the_time_waited():
    where = f"127.0.0.1:{free_port()}"
    with pytest.raises(ProcessError, match=rf"process 1 of 2 cannot reach the coordinator at {where}: it waited 0 s"):
        join(Place("a test", 1, 2), where, wait=0.3)


ALONE_AT_THE_PLACE = """
    import sys
    from backpath.cli.entry import main
    from backpath.engines.processes import joining

    joining.join.__defaults__ = None, float(sys.argv[2])
    sys.argv = ["backpath", "train", "digits", "--engine", "xla", "--out", sys.argv[1]]
    main()
"""


def alone_at(where, rank, folder, wait):
    """The one line of a command that waits there for others, which do not come."""
    place = {"JAX_COORDINATOR_ADDRESS": where, "JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": str(rank)}
    command = [sys.executable, "-c", textwrap.dedent(ALONE_AT_THE_PLACE), str(folder / "run"), str(wait)]
    done = subprocess.run(command, env={**os.environ, **place}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 75, done.stderr
    (line,) = done.stderr.splitlines()
    return line


def test_who_waits_for_others_in_vain_says_where_and_how_long(tmp_path):
    where = f"127.0.0.1:{free_port()}"
    said = f"Error: process 0 of 2 waited 1 s at the coordinator {where}, and not all came: were 2 processes started"
    assert alone_at(where, 0, tmp_path, 1).startswith(said)


class Http2(socketserver.StreamRequestHandler):
    """Answers each request of HTTP/2 with 404."""

    asked = 0

    def handle(self):
        with suppress(ConnectionError):
            self.rfile.read(len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
            self.wfile.write(b"\0\0\0\4\0\0\0\0\0")  # No settings.
            while head := self.rfile.read(9):
                self.rfile.read(int.from_bytes(head[:3], "big"))
                if head[3] == 1:
                    Http2.asked += 1
                    # HPACK's table has ":status: 404" at 13.
                    self.wfile.write(b"\0\0\1\1\5" + head[5:9] + bytes([0x80 | 13]))


def test_an_http_2_service_of_another_kind_is_no_coordinator(tmp_path):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Http2) as server:
        threading.Thread(target=server.serve_forever).start()
        where = f"127.0.0.1:{server.server_address[1]}"
        try:
            line = alone_at(where, 1, tmp_path, 5)
        finally:
            server.shutdown()
    assert Http2.asked
    assert line.startswith(f"Error: process 1 of 2 waited 5 s at the coordinator {where}, and not all came")
    assert line.endswith("Is it process 0 that listens there?")


def test_a_port_that_is_taken_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ProcessError, match=f"cannot listen at {where}"):
            join(Place("a test", 0, 2), where)


def test_a_launcher_that_names_no_place_to_meet():
    with pytest.raises(SettingError, match="Open MPI does not say where processes meet"):
        join(Place("Open MPI", 0, 2))


def test_loopback():
    assert [is_loopback(host) for host in ("127.0.0.1", "127.3.2.1", "::1", "localhost")] == [True] * 4
    assert [is_loopback(host) for host in ("10.0.0.1", "0.0.0.0", "::", "node7")] == [False] * 4


def test_alone_nothing_is_asked():
    assert company() == ALONE
    assert ALONE.gathered(np.arange(2)).tolist() == [[0, 1]]
    assert ALONE.exchanged(np.ones((1, 2))).tolist() == [[1, 1]]
    assert ALONE.led(2.5) == 2.5
    with pytest.raises(DataError, match="mine"):
        ALONE.all_or_none(lambda: (_ for _ in ()).throw(DataError("mine")))
