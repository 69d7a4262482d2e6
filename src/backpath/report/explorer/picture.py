"""A page as a PNG picture, drawn by the Chromium of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from backpath.graph import RunError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
QUIET = (
    "--headless --disable-gpu --disable-quic --disable-sync --no-first-run --disable-background-networking "
    "--disable-component-update --hide-scrollbars --run-all-compositor-stages-before-draw"
).split()
PATIENCE = 60.0
"""Seconds after which a browser that has drawn nothing is given up."""

SETTLED = 4_000
"""Milliseconds of the page's own time until it is drawn."""


def browser() -> str:
    """Where a Chromium is.

    Raises:
        RunError: if there is none on the path.
    """
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise RunError(
        f"no browser to draw with: none of {', '.join(BROWSERS)} is on the path. Install Chromium (apt install chromium; "
        f"brew install --cask chromium), or save the picture from the page itself: Save, PNG"
    )


def draw(html: str, place: str | os.PathLike[str], state: str = "", size: tuple[int, int] = (1280, 800)) -> Path:
    """Draw a page into a new file, at twice its size in pixels.

    Args:
        html: the page.
        place: the file, which must not be there.
        state: of the page, as its address holds it: ``"#tab=paths"``.
        size: of the window.

    Raises:
        RunError: if the file is there, there is no browser, or it draws nothing.
    """
    place = Path(place)
    if os.path.lexists(place):
        raise RunError(f"{place} exists: pictures never overwrite a file; give another --png")
    if not place.absolute().parent.is_dir():
        raise RunError(f"{place} cannot be written: there is no folder {place.parent}")
    program = browser()
    with tempfile.TemporaryDirectory(prefix="backpath-", ignore_cleanup_errors=True) as folder:
        page, picture = Path(folder) / "page.html", Path(folder) / "page.png"
        page.write_text(html, encoding="utf-8")
        told = _run([*_command(program, Path(folder), size), f"--screenshot={picture}", f"{page.as_uri()}{state}"])
        if not picture.is_file():
            last = (told.strip().splitlines() or ["it said nothing"])[-1]
            raise RunError(f"{program} drew no picture: {last}")
        shutil.copyfile(picture, place)
    return place


def _command(program: str, folder: Path, size: tuple[int, int]) -> list[str]:
    # Chromium's sandbox refuses to start for the superuser, as in a container.
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    window = f"--window-size={size[0]},{size[1]}"
    profile = f"--user-data-dir={folder / 'profile'}"
    return [program, *QUIET, *root, window, profile, "--force-device-scale-factor=2", f"--virtual-time-budget={SETTLED}"]


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise RunError(f"{command[0]} drew no picture in {PATIENCE:.0f} s") from None
    except OSError as error:
        raise RunError(f"{command[0]} cannot be started: {error.strerror}") from None
    return done.stderr
