import { App } from "./app.js";
import { QUANTITIES } from "./derived.js";
import { button, fill, h, icon, set } from "./dom.js";
import { brief, count, percent, plural } from "./format.js";
import { inked, diverging, sequential } from "./color.js";
import { backwardFormula, forwardFormula } from "./formulas.js";
import { helpDialog } from "./help.js";
import { listen } from "./keys.js";
import { panelsFor } from "./panels.js";
import { READINGS } from "./readings.js";
import { pngOf, saveMenu } from "./save.js";
import { searchBox } from "./search.js";
import { declare } from "./state.js";
import { View } from "./view.js";

declare("tab", "");

// Puts a page into every element of that name that has none yet.
export async function mount(options) {
  for (const host of await hostsOf(options.name)) {
    if (host.shadowRoot) continue;
    const root = host.attachShadow({ mode: "open" });
    root.append(h("style", { text: options.styles }), h("p", { class: "wait", text: "…" }));
    try {
      const app = await App.load(options);
      new Shell(app, root, options.styles);
      (window.backpath ||= { apps: [], load: App.load }).apps.push(app);
      window.backpath.app = app;
    } catch (error) {
      root.append(h("p", { role: "alert", text: `The page could not be shown: ${error.message}` }));
      throw error;
    }
  }
}

// A notebook may run the script before what it stands beside is in the document.
async function hostsOf(name) {
  for (let k = 0; k < 100; k++) {
    const hosts = [...document.querySelectorAll(`[data-backpath="${name}"]`)].filter((host) => !host.shadowRoot);
    if (hosts.length) return hosts;
    if (document.querySelector(`[data-backpath="${name}"]`)) return [];
    await new Promise((done) => setTimeout(done, 50));
  }
  return [];
}

class Shell {
  constructor(app, shadow, styles) {
    this.app = app;
    app.shell = this;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const around = document.body.dataset;
    const wanted = around.jpThemeLight ? around.jpThemeLight === "false" : around.mdColorScheme ? around.mdColorScheme === "slate" : dark.matches;
    this.root = app.root = h("div", { class: `app ${app.standalone ? "alone" : "cell"}`, lang: "en" });
    this.root.classList.toggle("dark", wanted);
    dark.addEventListener("change", (e) => this.setTheme(e.matches));
    this.live = h("div", { class: "hidden", "aria-live": "polite" });
    fill(shadow, h("style", { text: styles }), this.root);
    this.root.append(this.header(), h("div", { class: "main" }, this.stage(), this.aside()), this.live);
    this.help = helpDialog(app);
    this.root.append(this.help);
    app.view = new View(app, this.canvas);
    app.light = (wires) => app.view.light(wires);
    app.png = () => pngOf(app);
    app.announce = (text) => (this.live.textContent = text);
    if (app.standalone) {
      if (location.hash) app.go(location.hash);
      addEventListener("hashchange", () => app.go(location.hash));
    }
    app.on((changed) => this.update(changed));
    listen(app, this);
    for (const { definition } of this.panels.values()) if (definition.attach) this.bodies.before(definition.attach(app));
    app.view.build();
    this.update(new Set(["all"]));
    this.root.setAttribute("data-ready", "");
  }

  setTheme(dark) {
    this.root.classList.toggle("dark", dark);
    this.app.view.paint();
    this.legend();
    this.panels.get(this.shown)?.handle?.update?.(new Set(["theme"]));
  }

  header() {
    const { app } = this;
    this.title = h("h1");
    this.facts = h("p", { class: "facts" });
    return h(
      "header",
      { class: "head" },
      h("div", { class: "titles" }, this.title, this.facts),
      searchBox(app),
      h(
        "div",
        { class: "tools" },
        button("Light or dark (t)", icon("M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z"), () => this.setTheme(app.theme() === "light")),
        saveMenu(app),
        button("Keys and help (?)", "?", () => this.help.showModal())
      )
    );
  }

  stage() {
    const { app } = this;
    this.canvas = h("div", { class: "canvas" });
    this.legendBox = h("div", { class: "legend", "aria-hidden": "true" });
    this.colors = segmented("Colour", "color", Object.entries(QUANTITIES).filter(([name]) => name !== "value" || app.hasValues), app);
    this.readings = segmented("Reading", "reading", Object.entries(READINGS), app);
    const zoom = h(
      "div",
      { class: "zoom", role: "group", "aria-label": "Zoom" },
      button("Closer (+)", "+", () => this.zoom(1.25)),
      button("Farther (-)", "−", () => this.zoom(0.8)),
      button("Show all (0)", icon("M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"), () => app.view.fit())
    );
    this.canvas.append(this.legendBox, zoom);
    return h("section", { class: "stage", "aria-label": "Graph" }, h("div", { class: "bar" }, this.colors, this.readings), this.canvas, this.dock());
  }

  zoom(factor) {
    const { width, height } = this.canvas.getBoundingClientRect();
    this.app.view.zoomAt(factor, width / 2, height / 2);
  }

