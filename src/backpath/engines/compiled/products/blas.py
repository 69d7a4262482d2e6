"""SciPy's BLAS by its addresses, for compiled code that is given them as data."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

ROUTINES = {"f": "sgemm", "d": "dgemm"}


def gemm_address(dtype: Any) -> int:
    """Where the BLAS routine for the product of two matrices lies in this process.

    Args:
        dtype: float32 or float64.
    """
    from scipy.linalg import cython_blas  # pyright: ignore[reportAttributeAccessIssue]

    name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.argtypes, name.restype = [ctypes.py_object], ctypes.c_char_p
    pointer.argtypes, pointer.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p
    capsule = cython_blas.__pyx_capi__[ROUTINES[np.dtype(dtype).char]]
    return pointer(capsule, name(capsule))
