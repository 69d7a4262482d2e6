import { inked, diverging, scaleOf, sequential } from "./color.js";
import { fill, s, set } from "./dom.js";
import { called, edgesOf, heatmap, strong, text, widthOf } from "./drawing.js";
import { brief, clipped, short } from "./format.js";
import { QUANTITIES } from "./derived.js";
import { Scene, middleOf, pathOf } from "./scene.js";
import { symbolOf } from "./readings.js";

const MOST_LINES = 1500;
const MOST_LABELS = 70;
const READABLE = 0.6;

// The picture of the graph: built when a fold opens, painted when a number changes.
export class View {
  constructor(app, host) {
    this.app = app;
    this.parts = new Map();
    this.lit = null;
    this.zoom = { x: 0, y: 0, k: 1 };
    this.world = s("g", { class: "world" });
    this.svg = s("svg", { class: "graph", role: "group", "aria-label": "computational graph, left to right" }, this.defs(), this.world);
    host.append(this.svg);
    new ResizeObserver(() => this.fitted && this.fit(READABLE)).observe(this.svg);
  }

  defs() {
    const tip = (id, name) =>
      s("marker", { id, class: name, viewBox: "0 0 8 8", refX: 6.5, refY: 4, markerUnits: "userSpaceOnUse", markerWidth: 9, markerHeight: 9, orient: "auto" }, s("path", { d: "M0 .6L7 4L0 7.4z" }));
    return s("defs", null, tip("tip", "tip"), tip("tip-lit", "tip lit"));
  }

  build() {
    const { app } = this;
    this.scene = new Scene(app.graph, app.folds, app.open);
    this.parts.clear();
    this.edges = [];
    const frames = this.scene.frames.map((box) => this.frame(box));
    const lines = this.scene.lines;
    this.many = lines.length > MOST_LINES;
    const drawn = this.many
      ? [s("path", { class: "edge bundle", d: lines.map((line) => pathOf(line.points)).join("") })]
      : lines.map((line) => this.edge(line));
    this.overlay = s("g", { class: "overlay" });
    const labels = this.edges.map((edge) => edge.label).filter(Boolean);
    const boxes = this.scene.boxes.map((box) => this.box(box));
    fill(this.world, frames, s("g", { class: "edges" }, drawn), this.overlay, boxes, s("g", { class: "labels", "aria-hidden": "true" }, labels));
    if (this.fitted !== false) this.fit(READABLE);
    this.paint();
  }

  frame(box) {
    const fold = this.app.folds[box.group];
    const title = clipped(fold.name, Math.max(10, Math.floor((box.width - 40) / 7)));
    const g = s(
      "g",
      { class: `frame ${fold.kind}`, "data-id": box.id, role: "button", tabindex: -1, "aria-expanded": "true", "aria-label": `${fold.name}, open: press Enter to fold it` },
      s("rect", { x: box.x, y: box.y, width: box.width, height: box.height, rx: 14 }),
      s("text", { x: box.x + 14, y: box.y + 18, class: "title", text: title }),
      s("path", { class: "sign", d: `M${box.x + box.width - 22} ${box.y + 14}h9` })
    );
    this.parts.set(box.id, { g, box });
    return g;
  }

  edge(line) {
    const path = s("path", { class: "edge", d: pathOf(line.points) });
    const entry = { line, path, label: null };
    const wire = line.wires.length === 1 ? line.wires[0] : -1;
    if (wire >= 0 && line.source.kind === "scalar" && line.target.kind === "scalar" && this.scene.lines.length <= MOST_LABELS) {
      const [x, y] = middleOf(line.points);
      entry.label = s("text", { class: "z", x, y: y + 4 });
    }
    this.edges.push(entry);
    return path;
  }

