import { canRecompute, recomputed } from "./recompute.js";

// Nodes of primitives that choose: where their z is 0 there is no way through, whatever lies beyond.
const CUTS = new Set(["relu", "maximum", "minimum", "where"]);
export const ACTIVATIONS = new Set(
  "relu leaky_relu elu selu gelu silu mish softplus tanh sigmoid".split(" ")
);

// A graph at a point, neuron by neuron: entries of all nodes numbered through, and wires, which are their operands.
export class Graph {
  constructor(graph, scalars) {
    Object.assign(this, graph);
    this.size = this.names.length;
    this.first = new Int32Array(this.size + 1);
    for (let k = 0; k < this.size; k++) this.first[k + 1] = this.first[k] + this.shapes[k].reduce((a, b) => a * b, 1);
    this.count = this.first[this.size];
    this.labels = labelsOf(this.names);
    this.whole = Boolean(scalars);
    if (!scalars) return;
    Object.assign(this, scalars);
    this.owner = new Int32Array(this.count);
    for (let k = 0; k < this.size; k++) this.owner.fill(k, this.first[k], this.first[k + 1]);
    this.wires = this.origins.length;
    this.targets = new Int32Array(this.wires);
    const degree = new Int32Array(this.count + 1);
    for (let e = 0; e < this.count; e++) {
      for (let w = this.starts[e]; w < this.starts[e + 1]; w++) {
        this.targets[w] = e;
        degree[this.origins[w] + 1]++;
      }
    }
    for (let e = 0; e < this.count; e++) degree[e + 1] += degree[e];
    this.outStarts = degree;
    this.out = new Int32Array(this.wires);
    const at = degree.slice();
    for (let w = 0; w < this.wires; w++) this.out[at[this.origins[w]]++] = w;
    this.cuts = this.primitives.map((p) => CUTS.has(p));
    this.frozen = canRecompute(this);
  }

  // Why the page cannot compute it again, or nothing.
  get live() {
    return this.whole && this.values !== null && this.frozen === "";
  }

  shapeText(node) {
    return this.shapes[node].length ? this.shapes[node].join("×") : "";
  }

  // Paths through a wire exist if it carries a derivative and was not cut off.
  carriesAny(wire) {
    return this.carries[wire] === 1;
  }

  nameOf(entry) {
    const node = this.owner[entry];
    return this.names[node] + this.indexOf(entry);
  }

  // The same for the eye: without what all names of its kind begin with.
  labelOf(entry) {
    return this.labels[this.owner[entry]] + this.indexOf(entry);
  }

  // Which entry of its node, in brackets; of a scalar nothing.
  indexOf(entry) {
    const node = this.owner[entry];
    const shape = this.shapes[node];
    if (!shape.length) return "";
    let rest = entry - this.first[node];
    const index = [];
    for (let k = shape.length - 1; k >= 0; k--) {
      index.unshift(rest % shape[k]);
      rest = Math.floor(rest / shape[k]);
    }
    return `[${index.join(",")}]`;
  }

  find(name) {
    const node = this.names.indexOf(name);
    if (node >= 0) return this.first[node];
    const match = /^(.*)\[([\d,]+)\]$/.exec(name);
    const owner = match ? this.names.indexOf(match[1]) : -1;
    if (owner < 0) return -1;
    const index = match[2].split(",").map(Number);
    const flat = this.shapes[owner].reduce((sum, n, k) => sum * n + (index[k] || 0), 0);
    return flat < this.first[owner + 1] - this.first[owner] ? this.first[owner] + flat : -1;
  }

  entries(node) {
    return Array.from({ length: this.first[node + 1] - this.first[node] }, (_, k) => this.first[node] + k);
  }

  isInput(node) {
    return this.primitives[node] === "input";
  }

  isConstant(node) {
    return this.primitives[node] === "constant";
  }

  // Entries by which is differentiated, and those that are: of the last output, the chosen one or all.
  sourceEntries(choice) {
    return choice >= 0 ? [choice] : this.sources.flatMap((node) => this.entries(node));
  }

  outputEntries(choice) {
    if (choice >= 0) return [choice];
    const node = this.outputs[this.outputs.length - 1];
    return this.entry === null ? this.entries(node) : [this.first[node] + this.entry];
  }

  // The same graph with other values in some entries of inputs, everything else computed again.
  changed(overrides) {
    return overrides.size ? this.evaluated(overrides) : this;
  }

  evaluated(overrides = new Map()) {
    const other = Object.create(Graph.prototype);
    Object.assign(other, this);
    Object.assign(other, recomputed(this, overrides));
    return other;
  }
}

// The last part of a dotted name, where it is that of no other node.
function labelsOf(names) {
  const short = names.map((name) => name.slice(name.lastIndexOf(".") + 1) || name);
  const met = new Map();
  for (const label of short) met.set(label, (met.get(label) || 0) + 1);
  return names.map((name, k) => (met.get(short[k]) === 1 ? short[k] : name));
}
