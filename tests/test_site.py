"""The documentation site: it builds without a warning, links lead somewhere, and nothing is loaded from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import backpath as bp

ROOT = Path(__file__).parents[1]
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""Elements that make a browser fetch what they name."""


class Page(HTMLParser):
    """What a page names: anchors, links, and what it loads."""

    def __init__(self, text: str):
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := named.get(key))}
        if tag == "a" and named.get("href"):
            self.links.append(str(named["href"]))
        if tag in LOADING and named.get(LOADING[tag]) and named.get("rel") not in ("canonical", "next", "prev"):
            self.loaded.append(str(named[LOADING[tag]]))


@cache
def page(file: Path) -> Page:
    return Page(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(place)]
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": path}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=quiet, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    return place


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    """All but Material's own page for what is not found, whose links are of no folder."""
    return {file: page(file) for file in sorted(site.rglob("*.html")) if file.name != "404.html"}


def test_links_lead_to_files_and_anchors(pages):
    missing = []
    for file, found in pages.items():
        for link in [*found.links, *found.loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            target = target / "index.html" if target.is_dir() else target
            live = "pages" in target.parts
            if not target.is_file() or (
                parts.fragment and not live and unquote(parts.fragment) not in page(target).anchors
            ):
                missing.append(f"{file.name}: {link}")
    assert missing == []
    assert sum(len(found.links) for found in pages.values()) > 1000


def test_nothing_is_loaded_from_elsewhere(site, pages):
    foreign = {link for found in pages.values() for link in found.loaded if urlsplit(link).scheme in ("http", "https")}
    assert foreign == set()
    assert {link for found in pages.values() for link in found.loaded if link.startswith("//")} == set()
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(\s*[\"']?(https?:)?//|@import", sheet.read_text(encoding="utf-8")), sheet


def test_pages_are_live(site, pages):
    framed = {unquote(urlsplit(link).path) for found in pages.values() for link in found.loaded if "pages/" in link}
    assert {f"pages/{name}.html" for name in ("cosine", "branches", "products", "residual", "run")} <= framed
    for name in framed:
        assert 'data-backpath="' in (site / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", bp.__all__)
def test_every_public_name_has_its_entry(pages, name):
    anchors = set().union(*(found.anchors for file, found in pages.items() if file.parent.name == "api"))
    value = getattr(bp, name)
    home = f"{getattr(value, '__module__', '')}.{name}"
    modules = {"optimizers": "backpath.optimizers.sgd", "schedules": "backpath.schedules.one_cycle"}
    # A name that a module has too leads to the module, unless it is written in full.
    full = home.endswith(f".{name}.{name}")
    known = ({home} if full else {f"backpath.{name}", home, modules.get(name)}) & anchors
    entry = home if full else f"backpath.{name}"
    assert known, f"no page in docs/api has an entry for {name}: write ::: {entry} into one"
