"""The compiled engine: every operation is its primitive's value rule, every program what its graph says."""

import itertools
import os
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import bound
from random_functions import STEPS, function_of, functions, rounding

import backpath as bp
from backpath.calculus import value_and_grad
from backpath.engines import compile_graph, obstacle
from backpath.engines.choice import RUNNABLE
from backpath.engines.compiled.operations import BINARY, OTHERS, TERNARY, UNARY
from backpath.engines.program.schedule import FUSABLE
from backpath.ops import PRIMITIVES, Windows, apply, max_in_windows, take_rows, trace, unroll
from backpath.ops.movement import ADD_ROWS
from backpath.ops.windows import fold
from backpath.paths import evaluate

DTYPES = [np.float32, np.float64]
INF, NAN = np.inf, np.nan
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, -2.5, INF, -INF, NAN, 1e-30, -1e-30, 0.3, 3.0, -7.0]
EXACT = frozenset(
    (
        "add subtract multiply divide negative square reciprocal sqrt abs maximum minimum sign floor ceil rint trunc "
        "relu greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not isnan isinf "
        "isfinite where astype"
    ).split()
)
ABSOLUTE = {"ndtr": 1.0, "logaddexp": 1.0}
"""Errors in units of 1's last place beside the relative ones: a difference of two numbers near each other."""


def entries(rng, dtype, *shape):
    """Numbers of all sizes, with every special one among them where there is room."""
    x = rng.choice([-1, 1], shape) * 10.0 ** rng.uniform(-2, 1.3, shape)
    return np.asarray(np.where(rng.random(shape) < 0.4, rng.choice(SPECIAL, shape), x), dtype)


def assert_same(ours, theirs, name, dtype):
    unit = np.finfo(dtype).eps
    if name in EXACT:
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
    else:
        # The exponent of 2 ** x, as of e ** (x ln 2), is rounded, and x may be as large as 20.
        relative = 64 * unit if name in ("exp2", "power", "integer_power") else 8 * unit
        absolute = max(ABSOLUTE.get(name, 0.0) * 2 * unit, np.finfo(dtype).tiny)
        np.testing.assert_allclose(ours, theirs, rtol=relative, atol=absolute, err_msg=name)
    if name not in ("relu", "maximum", "minimum", "sign", "power", "integer_power"):
        nonzero = ~np.isnan(theirs)
        np.testing.assert_array_equal(np.signbit(ours)[nonzero], np.signbit(theirs)[nonzero], err_msg=name)


def value_rule(name, operands, params):
    """In float64, where it is more exact than the tolerance."""
    with np.errstate(all="ignore"):
        wide = [x.astype(float) for x in operands]
        if name == "where":
            return PRIMITIVES[name].value(wide[0] != 0, *wide[1:])
        return PRIMITIVES[name].value(*wide, **params).astype(operands[0].dtype)


def test_operations_are_the_fusable_primitives():
    assert sorted([*UNARY, *BINARY, *OTHERS]) == sorted(FUSABLE)
    assert not FUSABLE & set(TERNARY)
    assert set(PRIMITIVES) >= RUNNABLE - {"input", "constant"}
    assert all(len(PRIMITIVES[name].local) == 1 for name in UNARY)
    assert all(len(PRIMITIVES[name].local) == 2 for name in BINARY)


