"""A weighted DAG as an SVG picture: nodes by level with their values, z on the edges, the strongest path marked."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from html import escape

from backpath.graph import GraphError
from backpath.paths import Linearization, Weighted
from backpath.paths.path_sums import MOST_DRAWN
from backpath.paths.strongest import strongest_path
from backpath.paths.table import brief, edge_label
from backpath.report.layout import Layout, Line, layered

Point = tuple[float, float]

STEP_X, STEP_Y, HEIGHT, MARGIN = 170.0, 78.0, 42.0, 30.0
# Every rule is for pictures of this kind alone: in a notebook the page has others.
STYLE = """\
.backpath .node rect{fill:#fff;stroke:#455a64;stroke-width:1.4}
.backpath .input rect{fill:#e3f2fd;stroke:#1565c0}
.backpath .output rect{fill:#e8f5e9;stroke:#2e7d32}
.backpath .edge{fill:none;stroke:#90a4ae;stroke-width:1.4}
.backpath .strong{stroke:#e65100;stroke-width:3}
.backpath text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#263238;text-anchor:middle}
.backpath .value{font-size:11px;fill:#546e7a}
.backpath .z{font-size:11px;fill:#37474f}
.backpath .strongz{fill:#bf360c;font-weight:600}"""


def svg(weighted: Weighted) -> str:
    """The picture of a linearization or a Dag, left to right, as the text of an SVG file.

    The strongest path from the first input to the last output is drawn thick, where all nodes are scalars.

    Raises:
        GraphError: if there are more than 300 nodes.
    """
    if len(weighted) > MOST_DRAWN:
        raise GraphError(f"a graph of {len(weighted):,} nodes is too large to draw; the most is {MOST_DRAWN}")
    layout = layered(weighted)
    points, width, height = _points(weighted, layout)
    strong = _strong_edges(weighted)
    edges = [_edge(weighted, line, points, (line.target, line.slot) in strong) for line in layout.lines]
    labels = [_label(weighted, line, points, (line.target, line.slot) in strong) for line in layout.lines]
    nodes = [_node(weighted, position, points[position]) for position in range(len(weighted))]
    body = "\n".join([*edges, *nodes, *labels])
    return (
        f'<svg class="backpath" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="computational graph">\n'
        f'<style>{STYLE}</style>\n<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" '
        f'markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="#78909c"/></marker></defs>\n{body}\n</svg>\n'
    )


def _points(weighted: Weighted, layout: Layout) -> tuple[list[Point], float, float]:
    lowest = min(place for _, place in layout.places)
    highest = max(place for _, place in layout.places)
    widest = max(_width(weighted, k) for k in range(len(weighted)))
    step = max(STEP_X, widest + 120)
    left, top = MARGIN + widest / 2, MARGIN + HEIGHT / 2
    points = [(left + level * step, top + (place - lowest) * STEP_Y) for level, place in layout.places]
    last = max(level for level, _ in layout.places)
    return points, 2 * left + last * step, 2 * top + (highest - lowest) * STEP_Y


def _width(weighted: Weighted, position: int) -> float:
    return 26 + 7.4 * max(len(str(weighted.names[position])), len(_value(weighted, position)))


def _value(weighted: Weighted, position: int) -> str:
    return brief(weighted.values[position]) if isinstance(weighted, Linearization) else ""


def _strong_edges(weighted: Weighted) -> set[tuple[int, int]]:
    if any(weighted.shape(k) != () for k in range(len(weighted))) or not (weighted.inputs and weighted.outputs):
        return set()
    try:
        path = strongest_path(weighted, weighted.inputs[0], weighted.outputs[-1])
    except TypeError:  # symbols have no size
        return set()
    return set(zip(path.positions[1:], path.slots, strict=True)) if path else set()


def _curve(weighted: Weighted, line: Line, points: list[Point]) -> tuple[list[Point], float]:
    """The points of an edge from box to box, and how far it bends aside to part it from its parallel ones."""
    through = [points[stop] for stop in line.stops]
    twins = [slot for slot, source in weighted.edges_into(line.target) if source == line.source]
    bend = min(30.0, 80.0 / len(twins)) * (twins.index(line.slot) - (len(twins) - 1) / 2)
    start = (through[0][0] + _width(weighted, line.source) / 2, through[0][1])
    end = (through[-1][0] - _width(weighted, line.target) / 2 - 2, through[-1][1])
    return [start, *((x, y + bend) for x, y in through[1:-1]), end], bend if len(through) == 2 else 0.0


def _edge(weighted: Weighted, line: Line, points: list[Point], strong: bool) -> str:
    through, bend = _curve(weighted, line, points)
    path = f"M{through[0][0]:.1f} {through[0][1]:.1f}"
    for (x0, y0), (x1, y1) in itertools.pairwise(through):
        half = (x0 + x1) / 2
        path += f"C{half:.1f} {y0 + bend:.1f} {half:.1f} {y1 + bend:.1f} {x1:.1f} {y1:.1f}"
    return f'<path class="edge{" strong" if strong else ""}" d="{path}" marker-end="url(#tip)"/>'


def _label(weighted: Weighted, line: Line, points: list[Point], strong: bool) -> str:
    through, bend = _curve(weighted, line, points)
    if len(through) == 2:
        (x0, y0), (x1, y1) = through
        x, y = (x0 + x1) / 2, (y0 + y1) / 2 + 0.75 * bend
    else:
        x, y = through[len(through) // 2]
    text = edge_label(weighted, line.target, line.slot)
    width = 8 + 6.4 * len(text)
    back = f'<rect x="{x - width / 2:.1f}" y="{y - 9:.1f}" width="{width:.1f}" height="17" rx="5" fill="#fff"/>'
    return f'{back}<text class="z{" strongz" if strong else ""}" x="{x:.1f}" y="{y + 4:.1f}">{escape(text)}</text>'


def _node(weighted: Weighted, position: int, point: Point) -> str:
    (x, y), width, value = point, _width(weighted, position), _value(weighted, position)
    kinds: Mapping[str, tuple[int, ...]] = {"input": weighted.inputs, "output": weighted.outputs}
    classes = " ".join(["node", *(kind for kind, members in kinds.items() if position in members)])
    name = escape(str(weighted.names[position]))
    lines = [f'<text x="{x:.1f}" y="{y + (-2 if value else 5):.1f}">{name}</text>']
    if value:
        lines.append(f'<text class="value" x="{x:.1f}" y="{y + 14:.1f}">{escape(value)}</text>')
    box = f'<rect x="{x - width / 2:.1f}" y="{y - HEIGHT / 2:.1f}" width="{width:.1f}" height="{HEIGHT:.0f}" rx="9"/>'
    return f'<g class="{classes}">{box}{"".join(lines)}</g>'
