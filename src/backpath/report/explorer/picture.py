"""A page as a PNG picture, drawn by the Chromium of this machine."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from backpath.graph import RunError

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
QUIET = (
    "--headless --disable-gpu --disable-quic --disable-sync --no-first-run --disable-background-networking "
    "--disable-component-update"
).split()
PATIENCE = 60.0
"""Seconds after which a browser that has drawn nothing is given up."""

SETTLED = 10_000
"""Milliseconds of the page's own time until the picture must be there."""

SCRIPT = """
<script>
(async () => {
  while (!window.backpath?.app) await new Promise((go) => setTimeout(go, 20));
  const picture = await window.backpath.app.png();
  const text = await new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.readAsDataURL(picture);
  });
  document.body.textContent = `backpath-picture:${text}:`;
})();
</script>
"""
"""Writes the picture into the page as text, which the browser then prints."""


def browser() -> str:
    """Where a Chromium is.

    Raises:
        RunError: if there is none on the path.
    """
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise RunError(
        f"no browser to draw with: none of {', '.join(BROWSERS)} is on the path. Install Chromium (apt install "
        f"chromium; brew install --cask chromium), or save the picture from the page itself: Save, Picture as PNG"
    )


def draw(html: str, place: str | os.PathLike[str], state: str = "") -> Path:
    """Draw the graph of a page into a new file, at twice its size, as the page itself saves it.

    Args:
        html: the page.
        place: the file, which must not be there.
        state: of the page, as its address holds it: ``"#color=flow"``.

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
        page = Path(folder) / "page.html"
        page.write_text(html + SCRIPT, encoding="utf-8")
        done = _run([program, *QUIET, *_own(Path(folder)), "--dump-dom", f"{page.as_uri()}{state}"])
    found = re.search("backpath-picture:([A-Za-z0-9+/=]+):", done.stdout)
    if not found:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise RunError(f"{program} drew no picture: {last}")
    place.write_bytes(base64.b64decode(found[1]))
    return place


def _own(folder: Path) -> list[str]:
    # Chromium's sandbox refuses to start for the superuser, as in a container.
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [
        *root,
        "--window-size=1280,800",
        f"--user-data-dir={folder / 'profile'}",
        f"--virtual-time-budget={SETTLED}",
    ]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise RunError(f"{command[0]} drew no picture in {PATIENCE:.0f} s") from None
    except OSError as error:
        raise RunError(f"{command[0]} cannot be started: {error.strerror}") from None
