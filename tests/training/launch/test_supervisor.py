"""Processes that do nothing but die, hang and print: what becomes of those beside them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from backpath.engines.processes import signs
from backpath.training.launch.supervisor import Supervisor
from backpath.training.launch.team import gpus_here, share

MEMBER = textwrap.dedent(
    f"""
    import os, runpy, signal, sys, time
    from pathlib import Path
    # The file alone: importing the package takes longer than a test.
    globals().update({{name: f for name, f in runpy.run_path({signs.__file__!r}).items() if not name.startswith("__")}})

    place, rank = Path(sys.argv[1]), int(os.environ["JAX_PROCESS_ID"])
    start = len(list(place.glob(f"started-{{rank}}-*")))
    (place / f"started-{{rank}}-{{start}}").write_text(" ".join(sys.argv[2:]))
    getting_on()
    if rank == 0:
        (place / "run.checkpoint").touch()
        tell_run(place / "run")
    print(f"process {{rank}} prints", flush=True)
    """
)


@pytest.fixture
def launched(tmp_path):
    """Runs a member's script in two processes, and returns the exit code and what was told."""

    def run(script, **settings):
        told = []
        command = [sys.executable, "-c", MEMBER + textwrap.dedent(script), str(tmp_path)]
        supervisor = Supervisor(
            [*command, "begin"], lambda run: [*command, "go on", str(run)], 2, told.append, **settings
        )
        return supervisor.run(), told

    return run


def starts(place, rank):
    return [file.read_text() for file in sorted(place.glob(f"started-{rank}-*"))]


def test_a_killed_process_has_all_start_again_from_the_checkpoint(launched, tmp_path, capfd):
    code, told = launched(
        """
        if rank == 1 and start < 2:
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGKILL)
        while start < 2:
            time.sleep(0.01)
        """
    )
    assert code == 0
    assert starts(tmp_path, 0) == starts(tmp_path, 1) == ["begin", *[f"go on {tmp_path / 'run'}"] * 2]
    assert told == [
        f"process 1 was ended by SIGKILL; starting again from the last checkpoint, {left} more times" for left in (2, 1)
    ]
    assert capfd.readouterr().out == "process 0 prints\n" * 3


def test_before_the_first_checkpoint_it_begins_anew(launched, tmp_path):
    code, told = launched(
        """
        if start == 0:
            (place / "run.checkpoint").unlink(missing_ok=True)
            time.sleep(0.3)
            sys.exit(1 if rank == 0 else 0)
        """
    )
    assert code == 0
    assert starts(tmp_path, 0) == ["begin", "begin"]
    assert told[0].startswith("process 0 ended with code 1; starting again")


def test_an_error_of_the_users_is_shown_and_not_tried_again(launched, tmp_path):
    code, told = launched(
        """
        if rank == 1:
            sys.exit(print("Error: no column is called y", file=sys.stderr) or 2)
        time.sleep(60)
        """
    )
    assert code == 2
    assert starts(tmp_path, 0) == ["begin"]
    assert told == ["process 1 said:\nError: no column is called y"]


