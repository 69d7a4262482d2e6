// "Train it": gradient descent in the page, on points of the plane; where the gradient goes, layer by layer, live.
import { curves } from "./curves.js";
import { h } from "./dom.js";
import { brief } from "./format.js";
import { panel } from "./panels.js";
import { declare } from "./state.js";
import { choice, segments, slider, toggle } from "./train_controls.js";
import { EXHIBITS } from "./train_exhibits.js";
import { Layers } from "./train_layers.js";
import { DATA, read, written } from "./train_points.js";
import { Session } from "./train_session.js";
import { CRITICAL, STARTS } from "./train_start.js";
import { EDGE, Surface } from "./train_surface.js";

const DEFAULTS = {
  data: "moons", seed: 0, own: "", scale: 1, standardize: 1, depth: 3, width: 8, activation: "tanh", skips: 0,
  start: "auto", times: 1, rate: 0.3, speed: 4, exhibit: "",
};
for (const [name, value] of Object.entries(DEFAULTS)) declare(`train.${name}`, value);

// Keys that do not begin the training anew.
const RUNNING = new Set(["train.rate", "train.speed", "train.exhibit"]);
const ACTIVATIONS = "tanh sigmoid relu leaky_relu elu selu gelu silu mish softplus identity".split(" ");
const BUDGET = 20; // milliseconds of steps in a frame
const MOST_POINTS = 120;
const power = { taken: (v) => Number((10 ** (v / 10)).toPrecision(2)), shown: (x) => Math.round(10 * Math.log10(x)) };

panel({ id: "train", title: "Train it", order: 50, wide: true, available: () => true, mount: (host, app) => new Train(host, app) });

class Train {
  constructor(host, app) {
    this.app = app;
    this.playing = false;
    this.pen = 0;
    this.layers = new Layers();
    this.build(host);
    this.begin();
    app.trainer = this;
  }

  get(name) {
    return this.app.state[`train.${name}`];
  }

