"""A regressor in scikit-learn's manner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

from backpath.estimators.regressing import LossFunction, Regressing


@final
@dataclass(eq=False, repr=False, kw_only=True)
class MLPRegressor(Regressing):
    """A multilayer perceptron that predicts quantities, in the place of ``sklearn.neural_network.MLPRegressor``.

    It takes the same arguments and has the same attributes; with ``scale_features=False, scale_target=False`` and the
    same ``random_state`` it makes the same steps. More than scikit-learn's are all arguments from ``scale_features``
    on. All arguments of :class:`MLPClassifier` but ``class_weight`` are taken, with the same defaults, and beside them:

    Args:
        loss: ``"squared_error"``, ``"poisson"`` for counts, ``"huber"``, or a traceable function of scores and targets,
            both (batch, outputs), to one loss for each example.
        scale_target: whether targets have mean 0 and deviation 1 in training; predictions are in their own units, and
            so is the loss. Counts (``"poisson"``) are divided by their mean.

    Attributes:
        coefs_, intercepts_, n_layers_, n_outputs_, out_activation_: as in scikit-learn.
        n_iter_, t_, loss_, loss_curve_, best_loss_, n_features_in_, feature_names_in_: likewise.
        validation_scores_, best_validation_score_: likewise.
        validation_loss_curve_: the loss of the validation part after each epoch.
        engine_: what made the steps, and why it was chosen.
        network_, parameters_: the trained network and its parameters, of scaled features, for ``backpath.explain`` and
            the other functions of networks.
    """

    loss: str | LossFunction = field(default="squared_error", kw_only=False)
