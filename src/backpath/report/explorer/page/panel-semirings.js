import { fill, h, set } from "./dom.js";
import { derivativeName, endsOf } from "./ends.js";
import { brief, count, percent } from "./format.js";
import { panel } from "./panels.js";
import { declare } from "./state.js";
import { LAYERS } from "./spectrum.js";
import { BEST, pull } from "./sums.js";

declare("length", -1);
declare("lengths", "");

panel({
  id: "semirings",
  title: "Semirings",
  order: 30,
  available: (app) => app.given.whole,
  mount(host, app) {
    const ends = endsOf(app);
    const table = h("table", { class: "semirings" });
    const by = h("div", { class: "segmented", role: "group", "aria-label": "Length counted in" }, [["edge", "edges"], ["layer", "layers"]].map(([value, text]) => h("button", { type: "button", "data-value": value, text, onclick: () => app.set({ lengths: value, length: -1 }) })));
    const chart = h("div", { class: "spectrum", role: "group", "aria-label": "What paths of each length carry" });
    const note = h("p", { class: "muted" });
    host.append(
      h("p", { class: "lead", text: "One recursion, other meanings of plus and times. Each answers a question about the same paths; colour the graph by it." }),
      ends.element, table,
      h("div", { class: "rowed between" }, h("h3", { text: "What paths of each length carry" }), by), chart, note
    );
    let spectrum = null;
    let key = "";

    function rows() {
      const { derived, graph } = app;
      const gradient = derived.sources.reduce((sum, e) => sum + derived.adjoint[e], 0);
      const best = pull(graph, derived.outputs, BEST);
      const strongest = Math.max(0, ...derived.sources.map((e) => best[e]));
      const mass = derived.totalMass;
      const sizes = derived.sources.reduce((sum, e) => sum + Math.abs(derived.adjoint[e]), 0);
      return [
        ["adjoint", derivativeName(app), "+", "z", brief(gradient)],
        ["flow", "mass, as if no path cancelled another", "+", "|z|", brief(mass)],
        ["cancellation", "what cancellation leaves of it", "", "", percent(sizes / mass)],
        ["", "the strongest path", "max", "|z|", brief(strongest)],
        ["paths", "number of paths", "+", "1", count(derived.total)],
        ["", "of them active", "+", "z ≠ 0", count(derived.active)],
      ];
    }

    function paint() {
      fill(
        table,
        h("thead", null, h("tr", null, ["question", "plus", "times", "answer"].map((text) => h("th", { scope: "col", text })))),
        h("tbody", null, rows().map(([color, label, plus, times, answer]) => h("tr", null, h("th", { scope: "row" }, color ? h("button", { type: "button", class: "link", "aria-pressed": String(app.color === color), text: label, onclick: () => app.set({ color }) }) : label), h("td", { text: plus }), h("td", { text: times }), h("td", { text: answer }))))
      );
      const layered = app.graph.primitives.some((p) => LAYERS.has(p));
      const unit = app.state.lengths || (layered ? "layer" : "edge");
      for (const b of by.children) set(b, "aria-pressed", String(b.dataset.value === unit));
      set(by, "hidden", !layered);
      const now = `${app.version} ${unit}`;
      if (key !== now) {
        key = now;
        spectrum = app.spectrum(unit);
      }
      draw(unit);
    }

    function draw(unit) {
      if (spectrum.tooLong || !spectrum.lengths.length) {
        fill(chart);
        note.textContent = spectrum.tooLong ? "Paths here are too many steps long to part them by length in the page." : "There is no path.";
        return;
      }
      const { lengths, signed, norms, shares } = spectrum;
      const most = Math.max(...norms) || 1;
      const negative = signed.some((v) => v < 0);
      const word = unit === "layer" ? "layers" : "edges";
      fill(
        chart,
        lengths.map((n, k) => {
          const label = `${n} ${word}: ${brief(signed[k])}, ${percent(shares[k])} of the gradient`;
          const size = (Math.abs(signed[k]) / most) * (negative ? 50 : 100);
          const style = `height:${Math.max(size, norms[k] ? 0.8 : 0)}%;${negative ? (signed[k] < 0 ? "top:50%" : "bottom:50%") : "bottom:0"}`;
          return h(
            "button",
            { type: "button", class: "length", "aria-label": label, title: label, "aria-pressed": String(app.state.length === n), onclick: () => app.set({ length: app.state.length === n ? -1 : n }), onpointerenter: () => light(n), onpointerleave: () => light(-1), onfocus: () => light(n), onblur: () => light(-1) },
            h("span", { class: "column" }, h("span", { class: `block ${signed[k] < 0 ? "neg" : "pos"}`, style })),
            h("span", { class: "n", text: lengths.length <= 24 || k % Math.ceil(lengths.length / 12) === 0 ? n : "" })
          );
        })
      );
      chart.classList.toggle("signed", negative);
      const chosen = lengths.indexOf(app.state.length);
      note.textContent = chosen >= 0 ? `paths of ${lengths[chosen]} ${word}: ${brief(signed[chosen])}, ${percent(shares[chosen])} of the gradient` : `effective depth ${brief(spectrum.depth, 4)} ${word}, the mean length weighted by what is carried; hover over a length to see its part`;
    }

    function light(n) {
      const chosen = n >= 0 ? n : app.state.length;
      const known = chosen >= 0 && !spectrum.tooLong && spectrum.lengths.includes(chosen);
      app.light(known ? spectrum.lightOf(chosen) : null);
    }

    return {
      hide: () => (ends.arm(null), app.light(null)),
      update() {
        ends.update();
        paint();
        light(-1);
      },
    };
  },
});