def test_the_process_that_is_the_cause_is_named(launched):
    code, told = launched(
        """
        if rank == 0:
            sys.exit(75)
        time.sleep(0.4)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        restarts=0,
    )
    assert code == 128 + signal.SIGKILL
    assert told == ["process 1 was ended by SIGKILL", "gave up after 0 restarts"]


STUCK = "process 1 made no progress for 1 s; starting again from the last checkpoint, 2 more times"


def stuck(standstill):
    """What processes do of which, at the first start, one comes to a standstill."""
    return f"""
        if start == 0 and rank == 1:
            {standstill}
        for _ in range(400 if start == 0 else 1):
            getting_on()
            time.sleep(0.05)
        """


def test_a_stuck_process_is_noticed_and_ended(launched, tmp_path):
    began = time.monotonic()
    code, told = launched(stuck("os.kill(os.getpid(), signal.SIGSTOP)"), stall=1.0)
    assert (code, told) == (0, [STUCK])
    assert len(starts(tmp_path, 1)) == 2
    assert time.monotonic() - began < 15


def test_long_work_without_steps_is_no_standstill(launched):
    code, told = launched(
        """
        with at_work():
            until = time.monotonic() + 3
            while time.monotonic() < until:
                pass
        """,
        stall=1.0,
    )
    assert (code, told) == (0, [])


@pytest.mark.parametrize("standstill", ["os.kill(os.getpid(), signal.SIGSTOP)", "time.sleep(60)"])
def test_who_does_nothing_is_not_at_work(launched, standstill):
    code, told = launched(stuck(f"with at_work(): {standstill}"), stall=1.0)
    assert (code, told) == (0, [STUCK])


def test_whoever_has_done_its_steps_may_take_its_time(launched):
    code, told = launched("unwatched(); time.sleep(1.5)", stall=0.5)
    assert (code, told) == (0, [])


def test_ctrl_c_reaches_each_process_once(tmp_path):
    member = """
        def note(number, frame):
            with (place / f"interrupts-{rank}").open("a") as file:
                file.write("x")
            time.sleep(0.3)
            sys.exit(130)

        signal.signal(signal.SIGINT, note)
        (place / f"ready-{rank}").touch()
        time.sleep(60)
    """
    code = f"""
        from backpath.training.launch.supervisor import Supervisor
        command = [{sys.executable!r}, "-c", {MEMBER + textwrap.dedent(member)!r}, {str(tmp_path)!r}]
        raise SystemExit(Supervisor(command, lambda run: command, 2, print).run())
    """
    launcher = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], start_new_session=True)
    wait_for(tmp_path / "ready-0", tmp_path / "ready-1")
    os.killpg(launcher.pid, signal.SIGINT)
    assert launcher.wait(20) == 130
    assert [(tmp_path / f"interrupts-{rank}").read_text() for rank in range(2)] == ["x", "x"]
    assert len(starts(tmp_path, 0)) == 1


def test_processes_do_not_outlive_their_launcher(tmp_path):
    member = """
        follow_launcher()
        (place / f"ready-{rank}").touch()
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            (place / f"interrupted-{rank}").touch()
    """
    code = f"""
        from backpath.training.launch.supervisor import Supervisor
        command = [{sys.executable!r}, "-c", {MEMBER + textwrap.dedent(member)!r}, {str(tmp_path)!r}]
        Supervisor(command, lambda run: command, 2, print).run()
    """
    launcher = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)])
    wait_for(tmp_path / "ready-0", tmp_path / "ready-1")
    launcher.kill()
    launcher.wait()
    wait_for(tmp_path / "interrupted-0", tmp_path / "interrupted-1")


def wait_for(*files):
    until = time.monotonic() + 20
    while not all(file.exists() for file in files):
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("cores", "processes", "shares"),
    [
        ([0, 1, 2, 3], 2, [[0, 1], [2, 3]]),
        ([0, 1, 2, 3, 4], 2, [[0, 1], [2, 3, 4]]),
        ([3, 5], 2, [[3], [5]]),
        ([3, 5], 3, [[3], [5], [3]]),
        ([7], 1, [[7]]),
    ],
)
def test_cores_are_shared_out(cores, processes, shares):
    assert [share(cores, processes, rank) for rank in range(processes)] == shares


def test_gpus_are_counted(tmp_path):
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    assert gpus_here({}, tmp_path) == 2
    assert gpus_here({"CUDA_VISIBLE_DEVICES": "2,3,5"}, tmp_path) == 3
    assert gpus_here({"CUDA_VISIBLE_DEVICES": ""}, tmp_path) == gpus_here({"CUDA_VISIBLE_DEVICES": "-1"}, tmp_path) == 0
