"""Floor 5: programs, and the engines that run them. Knows nothing of networks."""

from backpath.engines.numpy_engine import Executable
from backpath.engines.program import Program, compile_graph

__all__ = ["Executable", "Program", "compile_graph"]