  box(box) {
    if (box.kind === "cells") return this.cells(box);
    const { graph, folds } = this.app;
    const { x, y, width, height } = box;
    const fold = box.kind === "fold" ? folds[box.group] : null;
    const name = fold ? fold.name : graph.labels[box.node];
    const primitive = fold ? "" : graph.primitives[box.node];
    const note = fold ? "" : name.startsWith(primitive) || ["input", "given"].includes(primitive) ? graph.shapeText(box.node) : primitive;
    const g = s("g", { class: `node ${box.kind} ${this.kindOf(box)}`, "data-id": box.id, role: "button", tabindex: -1 });
    const line = (k) => ({ x: x + width - 12, y: y + 41 + 18 * k });
    const part = { g, box, value: s("text", { class: "value", ...line(0) }), adjoint: s("text", { class: "value", ...line(1) }) };
    if (fold) g.append(s("rect", { class: "under", x: x + 5, y: y + 5, width, height, rx: 11 }));
    part.card = s("rect", { class: "card", x, y, width, height, rx: 11 });
    const room = width - 24 - (note ? widthOf(note, 11) + 8 : 0);
    const cramped = note && room < 44;
    part.name = s("text", { class: "name", x: x + 12, y: y + 20, text: called(name, cramped ? width - 24 : room) });
    g.append(part.card, part.name, s("text", { class: "note", x: x + width - 12, y: y + 20, text: cramped ? "" : note }), part.value);
    if (!box.map && height > 50) {
      part.symbols = [0, 1].map((k) => s("text", { class: "symbol", x: x + 12, y: y + 41 + 18 * k }));
      g.append(part.adjoint, ...part.symbols);
    }
    if (box.map) {
      part.image = s("image", { x: x + (width - box.map.width) / 2, y: y + (fold ? 48 : 50), width: box.map.width, height: box.map.height, preserveAspectRatio: "none", class: "map" });
      g.append(s("rect", { class: "rim", ...edgesOf(part.image) }), part.image);
      if (!fold) g.append((part.picked = s("rect", { class: "picked", width: box.map.width / box.map.columns, height: box.map.height / box.map.rows, visibility: "hidden" })));
    }
    part.title = s("title");
    g.append(part.title);
    this.parts.set(box.id, part);
    return g;
  }

  cells(box) {
    const { graph } = this.app;
    const name = graph.labels[box.node];
    const g = s("g", { class: "frame array" });
    const head = s(
      "g",
      { "data-id": box.id, role: "button", tabindex: -1, "aria-expanded": "true", "aria-label": `${name}, open: press Enter to fold its neurons` },
      s("rect", { class: "body", x: box.x, y: box.y, width: box.width, height: box.height, rx: 14 }),
      s("text", { class: "title", x: box.x + 14, y: box.y + 18, text: clipped(name, Math.floor((box.width - 44) / 7)) }),
      s("path", { class: "sign", d: `M${box.x + box.width - 22} ${box.y + 14}h9` })
    );
    g.append(head);
    this.parts.set(box.id, { g: head, box });
    for (const [k, entry] of graph.entries(box.node).entries()) {
      const r = this.scene.cell(box, k);
      const part = { box: r, entry, card: s("rect", { class: "card", ...r, rx: 8 }), value: s("text", { class: "value", x: r.x + r.width / 2, y: r.y + 17 }), title: s("title") };
      part.g = s("g", { class: `node cell ${this.kindOf(box)}`, "data-id": `e${entry}`, role: "button", tabindex: -1 }, part.card, part.value, part.title);
      this.parts.set(`e${entry}`, part);
      g.append(part.g);
    }
    return g;
  }

  kindOf(box) {
    const { graph } = this.app;
    if (box.kind === "fold") return "";
    if (graph.isInput(box.node)) return "input";
    if (graph.isConstant(box.node)) return "constant";
    return graph.outputs.includes(box.node) ? "output" : "";
  }

  // Numbers and colours as of this step.
  paint() {
    const { app } = this;
    const theme = app.theme();
    const name = app.color;
    const signed = QUANTITIES[name].signed && app.graph.whole;
    const numbers = app.derived.quantity(name);
    const scale = scaleOf(numbers, signed);
    if (name === "cancellation") scale.most = 1;
    this.scale = scale;
    const color = (x) => (signed ? diverging(scale.at(x), theme) : sequential(name === "cancellation" ? x : scale.at(x), theme));
    const known = (node) => (name === "value" ? app.progress.values[node] : name === "adjoint" ? app.progress.adjoints[node] : 1);
    for (const part of this.parts.values()) {
      if (part.entry !== undefined) this.paintCell(part, numbers, known, color);
      else if (part.box.kind === "scalar") this.paintScalar(part, numbers, known, color);
      else if (part.box.kind === "array") this.paintArray(part, numbers, known, color);
      else if (part.box.kind === "fold") this.paintFold(part, numbers, known, color);
    }
    this.paintEdges(name, theme);
    this.mark();
  }

  paintScalar(part, numbers, known, color) {
    const { app } = this;
    const { node } = part.box;
    const entry = app.graph.whole ? app.graph.first[node] : node;
    this.state(part, node);
    this.tint(part, known(node) ? numbers[entry] : NaN, color);
    const [value, adjoint] = [app.valueText(entry, node), app.adjointText(entry, node)];
    part.value.textContent = value;
    part.adjoint.textContent = adjoint;
    if (part.symbols) {
      part.symbols[0].textContent = value ? "y" : "";
      part.symbols[1].textContent = adjoint ? symbolOf(app.shownRole(node)) : "";
    }
    set(part.g, "aria-label", app.spoken(node, value, adjoint));
    part.title.textContent = part.g.getAttribute("aria-label");
  }

