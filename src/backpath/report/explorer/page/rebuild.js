import { graphOf } from "./build.js";
import { foldsOf } from "./layout.js";
import { ELEMENTWISE } from "./primitives.js";

// A graph, its numbers and its layout from an expression; inputs without a value are 1.
export function rebuilt(text, values) {
  const graph = graphOf(text);
  const count = graph.names.length;
  const starts = new Int32Array(count + 1);
  graph.parents.forEach((parents, k) => (starts[k + 1] = starts[k] + parents.length));
  const slots = Int32Array.from(graph.parents.flatMap((parents) => parents.map((_, slot) => slot)));
  const carries = Uint8Array.from(
    graph.parents.flatMap((parents, k) => parents.map((_, slot) => (graph.primitives[k] === "reshape" || ELEMENTWISE[graph.primitives[k]].z[slot] ? 1 : 0)))
  );
  const numbers = new Float64Array(count);
  for (const k of graph.inputs) numbers[k] = values.get(graph.names[k]) ?? 1;
  for (const [k, value] of graph.constants) numbers[k] = value;
  const scalars = { values: numbers, starts, origins: Int32Array.from(graph.parents.flat()), slots, z: new Float64Array(starts[count]).fill(NaN), carries };
  return { graph, scalars, folds: foldsOf(graph.names, graph.parents) };
}
