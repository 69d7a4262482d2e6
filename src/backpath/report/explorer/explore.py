"""``explore``: any graph at a point as a page to step through."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backpath.graph import RunError
from backpath.report.explorer.document import document, fragment
from backpath.report.explorer.payload import Explorable, packed, payload


@dataclass(frozen=True, repr=False)
class Explorer:
    """A page that shows a graph at a point; a notebook shows it as it is.

    Attributes:
        title: what stands above it.
        data: what the page is given, packed.
    """

    title: str
    data: str

    @property
    def html(self) -> str:
        """The whole file, which needs nothing else."""
        return document(self.data, self.title)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page into a new file, and give its path.

        Raises:
            RunError: if the file is there.
        """
        path = Path(path)
        if os.path.lexists(path):
            raise RunError(f"{path} exists: pages never overwrite a file; give another path")
        path.write_text(self.html, encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        return fragment(self.data)

    def __repr__(self) -> str:
        return f"Explorer of {self.title}: save(path) writes the page"


def explore(
    what: Explorable,
    title: str | None = None,
    expression: str | None = None,
    panels: Mapping[str, Any] | None = None,
) -> Explorer:
    """A page to step through a graph forward and backward, path by path, in one file that needs no network.

    Args:
        what: a Linearization, a Dag, or an Explanation. Up to 60,000 scalar edges the page has every neuron; beyond,
            array nodes with their sizes, flows and strongest paths.
        title: what stands above; by default the expression, or what is differentiated.
        expression: what the graph was made of; by default one is written for a graph of elementary functions of
            single numbers, which the page lets be edited.
        panels: data of further panels, by their id.

    Raises:
        GraphError: if there is no node, or a value is no real number.

    >>> import backpath as bp
    >>> bp.explore(bp.parse("cos(w**2)").at(w=1.2))
    Explorer of cos(w**2): save(path) writes the page
    """
    with np.errstate(all="ignore"):
        data = payload(what, title, expression, panels)
    return Explorer(data["title"], packed(data))
