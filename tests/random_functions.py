"""Functions made of random steps, for the tests of engines."""

import numpy as np

import backpath as bp

STEPS = [
    lambda a, b: np.tanh(a) * b,
    lambda a, b: a - b.mean(axis=0),
    lambda a, b: np.where(a > b, a, 0.5 * b),
    lambda a, b: bp.softmax(a) + bp.sigmoid(b),
    lambda a, b: (a @ b.T) @ b,
    lambda a, b: np.concatenate([a[:1], b[1:]]),
    lambda a, b: a.reshape(-1)[::-1].reshape(a.shape) + b,
    lambda a, b: np.einsum("ij,kj->ki", a, b)[:, [0, 0, 1]].sum(axis=1, keepdims=True) * b,
    lambda a, b: bp.gelu(a) + bp.elu(b),
    lambda a, b: np.abs(a) ** 2 - np.sqrt(1 + b * b),
    lambda a, b: np.pad(a, 1)[1:-1, 1:-1] + b.max(axis=1, keepdims=True),
    lambda a, b: np.stack([a, b]).sum(axis=0) * np.ones((1, 4)),
    lambda a, b: bp.logsumexp(a, axis=1, keepdims=True) + np.log1p(b * b).astype(a.dtype),
]


def function_of(choices):
    """A number from two arrays of four columns, by these steps."""

    def f(a, b):
        for choice in choices:
            a, b = STEPS[choice](a, b), a
        return (np.tanh(a) * np.cos(b)).sum()

    return f
