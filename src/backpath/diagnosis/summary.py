"""An explanation in words, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BAR, PATHS, LAYERS_SHOWN, ENDS = 24, 5, 12, 3
NEGLIGIBLE = 1e-6


def summary(told: Mapping[str, Any]) -> str:
    """The lines of :meth:`Explanation.to_json`'s quantities."""
    return "\n".join(
        [
            f"gradient of {told['output']} by {', '.join(told['inputs'])}",
            f"  norm {told['gradient_norm']:.4g}; mass, as if no path cancelled another, {told['mass']:.4g}",
            f"  {_large(told['paths'])} paths, {_large(told['active_paths'])} of them active",
            f"  entropy {told['entropy']:.3f} nats, {told['evenness']:.2f} of an even spread",
            f"carried by paths of each length in layers; effective depth {told['effective_depth']:.2f}",
            *_bars(told["length_spectrum"]["norms"]),
            "adjoint at each layer, root mean square, from the output back",
            *_thinned([f"  {name:<18}{size:.3g}" for name, size in told["depth_scale"].items()]),
            "strongest paths",
            *(f"  {p['product']:<12.4g}{_shortened(p['path'])}" for p in told["top_paths"][:PATHS]),
        ]
    )


def _large(count: int) -> str:
    return f"{count:,}" if count < 10**12 else f"{count:.3e}"


def _bars(norms: Mapping[int, float]) -> list[str]:
    """A bar for each length that carries more than a millionth of the one that carries most."""
    largest = max(norms.values(), default=0.0)
    shown = {n: norm for n, norm in norms.items() if norm > NEGLIGIBLE * largest}
    lines = [f"  {n:>4}  {'█' * round(BAR * norm / largest):<{BAR}}  {norm:.4g}" for n, norm in shown.items()]
    rest = len(norms) - len(shown)
    return [*lines, f"  and {rest} lengths with less than a millionth of the largest"] if rest and lines else lines


def _thinned(lines: list[str]) -> list[str]:
    """At most a dozen of the lines, evenly chosen, the first and the last among them."""
    if len(lines) <= LAYERS_SHOWN:
        return lines
    chosen = sorted({round(k * (len(lines) - 1) / (LAYERS_SHOWN - 1)) for k in range(LAYERS_SHOWN)})
    return [lines[k] for k in chosen]


def _shortened(path: str) -> str:
    steps = path.split(" -> ")
    if len(steps) <= 2 * ENDS + 2:
        return path
    return " -> ".join([*steps[:ENDS], f"({len(steps) - 2 * ENDS} more)", *steps[-ENDS:]])
