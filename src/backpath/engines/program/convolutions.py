"""Products with windows laid out become convolutions, which lay none out: forward, by the kernel, and by the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backpath.engines.program.simplify import without_dead_code
from backpath.graph import Graph, Node
from backpath.ops.windows import Windows


def with_convolutions(graph: Graph) -> Graph:
    """The same function, with nodes ``convolve`` and ``convolve_by_kernel``, which the compiled engine alone knows.

    Both have images and another operand: kernels, of shape (kernel rows * columns * channels, outputs), or the
    adjoint by the result, of shape (windows, outputs).
    """
    if not any(node.primitive in ("unroll", "fold") for node in graph.nodes):
        return graph
    found = _Rewriting()
    for node in graph.nodes:
        found.add(node)
    new = found.new
    return without_dead_code(
        tuple(found.nodes), tuple(new[i] for i in graph.inputs), tuple(new[o] for o in graph.outputs)
    )


class _Rewriting:
    """The new nodes, and the new position of each old one."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.new: list[int] = []

    def add(self, node: Node) -> None:
        node = replace(node, parents=tuple(self.new[p] for p in node.parents))
        made = None
        if node.primitive == "matmul":
            made = self._by_kernel(node) or self._forward(node)
        elif node.primitive == "fold":
            made = self._by_image(node)
        self.new.append(self._append(made or node))

    def _append(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _named(
        self, node: Node, primitive: str, parents: Sequence[int], shape: tuple[int, ...], params: Mapping[str, Any]
    ) -> int:
        made = Node(f"{node.name}.{len(self.nodes)}", primitive, tuple(parents), shape, node.dtype, params)
        return self._append(made)

    def _windows(self, position: int) -> Node | None:
        """What lays out the windows that are the rows of a matrix."""
        shape = self.nodes[position].shape
        while self.nodes[position].primitive == "reshape":
            (position,) = self.nodes[position].parents
        node = self.nodes[position]
        fits = node.primitive == "unroll" and len(node.shape) == 4 and len(shape) == 2 and shape[1] == node.shape[3]
        return node if fits and node.params["columns"].dilation == 1 and 0 not in node.shape else None

    def _forward(self, node: Node) -> Node | None:
        windows, kernels = self._windows(node.parents[0]), self.nodes[node.parents[1]]
        if windows is None or len(kernels.shape) != 2 or kernels.shape[1] == 0:
            return None
        shape = (*windows.shape[:3], kernels.shape[1])
        parents = windows.parents[0], node.parents[1]
        made = self._named(node, "convolve", parents, shape, windows.params)
        return replace(node, primitive="reshape", parents=(made,), params={"shape": node.shape})

    def _by_kernel(self, node: Node) -> Node | None:
        rolled, adjoint = (self.nodes[p] for p in node.parents)
        if rolled.primitive != "transpose" or len(rolled.shape) != 2 or len(adjoint.shape) != 2 or 0 in node.shape:
            return None
        windows = self._windows(rolled.parents[0])
        if windows is None:
            return None
        params = {"rows": windows.params["rows"], "columns": windows.params["columns"]}
        return replace(
            node, primitive="convolve_by_kernel", parents=(windows.parents[0], node.parents[1]), params=params
        )

    def _by_image(self, node: Node) -> Node | None:
        """Put back, each entry of an image is a sum over windows of the adjoint, which has the turned kernel."""
        rows, columns, shape = node.params["rows"], node.params["columns"], node.params["shape"]
        position = node.parents[0]
        while self.nodes[position].primitive == "reshape":
            (position,) = self.nodes[position].parents
        product = self.nodes[position]
        turned = _turned(rows, shape[1]), _turned(columns, shape[2])
        if product.primitive != "matmul" or len(shape) != 4 or None in turned or columns.dilation != 1:
            return None
        adjoint, flipped = (self.nodes[p] for p in product.parents)
        if flipped.primitive != "transpose" or len(product.shape) != 2 or 0 in shape or 0 in adjoint.shape:
            return None
        outputs = adjoint.shape[1]
        if product.shape != (shape[0] * rows.count * columns.count, rows.size * columns.size * shape[3]):
            return None
        sizes = shape[0], rows.count, columns.count, outputs
        image = self._named(node, "reshape", product.parents[:1], sizes, {"shape": sizes})
        sizes = rows.size, columns.size, shape[3], outputs
        kernels = self._named(node, "reshape", flipped.parents, sizes, {"shape": sizes})
        kernels = self._named(node, "index", [kernels], sizes, {"index": (slice(None, None, -1),) * 2})
        kernels = self._named(node, "transpose", [kernels], (*sizes[:2], outputs, shape[3]), {"axes": (0, 1, 3, 2)})
        flat = rows.size * columns.size * outputs, shape[3]
        kernels = self._named(node, "reshape", [kernels], flat, {"shape": flat})
        return replace(
            node, primitive="convolve", parents=(image, kernels), params={"rows": turned[0], "columns": turned[1]}
        )


def _turned(windows: Windows, length: int) -> Windows | None:
    """The windows over what came out of these that see all that an entry went into; None where there are none such."""
    span = windows.dilation * (windows.size - 1)
    before, after = span - windows.before, length - windows.count + windows.before
    if windows.stride != 1 or before < 0 or after < 0:
        return None
    return Windows(windows.size, 1, windows.dilation, before, after, length)
