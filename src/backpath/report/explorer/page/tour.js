// The guided tour: a card above the panels with what a stop says; the stops themselves are states of the page.
import { button, fill, h } from "./dom.js";
import { panel } from "./panels.js";
import { declare } from "./state.js";
import { STOPS } from "./tour_stops.js";

declare("tour", 0);

function stateOf(k) {
  return `#${Object.entries({ tour: k, ...STOPS[k - 1].state }).map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&")}`;
}

panel({
  id: "tour",
  title: "Tour",
  order: 0,
  available: () => true,
  attach(app) {
    const card = h("section", { class: "tour-card", "aria-label": "Guided tour", hidden: true });
    const update = () => {
      card.hidden = !STOPS[app.state.tour - 1];
      if (!card.hidden) told(card, app, app.state.tour);
    };
    app.on((changed) => changed.has("tour") && update());
    update();
    return card;
  },
  mount(host, app) {
    const items = STOPS.map(({ title }, k) => h("li", {}, h("a", { href: stateOf(k + 1), onclick: (event) => go(event, app, k + 1) }, title)));
    host.append(
      h("div", { class: "stops" },
        h("p", {}, "The chapter on backpropagation in eight stops. Each is a state of this page; the address holds it, so that a link leads back."),
        h("ol", {}, ...items),
      ),
    );
    const update = () => items.forEach((item, k) => item.toggleAttribute("data-here", app.state.tour === k + 1));
    return { update };
  },
});

function go(event, app, k) {
  event.preventDefault();
  app.go(stateOf(k));
}

function told(card, app, k) {
  const { title, text, equation, look } = STOPS[k - 1];
  const focused = card.getRootNode().activeElement?.dataset?.way;
  const way = (label, to, name) => button(label, label, () => app.go(to >= 1 && to <= STOPS.length ? stateOf(to) : "#tab=tour"), { "data-way": name });
  fill(card,
    h("h2", {}, h("span", { class: "count" }, `${k} of ${STOPS.length}`), title),
    h("div", { "aria-live": "polite" },
      ...text.map((part) => h("p", {}, part)),
      equation && h("p", { class: "stated" }, equation),
      h("p", { class: "look" }, look),
    ),
    h("div", { class: "ways" }, k > 1 && way("Back", k - 1, "back"), k < STOPS.length && way("Next", k + 1, "next"), way("End the tour", 0, "end")),
  );
  if (focused) (card.querySelector(`[data-way="${focused}"]`) || card.querySelector("[data-way]")).focus();
}
