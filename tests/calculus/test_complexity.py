"""The cheap gradient principle: a gradient takes at most five times the function's own operations.

Counted are operations on numbers of the programs of both: each entry of an elementwise operation is one, of a product
of matrices two for every product of numbers (Baur and Strassen, 1983; Griewank and Walther, 2008, section 3.3). An
elementary function, which is a polynomial or worse inside, counts as four.
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import BINARY, UNARY
from random_functions import STEPS, function_of

import backpath as bp
from backpath.engines import compile_graph
from backpath.engines.program.cost import ELEMENTARY
from backpath.ops import trace
from backpath.paths import SUM_PRODUCT, Counted

MOST = 5.0


def operations(f, args):
    program = compile_graph(trace(f, *args))
    elementary = [node for node in program.graph.nodes if node.primitive in ELEMENTARY]
    return program.flops + 3 * sum(math.prod(node.shape) for node in elementary)


def require_cheap(f, args, argnums=None):
    """A gradient by all arguments."""
    argnums = tuple(range(len(args))) if argnums is None else argnums
    ratio = operations(bp.grad(f, argnums), args) / operations(f, args)
    assert ratio <= MOST, f"the gradient takes {ratio:.2f} times the operations"


X = np.full((20, 30), 0.5)


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_operand(name):
    require_cheap(lambda x: UNARY[name].ours(x).sum(), (X,))


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("shape", [(20, 30), (30,), ()])
def test_functions_of_two_operands(name, shape):
    require_cheap(lambda a, b: BINARY[name].ours(a, b).sum(), (X, np.full(shape, 0.5)))


REDUCTIONS = {
    "sum": lambda x: x.sum(axis=1),
    "mean": lambda x: x.mean(axis=0),
    "var": lambda x: x.var(axis=1),
    "std": lambda x: x.std(axis=0),
    "max": lambda x: x.max(axis=1),
    "min": lambda x: x.min(axis=0),
    "logsumexp": lambda x: bp.logsumexp(x, axis=1),
    "softmax": lambda x: bp.softmax(x),
    "log_softmax": lambda x: bp.log_softmax(x),
    "standardize": lambda x: bp.standardize(x),
    "softmax_cross_entropy": lambda x: bp.softmax_cross_entropy(x, np.zeros(20, int)),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name):
    require_cheap(lambda x: (REDUCTIONS[name](x) ** 2).sum(), (X,))


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(20, 30), (30, 10)]),
        ("ij,j->i", [(20, 30), (30,)]),
        ("i,i->", [(30,), (30,)]),
        ("i,j->ij", [(20,), (30,)]),
        ("bij,bjk->bik", [(4, 5, 6), (4, 6, 7)]),
        ("ij,jk,kl->il", [(5, 6), (6, 7), (7, 8)]),
        ("bij,kj->bik", [(4, 5, 6), (7, 6)]),
    ],
)
def test_contractions(subscripts, shapes):
    require_cheap(lambda *args: (np.einsum(subscripts, *args) ** 2).sum(), tuple(np.ones(shape) for shape in shapes))


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu", "selu", "softplus", "silu", "mish"])
@pytest.mark.parametrize(
    "loss", ["cross_entropy", "squared_error", "sigmoid_cross_entropy", "hinge", "huber", "poisson"]
)
def test_networks(activation, loss):
    net = bp.Network([12, 16, 8, 5], activation, loss)
    parameters = net.init(0, np.float64)
    require_cheap(lambda p, x, y: net.loss_value(p, x, y), (parameters, np.ones((32, 12)), np.ones((32, 5))), 0)


@settings(max_examples=40)
@given(st.lists(st.integers(0, len(STEPS) - 1), min_size=1, max_size=8))
def test_random_functions(choices):
    require_cheap(function_of(choices), (np.ones((30, 4)), np.ones((30, 4))))


LOOPS = {
    "recurrent network": lambda w, h: bp.scan(lambda h, _: (np.tanh(w @ h), None), h, length=50)[0].sum(),
    "elementwise": lambda w, h: bp.scan(lambda h, _: (np.sin(h) * h, h), h + w[0], length=50)[1].sum(),
    "two carries": lambda w, h: bp.scan(lambda c, _: ((c[1], np.cos(c[0]) - c[1]), None), (h, w[0]), length=9)[0][
        1
    ].sum(),
    "branch": lambda w, h: bp.cond(h[0] > 0, lambda: np.tanh(w @ h).sum(), lambda: (w**3).sum()),
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops_and_branches(name):
    require_cheap(LOOPS[name], (np.eye(16), np.ones(16)))


@pytest.mark.parametrize("steps", [10, 1000])
def test_the_factor_does_not_depend_on_the_length(steps):
    def f(x):
        for k in range(steps):
            x = np.sin(x) * (1.0 + k) + x
        return x

    require_cheap(f, (0.3,))


@pytest.mark.parametrize("sizes", [[12, 16, 5], [8, 30, 20, 10, 3]])
def test_the_sweep_takes_two_products_of_matrices_for_each_of_the_network(sizes):
    """One for the adjoint of the layer's input, which the first layer does without, and one for its weights."""
    net = bp.Network(sizes, "tanh", "squared_error")
    parameters, x, y = net.init(0, np.float64), np.ones((32, sizes[0])), np.ones((32, sizes[-1]))
    lin = bp.linearize(lambda p: net.loss_value(p, x, y), parameters)
    counted = Counted(SUM_PRODUCT)
    lin.path_sum(counted)
    layers = [32 * a * b for a, b in itertools.pairwise(sizes)]
    elementwise = 32 * sum(sizes[1:])
    assert counted.multiplications <= 2 * sum(layers) - layers[0] + 3 * elementwise
