import { lengthSums } from "./sums.js";

export const LAYERS = new Set("matmul einsum linear post_activation pre_activation".split(" "));
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
