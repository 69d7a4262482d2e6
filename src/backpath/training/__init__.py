"""Floor 6: data, optimizers, the fit loop and run folders. Knows nothing of the command line."""

from backpath.training.fit import Fit, fit
from backpath.training.loop import Epoch

__all__ = ["Epoch", "Fit", "fit"]
