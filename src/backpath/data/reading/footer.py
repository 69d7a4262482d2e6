"""What the footer of a Parquet file says: how many rows each row group has (Thrift's compact protocol)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from backpath.graph import DataError

MAGIC = b"PAR1"
ROW_GROUPS, ROWS = 4, 3
"""Numbers of the fields in FileMetaData and in RowGroup (parquet.thrift)."""

BOOLEANS, BYTE, INTEGERS, DOUBLE, BINARY, LISTS, STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 12


def read_footer(path: Path) -> tuple[list[int], str]:
    """The rows of each row group, and a digest of all that the footer says, statistics among it.

    Raises:
        DataError: if the file is damaged.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - 8, 0))
            end = file.read()
            length = int.from_bytes(end[:4], "little")
            if end[4:] != MAGIC or length > size - 8:
                raise ValueError("it has no footer")
            file.seek(size - 8 - length)
            footer = file.read(length)
        groups = _Reader(footer).struct().get(ROW_GROUPS, [])
        rows = [group[ROWS] for group in groups]
        if not all(isinstance(count, int) and count >= 0 for count in rows):
            raise ValueError("a row group has no number of rows")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}") from None
    return rows, hashlib.blake2b(footer, digest_size=16).hexdigest()


class _Reader:
    """Values of the compact protocol, one after another; ValueError where they end too soon."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def struct(self) -> dict[int, Any]:
        """The fields of a struct by their numbers."""
        fields: dict[int, Any] = {}
        number = 0
        while header := self._byte():
            kind, step = header & 15, header >> 4
            number = number + step if step else self._integer()
            fields[number] = kind == BOOLEANS[0] if kind in BOOLEANS else self._value(kind)
        return fields

    def _value(self, kind: int) -> Any:
        if kind in INTEGERS:
            return self._integer()
        if kind in (BYTE, *BOOLEANS):
            return self._byte()
        if kind == DOUBLE:
            return self._bytes(8)
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind in LISTS:
            return self._list()
        if kind == STRUCT:
            return self.struct()
        raise ValueError(f"the footer has a value of an unknown kind, {kind}")

    def _list(self) -> list[Any]:
        header = self._byte()
        length, kind = header >> 4, header & 15
        if length == 15:
            length = self._varint()
        if length > len(self.data):
            raise ValueError("the footer has a list that is longer than itself")
        return [self._value(kind) for _ in range(length)]

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
        return value | byte << shift

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) < count:
            raise ValueError("the footer ends too soon")
        self.at += count
        return taken
