import { h, icon, set } from "./dom.js";

const MOST_OFFERED = 200;

// Where paths come from and where they lead, to choose in lists or in the picture.
export function endsOf(app) {
  const pick = (key, label) => {
    const select = h("select", { "aria-label": label, onchange: () => app.set({ [key]: select.value }) });
    const aim = h("button", { type: "button", class: "aim", "aria-pressed": "false", "aria-label": `choose ${label.toLowerCase()} in the picture`, title: "choose in the picture", onclick: () => arm(armed === key ? null : key) }, icon("M12 3v5M12 16v5M3 12h5M16 12h5M12 12h.01"));
    return { key, select, aim, element: h("div", { class: "end" }, h("span", { class: "label", text: label }), select, aim) };
  };
  const ends = [pick("src", "From"), pick("out", "To")];
  let armed = null;

  function arm(key) {
    armed = key;
    for (const end of ends) set(end.aim, "aria-pressed", String(end.key === key));
    app.root.classList.toggle("aiming", Boolean(key));
  }

  // A click in the picture: into the armed end; else an input is a source and an output an output.
  function picked(id) {
    const entry = app.entryOf(id);
    if (entry < 0) return;
    const node = app.graph.owner[entry];
    const key = armed || (app.graph.outputs.includes(node) ? "out" : app.graph.isInput(node) ? "src" : null);
    if (key) app.set({ [key]: app.graph.nameOf(entry) });
    arm(null);
  }

  function update() {
    const { graph } = app;
    const offered = (nodes) => nodes.flatMap((n) => graph.entries(n)).slice(0, MOST_OFFERED).map((e) => graph.nameOf(e));
    const lists = { src: offered(graph.sources), out: offered(graph.outputs) };
    for (const { key, select } of ends) {
      const chosen = app.state[key];
      const names = lists[key].includes(chosen) || !chosen ? lists[key] : [chosen, ...lists[key]];
      const all = key === "src" ? (names.length > 1 ? "all inputs" : names[0] && graph.labelOf(graph.find(names[0]))) : graph.nameOf(graph.outputEntries(-1)[0]) + (graph.outputEntries(-1).length > 1 ? " …" : "");
      select.replaceChildren(h("option", { value: "", text: all || "none" }), ...names.filter((n) => names.length > 1 || n === chosen).map((n) => h("option", { value: n, text: graph.labelOf(graph.find(n)) })));
      select.value = chosen;
    }
  }

  return { element: h("div", { class: "ends-of" }, ends.map((e) => e.element)), update, picked, arm };
}

// "∂o/∂w", or of all inputs together.
export function derivativeName(app) {
  const { graph, derived } = app;
  const top = derived.outputs.length === 1 ? graph.labelOf(derived.outputs[0]) : `Σ ${graph.labels[graph.owner[derived.outputs[0]]]}`;
  return derived.sources.length === 1 ? `∂${top} / ∂${graph.labelOf(derived.sources[0])}` : `Σ ∂${top} / ∂ of ${derived.sources.length} inputs`;
}
