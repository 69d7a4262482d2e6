import { ACTIVE, COUNT, MASS, SUM, leading, pull, push } from "./sums.js";

export const QUANTITIES = {
  value: { label: "value", signed: true, about: "y(i), the value of each node" },
  adjoint: { label: "adjoint", signed: true, about: "S(i), the derivative of the output by each node" },
  flow: { label: "flow", signed: false, about: "the part of the mass of all paths that goes through" },
  cancellation: { label: "cancellation", signed: false, about: "|S(i)| over the mass: 1 where all paths agree in sign" },
  paths: { label: "path count", signed: false, about: "how many paths go through, by their logarithm" },
};

// What sweeps find between the chosen ends, each computed when it is asked for.
export class Derived {
  constructor(graph, src, out) {
    this.graph = graph;
    this.sources = graph.sourceEntries(src);
    this.outputs = graph.outputEntries(out);
    this.found = new Map();
  }

  once(key, make) {
    if (!this.found.has(key)) this.found.set(key, make());
    return this.found.get(key);
  }

  get leads() {
    return this.once("leads", () => leading(this.graph, this.outputs));
  }

  get adjoint() {
    return this.once("adjoint", () => pull(this.graph, this.outputs, SUM));
  }

  get mass() {
    return this.once("mass", () => pull(this.graph, this.outputs, MASS));
  }

  get alpha() {
    return this.once("alpha", () => push(this.graph, this.sources, MASS));
  }

  get counts() {
    return this.once("counts", () => pull(this.graph, this.outputs, COUNT));
  }

  get alphaCounts() {
    return this.once("alphaCounts", () => push(this.graph, this.sources, COUNT));
  }

  get total() {
    return this.once("total", () => this.sources.reduce((n, e) => n + this.counts[e], 0n));
  }

  get active() {
    return this.once("active", () => {
      const counts = pull(this.graph, this.outputs, ACTIVE);
      return this.sources.reduce((n, e) => n + counts[e], 0n);
    });
  }

  get totalMass() {
    return this.once("totalMass", () => this.sources.reduce((sum, e) => sum + this.mass[e], 0));
  }

  // By entry; NaN where there is nothing to say.
  quantity(name) {
    return this.once(`q ${name}`, () => {
      const { graph } = this;
      if (name === "value") return graph.values || new Float64Array(graph.count).fill(NaN);
      const sums = new Float64Array(graph.count).fill(NaN);
      for (let e = 0; e < graph.count; e++) {
        if (!this.leads[e]) continue;
        if (name === "adjoint") sums[e] = this.adjoint[e];
        else if (name === "flow") sums[e] = this.totalMass ? (this.alpha[e] * this.mass[e]) / this.totalMass : NaN;
        else if (name === "cancellation") sums[e] = this.mass[e] ? Math.abs(this.adjoint[e]) / this.mass[e] : NaN;
        else sums[e] = logOf(this.alphaCounts[e] * this.counts[e]);
      }
      return sums;
    });
  }

  // Of a wire, in the same terms.
  ofWire(name, w) {
    const { graph } = this;
    const [i, j] = [graph.origins[w], graph.targets[w]];
    if (!graph.carries[w] || !this.leads[j]) return NaN;
    if (name === "value") return graph.z[w];
    if (name === "adjoint") return this.adjoint[j] * graph.z[w];
    if (name === "flow") return this.totalMass ? (this.alpha[i] * Math.abs(graph.z[w]) * this.mass[j]) / this.totalMass : NaN;
    if (name === "paths") return logOf(this.alphaCounts[i] * this.counts[j]);
    return NaN;
  }
}

// log(1 + n), also of whole numbers that no double holds.
export function logOf(n) {
  if (n < 2n ** 1000n) return Math.log1p(Number(n));
  const text = String(n);
  return Math.log(Number(text.slice(0, 15))) + (text.length - 15) * Math.LN10;
}

// The same of array nodes, where the neurons were too many to send.
export class Summed {
  constructor(graph, summary) {
    this.graph = graph;
    this.summary = summary;
  }

  quantity(name) {
    const { values, adjoints, flow, cancellation, paths, mass } = this.summary;
    const number = (x) => (x === null ? NaN : Number(x));
    if (name === "value") return values.map(number);
    if (name === "adjoint") return adjoints.map(number);
    if (name === "flow") return flow.map((f) => (f === null || !mass ? NaN : f / mass));
    if (name === "cancellation") return cancellation.map(number);
    return paths.map((p) => (p === "0" ? NaN : logOf(BigInt(p))));
  }
}
