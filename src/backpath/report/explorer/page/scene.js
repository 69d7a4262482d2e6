// What is to be seen, and where: boxes of groups, nodes and neurons, and the lines between them. A function of the graph, the
// folds and which of them are open, and of nothing else, so that nothing moves from step to step.
export const MOST_BOXES = 300;
const MOST_CELLS = 48;
const CARD = { width: 124, height: 70 };
const SMALL = { width: 84, height: 46 };
const CELL = { width: 58, height: 26, gap: 6 };
const [ACROSS, NEAR, DOWN, PAD, HEAD] = [66, 34, 20, 14, 28];

export function idOfNode(node) {
  return `n${node}`;
}

export function idOfGroup(group) {
  return `g${group}`;
}

// Groups that are open at first: all down to the level at which about sixty boxes are seen.
export function openAtFirst(graph, folds) {
  const open = new Set([0]);
  let seen = folds[0].members.length;
  let levels = levelsOf(folds[0]);
  for (let k = 1; k < folds.length; k++) {
    const more = folds[k].members.length;
    const wider = levelsOf(folds[k]) - 1;
    if (!open.has(folds[k].parent) || seen + more > 60 || levels + wider > 11 || folds[k].kind === "stretch") continue;
    open.add(k);
    seen += more;
    levels += wider;
  }
  return [...open].filter(Boolean).map(idOfGroup);
}

function levelsOf(fold) {
  return 1 + Math.max(...fold.at.map(([level]) => level));
}

// The groups around a node, the innermost first.
export function groupsAround(folds, node) {
  let group = folds.findIndex((g) => g.members.includes(node));
  const around = [];
  for (; group > 0; group = folds[group].parent) around.push(idOfGroup(group));
  return around;
}

export class Scene {
  constructor(graph, folds, open) {
    this.graph = graph;
    this.folds = folds;
    this.open = open;
    this.boxes = [];
    this.byId = new Map();
    this.home = new Array(graph.size);
    this.frames = [];
    this.count = 0;
    const root = this.arrange(0);
    this.width = root.width;
    this.height = root.height;
    this.place(root, 0, 0, null);
    this.lines = this.connect();
  }

  // The size of a group's inside, and where its members are in it.
  arrange(number) {
    const fold = this.folds[number];
    const across = this.graph.whole && this.graph.count === this.graph.size && this.folds.length === 1 ? ACROSS : NEAR;
    const columns = [];
    const parts = fold.members.map((member, k) => {
      const part = member < 0 ? this.ofGroup(-1 - member) : this.ofNode(member);
      const [level, place] = fold.at[k];
      (columns[level] ||= []).push({ part, place, height: part.height });
      return part;
    });
    fold.lines.forEach(([, , stops]) => {
      for (const [level, place] of stops) (columns[level] ||= []).push({ place, height: 10, stop: `${level},${place}` });
    });
    const stops = new Map();
    let x = 0;
    let [top, bottom] = [0, 0];
    for (const column of columns) {
      if (!column) continue;
      column.sort((a, b) => a.place - b.place);
      const width = Math.max(40, ...column.map((c) => (c.part ? c.part.width : 0)));
      settle(column);
      for (const item of column) {
        if (item.part) Object.assign(item.part, { x: x + (width - item.part.width) / 2, y: item.y });
        else stops.set(item.stop, { x: x + width / 2, y: item.y + item.height / 2, half: width / 2 });
        top = Math.min(top, item.y);
        bottom = Math.max(bottom, item.y + item.height);
      }
      x += width + across;
    }
    for (const part of parts) part.y -= top;
    for (const stop of stops.values()) stop.y -= top;
    const lines = new Map(
      fold.lines.map(([a, b, through]) => [a * fold.members.length + b, through.map((p) => stops.get(p.join(",")))])
    );
    return { number, parts, lines, width: Math.max(x - across, SMALL.width), height: Math.max(bottom - top, SMALL.height) };
  }

  ofGroup(number) {
    const id = idOfGroup(number);
    if (!this.open.has(id)) {
      const shown = this.graph.whole ? lastArray(this.graph, this.folds, number) : -1;
      const map = shown >= 0 ? mapOf(this.graph.shapes[shown], false) : null;
      return { id, kind: "fold", group: number, shown, map, width: CARD.width, height: 50 + (map ? map.height + 8 : 0) };
    }
    const inside = this.arrange(number);
    return { id, kind: "frame", group: number, inside, width: inside.width + 2 * PAD, height: inside.height + PAD + HEAD };
  }

