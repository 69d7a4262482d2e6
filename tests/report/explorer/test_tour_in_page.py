"""The guided tour: eight states of one page, each by its link, with the numbers that its text promises."""

import pytest

import backpath as bp

PAGE = bp.parse("sin(u)").at(u=0.3)


def at_stop(page, k):
    page.get_by_role("tab", name="Tour").click()
    page.locator(".stops a").nth(k - 1).click()
    return page.evaluate("({...window.backpath.app.state})")


def test_eight_stops_by_the_next_button_and_back_by_link(open_page):
    page = open_page(PAGE, "#tab=tour")
    page.locator(".stops a").first.click()
    card = page.get_by_role("region", name="Guided tour")
    titles, links = [], []
    for k in range(1, 9):
        titles.append(card.get_by_role("heading").inner_text())
        assert titles[-1].startswith(f"{k} of 8")
        page.wait_for_function(f"location.hash.includes('tour={k}')")
        links.append(page.evaluate("location.hash"))
        if k < 8:
            card.get_by_role("button", name="Next").click()
    assert len({*titles}) == 8
    state = page.evaluate("({...window.backpath.app.state})")
    assert state["tab"] == "train"
    page.evaluate("hash => window.backpath.app.go(hash)", links[3])
    assert card.get_by_role("heading").inner_text() == titles[3]
    card.get_by_role("button", name="End the tour").click()
    assert card.is_hidden()
    assert page.evaluate("window.backpath.app.graph.names") == list(PAGE.names)


@pytest.mark.parametrize(
    ("stop", "text", "point", "paths"),
    [
        (2, "y = w**2; o = cos(y)", {"w": 1.2}, 1),
        (3, "y = w**2; z = w**2; p = cos(y); q = sin(z); o = p + q", {"w": 1.2}, 2),
        (4, "a = w*w; b = w*w; c = a*b; d = a*b; e = c*d; f = c*d; g = e*f; h = e*f; o = g*h", {"w": 1.1}, 32),
    ],
)
def test_a_stop_shows_the_graph_of_its_text(open_page, stop, text, point, paths):
    page = open_page(PAGE, "#tab=tour")
    state = at_stop(page, stop)
    assert state["expr"] == text
    expected = bp.parse(text).at(**point)
    told = page.evaluate(
        "(({derived, graph}) => [graph.names, String(derived.total), derived.adjoint[0]])(window.backpath.app)"
    )
    assert told[0] == list(expected.names)
    assert told[1] == str(paths)
    assert told[2] == pytest.approx(float(expected.gradient("w")), rel=1e-12)


def test_what_the_texts_say_is_so(open_page):
    page = open_page(PAGE, "#tab=tour")
    at_stop(page, 2)
    card = page.get_by_role("region", name="Guided tour")
    derivative = float(bp.parse("cos(w**2)").at(w=1.2).gradient("w"))
    assert f"{derivative:.3g}".replace("-", "−") in card.inner_text()
    at_stop(page, 4)
    assert page.evaluate("window.backpath.app.derived.adjoint[0]") == pytest.approx(32 * 1.1**31)
    at_stop(page, 5)
    assert page.evaluate("window.backpath.app.progress.now.phase") == "forward"
    page.keyboard.press("Space")
    assert page.evaluate("window.backpath.app.progress.now.phase") == "backward"


def test_delta_and_delta_leave_the_weights_their_derivatives(open_page):
    page = open_page(PAGE, "#tab=tour")
    weights = """() => {
        const { graph, derived } = window.backpath.app;
        return ["u1", "u2", "v1", "v2", "t"].map((name) => derived.adjoint[graph.find(name)]);
    }"""
    at_stop(page, 6)
    post = page.evaluate(weights)
    state = at_stop(page, 7)
    assert page.evaluate(weights) == post
    point = dict(pair.split("=") for pair in state["at"].split(";"))
    p = bp.parse(state["expr"]).at(**{name: float(value) for name, value in point.items()})
    assert post == pytest.approx([float(p.gradient(name)) for name in ("u1", "u2", "v1", "v2", "t")], rel=1e-12)
    hidden = page.evaluate("[...window.backpath.app.hidden].map((node) => window.backpath.app.graph.names[node])")
    assert {"h1", "h2", "h3"} <= set(hidden)
