"""From a kernel's name to machine code, by Numba."""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from numba import types

from backpath.engines.compiled.jit import OPTIONS
from backpath.engines.compiled.kernels import elementwise
from backpath.engines.compiled.machine import run
from backpath.engines.compiled.other_kernels import copy, fill, lay_rows, lay_strips, product, reduce
from backpath.engines.compiled.row_kernels import add_rows, gather, take
from backpath.engines.compiled.windows.convolution_kernels import convolve, convolve_by_kernel
from backpath.engines.compiled.windows.window_kernels import fold, max_pool, max_unpool, unroll

_KERNELS = (
    run, product, lay_rows, lay_strips, reduce, copy, fill, take, add_rows, gather, convolve, convolve_by_kernel,
    unroll, fold, max_pool, max_unpool,
)  # fmt: skip
KERNELS = {kernel.__name__: kernel for kernel in _KERNELS}
"""Besides the elementwise operations."""


def compiled_kernel(name: str, dtype: np.dtype, symbol: str) -> bytes:
    """The object code of a kernel, in which it has the name ``symbol`` and nothing else is to be seen.

    Called from C, its arguments are two addresses of a word each, where Numba's functions leave a result and an error
    and these do not, and three pointers: to numbers of the type, which is not read through, and to two rows of whole
    numbers of :mod:`backpath.engines.compiled.tables`. For ``run`` the first one is what the thread is told, and
    there is no second.

    Args:
        name: of an elementwise operation of :mod:`backpath.engines.compiled.operations`, or of one of ``KERNELS``.
        dtype: float32 or float64.
        symbol: its name from then on.
    """
    function = KERNELS[name] if name in KERNELS else elementwise(name)
    words = types.CPointer(types.int64)
    rows = [words] if name == "run" else [words, words]
    made: Any = numba.cfunc(types.void(types.CPointer(numba.from_dtype(dtype)), *rows), **OPTIONS)(function)
    library = made._library
    # Beside the function stands a form for C, which needs Numba's runtime; without it, nothing does.
    module = llvm.parse_bitcode(library._final_module.as_bitcode())
    own = made.native_name.removeprefix("cfunc.")
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration and value.name != own:
            value.linkage = llvm.Linkage.internal
    module.get_function(own).name = symbol
    machine = library.codegen._tm
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    return machine.emit_object(module)
