"""Pages of the explorer in the machine's Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import backpath as bp
from backpath.report.explorer import explore
from backpath.report.explorer.payload import packed, payload
from backpath.report.explorer.picture import browser

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser; without one the tests fail, and say what to install."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=browser(), args=FLAGS)
        yield launched
        launched.close()


class Pages:
    """Saves pages, and opens them from disk; keeps what they say on the console and ask from elsewhere."""

    def __init__(self, browser: Browser, folder: Path):
        self.browser, self.folder = browser, folder
        self.contexts: list[Any] = []
        self.said: list[str] = []

    def __call__(self, what: Any, hash: str = "", context: dict[str, Any] | None = None, **options: Any) -> Page:
        """The page of ``what``, at ``hash``; ``context`` are Playwright's options, such as ``color_scheme``."""
        file = self.folder / f"page-{len(self.contexts)}.html"
        return self.file(explore(what, **options).save(file), hash, context)

    def file(self, file: Path, hash: str = "", context: dict[str, Any] | None = None) -> Page:
        """A page that was saved."""
        made = self.browser.new_context(**{"reduced_motion": "reduce", **(context or {})})
        self.contexts.append(made)
        page = made.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.said.append(request.url) if _foreign(request.url, file) else None)
        page.goto(f"{file.as_uri()}{hash}")
        page.wait_for_selector(".app[data-ready]")
        return page

    def close(self) -> None:
        for made in self.contexts:
            made.close()
        assert self.said == []


def _foreign(url: str, file: Path) -> bool:
    """Whether a request leaves the file: neither itself, nor made in the page."""
    return not url.startswith((file.as_uri(), "data:", "blob:"))


@pytest.fixture
def open_page(chromium: Browser, tmp_path: Path) -> Iterator[Pages]:
    """Opens pages; at the end the test fails if one said anything on its console, or asked for anything elsewhere."""
    pages = Pages(chromium, tmp_path)
    yield pages
    pages.close()


@pytest.fixture(scope="session")
def laboratory(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Runs ``script``, a function of an app, in one page that stays open, on what Python gives it."""
    pages = Pages(chromium, tmp_path_factory.mktemp("laboratory"))
    page = pages(bp.parse("w*w").at(w=1.0))

    def run(what: Any, script: str, argument: Any = None, **options: Any) -> Any:
        with np.errstate(all="ignore"):
            data = packed(payload(what, **options))
        call = f"async ([data, argument]) => ({script})(await window.backpath.load({{ data }}), argument)"
        return page.evaluate(call, [data, argument])

    yield run
    pages.close()