  ofNode(node) {
    const id = idOfNode(node);
    const graph = this.graph;
    const shape = graph.shapes[node];
    const size = graph.first[node + 1] - graph.first[node];
    if (!shape.length) return { id, kind: "scalar", node, ...(graph.isConstant(node) ? SMALL : CARD) };
    const [rows, columns] = gridOf(shape);
    if (graph.whole && this.open.has(id) && size <= MOST_CELLS) {
      const width = columns * (CELL.width + CELL.gap) - CELL.gap;
      const height = rows * (CELL.height + CELL.gap) - CELL.gap;
      return { id, kind: "cells", node, rows, columns, width: Math.max(width, 110) + 2 * PAD, height: height + PAD + HEAD };
    }
    const large = this.open.has(id);
    const map = graph.whole ? mapOf(shape, large) : null;
    const width = Math.max(CARD.width, map ? map.width + 24 : 0);
    return { id, kind: "array", node, map, large, width, height: graph.whole ? 52 + map.height + 10 : CARD.height };
  }

  place(part, x, y, frame) {
    for (const box of part.parts) {
      box.x += x;
      box.y += y;
      box.frame = frame;
      this.byId.set(box.id, box);
      this.count++;
      if (box.kind === "frame") {
        this.frames.push(box);
        this.place(box.inside, box.x + PAD, box.y + HEAD, box);
      } else {
        this.boxes.push(box);
        if (box.kind === "fold") this.claim(box.group, box);
        else this.home[box.node] = box;
        if (box.kind === "cells") this.count += box.rows * box.columns - 1;
      }
    }
    for (const through of part.lines.values()) {
      for (const stop of through) {
        stop.x += x;
        stop.y += y;
      }
    }
    (this.routes ||= new Map()).set(part.number, part.lines);
  }

  // Every node inside a folded group is seen as that group.
  claim(group, box) {
    for (const member of this.folds[group].members) {
      if (member < 0) this.claim(-1 - member, box);
      else this.home[member] = box;
    }
  }

  // The rectangle of an entry: its neuron where its node is open, else the box that it is in.
  rectangle(entry) {
    const box = this.home[this.graph.owner[entry]];
    return box.kind === "cells" ? this.cell(box, entry - this.graph.first[box.node]) : box;
  }

  cell(box, k) {
    const [row, column] = [Math.floor(k / box.columns), k % box.columns];
    const x = box.x + (box.width - box.columns * (CELL.width + CELL.gap) + CELL.gap) / 2;
    return {
      x: x + column * (CELL.width + CELL.gap),
      y: box.y + HEAD + row * (CELL.height + CELL.gap),
      width: CELL.width,
      height: CELL.height,
    };
  }

  // Lines between what is seen: one for each pair of boxes, or for each wire between scalars and neurons.
  connect() {
    const found = new Map();
    const graph = this.graph;
    const add = (key, source, target, from, to, wire) => {
      if (!found.has(key)) found.set(key, { source, target, from, to, wires: [], key });
      if (wire >= 0) found.get(key).wires.push(wire);
    };
    const single = (box) => box.kind === "cells" || box.kind === "scalar";
    const number = new Map(this.boxes.map((box, k) => [box, k]));
    if (graph.whole) {
      for (let w = 0; w < graph.wires; w++) {
        const [i, j] = [graph.origins[w], graph.targets[w]];
        const [a, b] = [this.home[graph.owner[i]], this.home[graph.owner[j]]];
        if (a === b) continue;
        if (single(a) && single(b)) add(`w${w}`, a, b, this.rectangle(i), this.rectangle(j), w);
        else {
          const [p, q] = [a.kind === "cells" ? `e${i}` : number.get(a), b.kind === "cells" ? `e${j}` : number.get(b)];
          add(`${p}-${q}`, a, b, this.rectangle(i), this.rectangle(j), w);
        }
      }
    } else {
      graph.parents.forEach((parents, j) => {
        for (const i of parents) {
          const [a, b] = [this.home[i], this.home[j]];
          if (a !== b) add(`${number.get(a)}-${number.get(b)}`, a, b, a, b, -1);
        }
      });
    }
    const lines = [...found.values()];
    const twins = new Map();
    for (const line of lines) {
      const pair = `${line.from.x},${line.from.y}-${line.to.x},${line.to.y}`;
      if (!twins.has(pair)) twins.set(pair, []);
      twins.get(pair).push(line);
    }
    for (const same of twins.values()) {
      same.forEach((line, k) => {
        line.bend = Math.min(30, 80 / same.length) * (k - (same.length - 1) / 2);
      });
    }
    for (const line of lines) line.points = this.route(line);
    return lines;
  }