  dock() {
    const { app } = this;
    const go = (by) => () => this.step(by);
    this.slider = h("input", {
      type: "range", min: 0, step: 1, class: "steps", "aria-label": "Step",
      oninput: (e) => { this.stop(); app.set({ sel: "" }); app.stepTo(Number(e.target.value)); },
    });
    this.phase = h("p", { class: "phase" });
    this.play = button("Play (p)", icon("M8 5v14l11-7z"), () => this.toggle(), { class: "play" });
    this.formula = h("div", { class: "formula" });
    return h(
      "div",
      { class: "dock" },
      h(
        "div",
        { class: "controls" },
        button("To the beginning (Home)", icon("M6 5v14M19 5L9 12l10 7z"), () => { this.stop(); app.set({ sel: "" }); app.stepTo(0); }),
        button("Back (shift Space)", icon("M16 5L6 12l10 7z"), go(-1)),
        this.play,
        button("On (Space)", icon("M8 5l10 7-10 7z"), go(1)),
        button("To the end (End)", icon("M18 5v14M5 5l10 7L5 19z"), () => { this.stop(); app.set({ sel: "" }); app.stepTo(app.steps.length); }),
        h("div", { class: "track" }, this.marks = h("div", { class: "marks", "aria-hidden": "true" }), this.slider),
        this.phase
      ),
      this.formula
    );
  }

  // One step on or back; from the end on to the beginning.
  step(by) {
    const { app } = this;
    this.stop();
    const at = by > 0 && app.at === app.steps.length ? 0 : app.at + by;
    app.set({ sel: "" });
    app.stepTo(at);
  }

  toggle() {
    if (this.playing) return this.stop();
    const { app } = this;
    app.set({ sel: "" });
    if (app.at === app.steps.length) app.stepTo(0);
    const pause = Math.max(60, Math.min(900, 30000 / app.steps.length));
    const by = Math.ceil(app.steps.length / 500);
    this.playing = setInterval(() => (app.at < app.steps.length ? app.stepTo(app.at + by) : this.stop()), pause);
    fill(this.play, icon("M7 5h4v14H7zM14 5h4v14h-4z"));
    set(this.play, "aria-label", "Pause (p)");
  }

  stop() {
    clearInterval(this.playing);
    this.playing = null;
    fill(this.play, icon("M8 5v14l11-7z"));
    set(this.play, "aria-label", "Play (p)");
  }

