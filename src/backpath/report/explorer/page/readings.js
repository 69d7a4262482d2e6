import { ACTIVATIONS } from "./graph.js";

// The textbook's three readings of a network: over post-activations h (Delta), pre-activations a (delta), or both apart.
export const READINGS = {
  both: { label: "both", about: "linear and activation nodes apart: S at each" },
  post: { label: "Δ post", about: "over post-activations h: Δ(h) = ∂o/∂h, the nodes a are passed through" },
  pre: { label: "δ pre", about: "over pre-activations a: δ(a) = ∂o/∂a, the nodes h are passed through" },
};

// By node: "post" for what an activation made, "pre" for what is about to be bent by one, "weight" for an input beside
// an array or a product, else nothing.
export function rolesOf(graph) {
  const roles = new Array(graph.size).fill("");
  graph.primitives.forEach((primitive, node) => {
    if (primitive === "post_activation") roles[node] = "post";
    if (primitive === "pre_activation") roles[node] = "pre";
    if (!ACTIVATIONS.has(primitive)) return;
    roles[node] = "post";
    const parent = graph.parents[node][0];
    if (graph.parents[parent].length && roles[parent] === "") roles[parent] = "pre";
  });
  return roles;
}

// Nodes that a reading passes through: edges into and out of them are taken together, so that no path is lost.
export function hiddenIn(graph, roles, reading) {
  const hidden = new Set();
  if (reading === "both") return hidden;
  const users = Array.from({ length: graph.size }, () => []);
  graph.parents.forEach((parents, node) => parents.forEach((p) => users[p].push(node)));
  roles.forEach((role, node) => {
    if (graph.outputs.includes(node)) return;
    const bent = users[node].length > 0 && users[node].every((u) => roles[u] === "post" && ACTIVATIONS.has(graph.primitives[u]));
    if (reading === "post" && role === "pre" && bent) hidden.add(node);
    if (reading === "pre" && role === "post" && roles[graph.parents[node][0]] === "pre" && graph.parents[node].length === 1) {
      hidden.add(node);
    }
  });
  return hidden;
}

export function symbolOf(role) {
  return role === "post" ? "Δ" : role === "pre" ? "δ" : "S";
}

// Which equation of the chapter a step of the backward phase is.
export function equationOf(graph, roles, reading, node, seed) {
  if (seed) return "3.9";
  const network = roles.includes("post") || roles.includes("pre");
  if (!network || reading === "both") return "3.8";
  if (graph.isInput(node)) return reading === "post" ? "3.13" : "3.14";
  if (reading === "post") return roles[node] === "post" ? "3.12" : "3.8";
  return roles[node] === "pre" ? "3.15" : "3.8";
}

// The terms of S(i): for each way out of an entry, through hidden nodes only, its wires and the entry that it leads to.
export function termsOf(graph, entry, hidden, leads) {
  const terms = [];
  const walk = (at, wires) => {
    for (let k = graph.outStarts[at]; k < graph.outStarts[at + 1]; k++) {
      const w = graph.out[k];
      const j = graph.targets[w];
      if (!graph.carries[w] || !leads[j]) continue;
      if (hidden.has(graph.owner[j])) walk(j, [...wires, w]);
      else terms.push({ wires: [...wires, w], to: j });
    }
  };
  walk(entry, []);
  return terms;
}