  // What the state says, with the points as numbers.
  settings() {
    const settings = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, this.get(name)]));
    return { ...settings, own: read(settings.own) };
  }

  build(host) {
    const { app } = this;
    this.controls = [
      segments(app, "train.data", "Points", DATA),
      slider(app, "train.depth", "Hidden layers", { min: 0, max: 12 }),
      slider(app, "train.width", "Neurons in each", { min: 1, max: 16 }),
      choice(app, "train.activation", "Activation", named(ACTIVATIONS)),
      toggle(app, "train.skips", "Skips around hidden layers"),
      choice(app, "train.start", "Starting weights", named(STARTS)),
      slider(app, "train.times", "Weights times", { min: -20, max: 20, ...power, text: brief }),
      slider(app, "train.rate", "Step size", { min: -40, max: 20, ...power, text: brief }),
      choice(app, "train.scale", "Second feature times", { 0.03: "0.03", 0.3: "0.3", 1: "1", 3: "3", 30: "30" }),
      toggle(app, "train.standardize", "Standardize features"),
      choice(app, "train.speed", "Steps in a frame", { 1: "1", 4: "4", 16: "16", 64: "64" }),
    ];
    this.play = h("button", { type: "button", class: "primary", onclick: () => this.toggle() }, "Train");
    const step = h("button", { type: "button", onclick: () => this.advance(1) }, "One step");
    const again = h("button", { type: "button", onclick: () => this.begin() }, "From the start");
    const other = h("button", { type: "button", onclick: () => app.set({ "train.seed": this.get("seed") + 1 }) }, "Other draws");
    this.stats = h("dl", { class: "stats" });
    this.canvas = h("canvas", { class: "plane", tabindex: 0, role: "img" });
    this.surface = new Surface(this.canvas);
    this.hint = h("p", { class: "small" });
    this.said = h("p", { class: "said", role: "status" });
    this.note = h("p", { class: "note" });
    this.chart = h("figure", {});
    this.depths = h("figure", {});
    this.listen();
    const about = "The norm is that of the loss’s derivatives by a layer’s weights and biases. Path length counts the layers between them and the loss, weighted by what paths of each length carry; effective depth is its mean over all layers. Vanished: less than a thousandth of the largest layer’s.";
    host.append(
      h("div", { class: "training" },
        this.exhibits(),
        h("div", { class: "bar-of-buttons" }, this.play, step, again, other, this.said),
        h("div", { class: "sides" },
          h("div", { class: "setup" }, ...this.controls.map((control) => control.row), this.note),
          h("div", { class: "middle" }, this.canvas, this.hint),
          h("div", { class: "outcome" }, this.stats, h("div", { class: "charts" }, this.chart, this.depths), this.layers.table, h("p", { class: "small" }, about)),
        ),
      ),
    );
  }

  exhibits() {
    this.cards = EXHIBITS.map(({ id, title, text, states }) => {
      const watch = h("p", { class: "watch" });
      const buttons = Object.entries(states).map(([key, [name]]) => {
        const button = h("button", { type: "button", onclick: () => this.choose(`${id}-${key}`) }, name);
        return [`${id}-${key}`, button];
      });
      const group = h("div", { class: "segments", role: "group", "aria-label": title }, ...buttons.map(([, button]) => button));
      return { card: h("section", { class: "card" }, h("h2", {}, title), h("p", {}, text), group, watch), watch, buttons, states, id };
    });
    return h("div", { class: "cards" }, ...this.cards.map(({ card }) => card));
  }

  choose(name) {
    const [id, key] = name.split("-");
    const [, state] = EXHIBITS.find((one) => one.id === id).states[key];
    const fresh = Object.fromEntries(Object.entries(DEFAULTS).map(([k, value]) => [`train.${k}`, value]));
    this.app.set({ ...fresh, "train.own": this.get("own"), ...state, "train.speed": this.get("speed"), "train.exhibit": name });
    this.begin();
    this.start();
  }

  // A new training at its first step.
  begin() {
    this.stop();
    this.session = new Session(this.settings());
    this.layers.build(this.session);
    this.render();
  }

  update(changed) {
    const own = [...changed].filter((key) => key.startsWith("train."));
    if (!own.length) return;
    if (own.some((key) => !RUNNING.has(key) && key !== "train.own")) this.begin();
    else if (changed.has("train.own") && this.get("data") === "own") this.moved();
    this.render();
  }

  // Other points of one's own: the weights stay as they are.
  moved() {
    const { p, steps, records } = this.session;
    const session = new Session(this.settings());
    this.session = Object.assign(session, { p, steps, records });
    session.record();
  }

  show() {
    this.render();
  }

  hide() {
    this.stop();
  }

  toggle() {
    if (this.playing) this.stop();
    else this.start();
  }

  start() {
    if (!this.session.n) return this.say("There are no points yet: click into the plane, or press 1 or 2 there.");
    this.playing = true;
    this.render();
    this.frame();
  }

  stop() {
    this.playing = false;
    cancelAnimationFrame(this.timer);
    if (this.session) this.render();
  }

  frame() {
    const started = performance.now();
    for (let k = 0; k < this.get("speed") && performance.now() - started < BUDGET; k++) this.session.step(this.get("rate"));
    this.session.record();
    if (this.session.diverged) return this.stop();
    this.render();
    this.timer = requestAnimationFrame(() => this.playing && this.frame());
  }

  advance(steps) {
    this.stop();
    for (let k = 0; k < steps; k++) this.session.step(this.get("rate"));
    this.session.record();
    this.render();
  }

  render() {
    for (const control of this.controls) control.update();
    const { session } = this;
    this.play.textContent = this.playing ? "Pause" : "Train";
    this.surface.draw(session, this.get("data") === "own" && this.cursor);
    this.layers.update(session);
    this.told(session);
    this.charts(session);
    this.explained();
  }

  told({ now, n, network, steps, diverged }) {
    const known = n && !diverged;
    const facts = {
      Steps: steps.toLocaleString("en"),
      Loss: known ? now.loss.toPrecision(4) : "none",
      Right: n ? `${Math.round(100 * now.right)} %` : "none",
      "Effective depth": known ? `${now.effectiveDepth.toFixed(2)} of ${network.layers}` : "none",
    };
    this.stats.replaceChildren(...Object.entries(facts).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
    const words = `${facts.Steps} steps, loss ${facts.Loss}, ${facts.Right} right, effective depth ${facts["Effective depth"]}`;
    this.canvas.setAttribute("aria-label", `The plane with ${n} points and the network’s answer: ${words}.`);
    if (diverged) this.say(`After ${facts.Steps} steps the loss is no number any more: the step size is too large for this start. Take a smaller one, and begin again.`);
    else if (this.playing) this.quietly(words);
    else this.say(steps ? `Paused: ${words}.` : "");
  }

  // While it trains, a screen reader hears how it stands every five seconds.
  quietly(words) {
    if (performance.now() - (this.saidAt || 0) > 5000) this.say(words);
  }

  say(words) {
    if (this.said.textContent !== words) this.said.textContent = words;
    this.saidAt = performance.now();
  }

  // How wide a chart may be; nothing is known of it before the panel is shown.
  room() {
    return this.chart.clientWidth || 320;
  }

  charts({ records, now, network }) {
    const losses = records.map(({ step, loss }) => [step, loss]);
    const lossCurve = curves({ series: [{ name: "loss", points: losses }], log: true, x: "steps", y: "loss", width: this.room(), label: `The loss over ${now.step} steps` });
    this.chart.replaceChildren(h("figcaption", {}, "Loss"), lossCurve);
    const depths = records.map(({ step, effectiveDepth }) => [step, effectiveDepth]);
    const depthCurve = curves({ series: [{ name: "effective depth", points: [...depths] }], x: "steps", y: "layers", width: this.room(), label: `Effective depth over the steps, now ${now.effectiveDepth.toFixed(2)} of ${network.layers}` });
    this.depths.replaceChildren(h("figcaption", {}, "Effective depth"), depthCurve);
  }

  explained() {
    const own = this.get("data") === "own";
    this.hint.textContent = own
      ? `Click to add a point of class ${this.pen + 1}, Shift-click for the other, Alt-click to remove one. Keys: arrows move, 1 and 2 add, Delete removes.`
      : "Round points are of the first class, square ones of the second; the line is where the network changes its mind.";
    const missing = this.get("start") === "critical" && !(this.get("activation") in CRITICAL);
    this.note.textContent = missing ? `${this.get("activation")} has no critical scale: drawn as auto.` : "";
    for (const { watch, buttons, states, id } of this.cards) {
      const chosen = this.get("exhibit");
      for (const [name, button] of buttons) button.setAttribute("aria-pressed", String(name === chosen));
      watch.textContent = chosen.startsWith(`${id}-`) ? states[chosen.slice(id.length + 1)][2] : "";
    }
  }

  // Points of one's own, by pointer and by keys.
  listen() {
    this.canvas.addEventListener("click", (event) => {
      if (this.get("data") !== "own") return;
      const at = this.surface.point(event.offsetX, event.offsetY);
      if (event.altKey) this.remove(at);
      else this.add(at, event.shiftKey ? 1 - this.pen : this.pen);
    });
    this.canvas.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      if (this.get("data") !== "own") return;
      this.cursor = this.cursor || [0, 0];
      if (event.key in moves) this.cursor = this.cursor.map((x, k) => Math.max(-EDGE, Math.min(EDGE, x + 0.1 * moves[event.key][k])));
      else if (event.key === "1" || event.key === "2") this.add(this.cursor, Number(event.key) - 1);
      else if (event.key === "Delete" || event.key === "Backspace") this.remove(this.cursor);
      else return;
      event.preventDefault();
      event.stopPropagation();
      this.render();
    });
  }

  add([x, y], c) {
    if (Math.max(Math.abs(x), Math.abs(y)) > EDGE || this.session.n >= MOST_POINTS) return;
    this.pen = c;
    this.app.set({ "train.own": written([...this.session.points, [x, y, c]]) });
  }

  remove([x, y]) {
    const far = (point) => Math.hypot(point[0] - x, point[1] - y);
    const near = [...this.session.points].sort((a, b) => far(a) - far(b))[0];
    if (near && far(near) < 0.3) this.app.set({ "train.own": written(this.session.points.filter((point) => point !== near)) });
  }
}

function named(names) {
  return Object.fromEntries(names.map((name) => [name, name.replace("_", " ")]));
}
