"""Floor 5: programs, and the engines that run them. Knows nothing of networks."""

from backpath.engines.choice import Choice, choose, obstacle
from backpath.engines.notices import notices_to
from backpath.engines.numpy_engine import Executable
from backpath.engines.program import Program, compile_graph
from backpath.engines.steps import Intake, NumPySteps, Steps, Take

__all__ = [
    "Choice",
    "Executable",
    "Intake",
    "NumPySteps",
    "Program",
    "Steps",
    "Take",
    "choose",
    "compile_graph",
    "notices_to",
    "obstacle",
]
