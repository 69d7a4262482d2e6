"""Vertex elimination: what the orders cost, exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.graph import GraphError
from backpath.paths import Dag, linearize

ORDERS = ("forward", "reverse", "markowitz", "lowest-fill")


def fan(inputs, length, outputs):
    """``inputs`` into a chain of ``length`` vertices, out of which come ``outputs``."""
    edges = [(("x", k), ("v", 0), 2) for k in range(inputs)]
    edges += [(("v", k), ("v", k + 1), 3) for k in range(length - 1)]
    return Dag.from_edges(edges + [(("v", length - 1), ("o", k), 5) for k in range(outputs)])


@pytest.mark.parametrize(("n", "m"), [(5, 1), (1, 5), (3, 4)])
def test_the_cheapest_direction_depends_on_inputs_and_outputs(n, m):
    """Along a chain forward takes n products a vertex, reverse m; the last vertex always takes n times m."""
    dag, length = fan(n, 6, m), 6
    cost = {order: dag.eliminate(order=order).multiplications for order in ORDERS}
    assert cost["forward"] == n * (length - 1) + n * m
    assert cost["reverse"] == m * (length - 1) + n * m
    assert cost["markowitz"] == (length - 2) + min(n, m) + n * m


@pytest.mark.parametrize("order", ORDERS)
def test_one_vertex_costs_in_edges_times_out_edges(order):
    spent = fan(3, 1, 4).eliminate(order=order)
    assert (spent.multiplications, spent.additions, spent.order) == (12, 0, (("v", 0),))


def test_fill_counts_new_edges_and_additions_count_old_ones():
    """Eliminating v first falls on the edges x -> o that are there already."""
    dag = Dag.from_edges([("x", "v", 2), ("v", "o", 3), ("x", "o", 5), ("x", "u", 1), ("u", "p", 1), ("u", "q", 1)])
    spent = dag.eliminate("x", ["o", "p", "q"], "lowest-fill")
    assert spent.order[0] == "v"
    assert (spent.multiplications, spent.additions) == (1 + 2, 1)


def test_vertices_off_every_path_cost_nothing():
    dag = Dag.from_edges([("x", "o", 2), ("x", "dead", 3), ("dead", "end", 4), ("other", "o", 5)])
    spent = dag.eliminate("x", "o")
    assert (spent.order, spent.multiplications, spent.additions) == ((), 0, 0)


def test_passing_through_a_source_or_an_output_costs_no_product_with_one():
    """x -> y -> o with y a source and an output too: only x -> o takes a product."""
    dag = Dag.from_edges([("x", "y", 2), ("y", "o", 3)])
    spent = dag.eliminate(["x", "y"], ["y", "o"])
    assert spent.multiplications == 1
    x, y, o = map(dag.find, "xyo")
    assert spent.derivatives == {(x, y): 2, (y, y): 1, (x, o): 6, (y, o): 3}


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_forward_and_reverse_are_orders_of_the_names(dags, ends, data):
    dag = data.draw(dags(st.integers(1, 9)))
    sources, outputs = data.draw(ends(dag))
    forward, reverse = (dag.eliminate(sources, outputs, order) for order in ("forward", "reverse"))
    assert forward.order == reverse.order[::-1]
    assert dag.eliminate(sources, outputs, list(forward.order)) == forward


def test_wrong_orders_are_refused():
    dag = fan(1, 2, 1)
    with pytest.raises(
        GraphError, match="no elimination order is called 'best': there are forward, reverse, markowitz"
    ):
        dag.eliminate(order="best")
    with pytest.raises(GraphError, match="the order must name each intermediate vertex once"):
        dag.eliminate(order=[("v", 0)])
    with pytest.raises(GraphError, match="the order must name each intermediate vertex once"):
        dag.eliminate(order=[("v", 0), ("v", 0)])


def test_arrays_cost_what_their_scalar_graph_costs():
    """A diagonal times a full matrix: one product for each entry."""
    p = linearize(lambda x, w: np.tanh(x @ w), np.ones(3), np.ones((3, 4)))
    assert p.eliminate("x").multiplications == 3 * 4
    assert p.unroll().eliminate([f"x[{k}]" for k in range(3)]).multiplications == 3 * 4
