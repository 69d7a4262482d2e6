import { BEST, leading, pull } from "./sums.js";

class Heap {
  constructor() {
    this.items = [];
  }

  push(item) {
    const items = this.items;
    let k = items.push(item) - 1;
    while (k > 0) {
      const above = (k - 1) >> 1;
      if (!before(items[k], items[above])) break;
      [items[k], items[above]] = [items[above], items[k]];
      k = above;
    }
  }

  pop() {
    const items = this.items;
    const top = items[0];
    const last = items.pop();
    if (!items.length) return top;
    items[0] = last;
    for (let k = 0; ; ) {
      let best = k;
      for (const below of [2 * k + 1, 2 * k + 2]) if (below < items.length && before(items[below], items[best])) best = below;
      if (best === k) return top;
      [items[k], items[best]] = [items[best], items[k]];
      k = best;
    }
  }
}

function before(a, b) {
  return a.size > b.size || (a.size === b.size && a.order < b.order);
}

// Paths from the strongest on: the prefix with the best possible completion is always the one extended. Those of product 0
// are left out. Each has its wires in order, and its product.
export function* strongest(graph, sources, outputs) {
  const best = pull(graph, outputs, BEST);
  const ends = new Set(outputs);
  const heap = new Heap();
  let order = 0;
  const offer = (at, wire, above, product, done) => {
    const size = Math.abs(product) * (done ? 1 : best[at]);
    if (size > 0) heap.push({ at, wire, above, product, done, size, order: order++ });
  };
  for (const source of sources) offer(source, -1, null, 1, false);
  while (heap.items.length) {
    const prefix = heap.pop();
    if (prefix.done) {
      yield { wires: wiresOf(prefix), product: prefix.product, start: startOf(prefix) };
      continue;
    }
    if (ends.has(prefix.at)) offer(prefix.at, prefix.wire, prefix.above, prefix.product, true);
    for (let k = graph.outStarts[prefix.at]; k < graph.outStarts[prefix.at + 1]; k++) {
      const w = graph.out[k];
      if (graph.carries[w]) offer(graph.targets[w], w, prefix, prefix.product * graph.z[w], false);
    }
  }
}

function wiresOf(last) {
  const wires = [];
  for (let p = last; p && p.wire >= 0; p = p.above) wires.push(p.wire);
  return wires.reverse();
}

function startOf(last) {
  let p = last;
  while (p.above) p = p.above;
  return p.at;
}

// All paths by depth-first search that meets no dead end, as the sum is taken literally.
export function* everyPath(graph, sources, outputs) {
  const leads = leading(graph, outputs);
  const ends = new Set(outputs);
  for (const source of sources) {
    if (!leads[source]) continue;
    const wires = [];
    const products = [1];
    const places = [graph.outStarts[source]];
    const at = [source];
    if (ends.has(source)) yield { wires: [], product: 1, start: source };
    while (at.length) {
      const here = at[at.length - 1];
      const k = places[places.length - 1]++;
      if (k >= graph.outStarts[here + 1]) {
        at.pop();
        places.pop();
        wires.pop();
        products.pop();
        continue;
      }
      const w = graph.out[k];
      const next = graph.targets[w];
      if (!graph.carries[w] || !leads[next]) continue;
      const product = products[products.length - 1] * graph.z[w];
      wires.push(w);
      if (ends.has(next)) yield { wires: wires.slice(), product, start: source };
      at.push(next);
      products.push(product);
      places.push(graph.outStarts[next]);
    }
  }
}
