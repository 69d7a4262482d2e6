"""Dags: made from edges or arrays, in topological order, without cycles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.graph import GraphError
from backpath.paths import Dag


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_edges_come_back_in_topological_order_however_they_are_given(dags, data):
    dag = data.draw(dags(st.integers()))
    edges = data.draw(st.permutations(list(dag.edges())))
    again = Dag.from_edges(edges)
    position = {name: k for k, name in enumerate(again.names)}
    assert all(position[i] < position[j] for i, j, _ in edges)
    assert sorted(again.edges()) == sorted(edges)


def test_inputs_and_outputs_are_the_ends():
    dag = Dag.from_edges([("a", "c", 1), ("b", "c", 1), ("c", "d", 1), ("c", "e", 1)])
    assert [dag.names[k] for k in dag.inputs] == ["a", "b"]
    assert [dag.names[k] for k in dag.outputs] == ["d", "e"]
    assert len(dag) == 5


def test_nodes_are_named_by_anything_hashable():
    assert Dag.from_edges([((0, "x"), None, 2), (None, frozenset(), 3)]).gradient((0, "x"), frozenset()) == 6


@pytest.mark.parametrize("numbers", [[2, 3], [0.5, 0.25], [10**30, 10**30]])
def test_arrays_give_the_same_dag(numbers):
    dag = Dag.from_arrays(np.array([0, 1]), np.array([1, 2]), np.array(numbers))
    assert list(dag.edges()) == [(0, 1, numbers[0]), (1, 2, numbers[1])]
    assert dag.gradient(0, 2) == numbers[0] * numbers[1]


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(GraphError, match=r"shapes \[\(2,\), \(2,\), \(1,\)\]: give equal lengths"):
        Dag.from_arrays([0, 1], [1, 2], [1])
    with pytest.raises(GraphError, match=r"nodes are of type float64: give whole numbers, or names to from_edges"):
        Dag.from_arrays([0.5], [1], [1])
    with pytest.raises(GraphError, match="edges meet nodes 1 to 3; names are given for 3, from 0"):
        Dag.from_arrays([0, 1], [1, 3], [1, 1], ["a", "b", "c"])
    with pytest.raises(GraphError, match="two nodes have the same name"):
        Dag.from_arrays([0], [1], [1], ["a", "a"])


@settings(max_examples=100, deadline=None)
@given(
    numbers=st.lists(st.integers(-(2**40), 2**40) | st.integers(-9, 9), min_size=2, max_size=9, unique=True),
    data=st.data(),
)
def test_nodes_are_any_whole_numbers(numbers, data):
    pairs = st.integers(1, len(numbers) - 1).flatmap(lambda j: st.tuples(st.integers(0, j - 1), st.just(j)))
    drawn = data.draw(st.lists(pairs, min_size=1, max_size=20))
    edges = [(numbers[i], numbers[j], k) for k, (i, j) in enumerate(drawn)]
    dag = Dag.from_arrays(*zip(*edges, strict=True))
    assert sorted(dag.edges()) == sorted(Dag.from_edges(edges).edges())
    assert set(dag.names) == {number for i, j, _ in edges for number in (i, j)}


def test_named_nodes_are_there_without_an_edge():
    dag = Dag.from_arrays([3, 2], [2, 0], [0.5, 3.0], ["o", "alone", "y", "x"])
    assert sorted(dag.names) == ["alone", "o", "x", "y"]
    assert dag.gradient("x", "o") == 1.5
    assert dict(zip(dag.names, dag.adjoints("o"), strict=True)) == {"o": 1, "alone": 0, "y": 3, "x": 1.5}
    assert Dag.from_arrays([], [], [], ["a", "b"]).gradient("a", "b") == 0
    assert len(Dag.from_arrays([], [], [])) == 0


def test_nodes_that_rise_along_edges_keep_the_order_of_their_numbers():
    assert Dag.from_arrays([5, 0, 0], [6, 6, 9], [1, 1, 1]).names == (0, 5, 6, 9)


@pytest.mark.parametrize(
    ("edges", "cycle"),
    [
        ([("a", "a", 1)], "'a' -> 'a'"),
        ([("a", "b", 1), ("b", "c", 1), ("c", "b", 1), ("c", "d", 1)], "'b' -> 'c' -> 'b'|'c' -> 'b' -> 'c'"),
        ([(1, 2, 1), (2, 3, 1), (3, 1, 1)], "1 -> 2 -> 3 -> 1|2 -> 3 -> 1 -> 2|3 -> 1 -> 2 -> 3"),
    ],
)
def test_a_cycle_is_named(edges, cycle):
    with pytest.raises(GraphError, match=f"the edges close a cycle: ({cycle})$"):
        Dag.from_edges(edges)


def test_a_long_chain_needs_no_recursion():
    dag = Dag.from_edges([(k, k + 1, -1) for k in range(20_000)])
    assert dag.gradient(0, 20_000) == 1
    assert dag.count_paths(0, 20_000) == 1
    assert len(next(dag.paths(0, 20_000))) == 20_000
