"""``--png``: the graph as the machine's Chromium draws it, and what is said where it cannot."""

import struct

import pytest
from click.testing import CliRunner

from backpath.cli import main
from backpath.graph import RunError
from backpath.report.explorer.picture import browser


def explore(*words):
    return CliRunner().invoke(main, ["explore", "cos(w**2)", "--at", "w=1.2", *map(str, words)])


def test_a_picture_is_drawn_in_the_state_that_is_asked_for(tmp_path):
    sizes = {}
    for name, state in (("plain", ""), ("flow", "#color=flow")):
        place = tmp_path / f"{name}.png"
        done = explore("--png", place, "--state", state)
        assert done.exit_code == 0, done.output
        assert done.output.strip() == str(place)
        data = place.read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        sizes[name] = struct.unpack(">II", data[16:24])
    assert sizes["plain"] == sizes["flow"]
    width, height = sizes["plain"]
    assert width > 3 * height > 300
    assert (tmp_path / "plain.png").read_bytes() != (tmp_path / "flow.png").read_bytes()
    assert not (tmp_path / "explorer.html").exists()


def test_nothing_is_overwritten(tmp_path):
    place = tmp_path / "there.png"
    place.write_text("mine")
    done = explore("--png", place)
    assert done.exit_code == 2
    assert "exists: pictures never overwrite a file" in done.output
    assert place.read_text() == "mine"
    done = explore("--png", tmp_path / "no" / "folder.png")
    assert "there is no folder" in done.output


def test_without_a_browser_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunError, match="apt install chromium"):
        browser()
    done = explore("--png", tmp_path / "a.png")
    assert done.exit_code == 2
    assert "Install Chromium" in done.output


def test_a_browser_that_draws_nothing(tmp_path, monkeypatch):
    false = tmp_path / "chromium"
    false.write_text("#!/bin/sh\necho it broke >&2\nexit 1\n")
    false.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    done = explore("--png", tmp_path / "a.png")
    assert done.exit_code == 2
    assert "drew no picture: it broke" in done.output
    assert not (tmp_path / "a.png").exists()
