// Keys for everything, and the pointer in the picture.
const COLORS = ["value", "adjoint", "flow", "cancellation", "paths"];

export function listen(app, shell) {
  const act = {
    n: () => shell.step(1),
    b: () => shell.step(-1),
    Home: () => (app.set({ sel: "" }), app.stepTo(0)),
    End: () => (app.set({ sel: "" }), app.stepTo(app.steps.length)),
    p: () => shell.toggle(),
    ArrowRight: () => along(app, 1),
    ArrowLeft: () => along(app, -1),
    ArrowUp: () => beside(app, -1),
    ArrowDown: () => beside(app, 1),
    Enter: () => openOrFold(app, app.state.sel),
    s: () => end(app, "src"),
    o: () => end(app, "out"),
    "[": () => shell.turn(-1),
    "]": () => shell.turn(1),
    "/": () => app.root.querySelector(".search input").focus(),
    "+": () => shell.zoom(1.25),
    "=": () => shell.zoom(1.25),
    "-": () => shell.zoom(0.8),
    0: () => app.view.fit(),
    t: () => shell.setTheme(app.theme() === "light"),
    Escape: () => app.set({ sel: "" }),
    "?": () => shell.help.showModal(),
  };
  COLORS.forEach((color, k) => (act[k + 1] = () => (color !== "value" || app.hasValues) && app.set({ color })));
  const pressed = (event) => {
    const target = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || shell.help.open) return;
    if (target.closest?.("input, textarea, select, [contenteditable], [role=application]") && !(target.type === "range" && event.key === " ")) return;
    const onButton = target.closest?.("button, summary, a, [role=tab]") && (event.key === " " || event.key === "Enter");
    if (onButton) return;
    const action = event.key === " " ? () => shell.step(event.shiftKey ? -1 : 1) : act[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
  (app.standalone ? document : app.root).addEventListener("keydown", pressed);
  pointer(app, shell);
}

function choose(app, id) {
  const part = app.view.parts.get(id);
  if (!part) return;
  app.set({ sel: id });
  app.view.reveal(id);
  part.g.focus({ preventScroll: true });
  app.announce(part.g.getAttribute("aria-label") || "");
}

export function openOrFold(app, id) {
  if (!id || id[0] === "e") return;
  if (id[0] === "n" && !app.graph.shapes[app.nodeOf(id)]?.length) return;
  app.toggle(id);
  const part = app.view.parts.get(id);
  part?.g.focus({ preventScroll: true });
}

function end(app, key) {
  const entry = app.entryOf(app.state.sel);
  if (entry >= 0) app.set({ [key]: app.graph.nameOf(entry) });
}

// Along a line that begins or ends at the chosen box: the one that carries most.
function along(app, by) {
  const { scene } = app.view;
  const here = app.view.parts.get(app.state.sel);
  if (!here) return choose(app, by > 0 ? firstOf(app) : app.view.scene.boxes.at(-1).id);
  const box = here.box;
  const ids = new Map();
  for (const line of scene.lines) {
    const [from, to] = by > 0 ? [line.from, line.to] : [line.to, line.from];
    const owner = by > 0 ? line.source : line.target;
    if (!same(from, box) && owner !== box) continue;
    const id = idAt(app, line, to, by);
    const weight = Math.max(0, ...line.wires.map((w) => Math.abs(app.derived.ofWire?.("flow", w)) || 0));
    if (!ids.has(id) || ids.get(id) < weight) ids.set(id, weight);
  }
  const best = [...ids].sort((a, b) => b[1] - a[1])[0];
  if (best) choose(app, best[0]);
}

function idAt(app, line, rectangle, by) {
  const box = by > 0 ? line.target : line.source;
  if (box.kind !== "cells") return box.id;
  const wire = line.wires[0];
  return `e${by > 0 ? app.graph.targets[wire] : app.graph.origins[wire]}`;
}

function same(a, b) {
  return a.x === b.x && a.y === b.y && a.width === b.width;
}

function firstOf(app) {
  return app.view.scene.boxes[0].id;
}

// The nearest box above or below in about the same column.
function beside(app, by) {
  const here = app.view.parts.get(app.state.sel);
  if (!here) return choose(app, firstOf(app));
  const center = (b) => [b.x + b.width / 2, b.y + b.height / 2];
  const [x, y] = center(here.box);
  let best = null;
  for (const [id, part] of app.view.parts) {
    if (part === here || part.box.kind === "frame") continue;
    const [px, py] = center(part.box);
    if ((py - y) * by <= 1) continue;
    const distance = Math.abs(py - y) + 3 * Math.abs(px - x);
    if (!best || distance < best.distance) best = { id, distance };
  }
  if (best) choose(app, best.id);
}

function pointer(app, shell) {
  const { svg } = app.view;
  const down = new Map();
  let pinch = 0;
  let moved = false;
  svg.addEventListener("pointerdown", (event) => {
    // The target of an event inside a shadow root is known during the event alone.
    down.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY, id: event.target.closest("[data-id]")?.dataset.id });
    moved = false;
    pinch = 0;
  });
  svg.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
    if (!moved && Math.hypot(dx, dy) < 4) return;
    if (!moved) svg.setPointerCapture?.(event.pointerId);
    moved = true;
    down.set(event.pointerId, { ...before, clientX: event.clientX, clientY: event.clientY });
    if (down.size === 1) {
      if (app.scrub?.(before.id, dx)) return;
      app.view.pan(dx, dy);
      return;
    }
    const [a, b] = [...down.values()];
    const apart = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    const at = svg.getBoundingClientRect();
    if (pinch) app.view.zoomAt(apart / pinch, (a.clientX + b.clientX) / 2 - at.left, (a.clientY + b.clientY) / 2 - at.top);
    pinch = apart;
  });
  const up = (event) => {
    down.delete(event.pointerId);
    app.scrubbed?.();
  };
  svg.addEventListener("pointerup", up);
  svg.addEventListener("pointercancel", up);
  svg.addEventListener("click", (event) => {
    if (moved) return;
    const g = event.target.closest("[data-id]");
    if (!g) return app.set({ sel: "" });
    const id = g.dataset.id;
    const part = app.view.parts.get(id);
    if (part.box.kind === "frame" || part.box.kind === "cells") return openOrFold(app, id);
    if (part.box.kind === "fold" && app.state.sel === id) return openOrFold(app, id);
    const picked = part.image && event.target === part.image ? entryAt(app, part, event) : -1;
    app.set({ sel: picked >= 0 ? `e${picked}` : id });
    app.picked?.(app.state.sel);
    part.g.focus({ preventScroll: true });
  });
  svg.addEventListener("dblclick", (event) => {
    const g = event.target.closest("[data-id]");
    if (g && app.view.parts.get(g.dataset.id)?.box.kind === "array") openOrFold(app, g.dataset.id);
  });
  svg.addEventListener("focusin", (event) => {
    const id = event.target.dataset?.id;
    if (id && event.target.matches(":focus-visible") && app.state.sel !== id && app.nodeOf(app.state.sel) !== app.nodeOf(id)) app.set({ sel: id });
  });
  svg.addEventListener(
    "wheel",
    (event) => {
      if (!app.standalone && !event.ctrlKey) return;
      event.preventDefault();
      const at = svg.getBoundingClientRect();
      app.view.zoomAt(Math.exp(-event.deltaY / 400), event.clientX - at.left, event.clientY - at.top);
    },
    { passive: false }
  );
}

function entryAt(app, part, event) {
  const at = part.image.getBoundingClientRect();
  const { rows, columns } = part.box.map;
  const column = Math.min(columns - 1, Math.floor(((event.clientX - at.left) / at.width) * columns));
  const row = Math.min(rows - 1, Math.floor(((event.clientY - at.top) / at.height) * rows));
  const entry = app.graph.first[part.box.node] + row * columns + column;
  return entry < app.graph.first[part.box.node + 1] ? entry : -1;
}
