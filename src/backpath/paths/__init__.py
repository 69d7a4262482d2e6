"""Floor 3: sums over paths. Weighted DAGs, semirings, the sweep, enumeration and elimination."""

from backpath.paths.counted import Counted
from backpath.paths.dag import Dag
from backpath.paths.elimination import Elimination, eliminate
from backpath.paths.enumeration import Path, count_node_paths, enumerate_paths
from backpath.paths.gradients import METHODS, TooManyPathsError
from backpath.paths.linearization import Linearization, evaluate, linearize, linearize_graph
from backpath.paths.order_search import SearchedOrder, search_order
from backpath.paths.semirings import PATH_COUNT, SUM_PRODUCT, PathCount, SumProduct
from backpath.paths.sweep import leading_to, pull_back, push_forward, reachable
from backpath.paths.weighted import Weighted

__all__ = [
    "METHODS",
    "PATH_COUNT",
    "SUM_PRODUCT",
    "Counted",
    "Dag",
    "Elimination",
    "Linearization",
    "Path",
    "PathCount",
    "SearchedOrder",
    "SumProduct",
    "TooManyPathsError",
    "Weighted",
    "count_node_paths",
    "eliminate",
    "enumerate_paths",
    "evaluate",
    "leading_to",
    "linearize",
    "linearize_graph",
    "pull_back",
    "push_forward",
    "reachable",
    "search_order",
]
