"""Floor 3: sums over paths. A graph at a point, semirings, and the sweep."""

from backpath.paths.linearization import Linearization, evaluate, linearize_graph
from backpath.paths.semirings import SUM_PRODUCT, SumProduct
from backpath.paths.sweep import pull_back, push_forward, reachable

__all__ = [
    "SUM_PRODUCT",
    "Linearization",
    "SumProduct",
    "evaluate",
    "linearize_graph",
    "pull_back",
    "push_forward",
    "reachable",
]
