"""The page in a browser: by keyboard alone, for screen readers, light and dark, in files and in notebooks."""

import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from report.explorer.graphs import explanation, network, random_dag, residual

import backpath as bp
from backpath.report.explorer.document import fragment
from backpath.report.explorer.payload import packed, payload

STATE = "() => ({ ...window.backpath.app.state })"


def state(page):
    return page.evaluate(STATE)


def expression(text="y = w**2; o = cos(y) * w + a", **point):
    return bp.parse(text).at(**(point or {"w": 1.2, "a": 0.5}))


def test_by_keyboard_alone(open_page):
    page = open_page(expression(), expression="y = w**2; o = cos(y) * w + a")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("() => window.backpath.app.root.getRootNode().activeElement?.matches('.steps')"):
            break
    else:
        pytest.fail("the slider is not reached by Tab")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert state(page)["step"] == 1
    page.evaluate("() => document.activeElement.shadowRoot.activeElement.blur()")
    page.keyboard.press("n")
    assert state(page)["step"] == 2
    page.keyboard.press("Shift+Space")
    assert state(page)["step"] == 1
    page.keyboard.press("End")
    assert state(page)["step"] == -1
    page.keyboard.press("2")
    assert state(page)["color"] == "adjoint"
    walked = []
    page.keyboard.press("ArrowRight")
    for _ in range(5):
        walked.append(
            page.evaluate(
                "() => window.backpath.app.graph.names[window.backpath.app.nodeOf(window.backpath.app.state.sel)]"
            )
        )
        page.keyboard.press("ArrowRight")
    assert walked[0] == "w"
    assert walked[-1] == "o"
    page.keyboard.press("ArrowLeft")
    assert state(page)["sel"] != ""
    page.keyboard.press("o")
    assert state(page)["out"] != ""
    page.keyboard.press("]")
    assert state(page)["tab"] == "paths"
    page.keyboard.press("?")
    assert page.locator("dialog.help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog.help").is_visible()
    dark = "() => window.backpath.app.theme()"
    before = page.evaluate(dark)
    page.keyboard.press("t")
    assert page.evaluate(dark) != before


def test_arrays_groups_and_search_by_keyboard(open_page):
    page = open_page(residual(), "#open=none")
    assert page.locator(".node.fold").count() >= 3
    page.keyboard.press("/")
    page.keyboard.type("tanh_6")
    page.keyboard.press("Enter")
    name = "() => window.backpath.app.graph.names[window.backpath.app.nodeOf(window.backpath.app.state.sel)]"
    assert page.evaluate(name) == "tanh_6"
    page.keyboard.press("Enter")
    assert page.locator(".node.cell").count() == 4
    page.keyboard.press("ArrowDown")
    assert state(page)["sel"][0] == "e"
    page.keyboard.press("/")
    page.keyboard.type("W[3,2]")
    page.keyboard.press("Enter")
    assert (
        page.evaluate(
            "() => window.backpath.app.graph.nameOf(window.backpath.app.entryOf(window.backpath.app.state.sel))"
        )
        == "W[3,2]"
    )


@pytest.mark.parametrize(
    ("scheme", "tab"),
    [("light", "step"), ("light", "semirings"), ("light", "change"), ("dark", "paths"), ("dark", "change")],
)
def test_axe_finds_nothing_serious(open_page, scheme, tab):
    page = open_page(
        expression(), f"#tab={tab}&shown=1", {"color_scheme": scheme}, expression="y = w**2; o = cos(y) * w + a"
    )
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in serious] == []


def test_axe_finds_nothing_serious_in_networks(open_page):
    page = open_page(
        explanation(), "#color=flow&step=9", {"color_scheme": "light", "viewport": {"width": 390, "height": 844}}
    )
    page.evaluate("() => window.backpath.app.toggle('n8')")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []


