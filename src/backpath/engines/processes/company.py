"""What several processes tell one another, so that they do the same: all of them reach each of these calls, or none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np

from backpath.graph import BackpathError, ProcessError

T = TypeVar("T")
MESSAGE = 500
"""Bytes of an error's text that the other processes hear of."""


@dataclass(frozen=True, slots=True)
class Company:
    """The processes of one training.

    Attributes:
        rank: the number of this one.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that prints and writes."""
        return self.rank == 0

    def gathered(self, array: np.ndarray) -> np.ndarray:
        """An array of the same shape and type of each process, of shape (processes, ...), to the last bit.

        Raises:
            ProcessError: if another process is gone.
        """
        if self.size == 1:
            return array[None]
        from jax.errors import JaxRuntimeError
        from jax.experimental.multihost_utils import process_allgather

        # As bytes: JAX may hold no numbers of 64 bits.
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        try:
            found = np.ascontiguousarray(process_allgather(data))
        except (JaxRuntimeError, ValueError) as error:
            raise gone(error) from None
        return found.reshape(-1).view(array.dtype).reshape(self.size, *array.shape)

    def exchanged(self, parts: np.ndarray) -> np.ndarray:
        """What each process has for this one, of shape (processes, ...): ``parts[p]`` goes to process p.

        Raises:
            ProcessError: if another process is gone.
        """
        if self.size == 1:
            return parts
        import jax
        from jax.errors import JaxRuntimeError

        data = np.ascontiguousarray(parts).reshape(self.size, -1).view(np.uint8)
        sharding, swap = _swap()
        try:
            found = swap(jax.make_array_from_process_local_data(sharding, data[None]))
            mine = np.ascontiguousarray(found.addressable_data(0))
        except (JaxRuntimeError, ValueError) as error:
            raise gone(error) from None
        return mine.reshape(-1).view(parts.dtype).reshape(parts.shape)

    def told(self, *numbers: float) -> np.ndarray:
        """Numbers of each process, of shape (processes, numbers)."""
        return self.gathered(np.array(numbers, float))

    def led(self, number: float) -> float:
        """The number of process 0."""
        return float(self.told(number)[0, 0])

    def text_of_first(self, text: str) -> str:
        """The text that process 0 has."""
        data = text.encode()
        size = int(self.led(len(data)))
        return self.gathered(np.frombuffer(data[:size].ljust(size, b"\0"), np.uint8))[0].tobytes().decode()

    def all_or_none(self, action: Callable[[], T]) -> T:
        """What each process's action returns, once all have returned.

        Raises:
            ProcessError: if that of another process has failed; an error of this one's own is raised as it is.
        """
        if self.size == 1:
            return action()
        result: Any = None
        error: Exception | None = None
        try:
            result = action()
        except ProcessError:
            raise
        except Exception as caught:
            error = caught
        failed = self.told(error is not None)[:, 0] > 0
        if not failed.any():
            return result
        text = "" if error is None else str(error) if isinstance(error, BackpathError) else repr(error)
        texts = self.gathered(np.frombuffer(text.encode()[:MESSAGE].ljust(MESSAGE, b"\0"), np.uint8))
        if error is not None:
            raise error
        rank = int(np.argmax(failed))
        told = texts[rank].tobytes().rstrip(b"\0").decode(errors="ignore")
        raise ProcessError(f"process {rank} of {self.size} stopped: {told}")

    def by_first(self, action: Callable[[], None]) -> None:
        """Have process 0 alone do something, after all have come here and before any goes on."""
        self.all_or_none(action if self.first else lambda: None)


ALONE = Company()


def company() -> Company:
    """This process and those that JAX has joined it with: itself alone where JAX was not asked to."""
    if not joining():
        return ALONE
    import jax

    return Company(jax.process_index(), jax.process_count())


def joining() -> bool:
    """Whether this process is joined with others, or has begun to be, by JAX."""
    jax = sys.modules.get("jax")
    return jax is not None and jax.distributed.is_initialized()


@cache
def _swap() -> tuple[Any, Any]:
    """How an array is laid out, one part a process, and the transposition of processes and parts."""
    import jax
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    firsts: dict[int, Any] = {}
    for device in jax.devices():
        firsts.setdefault(device.process_index, device)
    mesh = Mesh(np.array([firsts[rank] for rank in sorted(firsts)]), ("processes",))
    spec = PartitionSpec("processes")

    def swap(parts: Any) -> Any:
        return jax.lax.all_to_all(parts, "processes", split_axis=1, concat_axis=0)

    return NamedSharding(mesh, spec), jax.jit(jax.shard_map(swap, mesh=mesh, in_specs=spec, out_specs=spec))


def gone(error: Exception) -> ProcessError:
    """What it means when what processes tell one another breaks off."""
    why = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
    return ProcessError(f"another process of this training is gone, or out of reach: {why}")
