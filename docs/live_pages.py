"""The explorer's pages that the site embeds, made when the site is built: a hook of MkDocs.

``python docs/live_pages.py FOLDER`` writes them into a folder.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner

import backpath as bp
from backpath.cli import main
from backpath.nets import residual


def cosine() -> str:
    """The chapter's first example, which the guided tour starts from."""
    return bp.explore(bp.parse("cos(w**2)").at(w=1.2), expression="cos(w**2)").html


def branches() -> str:
    """Two nodes that are used twice: paths that part and meet."""
    text = "y = x*w; z = tanh(y); p = z*w; q = cos(y); o = p*q + z"
    return bp.explore(bp.parse(text).at(x=0.7, w=1.2), expression=text).html


def products() -> str:
    """Five layers of two products: 32 paths, all of the same product."""
    text = "a = w*w; b = w*w; c = a*b; d = a*b; e = c*d; f = c*d; g = e*f; h = e*f; o = g*h"
    return bp.explore(bp.parse(text).at(w=1.1), title="five layers of two products", expression=text).html


def network() -> str:
    """A dense network's loss on two examples: arrays that open into neurons, Delta and delta."""
    net = bp.Network([3, 4, 4, 2], activation="tanh", loss="cross_entropy")
    parameters = net.init(seed=1, dtype=float)
    X = np.random.default_rng(0).standard_normal((2, 3))
    return bp.explore(net.linearize(parameters, X, np.array([0, 1])), title="3-4-4-2 tanh, cross-entropy").html


def residual_blocks() -> str:
    """Eight sigmoid layers with skips: most of the gradient goes around them."""
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((4, 4)) / 2 for _ in range(8)]

    def f(x: Any) -> Any:
        for W in weights:
            x = residual(lambda h, W=W: bp.sigmoid(h @ W), x)
        return np.sum(x)

    return bp.explore(bp.explain(f, (rng.standard_normal(4),)), title="eight residual sigmoid layers").html


def run() -> str:
    """A run of the digits, trained here."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for words in (
            [
                "train",
                "digits",
                "--epochs",
                "20",
                "--layers",
                "32,32",
                "--validation",
                "0.1",
                "--engine",
                "numpy",
                "--quiet",
            ],
            ["explore", "runs/digits-1", "--out", "page.html"],
        ):
            done = CliRunner().invoke(main, words, catch_exceptions=False)
            if done.exit_code:
                raise RuntimeError(f"backpath {' '.join(words)}: {done.output}")
        return Path("page.html").read_text(encoding="utf-8")


PAGES: Mapping[str, Callable[[], str]] = {
    "cosine": cosine,
    "branches": branches,
    "products": products,
    "network": network,
    "residual": residual_blocks,
    "run": run,
}


def on_files(files: Any, config: Any) -> Any:
    """Adds ``pages/NAME.html`` to the files of the site."""
    from mkdocs.structure.files import File

    for name, made in PAGES.items():
        with contextlib.redirect_stdout(io.StringIO()):
            files.append(File.generated(config, f"pages/{name}.html", content=made()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """A text with live pages in it has the whole width."""
    if 'class="live"' in markdown:
        page.meta["hide"] = ["navigation", "toc"]
    return markdown


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in PAGES.items():
        (folder / f"{name}.html").write_text(made(), encoding="utf-8")
