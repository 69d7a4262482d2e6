"""Numbers as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.peers.timing import Times


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: the first column to the left, the others to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rounded(number: float) -> str:
    """Three digits that count, all those before the point, and no exponent."""
    digits = 3
    if number == 0:
        return "0"
    size = abs(number)
    places = 0
    while places < 9 and size * 10**places < 10 ** (digits - 1) * 0.9995:
        places += 1
    return f"{number:,.{places}f}"


def fastest(times: Mapping[str, Times], among: Iterable[str]) -> str:
    """Who of these has the least median."""
    return min((name for name in among if name in times), key=lambda name: times[name].median)


def compared(times: Mapping[str, Times], reference: str, unit: str, scale: float) -> str:
    """A row for each: the median, the middle half of the rounds, and how many times as long as the reference's.

    Args:
        times: by name.
        reference: the name to which the others are compared.
        unit: of the numbers.
        scale: how many units a second is.
    """
    base = times[reference].median
    rows = [
        [name, rounded(t.median * scale), " – ".join(rounded(q * scale) for q in t.quartiles), f"{t.median / base:.2f}"]
        for name, t in sorted(times.items(), key=lambda item: item[1].median)
    ]
    return table(["", f"{unit}, median", "middle half", f"times {reference}"], rows)
