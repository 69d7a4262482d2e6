"""Digits with scikit-learn."""

import json
import sys
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier

warnings.filterwarnings("ignore", module="sklearn")  # that 100 epochs may not be enough
data = np.load(sys.argv[1])
model = MLPClassifier(
    hidden_layer_sizes=[64],
    solver="sgd",
    alpha=0,
    batch_size=32,  # pyright: ignore[reportArgumentType] (its annotation forgets numbers)
    learning_rate_init=0.05,
    momentum=0.9,
    nesterovs_momentum=False,
    max_iter=100,
    tol=0,
    n_iter_no_change=100,
)
model.fit(data["X"], data["y"])
print(json.dumps({"loss": float(model.loss_), "accuracy": model.score(data["X_test"], data["y_test"])}))
