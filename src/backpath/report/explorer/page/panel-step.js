import { fill, h } from "./dom.js";
import { symbolOf } from "./readings.js";
import { panel } from "./panels.js";

const MOST_ROWS = 400;

panel({
  id: "step",
  title: "Numbers",
  order: 10,
  mount(host, app) {
    const caption = h("p", { class: "lead" });
    const body = h("tbody");
    const head = h("thead");
    const table = h("table", { class: "numbers" }, head, body);
    const more = h("p", { class: "muted" });
    host.append(caption, h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Numbers of each node" }, table), more);
    let rows = [];

    function build() {
      const { graph } = app;
      const wide = graph.whole && graph.count <= MOST_ROWS;
      rows = [];
      for (let node = 0; node < graph.size && rows.length < MOST_ROWS; node++) {
        const entries = wide ? graph.entries(node) : [graph.whole ? graph.first[node] : node];
        for (const entry of entries) {
          const id = wide ? app.idOf(entry) : `n${node}`;
          const name = wide ? graph.labelOf(entry) : graph.labels[node];
          const cells = [h("th", { scope: "row" }, h("button", { type: "button", class: "link", text: name, onclick: () => app.set({ sel: id }) })), h("td", { class: "op", text: graph.primitives[node] }), h("td"), h("td")];
          rows.push({ node, entry, id, wide, tr: h("tr", { "data-id": id }, cells), value: cells[2], adjoint: cells[3] });
        }
      }
      fill(body, rows.map((r) => r.tr));
      const all = wide ? graph.count : graph.size;
      more.textContent = all > rows.length ? `and ${all - rows.length} more: search for them by name` : "";
    }

    function paint() {
      const { graph, progress } = app;
      const total = app.reading === "both" ? "S" : { post: "Δ", pre: "δ" }[app.reading];
      fill(head, h("tr", null, ["node", "operation", app.hasValues ? "y" : "", `${total} = ∂o/∂y`].map((text) => h("th", { scope: "col", text }))));
      for (const row of rows) {
        const array = !row.wide && graph.whole && graph.shapes[row.node].length;
        row.value.textContent = array ? app.normText(row.node, "value") : app.valueText(row.entry, row.node);
        row.adjoint.textContent = array ? app.normText(row.node, "adjoint") : app.adjointText(row.entry, row.node);
        row.adjoint.title = symbolOf(app.shownRole(row.node));
        const now = progress.now && progress.now.node === row.node;
        row.tr.className = `${now ? "now" : ""} ${app.state.sel === row.id ? "selected" : ""} ${app.hidden.has(row.node) ? "through" : ""}`;
      }
      const { now } = progress;
      caption.textContent = !now ? "Nothing is computed yet." : now.phase === "forward" ? "Forward phase: each value from those before it." : "Backward phase: each adjoint from those behind it, one visit to each edge.";
      const at = rows.find((r) => now && r.node === now.node);
      if (at && !progress.done) at.tr.scrollIntoView({ block: "nearest" });
    }

    return {
      update(changed) {
        if (changed.has("all") || changed.has("expr")) build();
        paint();
      },
    };
  },
});
