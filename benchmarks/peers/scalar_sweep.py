"""The sweep over scalar graphs against micrograd and autograd, by a benchmark of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.peers.settings import Settings

SCRIPT = Path(__file__).parents[1] / "scalar.py"


def report(settings: Settings) -> str:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True)
    if done.returncode:
        return f"It did not run: {(done.stderr.strip() or done.stdout.strip()).splitlines()[-1]}"
    return done.stdout.strip()
