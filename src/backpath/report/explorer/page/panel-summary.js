import { h } from "./dom.js";
import { brief, count, percent, short } from "./format.js";
import { panel } from "./panels.js";

// Of a graph that was too large to send neuron by neuron: what Python found in it.
panel({
  id: "summary",
  title: "Paths",
  order: 20,
  available: (app) => !app.given.whole,
  mount(host, app) {
    const { lengths, strongest, count: total, gradient, mass } = app.payload.summary;
    const most = Math.max(...lengths.map(([, norm]) => norm)) || 1;
    const best = Math.abs(strongest[0]?.[1]) || 1;
    const numbers = (rows) => h("table", { class: "numbers" }, h("tbody", null, rows.map(([name, value]) => h("tr", null, h("th", { scope: "row", text: name }), h("td", { text: value })))));
    host.append(
      h("p", { class: "big", text: `${count(total)} paths` }),
      h("p", { class: "muted", text: `through a graph too large to show neuron by neuron: arrays stand as they are. All paths together carry a mass of ${brief(mass)}.` }),
      h("h3", { text: "The strongest paths" }),
      h("ol", { class: "path-list" }, strongest.map(([route, product, share]) => h("li", null, h("div", { class: "row", title: route }, h("span", { class: "route", text: route.replaceAll("->", "→") }), h("span", { class: `share ${product < 0 ? "neg" : "pos"}`, style: `--w:${Math.abs(product) / best}` }), h("span", { class: "product", text: short(product) }), h("span", { class: "muted", text: percent(share) }))))),
      h("h3", { text: "What paths of each length carry, in layers" }),
      h("div", { class: "spectrum" }, lengths.map(([n, norm, share]) => h("div", { class: "length", title: `${n} layers: ${brief(norm)}, ${percent(share)} of the gradient` }, h("span", { class: "column" }, h("span", { class: "block pos", style: `height:${(100 * norm) / most}%;bottom:0` })), h("span", { class: "n", text: n })))),
      h("h3", { text: "Norm of the gradient" }),
      numbers(gradient.map(([name, norm]) => [name, brief(norm)]))
    );
    return {};
  },
});
