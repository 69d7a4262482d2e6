"""Training, run and tour for everyone: axe finds nothing serious, in both themes, on a phone and by the keys alone."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

import backpath as bp

PAGE = bp.parse("cos(w**2)").at(w=1.2)
PHONE = {"viewport": {"width": 390, "height": 844}}
WIDE = {"viewport": {"width": 1280, "height": 900}}


def run_panel():
    """A run as its page is given it; ``test_run_in_page`` has real ones."""
    cell = {"actual": "a", "predicted": "b", "certainty": 0.9, "place": "row 1", "row": 0, "loss": 2.0, "depth": 2.0}
    picture = {"height": 2, "width": 2, "pixels": [0, 0.5, 1, 0], "slopes": [1, -1, 0, 0.5]}
    told = {
        "subject": "score of b over a",
        "count": "12",
        "lengths": [[2, 1.0]],
        "features": [["x", 1.0, -2.0], ["y", 0.5, 1.0]],
    }
    row = {**cell, **told, "paths": [["x -> h[0] -> o", -1.5, 0.6]], "cells": [["x", "1"]], "picture": picture}
    return {
        "name": "runs/a-1", "target": "c", "task": "classification", "part": "test", "classes": ["a", "b"],
        "settings": [["data", "a.csv"], ["seed", "0"]], "rows": {"test": 12, "train": 40},
        "history": {"epoch": [1.0, 2.0], "loss": [0.7, 0.2], "factor": [1.0, 1.0]},
        "losses": {"test": 0.3, "train": 0.2},
        "scores": {"test": {"accuracy": 0.9}, "train": {"accuracy": 1.0}}, "confusion": [[5, 1], [0, 6]],
        "mistakes": [["a", "b", 1]], "wrong": [row, {**row, "place": "row 2"}],
    }  # fmt: skip


@pytest.mark.parametrize(("size", "theme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide-light", "phone-dark"])
@pytest.mark.parametrize("tab", ["train", "run", "tour"])
def test_axe_finds_nothing_serious(open_page, tab, size, theme):
    stop = "&tour=8" if tab == "tour" else ""
    page = open_page(PAGE, f"#tab={tab}{stop}", {**size, "color_scheme": theme}, panels={"run": run_panel()})
    if tab == "train":
        page.evaluate("window.backpath.app.trainer.choose('start-small'); window.backpath.app.trainer.advance(5)")
    response = Axe().run(page).response
    found, names = response["violations"], [rule for rule in response["passes"] if rule["id"] == "button-name"]
    assert isinstance(names[0]["nodes"][0]["target"][0], list)  # it looks into the shadow root
    serious = {
        v["id"]: [node["html"][:120] for node in v["nodes"]] for v in found if v["impact"] in ("serious", "critical")
    }
    assert serious == {}


@pytest.mark.parametrize("tab", ["train", "run", "tour"])
def test_a_phone_scrolls_one_way_only(open_page, tab):
    page = open_page(PAGE, f"#tab={tab}", PHONE, panels={"run": run_panel()})
    bodies = page.locator(".bodies")
    assert bodies.evaluate("e => e.scrollWidth - e.clientWidth") <= 0


def test_a_training_by_the_keys_alone(open_page):
    page = open_page(PAGE, "#tab=train", WIDE)
    page.get_by_role("button", name="Train", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_function("window.backpath.app.trainer.session.steps > 4")
    page.keyboard.press("Space")
    assert not page.evaluate("window.backpath.app.trainer.playing")
    assert page.evaluate("window.backpath.app.state.step") == -1
    page.get_by_role("slider", name="Hidden layers").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.backpath.app.state['train.depth']") == 4
    assert page.evaluate("window.backpath.app.trainer.session.network.layers") == 5
    assert page.get_by_role("slider", name="Hidden layers").get_attribute("aria-valuetext") == "4"


def test_two_pages_in_one_notebook_do_not_disturb_each_other(open_page, tmp_path):
    both = "".join(
        bp.explore(bp.parse(text).at(w=w))._repr_html_() for text, w in (("cos(w**2)", 1.2), ("sin(w)", 0.5))
    )
    file = tmp_path / "both.html"
    file.write_text(f"<!doctype html><meta charset=utf-8><title>both</title>{both}")
    page = open_page.file(file)
    page.wait_for_function("window.backpath.apps.length === 2")
    told = page.evaluate(
        """() => {
            const [a, b] = window.backpath.apps;
            a.set({ tab: "train" });
            b.set({ tab: "train" });
            a.trainer.advance(20);
            return [a.trainer.session.steps, b.trainer.session.steps, location.hash];
        }"""
    )
    assert told == [20, 0, ""]
    assert np.isfinite(page.evaluate("window.backpath.apps[0].trainer.session.now.loss"))
