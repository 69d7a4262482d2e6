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
        device: ``"cpu"``, ``"cuda"``, or ``"cuda:1"`` for the second of several; by default what JAX takes itself, which
            is an accelerator where there is one.
        precision: of the factors of matrix products and convolutions in float32: ``"full"``; ``"tensorfloat32"``, 10
            bits of each, where the device knows it; or ``"bfloat16"``, 7 bits. Their sums, and all else, parameters and
            the optimizer's arrays among it, are in float32 in any case.

    Raises:
        SettingError: for another precision.
    """

    device: str | None = None
    precision: str = "full"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise SettingError(f"precision={self.precision!r}: it is one of {', '.join(PRECISIONS)}")


def setting_of(engine: str, device: str | None, precision: str) -> XlaSetting:
    """The setting from the arguments of a training or the like, whose engine may be another one.

    Raises:
        SettingError: if they ask of another engine what only this one can do.
    """
    setting = XlaSetting(device, precision)
    if engine not in ("xla", "auto") and setting != XlaSetting(None if device == "cpu" else device):
        raise SettingError(f"device={device!r}, precision={precision!r}: they are for engine='xla', not {engine!r}")
    if engine not in ("xla", "auto") and device not in (None, "cpu"):
        raise SettingError(f"device={device!r}: the {engine} engine runs on the CPU; take engine='xla'")
    return setting
