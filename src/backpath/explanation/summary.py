"""An explanation as plain data, and in words for the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from backpath.explanation.quantities import Quantities
from backpath.ops.control import has_control
from backpath.paths.array_paths import ArrayPath
from backpath.paths.top_paths import NeuronPath

BAR, PATHS, LAYERS_SHOWN, ENDS = 24, 5, 12, 3
NEGLIGIBLE = 1e-6


def to_json(e: Quantities) -> dict[str, Any]:
    """The aggregated quantities, and the ten strongest paths."""
    spectrum, gradient = e.length_spectrum(), [np.ravel(g).astype(float) for g in e.gradient.values()]
    sizes = math.fsum(float(np.sum(np.abs(g))) for g in gradient)
    chance = e.chance_mass
    return {
        "inputs": [e.lin.names[s] for s in e.sources],
        "output": e.lin.names[e.output],
        "left_out": e.left_out,
        "outside_domain": e.outside,
        "gradient_norm": float(np.linalg.norm(np.concatenate(gradient))),
        "mass": e.total_mass,
        "cancellation": {
            "raw": sizes / e.total_mass if e.total_mass else 1.0,
            "relative": sizes / chance if chance else 1.0,
            "by_layer": e.cancellation("layer"),
        },
        "paths": e.count(),
        "active_paths": e.active_count(),
        "entropy": e.entropy(),
        "evenness": e.evenness(),
        "length_spectrum": {
            "norms": spectrum.norms,
            "shares": spectrum.shares,
            "alignments": spectrum.alignments,
        },
        "effective_depth": spectrum.effective_depth,
        "depth_scale": [{**asdict(s), "ratio": None if math.isnan(s.ratio) else s.ratio} for s in e.depth_scale()],
        "flow_by_layer": e.flow("layer"),
        "top_paths": [{"path": p.route, "product": p.product, "share": p.share} for p in _strongest(e)],
    }


def _strongest(e: Quantities) -> Sequence[NeuronPath | ArrayPath]:
    """From array to array where there is a loop or a branch, through which single edges do not lead."""
    return e.top_paths(by="layer" if has_control(e.lin.graph) else "element")


def summary(told: Mapping[str, Any]) -> str:
    """The lines of :func:`to_json`'s quantities."""
    cancellation = told["cancellation"]
    return "\n".join(
        [
            f"gradient of {told['output']} by {', '.join(told['inputs'])}",
            *(
                f"  {name} is left out: {dtype} has no derivatives; pass {name}.astype(float) if it holds quantities"
                for name, dtype in told["left_out"].items()
            ),
            *(
                [f"  {told['outside_domain']} is nan: the point is outside its domain"]
                if told["outside_domain"]
                else []
            ),
            f"  norm {told['gradient_norm']:.4g}; mass, as if no path cancelled another, {told['mass']:.4g}",
            f"  cancellation leaves {cancellation['raw']:.2g} of the mass, "
            f"{cancellation['relative']:.2g} of what random signs would",
            f"  {_large(told['paths'])} paths, {_large(told['active_paths'])} of them active",
            f"  entropy {told['entropy']:.3f} nats, {told['evenness']:.2f} of an even spread",
            f"carried by paths of each length in layers; effective depth {told['effective_depth']:.2f}",
            *_bars(told["length_spectrum"]["norms"]),
            "adjoint at each layer from the output back: root mean square, and squared norm over the one before",
            *_thinned([_scale_line(scale) for scale in told["depth_scale"]]),
            "strongest paths: product, percent of the mass",
            *(
                f"  {p['product']:<12.4g}{100 * p['share']:<9.2g}{_shortened(p['path'])}"
                for p in told["top_paths"][:PATHS]
            ),
        ]
    )


def _scale_line(scale: Mapping[str, Any]) -> str:
    ratio = "" if scale["ratio"] is None else f"{scale['ratio']:.3g}"
    return f"  {scale['layer']:<18}{scale['rms']:<12.3g}{ratio}".rstrip()


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
