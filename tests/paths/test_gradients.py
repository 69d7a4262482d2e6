"""One derivative, four methods: on random DAGs, in every kind of number."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.graph import GraphError
from backpath.paths import Dag, TooManyPathsError, linearize

EXACT = {
    "fractions": st.fractions(-9, 9, max_denominator=12),
    "ints of any size": st.integers(-(10**40), 10**40),
    "mixed": st.one_of(st.integers(-9, 9), st.fractions(-9, 9, max_denominator=12)),
}
MPMATH = st.fractions(-3, 3, max_denominator=64).map(lambda q: mpmath.mpf(q.numerator) / q.denominator)
CLOSE = {
    "float64": st.floats(-2, 2),
    "complex": st.complex_numbers(max_magnitude=2, allow_subnormal=False),
    "mpmath": MPMATH,
}


def assert_all_close(found, tolerance=1e-12):
    """Every method within ``tolerance`` of the sum over paths, relative to the largest entry."""
    truth = found["paths"]
    scale = max([1, *(abs(entry) for entry in truth)])
    for method, entries in found.items():
        assert len(entries) == len(truth), method
        assert all(abs(a - b) <= tolerance * scale for a, b in zip(entries, truth, strict=True)), method


@pytest.mark.parametrize("numbers", EXACT)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_exact_numbers_agree_exactly(dags, ends, by_every_method, numbers, data):
    dag = data.draw(dags(EXACT[numbers]))
    found = by_every_method(dag, *data.draw(ends(dag)))
    assert all(entries == found["paths"] for entries in found.values()), found
    assert {type(entry) for entries in found.values() for entry in entries} <= {int, Fraction}


@pytest.mark.parametrize("numbers", CLOSE)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_rounded_numbers_agree(dags, ends, by_every_method, numbers, data):
    dag = data.draw(dags(CLOSE[numbers]))
    assert_all_close(by_every_method(dag, *data.draw(ends(dag))))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_many_digits_are_kept(dags, by_every_method, data):
    with mpmath.workdps(50):
        dag = data.draw(dags(MPMATH))
        assert_all_close(by_every_method(dag, list(dag.names), list(dag.names)), mpmath.mpf(10) ** -45)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_symbols_agree_exactly(dags, ends, by_every_method, data):
    dag = data.draw(dags(st.sampled_from(sympy.symbols("a b c d"))))
    found = by_every_method(dag, *data.draw(ends(dag)))
    truth = [sympy.expand(entry) for entry in found.pop("paths")]
    assert all([sympy.expand(entry) for entry in entries] == truth for entries in found.values())


@settings(max_examples=140, deadline=None)
@given(data=st.data())
def test_any_order_of_elimination_agrees(dags, ends, data):
    dag = data.draw(dags(EXACT["fractions"]))
    sources, outputs = data.draw(ends(dag))
    order = data.draw(st.permutations(dag.eliminate(sources, outputs).order))
    assert dag.gradient(sources, outputs, "elimination", order=order) == dag.gradient(sources, outputs, "paths")


UNARY = (np.tanh, np.sin, np.exp, lambda x: x * x, lambda x: x[::-1], lambda x: 1 / (2 + x * x))
BINARY = (
    np.add,
    np.subtract,
    np.multiply,
    lambda x, y: x * np.cos(y),
    lambda x, y: np.sum(x) * y,
    lambda x, y: np.outer(x, y) @ x,
)
REDUCTIONS = (np.sum, lambda x: x, lambda x: x[0], lambda x: np.sum(x * x), lambda x: x[1:])


@st.composite
def array_functions(draw):
    """A function of two vectors, with several outputs, some of which lead to others."""
    size = draw(st.integers(2, 3))
    one, two = st.sampled_from(UNARY), st.sampled_from(BINARY)
    steps = draw(st.lists(st.tuples(one, two, st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4))
    ends = draw(st.lists(st.tuples(st.sampled_from(REDUCTIONS), st.integers(0, 9)), min_size=1, max_size=3))

    def f(x, y):
        values = [x, y]
        for unary, binary, i, j in steps:
            values.append(unary(binary(values[i % len(values)], values[j % len(values)]) * 0.5))
        return tuple(reduction(values[-1 - k % 3]) + 0.0 for reduction, k in ends)

    entries = st.lists(st.floats(0.1, 1), min_size=size, max_size=size).map(np.array)
    return f, draw(entries), draw(entries)


@settings(max_examples=240, deadline=None)
@given(drawn=array_functions())
def test_array_graphs_agree(by_every_method, drawn):
    f, x, y = drawn
    p = linearize(f, x, y)
    assert_all_close(by_every_method(p, None, [p.names[k] for k in p.outputs]))


@settings(max_examples=60, deadline=None)
@given(drawn=array_functions(), data=st.data())
def test_any_nodes_of_an_array_graph_may_be_ends(by_every_method, drawn, data):
    f, x, y = drawn
    p = linearize(f, x, y)
    known = [name for k, name in enumerate(p.names) if p.dtype(k).kind == "f"]
    some = st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True)
    assert_all_close(by_every_method(p, data.draw(some), data.draw(some)))


def test_names_shape_the_answer():
    dag = Dag.from_edges([("x", "o", 2), ("y", "o", 3), ("y", "u", 4)])
    assert dag.gradient("x", "o") == 2
    assert dag.gradient(["x", "y"], "o") == {"x": 2, "y": 3}
    assert dag.gradient("y", ["o", "u"]) == {"o": 3, "u": 4}
    assert dag.gradient() == {"o": {"x": 2, "y": 3}, "u": {"x": 0, "y": 4}}


@pytest.mark.parametrize("method", ["paths", "reverse", "forward", "elimination"])
def test_a_node_by_itself_is_one_and_without_a_path_zero(method):
    dag = Dag.from_edges([("x", "o", 2), ("y", "u", 3)])
    assert dag.gradient("x", "x", method) == 1
    assert dag.gradient("x", "u", method) == 0
    assert dag.gradient("o", "x", method) == 0


@pytest.mark.parametrize("method", ["paths", "reverse", "forward", "elimination"])
def test_sources_and_outputs_may_lead_to_one_another(method):
    dag = Dag.from_edges([("x", "y", 2), ("y", "o", 3), ("o", "u", 5), ("x", "o", 7)])
    assert dag.gradient(["x", "y", "o"], ["y", "o", "u"], method) == {
        "y": {"x": 2, "y": 1, "o": 0},
        "o": {"x": 13, "y": 3, "o": 1},
        "u": {"x": 65, "y": 15, "o": 5},
    }


@pytest.mark.parametrize("method", ["paths", "reverse", "forward", "elimination"])
def test_parallel_edges_add_up(method):
    assert Dag.from_edges([("x", "o", 2), ("x", "o", Fraction(1, 3))]).gradient("x", "o", method) == Fraction(7, 3)


def test_unknown_names_and_methods_are_named():
    dag = Dag.from_edges([("x", "o", 2)])
    with pytest.raises(GraphError, match="no method is called 'magic'; there are paths, reverse, forward, elimination"):
        dag.gradient("x", "o", "magic")
    with pytest.raises(GraphError, match="no node is called 'z'; the first ones are 'x', 'o'"):
        dag.gradient("z", "o")


def test_enumeration_refuses_with_the_count_and_the_remedy():
    dag = Dag.from_edges([(k, k + 1, z) for k in range(25) for z in (1, 2)])
    with pytest.raises(TooManyPathsError, match=r"there are 33,554,432 paths.*use method='reverse'"):
        dag.gradient(0, 25, "paths")
    with pytest.raises(TooManyPathsError, match="limit=3"):
        dag.gradient(0, 2, "paths", limit=3)
    assert dag.gradient(0, 2, "paths", limit=4) == 9
    assert dag.gradient(0, 25) == 3**25


@pytest.mark.parametrize("method", ["paths", "reverse", "forward", "elimination"])
def test_small_ints_stay_python_ints(method):
    """As NumPy's int64 they would overflow in the user's next product."""
    derivative = Dag.from_edges([("x", "y", 2), ("y", "o", 3)]).gradient("x", "o", method)
    assert derivative == 6
    assert type(derivative) is int
