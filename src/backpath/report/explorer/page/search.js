import { fill, h } from "./dom.js";

const MOST_FOUND = 12;
let boxes = 0;

// Names of nodes as one types; Enter opens what the node is folded in, and chooses it.
export function searchBox(app) {
  const id = `found-${boxes++}`;
  const list = h("ul", { class: "found", role: "listbox", id, "aria-label": "Nodes found", hidden: true });
  const input = h("input", { type: "search", placeholder: "Search nodes", "aria-label": "Search nodes", role: "combobox", "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false" });
  let found = [];
  let at = 0;
  const show = () => {
    const text = input.value.trim().toLowerCase();
    const names = app.graph.names;
    const entry = app.graph.whole && /\]$/.test(text) ? app.graph.find(input.value.trim()) : -1;
    found = entry >= 0 ? [app.graph.owner[entry]] : text ? names.map((_, k) => k).filter((k) => names[k].toLowerCase().includes(text)).slice(0, MOST_FOUND) : [];
    at = 0;
    list.hidden = !text;
    input.setAttribute("aria-expanded", String(!list.hidden));
    mark();
    if (text && !found.length) fill(list, h("li", { class: "none", role: "option", text: "no node has that in its name" }));
  };
  const mark = () => {
    fill(list, found.map((node, k) => h("li", { role: "option", id: `${id}-${k}`, "aria-selected": String(k === at), text: app.graph.names[node], onpointerdown: (e) => (e.preventDefault(), take(node)) })));
    if (found.length) input.setAttribute("aria-activedescendant", `${id}-${at}`);
    else input.removeAttribute("aria-activedescendant");
  };
  const take = (node) => {
    const typed = input.value.trim();
    const entry = app.graph.whole && typed.endsWith("]") ? app.graph.find(typed) : -1;
    app.uncover(node);
    const chosen = entry >= 0 && app.graph.owner[entry] === node ? app.idOf(entry) : `n${node}`;
    app.set({ sel: chosen });
    app.view.reveal(app.view.parts.has(chosen) ? chosen : `n${node}`);
    input.value = "";
    list.hidden = true;
    app.view.parts.get(`n${node}`)?.g.focus({ preventScroll: true });
  };
  input.addEventListener("input", show);
  input.addEventListener("blur", () => (list.hidden = true));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && found.length) take(found[at]);
    else if (event.key === "Escape") (input.value = ""), (list.hidden = true), input.blur();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") at = (at + (event.key === "ArrowDown" ? 1 : -1) + found.length) % (found.length || 1), mark();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return h("div", { class: "search" }, input, list);
}