def test_paths_are_chosen_lit_and_summed(open_page):
    text = "a0=w*1; b0=w*1; a1=a0*b0; b1=a0*b0; a1*b1"
    page = open_page(expression(text, w=1.1), "#tab=paths")
    panel = page.locator(".of-paths")
    assert panel.locator(".big").text_content() == "4 paths"
    assert panel.locator(".path-list li").count() == 4
    panel.locator(".path-list button").nth(2).focus()
    assert page.locator(".edge.lit").count() == 3
    panel.locator(".path-list button").nth(2).click()
    assert state(page)["path"] == 2
    work = panel.locator(".work").text_content()
    assert re.search(r"w → [ab]0 → [ab]1 → multiply_\d+", work)
    for k in range(1, 5):
        panel.get_by_role("button", name="Add a path").click()
        assert state(page)["shown"] == k
    sums = [
        cell.replace("−", "-") for cell in panel.locator(".beside tbody tr").first.locator("td").all_text_contents()
    ]
    assert sums == [f"{4 * 1.1**3:.6g}"] * 2
    rows = [r.split("\t") for r in panel.locator(".beside tbody").inner_text().split("\n")]
    assert ["multiplications", "8", "6"] in rows
    page.locator(".node.input").click()
    assert state(page)["src"] == "w"


def test_lengths_light_their_part(open_page):
    page = open_page(expression("y = w*w; o = y*w + sin(w)", w=1.3), "#tab=semirings")
    bars = page.locator(".length")
    assert [b.split(":")[0] for b in bars.evaluate_all("(all) => all.map((b) => b.getAttribute('aria-label'))")] == [
        "2 edges",
        "3 edges",
    ]
    bars.first.hover()
    short = page.locator(".edge.lit").count()
    bars.nth(1).hover()
    assert page.locator(".edge.lit").count() > 0
    assert short > 0
    page.mouse.move(5, 5)
    assert page.locator(".edge.lit").count() == 0


def test_changes_follow(open_page):
    page = open_page(expression("y = w**2; o = cos(y)", w=1.2), "#tab=change", expression="y = w**2; o = cos(y)")
    page.get_by_label("w, as a number").fill("0.5")
    page.get_by_label("w, as a number").press("Enter")
    expected = bp.parse("y = w**2; o = cos(y)").at(w=0.5)
    value = "() => window.backpath.app.graph.values[2]"
    assert page.evaluate(value) == pytest.approx(float(expected["o"]), rel=1e-15)
    box = page.locator(".node.input").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 20, steps=4)
    page.mouse.up()
    assert page.evaluate("() => window.backpath.app.graph.values[0]") > 0.9
    page.get_by_label("Expression").fill("o = sin(w) * b")
    page.wait_for_function("() => window.backpath.app.graph.size === 4")
    assert page.locator("h1").text_content() == "o = sin(w) * b"
    page.get_by_label("Expression").fill("o = sin(w")
    page.wait_for_selector(".error:not(:empty)")
    assert "expected ')'" in page.locator(".error").text_content()
    page.get_by_role("button", name="As it was").click()
    assert page.evaluate(value) == float(bp.parse("y = w**2; o = cos(y)").at(w=1.2)["o"])


def test_a_link_holds_the_state(open_page):
    text = "y = w**2; o = cos(y)"
    page = open_page(expression(text, w=1.2), expression=text)
    page.evaluate(
        "() => window.backpath.app.set({ step: 3, color: 'flow', tab: 'paths', at: 'w=0.3', expr: 'o = w*w' })"
    )
    page.wait_for_function("() => location.hash.includes('flow')")
    hash = page.evaluate("() => location.hash")
    again = open_page(expression(text, w=1.2), hash, expression=text)
    assert state(again) == state(page)
    assert again.evaluate("() => window.backpath.app.graph.values[1]") == pytest.approx(0.09)
    again.evaluate("() => { location.hash = '#tab=semirings&step=nonsense&color='; }")
    again.wait_for_function("() => window.backpath.app.state.tab === 'semirings'")
    assert state(again)["step"] == -1


def test_nothing_moves_from_step_to_step(open_page):
    page = open_page(network(), "#step=0")
    places = """() => [...window.backpath.app.root.querySelectorAll(".graph [data-id]")]
        .map((g) => [g.dataset.id, g.querySelector("rect").getBBox().x, g.querySelector("rect").getBBox().y])"""
    first = page.evaluate(places)
    for step in (5, 20, 34):
        page.evaluate("(k) => window.backpath.app.stepTo(k)", step)
        assert page.evaluate(places) == first


