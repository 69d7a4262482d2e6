"""Where a gradient dies: thirty sigmoid layers, and the same layers with a skip beside each.

Run with ``python examples/vanishing.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import backpath as bp
from backpath.nets import residual

LAYERS, WIDTH = 30, 16
WEIGHTS = [np.random.default_rng(k).standard_normal((WIDTH, WIDTH)) / 4 for k in range(LAYERS)]
POINT = np.random.default_rng(9).standard_normal(WIDTH)


def plain(x: Any) -> Any:
    """Layer upon layer."""
    for W in WEIGHTS:
        x = bp.sigmoid(x @ W)
    return np.sum(x)


def with_skips(x: Any) -> Any:
    """The same layers, each beside a skip."""
    for W in WEIGHTS:
        x = residual(lambda h, W=W: bp.sigmoid(h @ W), x)
    return np.sum(x)


def main() -> None:
    """Explain both, by their input."""
    for name, f in (("plain", plain), ("residual", with_skips)):
        e = bp.explain(f, (POINT,))
        size, depth = np.linalg.norm(e.gradient["x"]), e.length_spectrum().effective_depth
        print(
            f"{name:<9} gradient {size:.1e} from {e.count():.1e} paths; effective depth {depth:4.1f} of {LAYERS} layers"
        )
    print("\nresidual, in full:")
    print(bp.explain(with_skips, (POINT,)).summary())


if __name__ == "__main__":
    main()
