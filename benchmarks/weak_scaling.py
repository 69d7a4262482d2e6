"""The weak-scaling plan of docs/hosts.md: what a step costs on 1 to 1,024 hosts, by a model of ring all-reduce.

Nothing is measured here: the speeds of hosts and links are assumptions, printed above each table.

Run with ``python benchmarks/weak_scaling.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

HOSTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

BACKWARD = 2 / 3
"""Part of a step's computation that is the backward phase, beside which sums of finished layers may travel."""


@dataclass(frozen=True)
class Plan:
    """A network on hosts of one kind; each host has the same rows a step, whatever their number.

    Attributes:
        name: in words.
        parameters: of the network.
        examples: that a parameter is used on, a host and step: rows, or tokens.
        input_bytes: of the rows of a host and step, as they come from disk.
        flops: a second that a host computes.
        bandwidth: of a host's link, bytes a second each way.
        latency: seconds until a message is at the next host.
    """

    name: str
    parameters: int
    examples: int
    input_bytes: int
    flops: float
    bandwidth: float
    latency: float

    @property
    def computing(self) -> float:
        """Seconds: two operations forward and four backward for each parameter and example."""
        return 6 * self.parameters * self.examples / self.flops

    def summed_bytes(self, hosts: int) -> float:
        """That each host sends, and receives, in a ring all-reduce of a float32 gradient."""
        return 2 * (hosts - 1) / hosts * 4 * self.parameters

    def exchanged_bytes(self, hosts: int) -> float:
        """That each host sends, and receives, of rows that one has read and another needs."""
        return (hosts - 1) / hosts * self.input_bytes

    def summing(self, hosts: int) -> float:
        """Seconds of the all-reduce: 2 (N - 1) messages, one after another."""
        return self.summed_bytes(hosts) / self.bandwidth + 2 * (hosts - 1) * self.latency

    def step(self, hosts: int, overlap: bool) -> float:
        """Seconds; with overlap the sums travel beside the backward phase, and what is longer counts."""
        hidden = BACKWARD * self.computing if overlap else 0.0
        exchange = self.exchanged_bytes(hosts) / self.bandwidth
        return self.computing + max(self.summing(hosts) - hidden, 0.0) + exchange

    def efficiency(self, hosts: int, overlap: bool) -> float:
        """The part of its time that a host computes."""
        return self.computing / self.step(hosts, overlap)

    @property
    def half(self) -> float:
        """Examples a host from which on half of the time is computing, on many hosts and without overlap.

        The time to compute grows with the parameters as that to sum them does: they cancel.
        """
        return 4 * self.flops / (3 * self.bandwidth)

    @property
    def hidden(self) -> float:
        """Examples a host from which on the backward phase is as long as the sums, on many hosts."""
        return self.half / BACKWARD

    @property
    def most(self) -> float:
        """Hosts at which the messages' latency alone is as long as the computing: more make no more steps a second."""
        return 1 + self.computing / (2 * self.latency)


PLANS = (
    Plan(
        "784-4096-4096-10, 512 rows a host, 100 GFLOP/s, 10 Gbit/s, 50 µs",
        20_037_642, 512, 512 * 784 * 4, 1e11, 1.25e9, 5e-5,
    ),
    Plan("the same, 32 rows a host", 20_037_642, 32, 32 * 784 * 4, 1e11, 1.25e9, 5e-5),
    Plan(
        "transformer of 124 million, 8 x 1,024 tokens a host, 200 TFLOP/s, 400 Gbit/s, 5 µs",
        124_000_000, 8192, 8192 * 4, 2e14, 5e10, 5e-6,
    ),
)  # fmt: skip


def table(plan: Plan) -> Iterator[str]:
    """A plan's table as Markdown."""
    yield f"**{plan.name}**: {plan.computing * 1e3:,.1f} ms of computing a step"
    yield ""
    yield "| hosts | gradient MB | rows MB | sums ms | step ms | efficiency | step ms, overlapped | efficiency |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|"
    for hosts in HOSTS:
        cells = [f"{hosts:,}", f"{plan.summed_bytes(hosts) / 1e6:,.1f}", f"{plan.exchanged_bytes(hosts) / 1e6:.2f}"]
        cells.append(f"{plan.summing(hosts) * 1e3:,.1f}")
        for overlap in (False, True):
            cells += [f"{plan.step(hosts, overlap) * 1e3:,.1f}", f"{plan.efficiency(hosts, overlap):.2f}"]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield (
        f"Half of the time is computing from {plan.half:,.0f} examples a host on (here {plan.examples:,}), the sums "
        f"can be hidden from {plan.hidden:,.0f} on; latency alone takes as long as computing at {plan.most:,.0f} hosts."
    )


def main() -> None:
    for plan in PLANS:
        print("\n".join(table(plan)), end="\n\n")


if __name__ == "__main__":
    main()
