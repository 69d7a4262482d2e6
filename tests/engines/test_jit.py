"""Who waits for a compilation is told, once, and only then."""

import os
import subprocess
import sys
import textwrap

from numba import njit

from backpath.engines import notices_to
from backpath.engines.jit import COMPILING, telling_of_compilation


def test_the_first_compilation_is_told_where_notices_go(capsys):
    told = []
    one, two = njit(lambda x: x + 1), njit(lambda x: x + 2)
    with notices_to(told.append), telling_of_compilation():
        assert told == []
        assert (one(1), two(1)) == (2, 3)
        assert told == [COMPILING]
    with notices_to(told.append), telling_of_compilation():
        assert one(1) == 2
    two(1.0)
    assert told == [COMPILING]
    assert capsys.readouterr() == ("", "")
    with telling_of_compilation():
        one(1.0)
    assert capsys.readouterr() == ("", f"backpath: {COMPILING}\n")


SCRIPT = """
    import numpy as np
    import backpath as bp

    X = np.random.default_rng(0).standard_normal((50, 2))
    fitted = bp.fit(bp.Network([2, 1], loss="squared_error"), X, X[:, 0], epochs=2, engine="compiled")
    print(len(fitted.history))
"""


def test_a_script_is_told_on_stderr_until_the_kernels_are_on_disk(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(SCRIPT))
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    for told in (f"backpath: {COMPILING}\n", ""):
        done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("2\n", told)
