// report/layout.py and the stretches of report/explorer/folds.py, for graphs that are made in the page.
const SWEEPS = 8;
const MOST_CHILDREN = 48;

// Places of nodes 0, 1, ... in topological order, and the points that edges pass between.
export function arranged(count, edges, entered = []) {
  const level = levelsOf(count, edges);
  const stops = level.slice();
  const lines = [...edges, ...entered.map((k) => [-1, k])].map(([source, target]) => {
    const through = [];
    for (let l = source < 0 ? 0 : level[source] + 1; l < level[target]; l++) through.push(stops.push(l) - 1);
    return { source, target, stops: [...(source < 0 ? [] : [source]), ...through, target] };
  });
  const place = ordered(stops, lines);
  return { places: stops.map((l, k) => [l, place[k]]), lines };
}

function levelsOf(count, edges) {
  const into = Array.from({ length: count }, () => []);
  for (const [source, target] of edges) into[target].push(source);
  const level = [];
  for (let k = 0; k < count; k++) level.push(1 + Math.max(-1, ...into[k].map((i) => level[i])));
  const first = new Map();
  for (const [source, target] of edges) first.set(source, Math.min(level[target], first.get(source) ?? level[target]));
  return level.map((l, k) => (into[k].length ? l : (first.get(k) ?? 1) - 1));
}

function ordered(level, lines) {
  const rows = Array.from({ length: Math.max(-1, ...level) + 1 }, () => []);
  level.forEach((l, stop) => rows[l].push(stop));
  const before = level.map(() => []);
  const after = level.map(() => []);
  for (const { stops } of lines) {
    for (let k = 1; k < stops.length; k++) {
      after[stops[k - 1]].push(stops[k]);
      before[stops[k]].push(stops[k - 1]);
    }
  }
  const place = new Array(level.length).fill(0);
  const settle = (row) => row.forEach((stop, k) => (place[stop] = k - (row.length - 1) / 2));
  rows.forEach(settle);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const neighbours = sweep % 2 === 0 ? before : after;
    for (const row of sweep % 2 === 0 ? rows : rows.slice().reverse()) {
      const mean = new Map(row.map((s) => [s, neighbours[s].length ? neighbours[s].reduce((sum, n) => sum + place[n], 0) / neighbours[s].length : place[s]]));
      row.sort((a, b) => mean.get(a) - mean.get(b));
      settle(row);
    }
  }
  return place;
}

// The groups of a graph of scalars: all, or stretches of it.
export function foldsOf(names, parents) {
  const root = { name: "all", kind: "root", members: inOrder(parents), ends: null };
  const count = root.members.length;
  if (count > MOST_CHILDREN) {
    const levels = Math.ceil(Math.log(count) / Math.log(MOST_CHILDREN));
    const size = Math.ceil(count ** (1 / levels));
    while (root.members.length > size) root.members = chunks(root.members, size).map((part) => stretch(part, names));
  }
  return asData(root, parents);
}

function inOrder(parents) {
  return parents.map((_, k) => k);
}

function chunks(items, size) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, k) => items.slice(k * size, (k + 1) * size));
}

function stretch(members, names) {
  if (members.length === 1) return members[0];
  const first = ends(members[0])[0];
  const last = ends(members.at(-1))[1];
  return { name: `${names[first]} … ${names[last]}`, kind: "stretch", members };
}

function ends(member) {
  if (typeof member === "number") return [member, member];
  return [ends(member.members[0])[0], ends(member.members.at(-1))[1]];
}

function asData(root, parents) {
  const groups = [root];
  const above = [-1];
  for (let k = 0; k < groups.length; k++) {
    for (const member of groups[k].members) {
      if (typeof member === "number") continue;
      groups.push(member);
      above.push(k);
    }
  }
  const routes = [];
  groups.forEach((group, number) => {
    group.members.forEach((member, place) => {
      if (typeof member === "number") routes[member] = route(number, place, groups, above);
    });
  });
  const edges = groups.map(() => new Map());
  const entered = groups.map(() => new Set());
  parents.forEach((sources, target) => {
    for (const source of sources) {
      const k = routes[source].findIndex(([, a], n) => a !== routes[target][n][1]);
      const [group, a] = routes[source][k];
      const b = routes[target][k][1];
      edges[group].set(`${a},${b}`, [a, b]);
      for (const [inner, place] of routes[target].slice(k + 1)) entered[inner].add(place);
    }
  });
  return groups.map((group, number) => {
    const layout = arranged(group.members.length, [...edges[number].values()], [...entered[number]]);
    return {
      name: group.name,
      kind: group.kind,
      parent: above[number],
      members: group.members.map((m) => (typeof m === "number" ? m : -1 - groups.indexOf(m))),
      at: layout.places.slice(0, group.members.length),
      lines: layout.lines.map((l) => [l.source, l.target, l.stops.filter((stop) => stop >= group.members.length).map((stop) => layout.places[stop])]),
    };
  });
}

function route(number, place, groups, above) {
  const steps = [[number, place]];
  for (let k = number; above[k] >= 0; k = above[k]) steps.unshift([above[k], groups[above[k]].members.indexOf(groups[k])]);
  return steps;
}
