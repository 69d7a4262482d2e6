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

    Raises:
        SettingError: for another precision, or a device that is no name.
    """

    device: str | None = None
    precision: str = "full"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise SettingError(f"precision={self.precision!r}: it is one of {', '.join(PRECISIONS)}")
        if not isinstance(self.device, str | None):
            raise SettingError(f"device={self.device!r}: give a name, such as 'cpu' or 'cuda:1'")

    def engine(self, asked: str) -> str:
        """The engine that is meant by the one that is asked for: ``"auto"`` with an accelerator is ``"xla"``.

        Raises:
            SettingError: if another engine is asked to do what this one alone can.
        """
        if asked == "xla" or (self.device in (None, "cpu") and self.precision == "full"):
            return asked
        if asked == "auto" and self.device != "cpu":
            return "xla"
        wrong = f"device={self.device!r}" if self.device not in (None, "cpu") else f"precision={self.precision!r}"
        raise SettingError(f"{wrong} is for engine='xla', and engine={asked!r} is asked for")


ANYWHERE = XlaSetting()
"""On the device that JAX takes, in full precision."""
