"""Reshapes of transposed arrays are views where NumPy's are, and values stay the same everywhere."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.engines import compile_graph
from backpath.ops import trace


@st.composite
def reshapes(draw):
    """A shape, an order of its axes, and a shape of as many entries, made by joining and by splitting axes."""
    shape = draw(st.lists(st.sampled_from([1, 2, 3, 4, 6]), min_size=1, max_size=4))
    axes = draw(st.permutations(range(len(shape))))
    target = [shape[k] for k in axes]
    for _ in range(draw(st.integers(0, 3))):
        k = draw(st.integers(0, len(target) - 1))
        if draw(st.booleans()):
            target[k : k + 2] = [math.prod(target[k : k + 2])]
        else:
            part = draw(st.sampled_from([d for d in range(1, target[k] + 1) if target[k] % d == 0]))
            target[k : k + 1] = [part, target[k] // part]
    return tuple(shape), tuple(axes), tuple(target)


def reshaped(x, axes, target):
    return np.reshape(np.transpose(x, axes), target)


@settings(max_examples=200, deadline=None)
@given(reshapes())
def test_values_are_numpys_and_no_copy_is_made_that_numpy_does_not_make(found):
    shape, axes, target = found
    x = np.arange(math.prod(shape), dtype=float).reshape(shape)
    np.testing.assert_array_equal(bp.compile(lambda x: reshaped(x, axes, target))(x), reshaped(x, axes, target))
    instructions = compile_graph(trace(lambda x: np.exp(reshaped(x, axes, target)), x)).instructions
    is_view = np.shares_memory(reshaped(x, axes, target), x)
    assert len(instructions) == 1 or not is_view


def test_a_gradient_by_weights_of_a_sequence_reads_the_inputs_where_they_lie():
    x, adjoint = np.ones((4, 5, 6)), np.ones((20, 3))
    product = compile_graph(trace(lambda x, s: np.reshape(np.transpose(x, (2, 0, 1)), (6, 20)) @ s, x, adjoint))
    (instruction,) = product.instructions
    assert product.graph.nodes[instruction[0]].primitive == "matmul"
