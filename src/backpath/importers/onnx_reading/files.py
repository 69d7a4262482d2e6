"""An .onnx file as a message of protobuf, and its arrays, whatever stands in the file.

Nothing is executed and nothing unpickled. Every size that a file states is compared with the bytes that are there
before memory is taken for it; arrays outside the file lie in files of the same folder, which are no links.
"""

from __future__ import annotations

import math
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np

from backpath.graph import DataError
from backpath.importers.onnx_reading.types import BFLOAT16, NUMPY, STRING

MOST_BYTES = 2**31 - 1
"""That a message of protobuf can have."""

FIELDS = {
    **dict.fromkeys((1,), "float_data"),
    **dict.fromkeys((2, 3, 4, 5, 6, 9, 10, 16), "int32_data"),
    7: "int64_data",
    11: "double_data",
    **dict.fromkeys((12, 13), "uint64_data"),
}
"""Where numbers of a type stand that are not given as bytes."""


def require_onnx() -> Any:
    """The onnx package.

    Raises:
        DataError: if it is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise DataError(
            "reading and writing .onnx files takes the onnx package: pip install 'backpath[onnx]'"
        ) from None
    return onnx


def read_model(source: Any) -> tuple[Any, Path | None]:
    """A ModelProto from a path, bytes, or one already read; and the folder in which its external arrays lie.

    Raises:
        DataError: if it is no file of ONNX's.
    """
    onnx = require_onnx()
    if isinstance(source, onnx.ModelProto):
        return source, None
    if isinstance(source, bytes):
        return _parsed(onnx, source, "the bytes"), None
    if not isinstance(source, (str, os.PathLike)):
        if hasattr(source, "model_proto"):
            return source.model_proto, None
        raise DataError(f"from_onnx takes a path, bytes or an onnx.ModelProto, and was given a {type(source).__name__}")
    path = Path(source)
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise DataError(f"{path} has {size:,} bytes; an .onnx file has at most {MOST_BYTES:,}")
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    return _parsed(onnx, data, str(path)), path.parent


def _parsed(onnx: Any, data: bytes, name: str) -> Any:
    from google.protobuf.message import DecodeError

    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except (DecodeError, RecursionError) as error:
        raise DataError(f"{name} is no .onnx file, or a damaged one, or nested too deeply: {error}") from None
    if not model.HasField("graph") or not model.opset_import:
        raise DataError(f"{name} is no .onnx file: it holds no graph, or does not say of which version")
    return model


class Arrays:
    """Arrays of a file, made one by one.

    Args:
        folder: in which those lie that are not in the file itself; None if there is none.
    """

    def __init__(self, folder: Path | None):
        self._folder = folder

    def array(self, tensor: Any) -> np.ndarray:
        """The array of a TensorProto.

        Raises:
            DataError: if its bytes are not there, or not as many as its shape says, or its type is none of ours.
        """
        name = tensor.name or "a constant"
        shape = tuple(tensor.dims)
        if any(n < 0 for n in shape):
            raise DataError(f"the array {name} has shape {list(shape)}")
        count = math.prod(shape)
        if tensor.data_type == STRING:
            return self._texts(tensor, name, shape, count)
        dtype = np.dtype(np.uint16) if tensor.data_type == BFLOAT16 else NUMPY.get(tensor.data_type)
        if dtype is None:
            raise DataError(f"the array {name} holds numbers of type {tensor.data_type}, which backpath does not have")
        wanted = count * dtype.itemsize
        if tensor.data_location == 1:
            data = self._external(tensor, name, shape, wanted)
        elif tensor.HasField("raw_data"):
            data = tensor.raw_data
            self._require(name, shape, len(data), wanted)
        else:
            return self._listed(tensor, name, shape, count, dtype)
        flat = np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype)
        return self._widened(tensor, flat).reshape(shape)

    @staticmethod
    def _require(name: str, shape: tuple[int, ...], found: int, wanted: int) -> None:
        if found != wanted:
            raise DataError(f"the array {name} of shape {list(shape)} takes {wanted:,} bytes, and {found:,} are there")

    def _texts(self, tensor: Any, name: str, shape: tuple[int, ...], count: int) -> np.ndarray:
        if len(tensor.string_data) != count:
            raise DataError(f"the array {name} of shape {list(shape)} holds {len(tensor.string_data):,} texts")
        return np.array([text.decode("utf-8", "replace") for text in tensor.string_data], object).reshape(shape)

    def _listed(self, tensor: Any, name: str, shape: tuple[int, ...], count: int, dtype: np.dtype) -> np.ndarray:
        numbers = getattr(tensor, FIELDS[tensor.data_type])
        if len(numbers) != count:
            raise DataError(f"the array {name} of shape {list(shape)} has {len(numbers):,} numbers of {count:,}")
        if tensor.data_type in (10, BFLOAT16):
            bits = np.array(numbers, np.uint16)
            flat = bits.view(np.float16) if tensor.data_type == 10 else bits
        else:
            flat = np.array(numbers).astype(dtype)
        return self._widened(tensor, flat).reshape(shape)

    @staticmethod
    def _widened(tensor: Any, flat: np.ndarray) -> np.ndarray:
        """Numbers of bfloat16, which are the upper halves of float32's."""
        if tensor.data_type != BFLOAT16:
            return flat
        return (flat.astype(np.uint32) << 16).view(np.float32)

    def _external(self, tensor: Any, name: str, shape: tuple[int, ...], wanted: int) -> bytes:
        told = {entry.key: entry.value for entry in tensor.external_data}
        where = told.get("location", "")
        if self._folder is None:
            raise DataError(f"the array {name} lies in another file, {where!r}; give from_onnx the model's path")
        if not where or where != os.path.basename(where) or where in (".", "..") or "\\" in where or "\0" in where:
            raise DataError(
                f"the array {name} lies in {where!r}, which is no file of the model's own folder; others are not read"
            )
        offset, length = (
            self._number(name, told.get(key, default)) for key, default in (("offset", "0"), ("length", str(wanted)))
        )
        self._require(name, shape, length, wanted)
        path = self._folder / where
        try:
            # Whatever becomes of the name meanwhile, what is opened is no link.
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            why = "it is a symbolic link" if path.is_symlink() else error.strerror
            raise DataError(f"the array {name} lies in {where!r}, which cannot be read: {why}") from None
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise DataError(f"the array {name} lies in {where!r}, which is no ordinary file")
        with os.fdopen(descriptor, "rb") as file:
            if offset + length > status.st_size:
                raise DataError(
                    f"the array {name} takes {length:,} bytes from {offset:,} on of {where!r}, which has "
                    f"{status.st_size:,}"
                )
            file.seek(offset)
            return file.read(length)

    @staticmethod
    def _number(name: str, text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise DataError(f"the array {name} lies at {text!r} of another file, which is no position")
        return int(text)