  paintCell(part, numbers, known, color) {
    const { app } = this;
    const node = app.graph.owner[part.entry];
    this.state(part, node);
    this.tint(part, known(node) ? numbers[part.entry] : NaN, color);
    const [value, adjoint] = [app.valueText(part.entry, node), app.adjointText(part.entry, node)];
    const shown = app.color === "adjoint" ? app.adjointOf(part.entry, node) : app.valueOf(part.entry, node);
    part.value.textContent = brief(shown, 3);
    set(part.g, "aria-label", `${app.graph.nameOf(part.entry)}: value ${value}, adjoint ${adjoint || "none"}`);
    part.title.textContent = part.g.getAttribute("aria-label");
  }

  paintArray(part, numbers, known, color) {
    const { app } = this;
    const { node, map } = part.box;
    const { graph } = app;
    this.state(part, node);
    if (!graph.whole) {
      this.tint(part, known(node) ? numbers[node] : NaN, color);
      part.value.textContent = text(app.valueOf(node, node));
      part.adjoint.textContent = text(app.adjointOf(node, node));
      part.symbols[0].textContent = part.value.textContent && "‖y‖";
      part.symbols[1].textContent = part.adjoint.textContent && "rms S";
    } else {
      part.value.textContent = app.normText(node, app.color === "adjoint" ? "adjoint" : "value");
      this.paintMap(part, node, numbers, known(node) ? color : null);
    }
    const label = `${graph.names[node]}, array of ${graph.shapes[node].join(" by ")}, ${graph.primitives[node]}: press Enter to open it`;
    set(part.g, "aria-label", label);
    part.title.textContent = label;
  }

  paintMap(part, node, numbers, color) {
    const { app } = this;
    const key = `${color ? app.color : ""} ${app.version} ${app.theme()} ${this.scale.most}`;
    if (part.key === key) return;
    part.key = key;
    part.image.setAttribute("href", heatmap(numbers, app.graph.first[node], app.graph.first[node + 1], part.box.map, color));
  }

  paintFold(part, numbers, known, color) {
    const { app } = this;
    const fold = app.folds[part.box.group];
    const nodes = app.nodesIn(part.box.group);
    const done = nodes.filter((n) => app.progress.values[n]).length;
    part.value.textContent = done === nodes.length || !app.hasValues ? `${nodes.length} nodes` : `${done} of ${nodes.length}`;
    if (part.image) this.paintMap(part, part.box.shown, numbers, known(part.box.shown) ? color : null);
    set(part.g, "aria-label", `${fold.name}, ${nodes.length} nodes folded: press Enter to open it`);
    part.g.classList.toggle("now", Boolean(app.progress.now && nodes.includes(app.progress.now.node)));
    part.title.textContent = part.g.getAttribute("aria-label");
  }

  state(part, node) {
    const { progress, hidden } = this.app;
    const list = part.g.classList;
    list.toggle("todo", !progress.values[node] && this.app.hasValues);
    list.toggle("now", Boolean(progress.now && progress.now.node === node));
    list.toggle("through", hidden.has(node));
  }

  tint(part, x, color) {
    if (!Number.isFinite(x)) {
      part.g.style.removeProperty("--fill");
      part.g.style.removeProperty("--on");
      return;
    }
    const { fill: background, ink } = inked(color(x));
    part.g.style.setProperty("--fill", background);
    part.g.style.setProperty("--on", ink);
  }

  paintEdges(name, theme) {
    const { app } = this;
    if (!app.graph.whole || this.many) return;
    const of = this.edges.map(({ line }) => {
      const terms = line.wires.map((w) => app.derived.ofWire(name, w));
      return line.wires.length === 1 ? terms[0] : Math.max(...terms.map(Math.abs));
    });
    const { signed } = QUANTITIES[name];
    const scale = scaleOf(of, signed);
    this.edges.forEach((edge, k) => {
      const { line, path, label } = edge;
      const wire = line.wires[0];
      const node = app.graph.owner[app.graph.targets[wire]];
      const known = app.progress.values[node] || !app.hasValues;
      const shown = known && Number.isFinite(of[k]) && !(name === "adjoint" && !app.progress.adjoints[node]);
      const t = shown ? scale.at(of[k]) : 0;
      const single = line.wires.length === 1;
      path.style.stroke = shown && (single || !signed) && Math.abs(t) > 0.04 ? inked(strong(signed, t, theme)).fill : "";
      const fine = line.from !== line.source || line.to !== line.target;
      path.style.strokeWidth = shown ? (fine ? 0.7 + 1.5 * Math.abs(t) : 1.3 + 2.2 * Math.abs(t)) : "";
      path.style.opacity = fine ? 0.7 : "";
      path.classList.toggle("constant", line.wires.every((w) => !app.graph.carries[w]));
      if (label) label.textContent = known && app.graph.carries[wire] ? short(app.graph.z[wire]) : "";
    });
  }

