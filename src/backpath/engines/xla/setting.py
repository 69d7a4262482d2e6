"""What the XLA engine is asked for, as plain data: known, and checked as far as it goes, without JAX."""

from __future__ import annotations

from dataclasses import dataclass

from backpath.graph import SettingError

PRECISIONS = ("full", "tensorfloat32", "bfloat16")

INSTALL = "pip install 'backpath[jax]', or 'backpath[cuda]' for an NVIDIA GPU"


@dataclass(frozen=True, slots=True)
class XlaSetting:
    """Where, and how precisely.

    Attributes:
        device: ``"cpu"``, ``"cuda"``, or ``"cuda:1"`` for the second of several; by default what JAX takes itself,
            which is an accelerator where there is one.
        precision: of the factors of matrix products and convolutions in float32: ``"full"``; ``"tensorfloat32"``, 10
            bits of each, where the device knows it; or ``"bfloat16"``, 7 bits. Their sums, and all else, parameters and
            the optimizer's arrays among it, are in float32 in any case.

        devices: how many make steps together, of all processes; or ``"all"`` of their kind. By default one, or where
            several processes train together, all.
        shard: ``"parameters"`` where each device is to hold a piece of every parameter, along its largest axis, and of
            the optimizer's arrays; by default each holds all of them.

    Raises:
        SettingError: for another precision, or what is not of its kind.
    """

    device: str | None = None
    precision: str = "full"
    devices: int | str | None = None
    shard: str | None = None

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise SettingError(f"precision={self.precision!r}: it is one of {', '.join(PRECISIONS)}")
        if not isinstance(self.device, str | None):
            raise SettingError(f"device={self.device!r}: give a name, such as 'cpu' or 'cuda:1'")
        if self.devices not in (None, "all") and (type(self.devices) is not int or self.devices < 1):
            raise SettingError(f"devices={self.devices!r}: give a whole number from 1 on, or 'all'")
        if self.devices is not None and ":" in (self.device or ""):
            raise SettingError(
                f"device={self.device!r} is one device: with devices={self.devices!r} give its kind alone"
            )
        if self.shard not in (None, "parameters"):
            raise SettingError(f"shard={self.shard!r}: give 'parameters', or leave it out")

    def engine(self, asked: str) -> str:
        """The engine that is meant by the one that is asked for: ``"auto"`` with an accelerator is ``"xla"``.

        Raises:
            SettingError: if another engine is asked to do what this one alone can.
        """
        several = self.devices is not None or self.shard is not None
        if asked == "xla" or (self.device in (None, "cpu") and self.precision == "full" and not several):
            return asked
        if several and asked == "auto":
            return "xla"
        if asked == "auto" and self.device != "cpu":
            return "xla"
        asks = {"device": None if self.device == "cpu" else self.device, "devices": self.devices, "shard": self.shard}
        wrong = next((f"{name}={value!r}" for name, value in asks.items() if value), f"precision={self.precision!r}")
        raise SettingError(f"{wrong} is for engine='xla', and engine={asked!r} is asked for")


ANYWHERE = XlaSetting()
"""On the device that JAX takes, in full precision."""
