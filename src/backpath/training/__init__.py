"""Floor 6: data, optimizers, the fit loop and run folders. Knows nothing of the command line."""

from backpath.training.averaging import PolyakAverage
from backpath.training.fit import Fit, fit
from backpath.training.fit_many import fit_many
from backpath.training.loop import Epoch
from backpath.training.plateau import ReduceOnPlateau
from backpath.training.range_test import RangeTest, find_rate
from backpath.training.second_order import minimize

__all__ = ["Epoch", "Fit", "PolyakAverage", "RangeTest", "ReduceOnPlateau", "find_rate", "fit", "fit_many", "minimize"]