@pytest.mark.parametrize("make", [network, explanation, residual])
def test_boxes_do_not_overlap_whatever_is_open(open_page, make):
    page = open_page(make())
    script = """(open) => {
        const { app } = window.backpath;
        app.set({ open });
        const boxes = [...app.view.parts.values()].map(({ box }) => box);
        return boxes.filter((b) => !["frame", "cells"].includes(b.kind)).map((b) => [b.x, b.y, b.width, b.height]);
    }"""
    everything = "() => [...window.backpath.app.view.parts.keys()].join()"
    opened = page.evaluate("() => window.backpath.app.folds.map((_, k) => `g${k}`).join()")
    for choice in ("none", opened, f"{opened},{page.evaluate(everything)}"):
        boxes = page.evaluate(script, choice)
        for k, (x, y, w, h) in enumerate(boxes):
            for x2, y2, w2, h2 in boxes[:k]:
                assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_large_graphs_show_at_most_three_hundred_things(open_page):
    page = open_page(random_dag(5000))
    assert page.evaluate("() => window.backpath.app.view.scene.count") <= 300
    page.keyboard.press("/")
    page.keyboard.type("4321")
    page.keyboard.press("Enter")
    assert page.evaluate("() => window.backpath.app.view.parts.has('n4321')")
    assert page.evaluate("() => window.backpath.app.view.scene.count") <= 300


def test_several_stand_in_one_notebook(open_page, tmp_path):
    cells = [fragment(packed(payload(p))) for p in (expression(), residual(), expression())]
    file = tmp_path / "notebook.html"
    file.write_text("<!doctype html><style>rect,button{display:none}</style>" + "".join(cells), encoding="utf-8")
    page = open_page.file(file)
    page.wait_for_function(
        "() => document.querySelectorAll('[data-backpath]').length === 3 && window.backpath.apps.length === 3"
    )
    page.evaluate("() => window.backpath.apps[0].set({ color: 'flow' })")
    assert page.evaluate("() => window.backpath.apps.map((a) => a.state.color)") == ["flow", "value", "value"]
    assert page.evaluate("() => location.hash") == ""
    assert page.locator(".node rect").first.is_visible()


def test_a_cell_that_comes_after_its_script(open_page, tmp_path):
    """As in notebooks, which run scripts of a cell before they show it."""
    div, script = fragment(packed(payload(expression()))).split("\n", 1)
    late = f"<script>setTimeout(() => document.body.insertAdjacentHTML('beforeend', {json.dumps(div)}), 400)</script>"
    file = tmp_path / "late.html"
    file.write_text(f"<!doctype html><body>{script}{late}</body>", encoding="utf-8")
    page = open_page.file(file)
    assert page.locator(".node.scalar").count() == len(expression())


def test_the_picture_is_saved_whole(open_page):
    page = open_page(expression())
    with page.expect_download() as download:
        page.locator(".menu summary").click()
        page.get_by_role("menuitem", name="Picture as SVG").click()
    root = ET.parse(download.value.path()).getroot()
    texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "1.44" in texts
    assert not [e for e in root.iter() if e.get("class")]
    with page.expect_download() as download:
        page.locator(".menu summary").click()
        page.get_by_role("menuitem", name="Picture as PNG").click()
    with open(download.value.path(), "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"


def test_what_is_too_large_is_summed_up(open_page):
    net = bp.Network([300, 120, 60, 10], activation="relu", loss="cross_entropy")
    e = bp.explain(net, (net.init(0, float), np.random.default_rng(0).random((2, 300))), (0, 3))
    page = open_page(e, "#tab=summary")
    told = page.locator(".of-summary").inner_text()
    assert f"{e.count():,}".replace(",", "\u202f") in told
    assert page.locator(".path-list li").count() == 20
    assert json.loads(page.evaluate("() => JSON.stringify(window.backpath.app.payload.scalars)")) is None
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    assert state(page)["step"] == 1
