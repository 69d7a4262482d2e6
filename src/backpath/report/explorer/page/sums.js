// The recursion S(i) = sum over j of S(j) z(i, j), one visit a wire, in several semirings and both directions.

export function leading(graph, outputs) {
  const flags = new Uint8Array(graph.count);
  for (const o of outputs) flags[o] = 1;
  for (let e = graph.count - 1; e >= 0; e--) {
    if (!flags[e]) continue;
    for (let w = graph.starts[e]; w < graph.starts[e + 1]; w++) if (graph.carries[w]) flags[graph.origins[w]] = 1;
  }
  return flags;
}

export function reached(graph, sources) {
  const flags = new Uint8Array(graph.count);
  for (const s of sources) flags[s] = 1;
  for (let e = 0; e < graph.count; e++) {
    for (let w = graph.starts[e]; !flags[e] && w < graph.starts[e + 1]; w++) {
      if (graph.carries[w] && flags[graph.origins[w]]) flags[e] = 1;
    }
  }
  return flags;
}

const NUMBERS = { zero: 0, array: (n) => new Float64Array(n), plus: (a, b) => a + b };
export const SUM = { ...NUMBERS, one: 1, through: (s, z) => s * z };
export const MASS = { ...NUMBERS, one: 1, through: (s, z) => s * Math.abs(z) };
export const BEST = { ...NUMBERS, one: 1, plus: Math.max, through: (s, z) => s * (Math.abs(z) || 0) };
export const COUNT = {
  zero: 0n,
  one: 1n,
  array: (n) => new Array(n).fill(0n),
  plus: (a, b) => a + b,
  through: (s) => s,
};
export const ACTIVE = { ...COUNT, through: (s, z) => (z === 0 ? 0n : s) };

// Path sums from every entry to the outputs.
export function pull(graph, outputs, semiring) {
  const sums = semiring.array(graph.count);
  const leads = leading(graph, outputs);
  for (const o of outputs) sums[o] = semiring.plus(sums[o], semiring.one);
  for (let e = graph.count - 1; e >= 0; e--) {
    if (!leads[e]) continue;
    const cuts = graph.cuts[graph.owner[e]];
    for (let w = graph.starts[e]; w < graph.starts[e + 1]; w++) {
      if (!graph.carries[w]) continue;
      const i = graph.origins[w];
      if (!(cuts && graph.z[w] === 0) || semiring === COUNT) sums[i] = semiring.plus(sums[i], semiring.through(sums[e], graph.z[w]));
    }
  }
  return sums;
}

// Path sums from the sources to every entry.
export function push(graph, sources, semiring) {
  const sums = semiring.array(graph.count);
  const flags = reached(graph, sources);
  for (const s of sources) sums[s] = semiring.plus(sums[s], semiring.one);
  for (let e = 0; e < graph.count; e++) {
    if (!flags[e]) continue;
    const cuts = graph.cuts[graph.owner[e]];
    for (let w = graph.starts[e]; w < graph.starts[e + 1]; w++) {
      if (!graph.carries[w] || !flags[graph.origins[w]]) continue;
      if (!(cuts && graph.z[w] === 0) || semiring === COUNT) sums[e] = semiring.plus(sums[e], semiring.through(sums[graph.origins[w]], graph.z[w]));
    }
  }
  return sums;
}

// Multiplications and additions: all paths one by one, and the recursion, between these ends.
export function operations(graph, sources, outputs) {
  const leads = leading(graph, outputs);
  const from = reached(graph, sources);
  const counts = graph.whole ? pull(graph, outputs, COUNT) : [];
  const lengths = new Array(graph.count).fill(0n);
  let multiplications = 0n;
  let additions = 0n;
  for (let e = graph.count - 1; e >= 0; e--) {
    if (!leads[e]) continue;
    for (let w = graph.starts[e]; w < graph.starts[e + 1]; w++) {
      if (graph.carries[w]) lengths[graph.origins[w]] += lengths[e] + counts[e];
    }
  }
  const ends = new Set(outputs);
  for (let e = 0; e < graph.count; e++) {
    if (!from[e] || !leads[e]) continue;
    let terms = ends.has(e) ? 1n : 0n;
    for (let k = graph.outStarts[e]; k < graph.outStarts[e + 1]; k++) {
      const w = graph.out[k];
      if (graph.carries[w] && leads[graph.targets[w]]) {
        terms++;
        if (!ends.has(graph.targets[w])) multiplications++;
      }
    }
    if (terms > 1n) additions += terms - 1n;
  }
  let paths = 0n;
  let edges = 0n;
  let added = 0n;
  for (const s of sources) {
    paths += counts[s];
    edges += lengths[s];
    if (counts[s] > 0n) added += counts[s] - 1n;
  }
  const product = edges - paths;
  return { paths, byPaths: [product > 0n ? product : 0n, added], bySweep: [multiplications, additions] };
}

// What paths of each length carry: by entry a map from length to sum.
export function lengthSums(graph, ends, step, forward, through) {
  const sums = new Array(graph.count).fill(null);
  for (const e of ends) sums[e] = new Map([[0, 1]]);
  const add = (to, from, w) => {
    if (!sums[from]) return;
    sums[to] ||= new Map();
    for (const [n, a] of sums[from]) {
      const length = n + step(w);
      sums[to].set(length, (sums[to].get(length) || 0) + through(a, graph.z[w]));
    }
  };
  for (let k = 0; k < graph.count; k++) {
    const e = forward ? k : graph.count - 1 - k;
    const cuts = graph.cuts[graph.owner[e]];
    for (let w = graph.starts[e]; w < graph.starts[e + 1]; w++) {
      if (!graph.carries[w] || (cuts && graph.z[w] === 0)) continue;
      if (forward) add(e, graph.origins[w], w);
      else add(graph.origins[w], e, w);
    }
  }
  return sums;
}
