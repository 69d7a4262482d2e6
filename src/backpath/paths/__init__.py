"""Floor 3: sums over paths. Weighted DAGs, semirings, the sweep, enumeration and elimination."""

from backpath.ops.recursion import evaluate
from backpath.paths.dag import Dag
from backpath.paths.elimination import Elimination, eliminate
from backpath.paths.enumeration import Path, count_node_paths, enumerate_paths
from backpath.paths.gradients import METHODS, TooManyPathsError
from backpath.paths.linearization import Linearization, entry_names, linearize, linearize_graph
from backpath.paths.order_search import SearchedOrder, search_order
from backpath.paths.semirings.counted import Counted
from backpath.paths.semirings.entropy import ENTROPY, Entropy, Spread
from backpath.paths.semirings.extremes import MAX_PRODUCT, REACHABILITY, MaxProduct, Reachability
from backpath.paths.semirings.images import ACTIVE_COUNT, MASS, ActiveCount, Image, PathNorm
from backpath.paths.semirings.lengths import Lengths
from backpath.paths.semirings.log_scaled import LOG_SCALED, SCALED_MASS, LogScaled, Scaled
from backpath.paths.semirings.of_ufuncs import UfuncSemiring
from backpath.paths.semirings.standard import PATH_COUNT, SUM_PRODUCT, PathCount, SumProduct
from backpath.paths.sweep import leading_to, pull_back, push_forward, reachable
from backpath.paths.weighted import Weighted

__all__ = [
    "ACTIVE_COUNT",
    "ENTROPY",
    "LOG_SCALED",
    "MASS",
    "MAX_PRODUCT",
    "METHODS",
    "PATH_COUNT",
    "REACHABILITY",
    "SCALED_MASS",
    "SUM_PRODUCT",
    "ActiveCount",
    "Counted",
    "Dag",
    "Elimination",
    "Entropy",
    "Image",
    "Lengths",
    "Linearization",
    "LogScaled",
    "MaxProduct",
    "Path",
    "PathCount",
    "PathNorm",
    "Reachability",
    "Scaled",
    "SearchedOrder",
    "Spread",
    "SumProduct",
    "TooManyPathsError",
    "UfuncSemiring",
    "Weighted",
    "count_node_paths",
    "eliminate",
    "entry_names",
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
