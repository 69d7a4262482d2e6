"""A page to step through a graph: data, layout and folds in Python; what moves, in the modules of ``page``."""

from backpath.report.explorer.explore import Explorer, explore

__all__ = ["Explorer", "explore"]
