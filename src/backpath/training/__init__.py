"""Floor 7: optimizers, the fit loop, checkpoints and run folders. Knows nothing of explanations."""

from backpath.training.find_rate import RangeTest, find_rate
from backpath.training.fit import fit
from backpath.training.fit_many import fit_many
from backpath.training.loop.epochs import Epoch
from backpath.training.minimize import minimize
from backpath.training.optimizers.averaging import PolyakAverage
from backpath.training.optimizers.plateau import ReduceOnPlateau
from backpath.training.result import Fit
from backpath.training.runs.saved_fit import load, save

__all__ = [
    "Epoch",
    "Fit",
    "PolyakAverage",
    "RangeTest",
    "ReduceOnPlateau",
    "find_rate",
    "fit",
    "fit_many",
    "load",
    "minimize",
    "save",
]
