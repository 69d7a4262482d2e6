import { fill, h, set } from "./dom.js";
import { derivativeName, endsOf } from "./ends.js";
import { brief, count, percent } from "./format.js";
import { panel } from "./panels.js";
import { declare } from "./state.js";
import { BEST, lengthSums, pull } from "./sums.js";

declare("length", -1);
declare("lengths", "");

const LAYERS = new Set("matmul einsum linear post_activation pre_activation".split(" "));
const MOST_WORK = 4e6;

// By length what paths of that length carry, and how much of their mass goes over each wire.
export class Spectrum {
  constructor(app, by) {
    const { graph, derived } = app;
    this.app = app;
    this.step = by === "layer" ? (w) => (LAYERS.has(graph.primitives[graph.owner[graph.targets[w]]]) ? 1 : 0) : () => 1;
    const depth = longest(graph, this.step);
    this.tooLong = depth * graph.wires > MOST_WORK;
    if (this.tooLong) return;
    const sums = lengthSums(graph, derived.outputs, this.step, false, (a, z) => a * z);
    const parts = new Map();
    derived.sources.forEach((e, k) => {
      for (const [n, a] of sums[e] || []) {
        if (!parts.has(n)) parts.set(n, new Float64Array(derived.sources.length));
        parts.get(n)[k] = a;
      }
    });
    this.lengths = [...parts.keys()].sort((a, b) => a - b);
    const gradient = derived.sources.map((e) => derived.adjoint[e]);
    const square = gradient.reduce((sum, g) => sum + g * g, 0);
    const single = derived.sources.length === 1;
    this.norms = this.lengths.map((n) => Math.hypot(...parts.get(n)));
    this.signed = this.lengths.map((n, k) => (single ? parts.get(n)[0] : this.norms[k]));
    this.shares = this.lengths.map((n) => (square ? parts.get(n).reduce((sum, a, k) => sum + a * gradient[k], 0) / square : 0));
    const total = this.norms.reduce((a, b) => a + b, 0);
    this.depth = total ? this.lengths.reduce((sum, n, k) => sum + n * this.norms[k], 0) / total : 0;
  }

  // The part of the wires' mass that paths of length n carry, from 0 to 1 for the wire that carries most.
  lightOf(n) {
    const { graph, derived } = this.app;
    this.alpha ||= lengthSums(graph, derived.sources, this.step, true, (a, z) => a * Math.abs(z));
    this.beta ||= lengthSums(graph, derived.outputs, this.step, false, (a, z) => a * Math.abs(z));
    const flows = new Map();
    let most = 0;
    for (let w = 0; w < graph.wires; w++) {
      const [alpha, beta] = [this.alpha[graph.origins[w]], this.beta[graph.targets[w]]];
      if (!graph.carries[w] || !alpha || !beta) continue;
      let flow = 0;
      for (const [a, mass] of alpha) flow += mass * (beta.get(n - a - this.step(w)) || 0);
      flow *= Math.abs(graph.z[w]);
      if (flow > 0) flows.set(w, flow);
      most = Math.max(most, flow);
    }
    return new Map([...flows].map(([w, flow]) => [w, Math.sqrt(flow / most)]));
  }
}

function longest(graph, step) {
  const far = new Int32Array(graph.count);
  let most = 0;
  for (let w = 0; w < graph.wires; w++) {
    const e = graph.targets[w];
    far[e] = Math.max(far[e], far[graph.origins[w]] + step(w));
    most = Math.max(most, far[e]);
  }
  return most;
}

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
        spectrum = new Spectrum(app, unit);
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
