import { ELEMENTWISE } from "./primitives.js";

const COPIES = new Set("reshape transpose index take concatenate broadcast_to pad".split(" "));
const PHI = (params) => ELEMENTWISE[(params && params.activation) || "identity"];

// A kind computes the value of one entry from its operands' values x, and writes z of each; `slots` says how they part.
const KINDS = {
  matmul: (x, slots, params, z) => dot(x, z, 0, x.length / 2),
  linear: (x, slots, params, z) => affine(x, slots, z),
  post_activation: (x, slots, params, z) => {
    const a = affine(x, slots, z);
    const phi = PHI(params);
    const y = phi.value(a, params);
    const slope = phi.z[0](a, y, params);
    for (let k = 0; k < z.length; k++) z[k] *= slope;
    return y;
  },
  pre_activation: (x, slots, params, z) => {
    const phi = PHI(params);
    const width = (x.length - 2) / 2;
    const a = x.slice(0, width);
    for (let k = 0; k < width; k++) x[k] = phi.value(a[k], params);
    const y = affine(x, slots, z);
    for (let k = 0; k < width; k++) z[k] *= phi.z[0](a[k], x[k], params);
    return y;
  },
  sum: (x, slots, params, z) => x.reduce((total, v, k) => ((z[k] = 1), total + v), 0),
  max: (x, slots, params, z) => {
    const most = Math.max(...x);
    const ties = x.filter((v) => v === most).length;
    x.forEach((v, k) => (z[k] = v === most ? 1 / ties : 0));
    return most;
  },
  softmax_cross_entropy: (x, slots, params, z) => {
    const n = x.length / 2;
    const [s, t] = [x.slice(0, n), x.slice(n)];
    const most = Math.max(...s);
    const total = s.reduce((sum, v) => sum + Math.exp(v - most), 0);
    const logs = s.map((v) => v - most - Math.log(total));
    const weight = t.reduce((a, b) => a + b, 0);
    let loss = 0;
    for (let k = 0; k < n; k++) {
      if (t[k] !== 0) loss -= t[k] * logs[k];
      z[k] = Math.exp(logs[k]) * weight - t[k];
      z[n + k] = -logs[k];
    }
    return loss;
  },
};

function dot(x, z, from, width) {
  let total = 0;
  for (let k = from; k < from + width; k++) {
    total += x[k] * x[k + width];
    z[k] = x[k + width];
    z[k + width] = x[k];
  }
  return total;
}

// h W + one b: the last two operands are the neuron fixed at 1, and its weight.
function affine(x, slots, z) {
  const width = (x.length - 2) / 2;
  const total = dot(x, z, 0, width);
  return total + dot(x, z, 2 * width, 1);
}

export function canRecompute(graph) {
  for (let node = 0; node < graph.size; node++) {
    const primitive = graph.primitives[node];
    if (primitive === "given") return "bare weights have no formula";
    if (primitive === "input" || primitive === "constant") continue;
    const known = ELEMENTWISE[primitive] || KINDS[primitive] || COPIES.has(primitive);
    if (!known || !complete(graph, node, primitive)) return `the page does not compute ${primitive} again (${graph.names[node]})`;
  }
  return "";
}

// Whether every entry has the operands that its rule reads.
function complete(graph, node, primitive) {
  const slots = graph.parents[node].length;
  for (let e = graph.first[node]; e < graph.first[node + 1]; e++) {
    const wires = graph.starts[e + 1] - graph.starts[e];
    if (ELEMENTWISE[primitive] && wires !== slots) return false;
    if (["matmul", "softmax_cross_entropy"].includes(primitive) && (wires % 2 || !halves(graph, e))) return false;
    if (["linear", "post_activation", "pre_activation"].includes(primitive) && (wires % 2 || slots !== 4)) return false;
  }
  return true;
}

function halves(graph, e) {
  const middle = (graph.starts[e] + graph.starts[e + 1]) / 2;
  return graph.slots[graph.starts[e]] === 0 && graph.slots[middle] === 1 && graph.slots[middle - 1] === 0;
}

// Values and z of the whole graph, with other values in some entries of inputs and constants.
export function recomputed(graph, overrides) {
  const values = graph.values.slice();
  const z = graph.z.slice();
  for (const [entry, value] of overrides) values[entry] = value;
  for (let node = 0; node < graph.size; node++) {
    const primitive = graph.primitives[node];
    if (primitive === "input" || primitive === "constant") continue;
    const params = graph.params[node] || {};
    for (let e = graph.first[node]; e < graph.first[node + 1]; e++) {
      const [from, to] = [graph.starts[e], graph.starts[e + 1]];
      const x = Array.from({ length: to - from }, (_, k) => values[graph.origins[from + k]]);
      if (ELEMENTWISE[primitive]) {
        const rule = ELEMENTWISE[primitive];
        values[e] = rule.value(...x, params);
        rule.z.forEach((by, k) => {
          if (by) z[from + k] = by(...x, values[e], params);
        });
      } else if (COPIES.has(primitive)) {
        values[e] = x.length ? x[0] : 0;
      } else {
        const slopes = new Array(x.length).fill(1);
        values[e] = KINDS[primitive](x, graph.slots.subarray(from, to), params, slopes);
        for (let k = 0; k < slopes.length; k++) z[from + k] = slopes[k];
      }
    }
  }
  return { values, z };
}
