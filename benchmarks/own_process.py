"""Parts of a benchmark in processes of their own, since memory at most is handed on to those that are started."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

FLAG = "--act"


def acted(acts: Mapping[str, Callable[..., Any]]) -> bool:
    """Do what :func:`act` started this process for, if it did; what that returns is printed as JSON."""
    if sys.argv[1:2] != [FLAG]:
        return False
    print(json.dumps(acts[sys.argv[2]](*sys.argv[3:])))
    return True


def act(script: str, name: str, *words: Any) -> Any:
    """What one of a script's acts returns in a process of its own; words reach it as text."""
    command = [sys.executable, script, FLAG, name, *map(str, words)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peak() -> float:
    """MiB of resident memory at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
