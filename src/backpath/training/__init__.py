"""Floor 6: data, optimizers, the fit loop and run folders. Knows nothing of the command line."""

from backpath.training.fit import Epoch, Fit, fit
from backpath.training.optimizers import SGD

__all__ = ["SGD", "Epoch", "Fit", "fit"]
