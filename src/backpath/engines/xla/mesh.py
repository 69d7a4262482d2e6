"""Arrays over several devices, of one process or of many: batches split, parameters whole on each, or in pieces.

A step is one function of whole arrays; XLA splits it, and puts in the sums over devices and what gathers pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from backpath.engines.processes.company import company, gone
from backpath.engines.processes.shares import Shares
from backpath.engines.xla.layout import Layout
from backpath.engines.xla.library import device, library
from backpath.engines.xla.placement import Placement, one_device
from backpath.engines.xla.segments import Segment
from backpath.engines.xla.setting import XlaSetting
from backpath.graph import SettingError

GATHERED = 1 << 22
"""Numbers that are gathered at a time from the devices that hold pieces of them."""


class MeshPlacement(Placement):
    """Where arrays go that several devices share.

    Args:
        devices: all, as many of each process, in the order of processes.
        layout: of parameters and of what is shaped as they are; None where each device holds all of them.
    """

    def __init__(self, devices: Sequence[Any], layout: Layout | None):
        from jax.sharding import Mesh, NamedSharding, PartitionSpec

        self.device = next(d for d in devices if d.process_index == library().process_index())
        self.of_host = self.device.platform == "cpu"
        self.shares, self.layout = Shares(company(), len(devices)), layout
        mesh = Mesh(np.array(devices), ("devices",))
        self._whole = NamedSharding(mesh, PartitionSpec())
        self._first = NamedSharding(mesh, PartitionSpec("devices"))
        self._second = NamedSharding(mesh, PartitionSpec(None, "devices"))
        self._gather: Any = None

    def state(self, flat: np.ndarray) -> Any:
        spread, sharding = (self.layout.spread(flat), self._first) if self.layout else (flat, self._whole)
        # Each device's own copy: steps are given its memory.
        return library().make_array_from_callback(spread.shape, sharding, lambda index: spread[index].copy())

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Where there are several processes, what breaks is most likely a sum that one of them did not come to."""
        try:
            yield
        except library().errors.JaxRuntimeError as error:
            if self.shares.company.size == 1:
                raise
            raise gone(error) from None

    def fetch(self, value: Any, out: np.ndarray) -> None:
        with self.telling():
            self._fetch(value, out)

    def _fetch(self, value: Any, out: np.ndarray) -> None:
        if self.layout is None:
            np.copyto(out, np.asarray(value.addressable_data(0)))
            return
        devices, part = self.layout.devices, self.layout.part
        spread = np.empty((devices, part), out.dtype)
        step = max(GATHERED // devices, 1)
        for first in range(0, part, step):
            # The last stretch begins earlier, so that all are as long.
            start = max(min(first, part - step), 0)
            found = self._gathered(value, start, min(step, part))
            spread[:, start : start + found.shape[1]] = found
        self.layout.collect(spread.reshape(-1), out)

    def _gathered(self, value: Any, first: int, count: int) -> np.ndarray:
        jax = library()
        if self._gather is None:
            devices, part = self.shares.devices, self.layout.part if self.layout else 1

            def gather(spread: Any, first: Any, count: int) -> Any:
                return jax.lax.dynamic_slice_in_dim(spread.reshape(devices, part), first, count, axis=1)

            self._gather = jax.jit(gather, static_argnums=2, out_shardings=self._whole)
        return np.asarray(self._gather(value, first, count).addressable_data(0))

    def data(self, rows: np.ndarray) -> Any:
        return library().make_array_from_callback(rows.shape, self._whole, lambda index: rows[index])

    def fed(self, array: np.ndarray, batch: int | None = None) -> Any:
        if batch is None or not self.shares.split(batch):
            return library().make_array_from_callback(array.shape, self._whole, lambda index: array[index])
        shape = (array.shape[0], batch, *array.shape[2:])
        return library().make_array_from_process_local_data(self._second, array, shape)

    def rows(self, x: Any) -> Any:
        return library().lax.with_sharding_constraint(x, self._first if self.shares.split(x.shape[0]) else self._whole)

    def leaf(self, flat: Any, segment: Segment) -> Any:
        if self.layout is None:
            return segment.of(flat)
        starts = [cut.start for cut in self.layout.cuts]
        return self.same(self.layout.leaf(flat, starts.index(segment.start), library().numpy))

    def joined(self, leaves: Sequence[Any]) -> Any:
        if self.layout is None:
            return super().joined(leaves)
        return self.layout.joined(leaves, library().numpy)

    def parts(self, flat: Any) -> Any:
        return library().lax.with_sharding_constraint(flat, self._first if self.layout else self._whole)

    def same(self, x: Any) -> Any:
        return library().lax.with_sharding_constraint(x, self._whole)

    def room(self) -> float:
        """The least that any process has, so that all do the same."""
        own = super().room()
        told = self.shares.company.told(own).min()
        return float(told) if np.isfinite(told) else own


def placement_of(setting: XlaSetting, shapes: Sequence[tuple[int, ...]] = ()) -> Placement:
    """The placement that a setting asks for.

    Args:
        setting: which devices.
        shapes: of the parameters.

    Raises:
        SettingError: if JAX is not installed, or there are no such devices.
    """
    found = devices_of(setting)
    if len(found) == 1:
        return one_device(setting)
    return MeshPlacement(found, Layout(tuple(shapes), len(found)) if setting.shard else None)


def devices_of(setting: XlaSetting) -> list[Any]:
    """The devices that make steps together, as many of each process, in the order of processes.

    Raises:
        SettingError: if JAX is not installed, or there are not so many.
    """
    processes = company().size
    if processes == 1 and setting.devices is None:
        return [device(setting.device)]
    kind = device(setting.device).platform
    by_process: list[list[Any]] = [[] for _ in range(processes)]
    for one in library().devices(kind):
        by_process[one.process_index].append(one)
    here = min(map(len, by_process))
    wanted = processes * here if setting.devices in (None, "all") else int(setting.devices)
    if wanted % processes or wanted > processes * here:
        among = "" if processes == 1 else f" in each of {processes} processes"
        raise SettingError(
            f"devices={setting.devices!r}: there are {here} of {kind}{among}; give a multiple of {processes} up to "
            f"{processes * here}, or 'all'"
        )
    return [one for own in by_process for one in own[: wanted // processes]]
