"""The pictures of the README and of the gallery: screenshots of the explorer's pages, and what ``plot`` draws.

``python docs/pictures.py`` writes docs/pictures; it takes Chromium, and the groups that ``make test`` installs.
"""

from __future__ import annotations

import io
import runpy
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from live_pages import PAGES
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import backpath as bp
from backpath.report.explorer.picture import browser

FOLDER = Path(__file__).parent / "pictures"
ROOT = Path(__file__).parents[1]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]
WIDE, PHONE = (1280, 800), (390, 844)
TRAIN = "([rounds, steps]) => { while (rounds--) window.backpath.app.trainer.advance(steps); }"


@dataclass(frozen=True)
class Shot:
    """A picture of a page: which one, in what state, of what size and theme, after n rounds of how many steps."""

    page: str
    state: str
    size: tuple[int, int] = WIDE
    theme: str = "light"
    trained: tuple[int, int] | None = None


SPIRALS = "#tab=train&train.data=spirals&train.depth=4&train.width=12&train.activation=relu&train.rate=0.1"
DEEP = "#tab=train&train.depth=6&train.activation=sigmoid&train.rate=0.5&train.start=normal&train.exhibit=start-small"

SHOTS: Mapping[str, Shot] = {
    "step": Shot("branches", "#step=14&color=adjoint"),
    "paths": Shot("products", "#tab=paths&color=paths&src=w&out=o&path=3"),
    "flow": Shot("residual", "#tab=semirings&color=flow"),
    "train": Shot("cosine", SPIRALS, trained=(150, 12)),
    "vanish": Shot("cosine", DEEP, size=(1280, 1000), trained=(20, 1)),
    "run": Shot("run", "#tab=run", size=(1280, 1180)),
    "dark": Shot("network", "#reading=post&color=adjoint", theme="dark"),
    "phone": Shot("cosine", "#tour=2&expr=y%20%3D%20w**2%3B%20o%20%3D%20cos(y)&at=w%3D1.2&sel=n0", size=PHONE),
}


def main() -> None:
    """All pictures."""
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser(), args=FLAGS)
        for name in {shot.page for shot in SHOTS.values()}:
            (Path(folder) / f"{name}.html").write_text(PAGES[name](), encoding="utf-8")
        for name, shot in SHOTS.items():
            save(name, taken(chromium, Path(folder), shot))
        chromium.close()
    vanishing = runpy.run_path(str(ROOT / "examples" / "vanishing.py"))
    for name, f in (("plain", vanishing["plain"]), ("skips", vanishing["with_skips"])):
        figure: Any = bp.explain(f, (vanishing["POINT"],)).plot()
        data = io.BytesIO()
        figure.savefig(data, dpi=100)
        save(f"explain-{name}", data.getvalue())
    save("carried-heads", of_heads())


def of_heads() -> bytes:
    """What the heads of a trained transformer carry."""
    # It imports its networks from beside it.
    sys.path.append(str(ROOT))
    depth = runpy.run_module("examples.torch_depth")
    network, _ = depth["trained_transformer"]()
    data = io.BytesIO()
    depth["heads"](network)[0].plot().savefig(data, dpi=100)
    return data.getvalue()


def taken(chromium: Browser, folder: Path, shot: Shot) -> bytes:
    """A screenshot of a page in its state."""
    width, height = shot.size
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=shot.theme)  # pyright: ignore
    page = context.new_page()
    page.goto(f"{(folder / shot.page).with_suffix('.html').as_uri()}{shot.state}")
    page.wait_for_selector(".app[data-ready]")
    if shot.trained:
        page.wait_for_function("window.backpath.app.trainer")
        page.evaluate(TRAIN, list(shot.trained))
    page.wait_for_timeout(500)
    data = page.screenshot()
    context.close()
    return data


def save(name: str, data: bytes) -> None:
    """A picture of few colours, which is small."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