  aside() {
    const { app } = this;
    this.panels = new Map();
    this.tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "Panels" });
    this.bodies = h("div", { class: "bodies" });
    for (const definition of panelsFor(app)) {
      const { id, title } = definition;
      const tab = h("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, tabindex: -1, text: title, onclick: () => app.set({ tab: id }) });
      const body = h("div", { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, class: `panel of-${id}`, tabindex: 0, hidden: true });
      this.panels.set(id, { definition, tab, body, handle: null });
      this.tabs.append(tab);
      this.bodies.append(body);
    }
    this.tabs.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      event.stopPropagation();
      this.turn(by);
      this.panels.get(this.shown).tab.focus();
    });
    return h("aside", { class: "side", "aria-label": "Panels" }, this.tabs, this.bodies);
  }

  // The next or the last tab.
  turn(by) {
    const ids = [...this.panels.keys()];
    this.app.set({ tab: ids[(ids.indexOf(this.shown) + by + ids.length) % ids.length] });
  }

  update(changed) {
    const { app } = this;
    const all = changed.has("all");
    const graphChanged = all || changed.has("expr");
    if (!all && (changed.has("expr") || changed.has("open"))) app.view.build();
    else if (!all && ["step", "color", "reading", "src", "out", "at"].some((k) => changed.has(k))) app.view.paint();
    else if (changed.has("sel")) app.view.mark();
    if (graphChanged || changed.has("src") || changed.has("out") || changed.has("at")) this.heading();
    this.press(this.colors, "color");
    this.press(this.readings, "reading");
    set(this.readings, "hidden", !app.roles.some(Boolean));
    if (all || ["step", "sel", "reading", "src", "out", "at", "expr"].some((k) => changed.has(k))) this.showStep();
    this.legend();
    this.showTab(changed);
    if (changed.has("step") && app.progress.now) this.speak();
  }

  heading() {
    const { app } = this;
    const { graph } = app;
    this.title.textContent = app.state.expr && !app.error ? app.state.expr : app.payload.title;
    const edges = graph.whole ? graph.carries.reduce((n, c) => n + c, 0) : graph.parents.reduce((n, p) => n + p.length, 0);
    const paths = graph.whole ? app.derived.total : BigInt(app.payload.summary.count);
    const neurons = graph.whole && graph.count !== graph.size ? `${plural(graph.count, "neuron")} in ` : "";
    this.facts.textContent = `${neurons}${plural(graph.size, "node")} · ${plural(edges, "edge")} · ${plural(paths, "path")}`;
  }

  press(group, key) {
    for (const b of group.querySelectorAll("button")) set(b, "aria-pressed", String(b.dataset.value === this.app[key]));
  }

  showStep() {
    const { app } = this;
    const { steps, at, progress } = app;
    this.slider.max = steps.length;
    this.slider.value = at;
    const forward = steps.filter((s) => s.phase === "forward").length;
    this.marks.style.setProperty("--forward", steps.length ? forward / steps.length : 0);
    const { now } = progress;
    const word = now ? `${now.phase} phase` : at ? "" : "nothing computed yet";
    const valued = now ? `${app.graph.names[now.node]}, ${word}` : word;
    set(this.slider, "aria-valuetext", `step ${at} of ${steps.length}${valued ? `, ${valued}` : ""}`);
    fill(this.phase, h("b", { text: `${at}` }), ` / ${steps.length}`, h("span", { class: now ? now.phase : "", text: word ? ` ${word}` : "" }));
    this.showFormula();
  }

  // What is computed at the chosen node, or at that of this step.
  showFormula() {
    const { app } = this;
    const node = app.nodeOf(app.state.sel) >= 0 ? app.nodeOf(app.state.sel) : app.progress.now ? app.progress.now.node : -1;
    if (node < 0) {
      const text = app.state.sel[0] === "g" ? app.folds[Number(app.state.sel.slice(1))]?.name || "" : "Press Space to compute node after node, forward and then back.";
      fill(this.formula, h("p", { class: "hint", text }));
      return;
    }
    const { graph } = app;
    const entry = !graph.whole ? -1 : app.state.sel[0] === "e" ? app.entryOf(app.state.sel) : graph.first[node];
    const rows = [];
    if (app.hasValues) rows.push(row("value", app.progress.values[node] ? forwardFormula(app, node, entry) : brief(null), "forward"));
    if (app.adjointOf(graph.whole ? entry : node, node) !== undefined) {
      const { equation, content } = backwardFormula(app, node, entry);
      const done = app.progress.adjoints[node];
      rows.push(row(["adjoint ", h("span", { class: "equation", title: "equation of Aggarwal, Neural Networks and Deep Learning", text: `(${equation})` })], done ? content : brief(null), "backward"));
    }
    const many = graph.whole && graph.shapes[node].length && app.state.sel[0] !== "e";
    fill(this.formula, rows, many ? h("p", { class: "hint", text: `the first of ${count(graph.first[node + 1] - graph.first[node])} entries; open the array and choose another` }) : null);
  }

  speak() {
    const { app } = this;
    const { node, phase } = app.progress.now;
    const entry = app.graph.whole ? app.graph.first[node] : node;
    const number = phase === "forward" ? app.valueText(entry, node) : app.adjointText(entry, node);
    app.announce(`${phase}, ${app.graph.names[node]}: ${number}`);
  }

  legend() {
    const { app } = this;
    const { scale } = app.view;
    const name = app.color;
    const { about } = QUANTITIES[name];
    if (!scale) return;
    const { signed } = scale;
    const theme = app.theme();
    const stops = Array.from({ length: 21 }, (_, k) => {
      const x = signed ? k / 10 - 1 : k / 20;
      const t = name === "cancellation" ? x : Math.sign(x) * Math.sqrt(Math.abs(x));
      return inked(signed ? diverging(t, theme) : sequential(t, theme)).fill;
    });
    const most = name === "flow" ? percent(scale.most) : name === "paths" ? (scale.most < 700 ? count(Math.round(Math.expm1(scale.most))) : `e${brief(scale.most, 3)}`) : brief(scale.most, 3);
    const ends = signed ? [`−${most}`, "0", most] : ["0", most];
    fill(this.legendBox, h("p", { text: about }), h("div", { class: "ramp", style: `background:linear-gradient(90deg,${stops.join()})` }), h("div", { class: "ends" }, ends.map((text) => h("span", { text }))));
  }

  showTab(changed) {
    const { app } = this;
    const ids = [...this.panels.keys()];
    if (!ids.length) return;
    const id = this.panels.has(app.state.tab) ? app.state.tab : ids.includes("step") ? "step" : ids[0];
    if (id !== this.shown) {
      const before = this.panels.get(this.shown);
      before?.handle?.hide?.();
      for (const [other, { tab, body }] of this.panels) {
        set(tab, "aria-selected", String(other === id));
        set(tab, "tabindex", other === id ? 0 : -1);
        set(body, "hidden", other !== id);
      }
      this.shown = id;
      const panel = this.panels.get(id);
      this.root.classList.toggle("wide", Boolean(panel.definition.wide));
      if (!panel.handle) panel.handle = panel.definition.mount(panel.body, app) || {};
      app.light(null);
      panel.handle.show?.();
      panel.handle.update?.(new Set(["all"]));
    } else this.panels.get(id).handle.update?.(changed);
  }
}

function row(label, content, kind) {
  return h("div", { class: `line ${kind}` }, h("span", { class: "label" }, label), h("span", { class: "math" }, content));
}

function segmented(label, key, options, app) {
  return h(
    "div",
    { class: "segmented", role: "group", "aria-label": label },
    h("span", { class: "label", text: label, "aria-hidden": "true" }),
    options.map(([value, { label: text, about }]) => h("button", { type: "button", "data-value": value, title: about, text, onclick: () => app.set({ [key]: value }) }))
  );
}
