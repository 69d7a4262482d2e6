import { FUNCTIONS } from "./build.js";
import { decode } from "./decode.js";
import { Derived, QUANTITIES, Summed } from "./derived.js";
import { brief, short } from "./format.js";
import { Graph } from "./graph.js";
import { READINGS, hiddenIn, rolesOf, termsOf } from "./readings.js";
import { groupsAround, openAtFirst } from "./scene.js";
import { declare, makeState } from "./state.js";
import { progressAt, stepsOf } from "./stepping.js";
import { rebuilt } from "./rebuild.js";
import { Spectrum } from "./spectrum.js";
import { strongest } from "./strongest.js";
import { operations } from "./sums.js";

declare("step", -1);
declare("color", "value");
declare("reading", "both");
declare("src", "");
declare("out", "");
declare("sel", "");
declare("open", "");
declare("at", "");
declare("expr", "");

// The state of one page, and what follows from it. Panels read it, and change it by set().
export class App {
  static async load(options) {
    const app = new App(await decode(options.data), options.standalone);
    return app;
  }

  constructor(payload, standalone) {
    Object.assign(this, makeState(standalone));
    this.payload = payload;
    this.standalone = standalone;
    this.version = 0;
    this.error = null;
    this.given = new Graph(payload.graph, payload.scalars);
    this.rebase();
    this.recompute();
    this.on((changed) => this.follow(changed));
  }

  theme() {
    return this.root && this.root.classList.contains("dark") ? "dark" : "light";
  }

  follow(changed) {
    if (changed.has("expr")) this.rebase();
    if (changed.has("expr") || changed.has("at")) this.recompute();
    else if (changed.has("src") || changed.has("out")) this.derive();
    else if (changed.has("reading") || changed.has("step")) this.advance();
  }

  // The graph of the page, or of the expression that was written in it.
  rebase() {
    this.error = null;
    this.base = this.given;
    this.folds = this.payload.folds;
    if (this.state.expr && this.state.expr !== this.payload.expression) {
      try {
        const made = rebuilt(this.state.expr, new Map([...this.givenValues(), ...this.overrides()]));
        this.base = new Graph(made.graph, made.scalars).evaluated();
        this.folds = made.folds;
      } catch (error) {
        if (error.name !== "ExpressionError") throw error;
        this.error = error;
      }
    }
    this.first = openAtFirst(this.base, this.folds);
    this.inside = new Map();
  }

  // Values that were changed in the page, by name.
  overrides() {
    const pairs = this.state.at.split(";").filter(Boolean).map((text) => text.split("="));
    return new Map(pairs.map(([name, value]) => [name, Number(value)]).filter(([, value]) => Number.isFinite(value)));
  }

  // The values of the inputs that the page came with.
  givenValues() {
    const { given } = this;
    if (!given.whole || !given.values) return [];
    return given.inputs.filter((k) => !given.shapes[k].length).map((k) => [given.names[k], given.values[given.first[k]]]);
  }

  recompute() {
    const entries = new Map();
    if (this.base.live) {
      for (const [name, value] of this.overrides()) {
        const entry = this.base.find(name);
        if (entry >= 0 && !this.base.parents[this.base.owner[entry]].length) entries.set(entry, value);
      }
    }
    this.graph = this.base.changed(entries);
    this.derive();
  }

  derive() {
    this.version++;
    const { graph } = this;
    this.src = this.state.src && graph.whole ? graph.find(this.state.src) : -1;
    this.out = this.state.out && graph.whole ? graph.find(this.state.out) : -1;
    this.derived = graph.whole ? new Derived(graph, this.src, this.out) : new Summed(graph, this.payload.summary);
    this.roles = rolesOf(graph);
    this.hasValues = !graph.whole || graph.values !== null;
    this.advance();
  }

  advance() {
    const { graph } = this;
    this.hidden = hiddenIn(graph, this.roles, this.reading);
    const outputs = graph.whole ? this.derived.outputs.map((e) => graph.owner[e]) : graph.outputs.slice(-1);
    this.outputNodes = new Set(outputs);
    this.steps = stepsOf(graph, this.hidden, outputs);
    this.differentiated = new Set(this.steps.filter((s) => s.phase === "backward").map((s) => s.node));
    this.at = this.state.step < 0 ? this.steps.length : Math.min(this.state.step, this.steps.length);
    this.progress = progressAt(graph, this.steps, this.at, this.hidden);
  }

  // What colours tell; a DAG of bare weights has no values.
  get color() {
    const known = this.state.color in QUANTITIES ? this.state.color : "value";
    return known === "value" && !this.hasValues ? "adjoint" : known;
  }