SIZES = [(7, 19), (40, 50), (3, 1500), (1, 5), (5, 1)]
"""Less than a register, more rows than fit in one, rows longer than one, and single ones."""


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(FUSABLE))
def test_operations_compute_the_value_rule(name, dtype):
    """For operands of the whole shape, a row, a column, and one number, in every combination."""
    rng = np.random.default_rng(0)
    dtype = np.dtype(dtype)
    primitive = PRIMITIVES[name]
    every = [{"n": n} for n in (0, 1, 3, 6, -1, -2)] if name == "integer_power" else [{}]
    every = [{"dtype": dtype}] if name == "astype" else every
    for rows, columns in SIZES:
        shapes = [(rows, columns), (columns,), (rows, 1), ()]
        for chosen in itertools.product(shapes, repeat=len(primitive.local)):
            operands = [entries(rng, dtype, *shape) for shape in chosen]
            for params in every:
                graph = trace(lambda *x, p=params: apply(primitive, *x, **p).astype(dtype), *operands)
                run, (out,), _ = bound(graph, operands)
                run()
                assert_same(out, value_rule(name, operands, params), name, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "f"),
    [
        ("multiply_add", lambda a, b, c: a * b + c),
        ("multiply_add", lambda a, b, c: c + b * a),
        ("multiply_subtract", lambda a, b, c: a * b - c),
        ("subtract_multiply", lambda a, b, c: c - a * b),
    ],
)
def test_products_and_sums_in_one(name, f, dtype):
    """Rounded once or twice, as the processor can."""
    rng = np.random.default_rng(1)
    for rows, columns in SIZES:
        shapes = [(rows, columns), (columns,), (rows, 1), ()]
        for chosen in itertools.product(shapes, repeat=3):
            operands = [rng.standard_normal(shape).astype(dtype) for shape in chosen]
            graph = trace(f, *operands)
            run, (out,), program = bound(graph, operands)
            run()
            fused = np.broadcast_shapes(*chosen[:2]) == out.shape and out.size > 0
            assert len(run.operations) == len(program.graph) - 3 - fused
            a, b, c = (x.astype(float) for x in operands)
            sizes = abs(a * b) + abs(c)
            assert (abs(out - f(a, b, c)) <= 2 * np.finfo(dtype).eps * sizes).all()
    operands = [np.array([INF, 1.0, NAN], dtype), np.array([0.0, INF, 1.0], dtype), np.array([1.0, -INF, 1.0], dtype)]
    run, (out,), _ = bound(trace(f, *operands), operands)
    run()
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(out, f(*operands))


def image(a):
    """As two images, 4 wide, of two channels."""
    return np.reshape(a, (2, -1, 4, 2))


