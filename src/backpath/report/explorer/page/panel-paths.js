import { fill, h, s, set } from "./dom.js";
import { derivativeName, endsOf } from "./ends.js";
import { brief, clipped, count, percent, plural, short } from "./format.js";
import { productOf } from "./formulas.js";
import { panel } from "./panels.js";
import { declare } from "./state.js";

declare("path", -1);
declare("shown", 0);

const LISTED = 25;
const MOST_SUMMED = 2000;

// Paths from the strongest on, found as they are asked for.
class Found {
  constructor(app) {
    this.search = app.strongest();
    this.paths = [];
    this.sums = [0];
  }

  upTo(n) {
    while (this.paths.length < n && !this.done) {
      const next = this.search.next();
      if (next.done) this.done = true;
      else {
        this.paths.push(next.value);
        this.sums.push(this.sums.at(-1) + next.value.product);
      }
    }
    return this.paths.length;
  }
}

panel({
  id: "paths",
  title: "Paths",
  order: 20,
  available: (app) => app.given.whole,
  mount(host, app) {
    const ends = endsOf(app);
    const total = h("p", { class: "big" });
    const under = h("p", { class: "muted" });
    const list = h("ol", { class: "path-list" });
    const more = h("button", { type: "button", class: "plain", text: "more paths", onclick: () => ((listed += LISTED), paint()) });
    const work = h("div", { class: "work", "aria-live": "polite" });
    const chart = s("svg", { class: "chart", viewBox: "0 0 340 150", role: "img" });
    const slider = h("input", { type: "range", min: 0, step: 1, "aria-label": "Paths summed", oninput: () => app.set({ shown: Number(slider.value) }) });
    const add = h("button", { type: "button", class: "primary", text: "Add a path", onclick: () => app.set({ shown: Math.min(found.upTo(app.state.shown + 1), app.state.shown + 1) }) });
    const play = h("button", { type: "button", class: "plain", text: "Add all", onclick: () => run() });
    const table = h("table", { class: "beside" });
    host.append(
      ends.element, total, under,
      h("h3", { text: "The strongest paths" }), list, more, work,
      h("h3", { text: "Their sum, path by path, and in one pass" }),
      h("div", { class: "rowed" }, add, play, slider), chart, table
    );
    app.picked = (id) => app.state.tab === "paths" && ends.picked(id);
    let found = null;
    let listed = LISTED;
    let version = -1;
    let timer = null;

    function run() {
      clearInterval(timer);
      if (app.state.shown >= found.upTo(MOST_SUMMED)) app.set({ shown: 0 });
      const all = found.upTo(MOST_SUMMED);
      const by = Math.max(1, Math.round(all / 60));
      timer = setInterval(() => {
        app.set({ shown: Math.min(all, app.state.shown + by) });
        if (app.state.shown >= all) clearInterval(timer);
      }, 60);
    }

    function light(k) {
      const chosen = k >= 0 ? k : app.state.path;
      const path = chosen >= 0 && found.upTo(chosen + 1) > chosen ? found.paths[chosen] : null;
      if (path) return app.light(new Map(path.wires.map((w) => [w, 1])));
      const n = Math.min(app.state.shown, found.paths.length);
      if (!n) return app.light(null);
      const lit = new Map();
      const most = Math.abs(found.paths[0].product);
      for (const p of found.paths.slice(0, n)) for (const w of p.wires) lit.set(w, Math.max(lit.get(w) || 0, Math.sqrt(Math.abs(p.product) / most)));
      return app.light(lit);
    }

    function routeOf(path) {
      const { graph } = app;
      return [graph.labelOf(path.start), ...path.wires.map((w) => graph.labelOf(graph.targets[w]))];
    }

    function item(path, k) {
      const { derived } = app;
      const share = derived.totalMass ? Math.abs(path.product) / derived.totalMass : NaN;
      const route = routeOf(path).join(" → ");
      const press = h(
        "button",
        { type: "button", "aria-pressed": String(app.state.path === k), title: route, onclick: () => app.set({ path: app.state.path === k ? -1 : k }), onpointerenter: () => light(k), onpointerleave: () => light(-1), onfocus: () => light(k), onblur: () => light(-1) },
        h("span", { class: "route", text: clipped(route, 54) }),
        h("span", { class: `share ${path.product < 0 ? "neg" : "pos"}`, style: `--w:${Math.min(1, Math.abs(path.product / found.paths[0].product))}` }),
        h("span", { class: "product", text: short(path.product) }),
        h("span", { class: "muted", text: percent(share) })
      );
      return h("li", { class: k < app.state.shown ? "added" : "" }, press);
    }

    function paint() {
      const { derived } = app;
      const n = derived.total;
      total.textContent = `${count(n)} ${n === 1n ? "path" : "paths"}`;
      const dead = n - derived.active;
      under.textContent = n === 0n ? "No path leads from the one to the other: the derivative is 0." : `from ${derived.sources.length === 1 ? app.graph.labelOf(derived.sources[0]) : `${derived.sources.length} inputs`} to ${app.graph.labelOf(derived.outputs[0])}${dead ? `; ${count(dead)} of them carry nothing at this point` : ""}`;
      const known = found.upTo(listed);
      fill(list, found.paths.slice(0, listed).map(item));
      set(more, "hidden", found.done || known < listed);
      showWork();
      showSum();
    }

    function showWork() {
      const path = app.state.path >= 0 && found.upTo(app.state.path + 1) > app.state.path ? found.paths[app.state.path] : null;
      if (!path) return fill(work);
      const names = routeOf(path);
      const nodes = names.flatMap((n, k) => (k ? [h("span", { class: "eq", text: " → " }), h("i", { text: n })] : [h("i", { text: n })]));
      return fill(work, h("p", { class: "math" }, nodes), h("p", { class: "math" }, productOf(app, path)));
    }

    function showSum() {
      const { derived } = app;
      const all = found.upTo(MOST_SUMMED);
      const gradient = derived.sources.reduce((sum, e) => sum + derived.adjoint[e], 0);
      const shown = Math.min(app.state.shown, all);
      set(slider, "max", all);
      slider.value = shown;
      set(slider, "aria-valuetext", `${shown} of ${all} paths, sum ${brief(found.sums[shown])}`);
      set(add, "disabled", shown >= all);
      drawSum(chart, found.sums.slice(0, all + 1), shown, gradient);
      set(chart, "aria-label", `sum of ${shown} paths: ${brief(found.sums[shown])}; the gradient is ${brief(gradient)}`);
      const { byPaths, bySweep } = app.operations();
      const edges = bySweep[0] + bySweep[1];
      const of = found.done && BigInt(all) === derived.active ? "" : ` (of the strongest ${count(all)})`;
      fill(
        table,
        h("thead", null, h("tr", null, h("td"), h("th", { scope: "col", text: "path by path" }), h("th", { scope: "col", text: "dynamic programming" }))),
        h(
          "tbody", null,
          line(derivativeName(app), shown ? `${brief(found.sums[shown])}` : "–", brief(gradient)),
          line("visited", `${count(shown)} of ${plural(derived.total, "path")}${of}`, "each edge once"),
          line("multiplications", count(byPaths[0]), count(bySweep[0])),
          line("additions", count(byPaths[1]), count(bySweep[1])),
          h("tr", { class: "bars", "aria-hidden": "true" }, h("td"), h("td", null, bar(byPaths[0] + byPaths[1], edges)), h("td", null, bar(edges, byPaths[0] + byPaths[1])))
        )
      );
    }

    return {
      hide: () => {
        clearInterval(timer);
        ends.arm(null);
        app.light(null);
      },
      update(changed) {
        if (version !== app.version || changed.has("all")) {
          if (version !== app.version && version >= 0) app.set({ path: -1 });
          version = app.version;
          found = new Found(app);
          listed = LISTED;
        }
        ends.update();
        paint();
        if (!changed.has("theme")) light(-1);
      },
    };
  },
});

