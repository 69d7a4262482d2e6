"""Pictures: what stands in them, and where."""

import itertools
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpath as bp
from backpath.report.layout import layered

SVG = "{http://www.w3.org/2000/svg}"


def elements(weighted, tag, word):
    return [e for e in ET.fromstring(bp.svg(weighted)).iter(SVG + tag) if word in (e.get("class") or "").split()]


def texts(weighted, word):
    return [e.text for e in elements(weighted, "text", word)]


@st.composite
def dags(draw):
    n = draw(st.integers(2, 12))
    pairs = draw(st.lists(st.sampled_from(list(itertools.combinations(range(n), 2))), min_size=1, max_size=25))
    return bp.Dag.from_edges([(i, j, draw(st.floats(-3, 3).filter(bool))) for i, j in pairs])


def test_values_stand_in_nodes_and_z_on_edges():
    p = bp.parse("y = w**2; o = cos(y)").at(w=1.2)
    assert texts(p, "value") == ["1.2", "1.44", "0.130424"]
    assert texts(p, "z") == ["2.4", "-0.991458"]
    assert [len(elements(p, "g", word)) for word in ("node", "input", "output")] == [3, 1, 1]


def test_the_strongest_path_is_marked():
    dag = bp.Dag.from_edges([("w", "a", 1), ("w", "b", 2), ("a", "o", -9), ("b", "o", 4), ("w", "o", 8)])
    assert sorted(texts(dag, "strongz")) == ["-9", "1"]
    assert len(elements(dag, "path", "strong")) == 2


def test_names_are_escaped():
    dag = bp.Dag.from_edges([("<b>&", "o", 1)])
    assert "<b>&" in [e.text for e in ET.fromstring(bp.svg(dag)).iter(SVG + "text")]


def test_arrays_show_the_kind_of_their_linear_map():
    p = bp.linearize(lambda x, W: np.tanh(x @ W), np.ones(3), np.ones((3, 2)))
    assert texts(p, "z") == ["Contract", "Contract", "Scale"]
    assert elements(p, "path", "strong") == []


@settings(max_examples=60, deadline=None)
@given(dags())
def test_every_edge_goes_to_a_higher_level_and_no_two_nodes_share_a_place(dag):
    layout = layered(dag)
    levels = [level for level, _ in layout.places]
    assert len(set(layout.places)) == len(layout.places)
    assert len(layout.lines) == sum(1 for _ in dag.edges())
    for line in layout.lines:
        steps = [levels[stop] for stop in line.stops]
        assert steps == list(range(levels[line.source], levels[line.target] + 1))


@settings(max_examples=30, deadline=None)
@given(dags())
def test_everything_lies_inside_the_picture(dag):
    root = ET.fromstring(bp.svg(dag))
    width, height = float(root.get("width")), float(root.get("height"))
    for rect in root.iter(SVG + "rect"):
        x, y, w, h = (float(rect.get(k)) for k in ("x", "y", "width", "height"))
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height


def test_parallel_edges_are_drawn_apart():
    p = bp.parse("w*w").at(w=3.0)
    edges = {e.get("d") for e in elements(p, "path", "edge")}
    assert len(edges) == 2


def test_notebooks_show_the_picture_and_its_style_touches_nothing_else():
    p = bp.parse("cos(w)").at(w=1.0)
    assert p._repr_svg_() == bp.svg(p)
    assert bp.svg(p) in p._repr_html_()
    style = re.search(r"<style>(.*?)</style>", bp.svg(p), re.DOTALL)[1]
    assert all(rule.startswith(".backpath ") for rule in style.splitlines())


def test_large_graphs_are_refused_and_notebooks_show_a_line():
    dag = bp.Dag.from_edges([(k, k + 1, 1) for k in range(400)])
    with pytest.raises(bp.GraphError, match="401 nodes is too large to draw; the most is 300"):
        bp.svg(dag)
    assert dag._repr_svg_() is dag._repr_html_() is None
    assert repr(dag) == "Dag of 401 nodes and 400 edges"
