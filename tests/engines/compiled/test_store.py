"""Kernels on disk: compiled once, told once, and from then on linked without a compiler."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from backpath.engines import notices_to
from backpath.engines.compiled import store
from backpath.engines.compiled.compilation import KERNELS
from backpath.engines.compiled.operations import BINARY, OTHERS, TERNARY, UNARY
from backpath.engines.compiled.store import COMPILING, Kernels, folder, missing

FLOAT = np.dtype(float)


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A process that has linked no kernel, and a cache that holds none."""
    monkeypatch.setenv("BACKPATH_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "_ADDRESSES", {})
    monkeypatch.setattr(store, "_linker", store._linker.__wrapped__)
    folder.cache_clear()
    yield tmp_path / "cache"
    folder.cache_clear()


def again(monkeypatch):
    """As a new process."""
    monkeypatch.setattr(store, "_ADDRESSES", {})


def test_the_first_compilation_is_told_where_notices_go(empty, monkeypatch, capsys):
    told = []
    kernels = Kernels(FLOAT)
    with notices_to(told.append):
        assert kernels["fill"]
        assert told == [COMPILING]
        assert kernels["negative"] != kernels["fill"]
    again(monkeypatch)
    with notices_to(told.append):
        assert Kernels(FLOAT)["fill"]
    assert told == [COMPILING]
    assert capsys.readouterr() == ("", "")
    assert Kernels(FLOAT)["abs"]
    assert capsys.readouterr() == ("", f"backpath: {COMPILING}\n")


def test_what_is_missing_is_counted(empty):
    assert missing(["fill", "abs"], FLOAT) == 2
    assert Kernels(FLOAT)["fill"]
    assert missing(["fill", "abs"], FLOAT) == 1
    assert missing(["fill"], np.dtype(np.float32)) == 1


@pytest.mark.parametrize("damage", [lambda code: code[:-40], lambda code: code[:2000] + b"?" * 9, lambda code: b""])
def test_a_damaged_kernel_is_compiled_again(empty, monkeypatch, damage):
    assert Kernels(FLOAT)["fill"]
    (file,) = empty.glob("*/*fill*")
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    again(monkeypatch)
    told = []
    with notices_to(told.append):
        assert Kernels(FLOAT)["fill"]
    assert told == [COMPILING]
    assert file.read_bytes() == whole
    assert list(file.parent.iterdir()) == [file]


def test_where_nothing_can_be_written_each_process_compiles(empty):
    empty.write_text("a file in place of the folder")
    told = []
    with notices_to(told.append):
        assert Kernels(FLOAT)["fill"]
    assert told == [COMPILING]


def test_another_source_has_kernels_of_its_own(empty, monkeypatch):
    here = folder()
    assert here.parent == empty
    folder.cache_clear()
    monkeypatch.setattr(store.zlib, "crc32", lambda data, value=0: 7)
    assert folder() != here


ALL = """
import sys
import numpy as np
from backpath.engines.compiled.store import Kernels

for dtype in (np.float32, np.float64):
    kernels = Kernels(np.dtype(dtype))
    found = {kernels[name] for name in sys.argv[1:]}
    assert 0 not in found and len(found) == len(sys.argv) - 1
print("numba" in sys.modules, "scipy" in sys.modules)
"""


def test_no_kernel_needs_a_compiler_once_it_is_on_disk():
    """Nor what Numba's runtime would have to give: the process would end for lack of it."""
    names = [*KERNELS, *UNARY, *BINARY, *TERNARY, *OTHERS]
    for dtype in (np.float32, np.float64):
        kernels = Kernels(np.dtype(dtype))
        assert all(kernels[name] for name in names)
    done = subprocess.run([sys.executable, "-c", ALL, *names], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False False\n", "")


SCRIPT = """
    import sys
    import numpy as np
    import backpath as bp

    X = np.random.default_rng(0).standard_normal((50, 2))
    fitted = bp.fit(bp.Network([2, 1], loss="squared_error"), X, X[:, 0], epochs=2, engine="compiled")
    print(len(fitted.history), "numba" in sys.modules)
"""


def test_a_script_is_told_on_stderr_until_the_kernels_are_on_disk(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(SCRIPT))
    environment = os.environ | {"BACKPATH_CACHE_DIR": str(tmp_path / "cache")}
    for told in ((f"backpath: {COMPILING}\n", "2 True\n"), ("", "2 False\n")):
        done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
        assert (done.stderr, done.stdout) == told


HOMELESS = """
import pwd

def nobody(number):
    raise KeyError(number)

pwd.getpwuid = nobody

import numpy as np
import backpath as bp
from numba.core import caching

caching.CacheImpl._locator_classes = []
X = np.random.default_rng(0).standard_normal((50, 2))
fitted = bp.fit(bp.Network([2, 1], loss="squared_error"), X, X[:, 0], epochs=2, engine="compiled")
nodes = np.arange(2**18)
chain = bp.Dag.from_arrays(nodes, nodes + 1, np.ones(len(nodes)))
print(len(fitted.history), chain.gradient(0, len(nodes)))
"""


def test_a_user_without_a_home_folder_compiles_anew():
    named = ("HOME", "XDG_CACHE_HOME", "BACKPATH_CACHE_DIR", "NUMBA_CACHE_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in named}
    done = subprocess.run(
        [sys.executable, "-c", HOMELESS], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "2 1.0\n"), done.stderr