def windows(a, size, stride, padding=(0, 0)):
    return [Windows.over(n, size, stride, 1, padding) for n in (a.size // 16, 4)]


def pooled(a, size, stride):
    return max_in_windows(image(a), *windows(a, size, stride))


OTHER_PRIMITIVES = {
    "matmul": [
        lambda a: a @ a.T,
        lambda a: a.T @ a,
        lambda a: a[0] @ a.T,
        lambda a: a @ a[1],
        lambda a: a[1] @ a[2],
        lambda a: a[::2, ::2].T @ a[::-2],
        lambda a: a[:, :1] @ a[:1],
        lambda a: a[:1] @ a.T,
        lambda a: np.stack([a, 2 * a]) @ np.stack([a.T, a.T + 1]),
        lambda a: np.swapaxes(a[:6, :6].reshape(2, 3, 3, 2), 1, 2) @ np.swapaxes(a[:6, :6].reshape(2, 3, 3, 2), -1, -2),
        lambda a: np.stack([a, 2 * a]) @ np.stack([a[0], a[1]])[..., None],
    ],
    "sum": [
        lambda a: a.sum(),
        lambda a: a.sum(axis=0),
        lambda a: a.sum(axis=1),
        lambda a: a.T.sum(axis=0),
        lambda a: a[::-1, ::2].sum(axis=1),
        lambda a: a[:, ::-1].sum(axis=0),
        lambda a: a.reshape(2, 3, -1).sum(axis=(0, 2)),
        lambda a: a.reshape(2, 3, -1).sum(axis=(0, 1)),
        lambda a: a.reshape(2, 3, -1).sum(axis=1),
        lambda a: a.reshape(2, 3, -1).sum(axis=(1, 2)),
        lambda a: np.transpose(a.reshape(2, 3, -1), (2, 0, 1)).sum(axis=1),
        lambda a: np.broadcast_to(a[:1], (4, a.shape[1])).sum(axis=0),
        lambda a: a[0, 0].sum(),
    ],
    "max": [
        lambda a: a.max(),
        lambda a: a.max(axis=0),
        lambda a: a.max(axis=1),
        lambda a: a.T.max(axis=1),
        lambda a: a[::-1, ::2].max(axis=1),
        lambda a: a.reshape(2, 3, -1).max(axis=1),
        lambda a: a.reshape(2, 3, -1).max(axis=(0, 2)),
    ],
    "transpose": [lambda a: a.T, lambda a: np.transpose(a.reshape(2, 3, -1), (2, 0, 1))],
    "broadcast_to": [lambda a: np.broadcast_to(a, (3, *a.shape)), lambda a: np.broadcast_to(a[0, 0], (2, 3))],
    "index": [
        lambda a: a[::-1, 1:-1],
        lambda a: a[2],
        lambda a: a[1, 2],
        lambda a: a[..., None, ::3],
        lambda a: a[3:3],
        lambda a: a[[0, 2, 2, -1]],
        lambda a: a.T[::2][:, [1, 0, 1]],
    ],
    "reshape": [lambda a: a.T.reshape(-1), lambda a: a[::-1, ::2].reshape(3, 2, -1), lambda a: a.reshape(-1)],
    "concatenate": [
        lambda a: np.concatenate([a, a[::-1], a[:1]]),
        lambda a: np.concatenate([a, a[:, :1]], axis=-1),
        lambda a: np.concatenate([a, a[:0]]),
        lambda a: np.stack([a.T, a.T], axis=1),
    ],
    "pad": [lambda a: np.pad(a, ((1, 0), (2, 3)), constant_values=7.5), lambda a: np.pad(a[0], 2)],
    "scatter": [
        lambda a: bp.grad(lambda a: (a[1:, ::-2] ** 2).sum())(a),
        lambda a: bp.grad(lambda a: a[1, 2] * a[0, 0])(a),
        lambda a: bp.grad(lambda a: (a[2] ** 2).sum())(a),
        lambda a: bp.grad(lambda a: (a[..., 3] ** 2).sum())(a),
        lambda a: bp.grad(lambda a: (a[[0, 2, 2, -1]] ** 2).sum())(a),
        lambda a: bp.grad(lambda a: (a.T[:, [1, 1, 0]] ** 2).sum())(a),
    ],
    "take": [
        lambda a: take_rows(a, np.array([2, 0, -1, 2])),
        lambda a: take_rows(a.T, np.array([[1, 0], [2, 2]])),
        lambda a: take_rows(a[:, 0], np.array([2, 2])),
    ],
    "add_rows": [
        lambda a: apply(ADD_ROWS, a[:4], np.array([2, 0, -1, 2]), shape=(5, a.shape[1])),
        lambda a: apply(ADD_ROWS, a[:3, 0], np.array([1, 1, 0]), shape=(3,)),
    ],
    "unroll": [
        lambda a: np.tanh(unroll(image(a), *windows(a, 2, 1, (1, 0)))),
        lambda a: np.tanh(unroll(np.reshape(image(a), (2, -1, 4, 2, 1)), *windows(a, 3, 2, (1, 2)))),
    ],
    "fold": [
        lambda a: fold(np.tanh(unroll(image(a), *windows(a, 2, 1, (1, 0)))), *windows(a, 2, 1, (1, 0)), image(a).shape),
        lambda a: fold(np.tanh(unroll(image(a), *windows(a, 1, 2, (0, 0)))), *windows(a, 1, 2, (0, 0)), image(a).shape),
    ],
    "max_pool": [partial(pooled, size=n, stride=step) for n, step in ((2, 2), (2, 1), (3, 1))],
    "max_unpool": [
        bp.grad(lambda a, n=n, step=step: (pooled(a, n, step) ** 2).sum())
        for n, step in ((2, 2), (2, 1), (2, 3), (3, 1))
    ],
}


def test_every_other_primitive_is_tested():
    assert set(OTHER_PRIMITIVES) == RUNNABLE - FUSABLE - {"input", "constant"}


def assert_agrees(run, outputs, graph, inputs, scale=1.0):
    """With NumPy's values of the graph in double precision."""
    run()
    values = evaluate(graph, [x.astype(float) for x in inputs])
    for output, o in zip(outputs, graph.outputs, strict=True):
        value = np.asarray(values[o])
        size = np.abs(value[np.isfinite(value)]).max(initial=1.0)
        np.testing.assert_allclose(output, value, rtol=0, atol=scale * 100 * np.finfo(output.dtype).eps * size)


@pytest.mark.parametrize("shape", [(6, 8), (6, 2000), (600, 10)])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OTHER_PRIMITIVES)
def test_other_primitives_compute_the_value_rule(name, dtype, shape):
    a = np.random.default_rng(2).standard_normal(shape).astype(dtype)
    for f in OTHER_PRIMITIVES[name]:
        graph = trace(f, a)
        run, outputs, program = bound(graph, [a])
        assert name in {node.primitive for node in program.graph.nodes}
        assert_agrees(run, outputs, graph, [a], a.size)


@pytest.mark.parametrize("dtype", DTYPES)
def test_reductions_of_what_is_not_finite(dtype):
    a = np.array([[1, NAN, 3], [INF, 1, -INF], [-INF, -1, 2], [INF, INF, 0], [-0.0, 0.0, -1]], dtype)
    functions = [f for name in ("max", "sum") for f in OTHER_PRIMITIVES[name][:4]]
    with np.errstate(invalid="ignore"):
        for f in functions:
            graph = trace(f, a)
            run, (out,), _ = bound(graph, [a])
            run()
            np.testing.assert_array_equal(out, f(a))


def test_conditions_are_true_or_false():
    x = np.linspace(-2, 2, 9)
    functions = [
        lambda x: ((x > -1) + (x < 1)).astype(float),
        lambda x: ((x > -1) * (x < 1)).astype(float),
        lambda x: (((x > -1) + (x < 1)) == (x < 5)).astype(float),
        lambda x: np.where((x > 0) & ~(x > 1), x, -x),
        lambda x: x * (x > 0),
        lambda x: np.where(np.arange(9) % 2 == 0, x, -x),
        lambda x: np.maximum(x > 0, x > 1).astype(float),
    ]
    for f in functions:
        run, (out,), _ = bound(trace(f, x), [x])
        run()
        np.testing.assert_array_equal(out, f(x))


@st.composite
def operands_of_any_layout(draw):
    """A shape, and three arrays that broadcast to it: with axes left out, of size 1, permuted, reversed, strided."""
    shape = draw(st.lists(st.sampled_from([1, 2, 3, 5, 40]), min_size=1, max_size=4))
    arrays, moves = [], []
    for _ in range(3):
        own = [n if draw(st.booleans()) else 1 for n in shape][draw(st.integers(0, len(shape))) :]
        order = draw(st.permutations(range(len(own))))
        steps = [draw(st.sampled_from([1, 1, 2, -1, -2])) for _ in own]
        base = [own[order.index(k)] * abs(steps[order.index(k)]) for k in range(len(own))]
        arrays.append(np.random.default_rng(len(arrays)).standard_normal(base))
        slices = tuple(slice(None, None, step) for step in steps)
        moves.append((tuple(order.index(k) for k in range(len(own))), slices))
    return shape, arrays, moves


@settings(max_examples=200, deadline=None)
@given(operands_of_any_layout())
def test_operands_of_any_layout(case):
    shape, arrays, moves = case

    def f(*arrays):
        views = []
        for x, (order, slices) in zip(arrays, moves, strict=True):
            inverse = tuple(order.index(k) for k in range(len(order)))
            views.append(np.transpose(x, inverse)[slices] if x.ndim else x)
        a, b, c = views
        return a * b + c, np.where(a > b, c, a) + np.zeros(shape), np.tanh(c) * a - b

    graph = trace(f, *arrays)
    run, outputs, _ = bound(graph, arrays)
    assert_agrees(run, outputs, graph, arrays)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 4)])