  get reading() {
    return this.state.reading in READINGS ? this.state.reading : "both";
  }

  get open() {
    return new Set(this.state.open ? this.state.open.split(",") : this.first);
  }

  toggle(id) {
    const open = this.open;
    if (!open.delete(id)) open.add(id);
    this.set({ open: [...open].join(",") || "none" });
  }

  // Open what a node is folded in.
  uncover(node) {
    const open = this.open;
    const around = groupsAround(this.folds, node).filter((id) => !open.has(id));
    if (around.length) this.set({ open: [...open, ...around].join(",") });
  }

  nodesIn(group) {
    if (!this.inside.has(group)) {
      const members = this.folds[group].members;
      this.inside.set(group, members.flatMap((m) => (m < 0 ? this.nodesIn(-1 - m) : [m])));
    }
    return this.inside.get(group);
  }

  stepTo(at) {
    const k = Math.max(0, Math.min(this.steps.length, at));
    this.set({ step: k === this.steps.length ? -1 : k });
  }

  // The entry that an id of the picture stands for: of a node the first, of a group none.
  entryOf(id) {
    const number = Number(id.slice(1));
    if (!this.graph.whole || !id || Number.isNaN(number)) return -1;
    if (id[0] === "e") return number < this.graph.count ? number : -1;
    return id[0] === "n" && number < this.graph.size ? this.graph.first[number] : -1;
  }

  nodeOf(id) {
    if (id[0] === "e") return this.graph.whole ? this.graph.owner[Number(id.slice(1))] : -1;
    return id[0] === "n" && Number(id.slice(1)) < this.graph.size ? Number(id.slice(1)) : -1;
  }

  selectedEntries() {
    const { sel } = this.state;
    if (!sel || !this.graph.whole) return [];
    const node = this.nodeOf(sel);
    return sel[0] === "e" ? [this.entryOf(sel)] : node >= 0 ? this.graph.entries(node) : [];
  }

  idOf(entry) {
    const node = this.graph.owner[entry];
    return this.graph.shapes[node].length ? `e${entry}` : `n${node}`;
  }

  // Paths between the chosen ends, the strongest first.
  strongest() {
    return strongest(this.graph, this.derived.sources, this.derived.outputs);
  }

  // What each path length carries between them, lengths counted in edges or in layers.
  spectrum(by) {
    return new Spectrum(this, by);
  }

  // The terms of an entry's adjoint in this reading.
  terms(entry) {
    return termsOf(this.graph, entry, this.hidden, this.derived.leads);
  }

  // The functions that an expression may call.
  get functions() {
    return Object.keys(FUNCTIONS);
  }

  operations() {
    return operations(this.graph, this.derived.sources, this.derived.outputs);
  }

  // Numbers as of this step: null where one is not computed yet, undefined where there is none.
  valueOf(entry, node) {
    if (!this.hasValues) return undefined;
    if (!this.progress.values[node]) return null;
    return this.graph.whole ? this.graph.values[entry] : this.payload.summary.values[node];
  }

  adjointOf(entry, node) {
    const leads = this.graph.whole ? this.derived.leads[entry] : this.payload.summary.adjoints[node] !== null;
    if (!leads || !this.differentiated.has(node)) return undefined;
    if (!this.progress.adjoints[node]) return null;
    return this.graph.whole ? this.derived.adjoint[entry] : this.payload.summary.adjoints[node];
  }

  valueText(entry, node) {
    const value = this.valueOf(entry, node);
    return value === undefined ? "" : brief(value);
  }

  adjointText(entry, node) {
    const value = this.adjointOf(entry, node);
    return value === undefined ? "" : brief(value);
  }

  // Of an array: the norm of its values, or of its adjoints.
  normText(node, what) {
    const entries = this.graph.entries(node);
    const numbers = entries.map((e) => (what === "value" ? this.valueOf(e, node) : this.adjointOf(e, node)));
    const known = numbers.filter((x) => x !== undefined);
    if (!known.length) return "";
    if (known.some((x) => x === null)) return brief(null);
    return `‖${what === "value" ? "y" : "S"}‖ ${short(Math.hypot(...known))}`;
  }

  shownRole(node) {
    return this.reading === "both" ? "" : this.roles[node];
  }

  spoken(node, value, adjoint) {
    const { graph } = this;
    const parts = [graph.names[node], graph.primitives[node] === "given" ? "node" : graph.primitives[node]];
    if (value) parts.push(value === brief(null) ? "value not computed yet" : `value ${value}`);
    if (adjoint) parts.push(adjoint === brief(null) ? "adjoint not computed yet" : `adjoint ${adjoint}`);
    return parts.join(", ");
  }
}

