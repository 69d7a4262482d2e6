"""A classifier in scikit-learn's manner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import numpy as np

from backpath.estimators.classifying import Classifying, LossFunction


@final
@dataclass(eq=False, repr=False, kw_only=True)
class MLPClassifier(Classifying):
    """A multilayer perceptron that classifies, in the place of ``sklearn.neural_network.MLPClassifier``.

    It takes the same arguments and has the same attributes; with ``scale_features=False`` and the same
    ``random_state`` it makes the same steps. More than scikit-learn's are all arguments from ``scale_features`` on.
    Classes may be two, several, or several at once for an example (multilabel).

    Args:
        hidden_layer_sizes: neurons of each hidden layer; empty for a linear model.
        activation: of the hidden layers, one name or one for each: scikit-learn's, or any of ``backpath.nets``.
        solver: ``"adam"``, ``"sgd"``, any other of ``backpath.optimizers`` by name, or ``"lbfgs"``, ``"cg"`` and
            ``"newton-cg"`` on all examples at once.
        alpha: strength of the L2 penalty on the weights; of decoupled weight decay for ``"adamw"`` and ``"lion"``.
        batch_size: examples a step; ``"auto"`` is no more than 200.
        learning_rate: ``"constant"``, ``"invscaling"`` and ``"adaptive"`` as in scikit-learn; or a schedule over
            ``max_iter`` epochs: ``"cosine"``, ``"one_cycle"``, ``"exponential"``, ``"inverse_time"``, ``"coslog4"``.
        learning_rate_init: the step size, or the highest of a schedule.
        power_t: exponent of ``"invscaling"``.
        max_iter: epochs at most.
        shuffle: whether each epoch has a new order.
        random_state: of initial weights, orders, dropout and the validation part.
        tol: what counts as an improvement.
        verbose: whether to print each epoch.
        warm_start: whether ``fit`` goes on from where the last one ended.
        momentum: of ``"sgd"``.
        nesterovs_momentum: whether that looks ahead.
        early_stopping: whether a part of the examples judges each epoch; the best one is kept.
        validation_fraction: how large that part is.
        beta_1: decay of the mean gradient, of ``"adam"`` and ``"adamw"``.
        beta_2: decay of the mean square.
        epsilon: added to its root.
        n_iter_no_change: epochs without improvement before stopping.
        max_fun: evaluations of the loss at most, of ``"lbfgs"``.
        scale_features: learned from the training part: True or ``"standard"``, ``"minmax"``, ``"robust"`` (with smooth
            clip), ``"whiten"``, or False.
        norm: ``"batch"`` or ``"layer"`` normalization of hidden layers.
        dropout: probability with which training drops a hidden neuron, or one for each hidden layer.
        init: initial weights by name, such as ``"orthogonal"``, ``"critical"``, ``"lsuv"``, ``"pretrained"``; None
            draws them as scikit-learn does.
        clip: the largest norm of a gradient.
        dtype: in which to train; None is that of X, as in scikit-learn. float32 is faster.
        engine: what makes the steps: ``"numpy"``, ``"compiled"``, ``"xla"``, or the one likely to be done first.
        device: of the XLA engine; see ``bp.fit``.
        class_weight: of each class in the loss, by label, or ``"balanced"``.
        loss: ``"log_loss"``, ``"hinge"``, or a traceable function of scores and targets, both (batch, outputs), to one
            loss for each example.

    Attributes:
        coefs_, intercepts_, n_layers_, n_outputs_, out_activation_: as in scikit-learn.
        n_iter_, t_, loss_, loss_curve_, best_loss_, n_features_in_, feature_names_in_: likewise.
        validation_scores_, best_validation_score_: likewise.
        validation_loss_curve_: the loss of the validation part after each epoch.
        engine_: what made the steps, and why it was chosen.
        network_, parameters_: the trained network and its parameters, of scaled features, for ``backpath.explain`` and
            the other functions of networks.
        classes_: the labels.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> MLPClassifier(random_state=0, max_iter=2000).fit(X, y).score(X, y) > 0.95
    True
    """

    loss: str | LossFunction = field(default="log_loss", kw_only=True)

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        # As scikit-learn does: of two classes alone.
        return y.astype(bool) if self.n_outputs_ == 1 and not self._multilabel else None
