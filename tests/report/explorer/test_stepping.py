"""Stepping forward and back: every number of the table appears, at its time, and none before it is computed."""

import pytest
from report.explorer.graphs import explanation, network

import backpath as bp
from backpath.paths.table import brief

DASH = "–"

ROWS = """() => [...window.backpath.app.root.querySelectorAll(".of-step tbody tr")].map((tr) =>
    [...tr.children].map((cell) => cell.textContent))"""
FORMULA = """() => [...window.backpath.app.root.querySelectorAll(".dock .line")].map((line) =>
    [...line.children].map((part) => part.textContent.trim()))"""
CARDS = """() => [...window.backpath.app.root.querySelectorAll(".node.scalar")].map((g) =>
    [g.querySelector(".name").textContent, ...[...g.querySelectorAll(".value")].map((t) => t.textContent)])"""


def plain(text):
    return text.replace("−", "-")


def rows(page):
    return [[plain(cell) for cell in row] for row in page.evaluate(ROWS)]


def formula(page):
    return [[plain(part) for part in line] for line in page.evaluate(FORMULA)]


def test_every_number_of_the_table_appears_at_its_step(open_page):
    p = bp.parse("y = w**2; z = a*sin(w); o = cos(y)*z").at(w=1.2, a=-0.7)
    page = open_page(p, "#step=0")
    assert {cell for row in rows(page) for cell in row[2:]} == {DASH}
    names, shown = p.names, set()
    page.locator("svg.graph").press("Home")
    for step in range(2 * len(p)):
        page.keyboard.press("Space")
        before = rows(page)
        computed = names[: step + 1] if step < len(p) else names
        adjoint = names[::-1][: max(0, step + 1 - len(p))]
        assert [row[0] for row in before if row[2] != DASH] == computed
        assert [row[0] for row in before if row[3] != DASH] == adjoint[::-1]
        for _, content in formula(page):
            shown.add(content.split(" = ")[-1].removesuffix("  given").removesuffix("given").strip())
    final = rows(page)
    assert [row[2] for row in final] == [brief(v) for v in p.values]
    assert [row[3] for row in final] == [brief(float(p.gradient(name, "o"))) for name in names]
    assert {cell for row in final for cell in row[2:]} <= shown


def test_the_picture_shows_the_same_and_a_dash_before(open_page):
    p = bp.parse("y = w**2; o = cos(y)").at(w=1.2)
    page = open_page(p, "#step=2")
    cards = {name: numbers for name, *numbers in page.evaluate(CARDS)}
    assert cards == {"w": ["1.2", DASH], "y": ["1.44", DASH], "o": [DASH, DASH]}
    page.evaluate("() => window.backpath.app.stepTo(99)")
    cards = {name: [plain(n) for n in numbers] for name, *numbers in page.evaluate(CARDS)}
    assert cards == {"w": ["1.2", "-2.3795"], "y": ["1.44", "-0.991458"], "o": ["0.130424", "1"]}


def test_formulas_have_the_numbers_put_in(open_page):
    p = bp.parse("y = w**2; o = cos(y) * w").at(w=1.2)
    page = open_page(p, "#sel=n1")
    assert formula(page) == [
        ["value", "y = w2 = 1.22 = 1.44"],
        ["adjoint (3.8)", "S(y) = S(cos_2) · z(y, cos_2) = 1.2 · (-0.9915) = -1.18975"],
    ]
    page.evaluate("() => window.backpath.app.set({ sel: 'n0' })")
    assert formula(page)[1][1] == "S(w) = S(y) · z(w, y) + S(o) · z(w, o) = (-1.19) · 2.4 + 1 · 0.1304 = -2.72498"
    page.evaluate("() => window.backpath.app.set({ sel: 'n3' })")
    assert formula(page) == [["value", "o = cos_2 · w = 0.1304 · 1.2 = 0.156508"], ["adjoint (3.9)", "S(o) = 1"]]


READING = """([reading, name]) => {
    const { app } = window.backpath;
    const node = app.graph.names.indexOf(name);
    app.set({ reading, sel: `n${node}` });
    const lines = [...app.root.querySelectorAll(".dock .line")];
    return lines.map((line) => [...line.children].map((part) => part.textContent));
}"""


def test_readings_have_their_equations_and_pass_through_the_other_nodes(open_page):
    net = network()
    page = open_page(net)
    steps = {}
    for reading in ("both", "post", "pre"):
        page.evaluate(READING, [reading, "parameters.W1"])
        steps[reading] = page.evaluate(
            "() => window.backpath.app.steps.map((s) => window.backpath.app.graph.names[s.node])"
        )
    backward = {reading: names[names.index("multiply_21") :] for reading, names in steps.items()}
    assert {"linear_8", "tanh_9"} <= set(backward["both"])
    assert "linear_8" not in backward["post"]
    assert "tanh_9" not in backward["pre"]
    (_, (label, text)) = page.evaluate(READING, ["post", "tanh_9"])
    assert label == "adjoint (3.12)"
    assert text.startswith("Δ(tanh_9[0,0]) = Δ(tanh_11[0,0]) · z(tanh_9[0,0], linear_10[0,0]) · Φ′(linear_10[0,0])")
    (_, (label, text)) = page.evaluate(READING, ["pre", "linear_8"])
    assert label == "adjoint (3.15)"
    assert text.startswith("δ(linear_8[0,0]) = δ(linear_10[0,0]) · Φ′(linear_8[0,0]) · z(tanh_9[0,0], linear_10[0,0])")
    assert page.evaluate(READING, ["post", "parameters.W1"])[1][0] == "adjoint (3.13)"
    assert page.evaluate(READING, ["pre", "parameters.W1"])[1][0] == "adjoint (3.14)"
    assert page.evaluate(READING, ["both", "parameters.W1"])[1][0] == "adjoint (3.8)"


@pytest.mark.parametrize("make", [network, explanation])
def test_terms_of_every_reading_sum_to_the_adjoint(laboratory, make):
    """Eliminating the nodes that a reading passes through loses no path."""
    script = """(app) => ["both", "post", "pre"].map((reading) => {
        app.set({ reading });
        const { graph, derived } = app;
        let worst = 0, seen = 0;
        for (let e = 0; e < graph.count; e++) {
            const terms = app.terms(e);
            if (!terms.length || app.hidden.has(graph.owner[e])) continue;
            const sum = terms.reduce((s, t) => s + t.wires.reduce((p, w) => p * graph.z[w], derived.adjoint[t.to]), 0);
            worst = Math.max(worst, Math.abs(sum - derived.adjoint[e]) / (Math.abs(derived.adjoint[e]) + 1e-12));
            seen++;
        }
        return [worst, seen];
    })"""
    told = laboratory(make(), script)
    assert max(worst for worst, _ in told) < 1e-10
    assert told[0][1] > told[1][1] > 10


def test_explanations_step_back_to_their_sources_alone(laboratory):
    names = laboratory(explanation(), "(app) => [...app.differentiated].map((n) => app.graph.names[n])")
    assert "X" in names
    assert not [name for name in names if name.startswith("parameters")]
