"""Digits with backpath."""

import json
import sys

import numpy as np

import backpath as bp

data = np.load(sys.argv[1])
network = bp.Network([64, 64, 10], activation="relu", loss="cross_entropy")
optimizer = bp.optimizers.sgd(0.05, momentum=0.9)
trained = bp.fit(network, data["X"], data["y"], epochs=100, batch=32, optimizer=optimizer)
accuracy = np.mean(trained.predict(data["X_test"]) == data["y_test"])
print(json.dumps({"loss": trained.history[-1].loss, "accuracy": float(accuracy)}))