  // From the right of one box to the left of the other, through the points that the layout keeps free between.
  route({ source, target, from, to, bend }) {
    const [a, b] = [chain(source), chain(target)];
    let k = 0;
    while (k < a.length - 1 && k < b.length - 1 && a[k] === b[k]) k++;
    const outer = k > 0 ? a[k - 1].group : 0;
    const stops = [...this.through(outer, a[k], b[k])];
    for (let n = k; n < b.length - 1; n++) stops.push(...this.through(b[n].group, null, b[n + 1]));
    const points = [[from.x + from.width, from.y + from.height / 2]];
    for (const stop of stops) points.push([stop.x - stop.half, stop.y + bend], [stop.x + stop.half, stop.y + bend]);
    points.push([to.x - 3, to.y + to.height / 2]);
    return { points, bend: stops.length ? 0 : bend };
  }

  // The points between two members of a group, or on the way to one from outside.
  through(group, from, to) {
    const { members } = this.folds[group];
    const place = (box) => (box ? members.indexOf(box.group === undefined ? box.node : -1 - box.group) : -1);
    return this.routes.get(group)?.get(place(from) * members.length + place(to)) || [];
  }
}

function chain(box) {
  const above = [];
  for (let b = box; b; b = b.frame) above.unshift(b);
  return above;
}

// The last array made in a group, by which a folded one is known.
function lastArray(graph, folds, group) {
  for (const member of [...folds[group].members].reverse()) {
    const node = member < 0 ? lastArray(graph, folds, -1 - member) : member;
    if (node >= 0 && graph.shapes[node].length && graph.parents[node].length) return node;
  }
  return -1;
}

// Rows and columns of the neurons of an array: its last axis goes down where it is the only one.
function gridOf(shape) {
  if (shape.length === 1) return [shape[0], 1];
  const columns = shape[shape.length - 1];
  const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  return rows === 1 ? [columns, 1] : [rows, columns];
}

// The picture of an array's entries: a vector as lines of at most 24, a matrix as it is.
function mapOf(shape, large) {
  let [rows, columns] = gridOf(shape);
  if (columns === 1) [rows, columns] = [Math.ceil(rows / 24), Math.min(rows, 24)];
  const [widest, highest] = large ? [300, 300] : [108, 46];
  const cell = Math.min(large ? 16 : 12, widest / columns, highest / rows);
  return { rows, columns, width: Math.max(columns * cell, 16), height: Math.max(rows * cell, 6) };
}

// Items of a column below each other in the order of their places, each as near to its own as the others let it.
function settle(column) {
  const pitch = CARD.height + DOWN;
  let floor = -Infinity;
  for (const item of column) {
    item.y = Math.max(item.place * pitch - item.height / 2, floor);
    floor = item.y + item.height + (item.part ? DOWN : 8);
  }
  const shift = column.reduce((sum, c) => sum + c.y + c.height / 2 - c.place * pitch, 0) / column.length;
  for (const item of column) item.y -= shift;
}

export function pathOf({ points, bend }) {
  let text = `M${round(points[0][0])} ${round(points[0][1])}`;
  for (let k = 1; k < points.length; k++) {
    const [[x0, y0], [x1, y1]] = [points[k - 1], points[k]];
    const reach = Math.max(18, (x1 - x0) / 2);
    text += `C${round(x0 + reach)} ${round(y0 + bend)} ${round(x1 - reach)} ${round(y1 + bend)} ${round(x1)} ${round(y1)}`;
  }
  return text;
}

export function middleOf({ points, bend }) {
  const k = Math.floor((points.length - 1) / 2);
  const [[x0, y0], [x1, y1]] = [points[k], points[k + 1] || points[k]];
  // Nearer to the source where lines cross in the middle.
  const t = points.length === 2 && Math.abs(y1 - y0) > 8 ? 0.34 : 0.5;
  const reach = Math.max(18, (x1 - x0) / 2);
  const ease = (a, b, c, d) => a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t * t * (1 - t) + d * t ** 3;
  return [ease(x0, x0 + reach, x1 - reach, x1), ease(y0, y0 + bend, y1 + bend, y1)];
}

function round(x) {
  return Math.round(10 * x) / 10;
}