function line(label, left, right) {
  return h("tr", null, h("th", { scope: "row", text: label }), h("td", { text: left }), h("td", { text: right }));
}

// Operations as a bar, by their logarithm.
function bar(n, other) {
  const digits = (x) => String(x).length - 1 + Math.log10(Number(String(x).slice(0, 3)) / 10 ** (String(x).slice(0, 3).length - 1) || 1);
  const most = Math.max(digits(n), digits(other), 0.5);
  return h("div", { class: "bar-of", style: `width:${Math.max(2, (100 * digits(n)) / most)}%` });
}

function drawSum(svg, sums, shown, gradient) {
  const [left, right, top, bottom] = [8, 332, 14, 128];
  const low = Math.min(0, gradient, ...sums);
  const high = Math.max(0, gradient, ...sums);
  const y = (v) => bottom - ((v - low) / (high - low || 1)) * (bottom - top);
  const x = (k) => left + (k / Math.max(1, sums.length - 1)) * (right - left);
  const steps = (n) => sums.slice(0, n + 1).map((v, k) => (k ? `H${x(k).toFixed(1)}V${y(v).toFixed(1)}` : `M${x(0)} ${y(v).toFixed(1)}`)).join("");
  fill(
    svg,
    s("path", { class: "axis", d: `M${left} ${y(0)}H${right}` }),
    s("path", { class: "goal", d: `M${left} ${y(gradient)}H${right}` }),
    s("text", { x: right, y: Math.max(11, y(gradient) - 5), class: "end", text: `gradient ${brief(gradient)}` }),
    s("path", { class: "all", d: steps(sums.length - 1) }),
    s("path", { class: "done", d: steps(shown) }),
    shown ? s("circle", { class: "at", cx: x(shown), cy: y(sums[shown]), r: 4 }) : null,
    s("text", { x: left, y: 146, text: "paths, the strongest first" })
  );
}
