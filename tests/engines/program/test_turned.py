"""Transposed products: made as they are wanted, with the values that NumPy gives."""

from __future__ import annotations

import numpy as np
import pytest

import backpath as bp

RNG = np.random.default_rng(0)
W, X = RNG.normal(size=(4, 3)), RNG.normal(size=(5, 3))


def moved(function, *args):
    """How many instructions copy, and the program."""
    program = bp.compile(function).program(*args)
    nodes = program.graph.nodes
    return len(program.copies), [nodes[k].primitive for instruction in program.instructions for k in instruction]


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_gradients_by_weights_that_lie_by_outputs_are_not_copied(engine):
    gradient = bp.grad(lambda W, X: np.sum(np.tanh(X @ W.T)))
    copies, _ = moved(gradient, W, X)
    assert copies == 0
    slopes = 1 - np.tanh(X @ W.T) ** 2
    np.testing.assert_allclose(bp.compile(gradient, engine=engine)(W, X), slopes.T @ X, rtol=1e-12)


def test_products_that_something_else_reads_stay():
    def f(W, X):
        product = X @ W.T
        return product, product.T * 2

    _, made = moved(f, W, X)
    assert made.count("matmul") == 1
    product, turned = bp.compile(f)(W, X)
    np.testing.assert_allclose(product, X @ W.T, rtol=1e-12)
    np.testing.assert_allclose(turned, 2 * W @ X.T, rtol=1e-12)


def test_a_table_that_comes_in_and_goes_out_is_added_to_as_it_lies():
    rows = np.array([0, 3, 3, 1, 2])

    def f(W, X):
        return np.sum(np.sin((W[rows] * X) @ W.T))

    gradient = bp.grad(f)
    program = bp.compile(gradient).program(W, X)
    read = [program.graph.nodes[p] for node in program.graph.nodes if node.primitive == "add" for p in node.parents]
    assert all(node.primitive != "transpose" for node in read)
    np.testing.assert_allclose(bp.compile(gradient)(W, X), gradient(W, X), rtol=1e-12)
