// The forward phase, one computed node after the other, and the backward phase, from the output to where paths come from.
export function stepsOf(graph, hidden, outputs) {
  const reached = reachedNodes(graph);
  const steps = [];
  const shown = (node) => !graph.isConstant(node) && !hidden.has(node);
  const nodes = Array.from({ length: graph.size }, (_, k) => k).filter(shown);
  if (!graph.whole || graph.values) for (const node of nodes) steps.push({ phase: "forward", node });
  const leads = leadingNodes(graph, outputs);
  for (const node of nodes.slice().reverse()) if (leads.has(node) && reached.has(node)) steps.push({ phase: "backward", node });
  return steps;
}

// Nodes to which something leads from what is differentiated by.
function reachedNodes(graph) {
  const found = new Set(graph.sources);
  for (let node = 0; node < graph.size; node++) {
    const parents = graph.whole ? [...parentsThatCarry(graph, node)] : graph.parents[node];
    if (parents.some((p) => found.has(p))) found.add(node);
  }
  return found;
}

// Nodes from which something leads to the outputs.
function leadingNodes(graph, outputs) {
  const found = new Set(outputs);
  for (let node = graph.size - 1; node >= 0; node--) {
    if (!found.has(node)) continue;
    const parents = graph.whole ? parentsThatCarry(graph, node) : graph.parents[node];
    for (const parent of parents) found.add(parent);
  }
  return found;
}

function parentsThatCarry(graph, node) {
  const found = new Set();
  for (let w = graph.starts[graph.first[node]]; w < graph.starts[graph.first[node + 1]]; w++) {
    if (graph.carries[w]) found.add(graph.owner[graph.origins[w]]);
  }
  return found;
}

// What is computed after so many steps: 0 nothing, 1 the value, 2 the adjoint as well; by node.
export function progressAt(graph, steps, at, hidden) {
  const values = new Uint8Array(graph.size);
  const adjoints = new Uint8Array(graph.size);
  for (let node = 0; node < graph.size; node++) if (graph.isConstant(node)) values[node] = 1;
  for (let k = 0; k < Math.min(at, steps.length); k++) (steps[k].phase === "forward" ? values : adjoints)[steps[k].node] = 1;
  for (const node of hidden) values[node] = graph.parents[node].every((p) => values[p]) ? 1 : 0;
  if (graph.whole && !graph.values) values.fill(0);
  const now = at > 0 && at <= steps.length ? steps[at - 1] : null;
  return { values, adjoints, now, done: at >= steps.length };
}