  // Wires that are lit, each with an intensity from 0 to 1; null puts the light out.
  light(wires) {
    this.lit = wires;
    this.mark();
  }

  mark() {
    const { app, lit } = this;
    set(this.svg, "class", lit ? "graph lighting" : "graph");
    const touched = new Set();
    fill(this.overlay);
    if (lit) {
      for (const line of this.scene.lines) {
        const most = Math.max(0, ...line.wires.map((w) => lit.get(w) || 0));
        if (most <= 0) continue;
        this.overlay.append(s("path", { class: "edge lit", d: pathOf(line.points), style: `opacity:${0.35 + 0.65 * most};stroke-width:${1.5 + 3 * most}` }));
      }
      for (const wire of lit.keys()) for (const e of [app.graph.origins[wire], app.graph.targets[wire]]) touched.add(e).add(`n${app.graph.owner[e]}`);
    } else if (app.graph.whole) this.showSelected();
    for (const { line, label } of this.edges) label?.classList.toggle("lit", Boolean(lit) && lit.has(line.wires[0]));
    for (const [id, part] of this.parts) {
      part.g.classList.toggle("selected", id === app.state.sel);
      const entry = part.entry;
      const inside = part.box.kind === "fold" || part.box.kind === "frame" ? app.nodesIn(part.box.group).some((n) => touched.has(`n${n}`)) : touched.has(entry === undefined ? id : entry);
      part.g.classList.toggle("lit", Boolean(lit) && inside);
      if (part.picked) this.pick(part);
    }
  }

  // The wires of a chosen entry or node, on top of the others.
  showSelected() {
    const { app } = this;
    const entries = app.selectedEntries();
    if (!entries.length || entries.length > 64) return;
    const chosen = new Set(entries);
    for (const line of this.scene.lines) {
      if (!line.wires.some((w) => chosen.has(app.graph.origins[w]) || chosen.has(app.graph.targets[w]))) continue;
      this.overlay.append(s("path", { class: "edge chosen", d: pathOf(line.points) }));
    }
  }

  pick(part) {
    const { app } = this;
    const entry = app.entryOf(app.state.sel);
    const inside = entry >= 0 && app.graph.owner[entry] === part.box.node && app.state.sel[0] === "e";
    set(part.picked, "visibility", inside ? "visible" : "hidden");
    if (!inside) return;
    part.g.classList.add("selected");
    const { map } = part.box;
    const k = entry - app.graph.first[part.box.node];
    set(part.picked, "x", Number(part.image.getAttribute("x")) + ((k % map.columns) * map.width) / map.columns);
    set(part.picked, "y", Number(part.image.getAttribute("y")) + (Math.floor(k / map.columns) * map.height) / map.rows);
  }

  // Zoom.
  fit(least = 0) {
    this.fitted = true;
    const { width, height } = this.svg.getBoundingClientRect();
    if (!width || !this.scene) return;
    const margin = Math.min(36, width / 20);
    const k = Math.max(least, Math.min((width - 2 * margin) / this.scene.width, (height - 2 * margin) / this.scene.height, 1.3));
    this.zoom = { k, x: Math.max(margin, (width - k * this.scene.width) / 2), y: Math.max(margin / 2, (height - k * this.scene.height) / 2) };
    this.moved();
  }

  zoomAt(factor, x, y) {
    const k = Math.min(6, Math.max(0.03, this.zoom.k * factor));
    const by = k / this.zoom.k;
    this.zoom = { k, x: x - (x - this.zoom.x) * by, y: y - (y - this.zoom.y) * by };
    this.fitted = false;
    this.moved();
  }

  pan(dx, dy) {
    this.zoom.x += dx;
    this.zoom.y += dy;
    this.fitted = false;
    this.moved();
  }

  moved() {
    const { x, y, k } = this.zoom;
    this.world.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${k.toFixed(4)})`);
    this.svg.classList.toggle("small", k < 0.45);
  }

  // Bring a box into sight.
  reveal(id) {
    const part = this.parts.get(id);
    if (!part) return;
    const { width, height } = this.svg.getBoundingClientRect();
    const { x, y, k } = this.zoom;
    const [cx, cy] = [x + k * (part.box.x + part.box.width / 2), y + k * (part.box.y + part.box.height / 2)];
    if (cx < 40 || cx > width - 40 || cy < 30 || cy > height - 30) this.pan(width / 2 - cx, height / 2 - cy);
  }
}
