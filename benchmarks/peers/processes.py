"""Python in a process of its own, with this one's paths and threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any


def told(*arguments: str, environment: Mapping[str, str] | None = None) -> tuple[dict[str, Any], float]:
    """What ``python ARGUMENTS`` says in its last line, which is JSON, and the seconds from its start to its end.

    Raises:
        RuntimeError: if it fails; the message is its last words.
    """
    # A checkout's bytecode is written by whoever first imports it, that of an installed package by its installer.
    given = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(environment or {})}
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=given)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1]), seconds
