"""Pages of the explorer in the machine's Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from backpath.report.explorer import explore

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "these tests need Chromium: install it with the system's package manager, such as `apt-get install chromium` "
    "(`make browser` does so where it may)"
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser; without one the tests fail, and say what to install."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, MISSING
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Saves the page of what it is given, and opens it from disk, at ``hash`` if there is one.

    ``context`` are Playwright's options, such as ``color_scheme``. At the end the test fails if a page said anything on
    its console, or asked for anything but its own file.
    """
    said: list[str] = []
    contexts = []

    def opened(what: Any, hash: str = "", context: dict[str, Any] | None = None, **options: Any) -> Page:
        file = explore(what, **options).save(tmp_path / f"page-{len(contexts)}.html")
        return opened_file(file, hash, context)

    def opened_file(file: Path, hash: str = "", context: dict[str, Any] | None = None) -> Page:
        made = chromium.new_context(**{"reduced_motion": "reduce", **(context or {})})
        contexts.append(made)
        page = made.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if foreign(request.url, file) else None)
        page.goto(f"{file.as_uri()}{hash}")
        page.wait_for_selector(".app[data-ready]")
        return page

    opened.file = opened_file  # type: ignore[attr-defined]
    yield opened
    for made in contexts:
        made.close()
    assert said == []


def foreign(url: str, file: Path) -> bool:
    """Whether a request leaves the file: neither itself, nor made in the page."""
    return not url.startswith((file.as_uri(), "data:", "blob:"))
