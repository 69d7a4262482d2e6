"""Digits with JAX: a jitted step, called for each batch."""

import json
import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

data = np.load(sys.argv[1])
X, y, X_test, y_test = (data[name] for name in ("X", "y", "X_test", "y_test"))
rng = np.random.default_rng(0)


def scores_of(parameters, X):
    (W1, b1), (W2, b2) = parameters
    return jax.nn.relu(X @ W1 + b1) @ W2 + b2


def loss_of(parameters, X, y):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(scores_of(parameters, X)), y[:, None], axis=1))


@partial(jax.jit, donate_argnums=(0, 1))
def step(parameters, velocity, X, y):
    loss, gradient = jax.value_and_grad(loss_of)(parameters, X, y)
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, gradient)
    return jax.tree.map(lambda p, v: p - 0.05 * v, parameters, velocity), velocity, loss


parameters = [
    (jnp.array(rng.normal(0, (2 / i) ** 0.5, (i, o)), jnp.float32), jnp.zeros(o)) for i, o in ((64, 64), (64, 10))
]
velocity = jax.tree.map(jnp.zeros_like, parameters)
losses = []
for _ in range(100):
    losses = []
    order = rng.permutation(len(X))
    for k in range(0, len(X), 32):
        rows = order[k : k + 32]
        parameters, velocity, loss = step(parameters, velocity, X[rows], y[rows])
        losses.append(loss)
accuracy = np.mean(np.argmax(scores_of(parameters, X_test), axis=1) == y_test)
print(json.dumps({"loss": float(np.mean(losses)), "accuracy": float(accuracy)}))