def test_arrays_without_entries(shape):
    x = np.empty(shape)

    def f(x):
        square = x.T @ x if x.ndim == 2 else x
        return np.tanh(x) * 2 + x, x.sum(), x.sum(axis=0), square, np.concatenate([x, x]), np.pad(x, 1), x.T.reshape(-1)

    graph = trace(f, x)
    run, outputs, _ = bound(graph, [x])
    assert_agrees(run, outputs, graph, [x])


def compiles(graph, dtype):
    return obstacle(compile_graph(graph), np.dtype(dtype)) is None


@settings(max_examples=60, deadline=None)
@given(choices=st.lists(st.integers(0, len(STEPS) - 1), min_size=1, max_size=6), seed=st.integers(0, 2**31))
def test_gradients_of_random_functions(choices, seed):
    rng = np.random.default_rng(seed)
    inputs = [rng.standard_normal((3, 4)), rng.standard_normal((3, 4))]
    graph = trace(value_and_grad(function_of(choices), (0, 1)), *inputs)
    if compiles(graph, float):
        run, outputs, _ = bound(graph, inputs)
        assert_agrees(run, outputs, graph, inputs, scale=1e14 * max(rounding(graph, inputs)))
    else:
        assert 7 in choices


@settings(max_examples=150, deadline=None)
@given(case=functions(10), order=st.permutations(range(3)))
def test_random_functions_that_overwrite_their_inputs_by_three_threads(case, order):
    """In every order of threads between two meetings."""
    f, overwrites = case
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal((10, 10)) for _ in range(3)]
    graph = trace(f, *inputs)
    with pytest.MonkeyPatch.context() as patch:
        run, outputs, _ = bound(graph, inputs, overwrites, patch, threads=3)
    assert run.threads == 3
    assert_agrees(lambda: run.by_turns(order), outputs, graph, inputs, scale=100)
    alone, expected, _ = bound(graph, inputs, overwrites)
    alone()
    for ours, theirs in zip(outputs, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


OBSTACLES = {
    "argmax": (lambda x: np.max(x) + np.argmax(x).astype(float), np.ones(3), "argmax"),
    "rows by numbers of 32 bits": (lambda x: take_rows(x, np.ones(2, np.int32)), np.ones(3), "holds int32"),
    "rows by numbers that are computed": (lambda x: take_rows(x, x.astype(int)), np.ones(3), "discretize"),
    "whole numbers": (lambda x: (x.astype(int) + 1).astype(float), np.ones(3), "discretize"),
    "another type": (lambda x: x.astype(np.float32).astype(float), np.ones(3), "holds float32.*compute in float64"),
    "an input of another type": (lambda x: x.astype(float), np.ones(3, int), "'x' holds int64"),
    "a condition as the result": (lambda x: x > 0, np.ones(3), "'greater_.*' holds bool"),
    "half precision": (lambda x: x * 2, np.ones(3, np.float16), "'x' holds float16"),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_obstacles_are_named(name):
    f, x, message = OBSTACLES[name]
    found = obstacle(compile_graph(trace(f, x)), np.dtype(float))
    assert found is not None
    assert re.search(message, found), found


def test_types_that_no_machine_computes_in_are_refused():
    x = np.ones(3, np.float16)
    found = obstacle(compile_graph(trace(lambda x: x * x, x)), x.dtype)
    assert found == "the compiled engine computes in float32 or float64, not float16"


TRAINING = """
import sys
import numpy as np
import backpath as bp

rng = np.random.default_rng(0)
X, y = rng.standard_normal((300, 7)), rng.integers(3, size=300)
net = bp.Network([7, 20, 3], "gelu")
given = {"epochs": 3, "engine": "compiled", "threads": 1}
trained = bp.fit(net, X, y, dtype=np.dtype(sys.argv[2]).type, **given)
np.savez(sys.argv[1], **trained.parameters)
print("numba" in sys.modules)
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A folder of kernels, from two processes that compiled them at the same time."""
    place = tmp_path_factory.mktemp("kernels")
    for process in [in_its_own_process(place, dtype, "first") for dtype in ("float32", "float64")]:
        out, _ = process.communicate()
        assert process.returncode == 0
        assert out == "True\n"
    return place


def in_its_own_process(place, dtype, name):
    environment = os.environ | {"BACKPATH_CACHE_DIR": str(place / "cache")}
    command = [sys.executable, "-c", TRAINING, str(place / f"{dtype}_{name}.npz"), dtype]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_second_process_loads_its_kernels_and_gives_the_same_bits(cache, dtype):
    assert in_its_own_process(cache, dtype, "again").communicate()[0] == "False\n"
    first, again = (np.load(cache / f"{dtype}_{name}.npz") for name in ("first", "again"))
    assert all(np.array_equal(first[name], again[name]) for name in first.files)


def test_a_row_that_is_not_there_is_the_same_error_by_both_engines():
    table = np.arange(12.0).reshape(4, 3)

    def taken(table, rows):
        return take_rows(table, rows) * 2

    def taken_as_known(table):
        return taken(table, np.array([[1], [-5]]))

    by_both = [[bp.compile(f, engine=engine) for f in (taken, taken_as_known)] for engine in ("numpy", "compiled")]
    errors = []
    for told, known in by_both:
        np.testing.assert_array_equal(told(table, np.array([3, -4])), 2 * table[[3, 0]])
        for call, args in ((told, (table, np.array([0, 4]))), (known, (table,))):
            with pytest.raises(bp.ShapeError, match="is out of bounds for axis 0 with size 4") as error:
                call(*args)
            errors.append(str(error.value))
    assert errors[:2] == errors[2:]


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_factors_laid_out_by_several_threads_give_the_same_bits(dtype):
    """Inner extents are no multiples of a vector, and columns no multiples of a strip."""
    rng = np.random.default_rng(3)
    a, b, c, d = (rng.standard_normal(s).astype(dtype) for s in [(521, 300), (300, 301), (310, 300), (521, 290)])

    def products(a, b, c, d):
        return a @ b, a @ c.T, a.T @ d

    one, *others = (bp.compile(products, engine="compiled", threads=n)(a, b, c, d) for n in (1, 2, 3))
    for k, expected in enumerate(products(*(x.astype(float) for x in (a, b, c, d)))):
        np.testing.assert_allclose(one[k], expected, rtol=0, atol=1e4 * np.finfo(dtype).eps)
        assert all(np.array_equal(one[k], other[k]) for other in others)
