"""Floor 9: what people look at. Pictures, tables and derivations."""

from backpath.report.explorer import Explorer, explore
from backpath.report.plot import plot
from backpath.report.svg import svg

__all__ = ["Explorer", "explore", "plot", "svg"]
