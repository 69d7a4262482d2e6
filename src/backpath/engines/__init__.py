"""Floor 5: programs, and the engines that run them. Knows nothing of networks."""

from backpath.engines.choice import ENGINES, Choice, choose, obstacle
from backpath.engines.compile import Compiled, compile
from backpath.engines.notices import notices_to

# It fills the table of kernels with those of loops and branches.
from backpath.engines.numpy import control
from backpath.engines.numpy.engine import Executable
from backpath.engines.program.program import Program, compile_graph
from backpath.engines.steps import Intake, NumPySteps, Part, Steps, Take

__all__ = [
    "ENGINES",
    "Choice",
    "Compiled",
    "Executable",
    "Intake",
    "NumPySteps",
    "Part",
    "Program",
    "Steps",
    "Take",
    "choose",
    "compile",
    "compile_graph",
    "control",
    "notices_to",
    "obstacle",
]
