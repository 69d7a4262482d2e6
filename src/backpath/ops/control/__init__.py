"""Control: loops and branches as one node of a graph each, with what they run as a graph inside."""

from backpath.ops.control.cond import cond
from backpath.ops.control.nested import CONTROL, all_nodes, has_control, refuse_control
from backpath.ops.control.scan import scan

__all__ = ["CONTROL", "all_nodes", "cond", "has_control", "refuse_control", "scan"]
