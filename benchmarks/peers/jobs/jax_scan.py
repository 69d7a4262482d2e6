"""Digits with JAX: a jitted epoch, which scans over its batches."""

import json
import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

data = np.load(sys.argv[1])
X, y = jnp.array(data["X"]), jnp.array(data["y"])
rng = np.random.default_rng(0)


def scores_of(parameters, X):
    (W1, b1), (W2, b2) = parameters
    return jax.nn.relu(X @ W1 + b1) @ W2 + b2


def loss_of(parameters, X, y):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(scores_of(parameters, X)), y[:, None], axis=1))


def step(state, rows):
    parameters, velocity = state
    loss, gradient = jax.value_and_grad(loss_of)(parameters, X[rows], y[rows])
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, gradient)
    return (jax.tree.map(lambda p, v: p - 0.05 * v, parameters, velocity), velocity), loss


@partial(jax.jit, donate_argnums=0)
def epoch(state, order):
    return jax.lax.scan(step, state, order)


parameters = [
    (jnp.array(rng.normal(0, (2 / i) ** 0.5, (i, o)), jnp.float32), jnp.zeros(o)) for i, o in ((64, 64), (64, 10))
]
state = parameters, jax.tree.map(jnp.zeros_like, parameters)
losses = np.zeros(0)
for _ in range(100):
    state, losses = epoch(state, rng.permutation(len(X)).reshape(-1, 32))
accuracy = np.mean(np.argmax(scores_of(state[0], data["X_test"]), axis=1) == data["y_test"])
print(json.dumps({"loss": float(np.mean(losses)), "accuracy": float(accuracy)}))
