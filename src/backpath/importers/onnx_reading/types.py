"""ONNX's types of numbers by their codes, as NumPy's; narrower floating-point types than half are none."""

from __future__ import annotations

import numpy as np

NUMPY: dict[int, np.dtype] = {
    code: np.dtype(name)
    for code, name in {
        1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool",
        10: "float16", 11: "float64", 12: "uint32", 13: "uint64",
    }.items()
}  # fmt: skip

STRING = 8
BFLOAT16 = 16


def type_name(code: int) -> str:
    """What ONNX calls a type, or its code if that is none."""
    from onnx import TensorProto

    return TensorProto.DataType.Name(code).lower() if code in TensorProto.DataType.values() else f"type {code}"
