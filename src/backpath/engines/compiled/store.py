"""Compiled kernels by their addresses: kept on disk as machine code, so that who finds them there needs no compiler.

Numba would keep them too, but takes half a second to load itself before it looks.
"""

from __future__ import annotations

import os
import tempfile
import threading
import zlib
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from backpath.engines.notices import notice

COMPILING = "compiling kernels for this machine, once: it takes some seconds"

CHECK_BYTES = 4


class Kernels:
    """The address of each kernel in this process; what is not on disk is compiled when it is first asked for.

    Args:
        dtype: of the numbers they work on. Names are those of ``compilation.compiled_kernel``.
    """

    def __init__(self, dtype: np.dtype):
        self.dtype, self._told = dtype, False

    def __getitem__(self, name: str) -> int:
        wanted = symbol(name, self.dtype)
        with _LOCK:
            if wanted not in _ADDRESSES:
                _ADDRESSES[wanted] = _linked(wanted, _kept(wanted) or self._compiled(name, wanted))
            return _ADDRESSES[wanted]

    def _compiled(self, name: str, symbol: str) -> bytes:
        from backpath.engines.compiled.compilation import compiled_kernel

        if not self._told:
            self._told = True
            notice(COMPILING)
        code = compiled_kernel(name, self.dtype, symbol)
        _keep(symbol, code)
        return code


def missing(names: Iterable[str], dtype: np.dtype) -> int:
    """How many of these kernels are yet to be compiled."""
    return sum(not ((here := folder()) and (here / f"{symbol(name, dtype)}.o").exists()) for name in names)


def symbol(name: str, dtype: np.dtype) -> str:
    """A kernel's name in machine code and on disk."""
    return f"backpath_{name}_{dtype}"


@cache
def folder() -> Path | None:
    """Where kernels of this source, by this compiler, for this processor are kept; None for a user without a home."""
    if (cache := cache_folder()) is None:
        return None
    found = zlib.crc32(processor().encode())
    numba = find_spec("numba")
    assert numba
    assert numba.origin
    for file in (Path(numba.origin).with_name("_version.py"), *sorted(Path(__file__).parent.rglob("*.py"))):
        found = zlib.crc32(file.read_bytes(), found)
    return cache / f"kernels-{found:08x}"


def processor() -> str:
    """What machine code of this process runs on, and what makes it."""
    import llvmlite.binding as llvm

    made_for = (*llvm.llvm_version_info, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
    return " ".join(map(str, made_for))


def cache_folder() -> Path | None:
    """Where things are kept that may be made again; None for a user without a home.

    By default in the user's cache folder; ``BACKPATH_CACHE_DIR`` names another.
    """
    if given := os.environ.get("BACKPATH_CACHE_DIR"):
        return Path(given)
    from platformdirs import user_cache_path

    try:
        return user_cache_path("backpath", appauthor=False)
    except RuntimeError:  # Neither the environment nor the list of users says where the home is.
        return None


def _keep(symbol: str, code: bytes) -> None:
    """Write it at once and whole, or not at all: where nothing can be written, each process compiles for itself."""
    if (here := folder()) is None:
        return
    with suppress(OSError):
        here.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(dir=here)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(zlib.crc32(code).to_bytes(CHECK_BYTES, "little") + code)
            os.replace(name, here / f"{symbol}.o")
        except BaseException:
            os.unlink(name)
            raise


def _kept(symbol: str) -> bytes | None:
    """What was kept, unless it is damaged."""
    if (here := folder()) is None:
        return None
    try:
        stored = (here / f"{symbol}.o").read_bytes()
    except OSError:
        return None
    check, code = stored[:CHECK_BYTES], stored[CHECK_BYTES:]
    return code if zlib.crc32(code).to_bytes(CHECK_BYTES, "little") == check else None


_ADDRESSES: dict[str, int] = {}
"""Of all kernels that are linked."""

_LOCK = threading.Lock()


def _linked(symbol: str, code: bytes) -> int:
    """The address of the function that this machine code defines, from now on part of the process."""
    import llvmlite.binding as llvm

    linker = _linker()
    linker.add_object_file(llvm.ObjectFileRef.from_data(code))
    linker.finalize_object()
    return linker.get_function_address(symbol)


@cache
def _linker() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
