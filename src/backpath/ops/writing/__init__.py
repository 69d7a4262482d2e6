"""Fresh arrays of a traced function, which it may write into."""

from backpath.ops.writing import creation
from backpath.ops.writing.buffer import Buffer

__all__ = ["Buffer", "creation"]
