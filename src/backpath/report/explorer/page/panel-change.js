import { fill, h, set } from "./dom.js";
import { brief } from "./format.js";
import { panel } from "./panels.js";

const MOST_SLIDERS = 40;

// Values of inputs and weights to drag, and the expression to rewrite; everything follows in the page.
panel({
  id: "change",
  title: "Change it",
  order: 40,
  available: (app) => app.given.whole && app.given.values !== null,
  mount(host, app) {
    const text = h("textarea", { rows: 3, spellcheck: "false", autocapitalize: "off", "aria-label": "Expression", "aria-describedby": "change-error", oninput: () => later() });
    const error = h("pre", { class: "error", id: "change-error", role: "alert" });
    const editor = h("div", null, h("h3", { text: "Expression" }), text, error, h("p", { class: "muted small", text: "Names are variables; + − * / **, and functions such as sin, exp, tanh, relu, maximum. Statements are parted by ; or lines." }));
    const sliders = h("div", { class: "sliders" });
    const results = h("table", { class: "numbers" });
    const hint = h("p", { class: "muted" });
    const reset = h("button", { type: "button", class: "plain", text: "As it was", onclick: () => app.set({ at: "", expr: "" }) });
    const why = h("p", { class: "lead" });
    host.append(why, editor, h("h3", { text: "Inputs" }), sliders, hint, h("h3", { text: "What follows" }), results, h("p", null, reset));
    let timer = null;
    let listed = "";
    let rows = [];

    function later() {
      clearTimeout(timer);
      timer = setTimeout(() => app.set({ expr: text.value === app.payload.expression ? "" : text.value, sel: "", src: "", out: "", open: "" }), 200);
    }

    function change(entry, value) {
      const name = app.graph.nameOf(entry);
      const values = app.overrides().set(name, value);
      app.set({ at: [...values].map(([n, v]) => `${n}=${v}`).join(";") });
    }

    function entriesToOffer() {
      const { graph } = app;
      const inputs = graph.inputs.flatMap((node) => graph.entries(node));
      if (inputs.length <= MOST_SLIDERS) return inputs;
      const chosen = app.entryOf(app.state.sel);
      const node = chosen >= 0 ? graph.owner[chosen] : -1;
      if (node < 0 || graph.parents[node].length) return [];
      return app.state.sel[0] === "e" ? [chosen] : graph.entries(node).slice(0, MOST_SLIDERS);
    }

    function build(entries) {
      rows = entries.map((entry) => {
        const name = app.graph.nameOf(entry);
        const value = app.graph.values[entry];
        const reach = Math.max(2, 2 * Math.abs(value));
        const slide = h("input", { type: "range", min: -reach, max: reach, step: reach / 200, "aria-label": name, oninput: () => change(entry, Number(slide.value)) });
        const field = h("input", { type: "number", step: "any", "aria-label": `${name}, as a number`, onchange: () => field.value !== "" && change(entry, Number(field.value)) });
        return { entry, slide, field, element: h("div", { class: "slide" }, h("span", { class: "label", text: app.graph.labelOf(entry), title: name }), slide, field) };
      });
      fill(sliders, rows.map((r) => r.element));
    }

    function paint() {
      const { graph } = app;
      const editable = graph.live || app.error;
      why.textContent = graph.live ? "Drag a value here or in the picture: everything is computed again, in the page." : `These numbers stand as they are: ${graph.frozen}.`;
      set(editor, "hidden", !app.payload.expression);
      if (document.activeElement !== host.getRootNode().host || host.getRootNode().activeElement !== text) text.value = app.state.expr || app.payload.expression || "";
      error.textContent = app.error ? app.error.message : "";
      set(text, "aria-invalid", app.error ? "true" : null);
      const entries = graph.live ? entriesToOffer() : [];
      const key = `${entries.join()} ${app.state.expr}`;
      if (key !== listed) build(entries);
      listed = key;
      for (const { entry, slide, field } of rows) {
        const value = graph.values[entry];
        if (Math.abs(value) > Number(slide.max)) Object.assign(slide, { min: -2 * Math.abs(value), max: 2 * Math.abs(value) });
        if (Number(slide.value) !== value) slide.value = value;
        if (host.getRootNode().activeElement !== field) field.value = Number(value.toPrecision(6));
      }
      hint.textContent = editable && !entries.length ? "There are many: choose an input, or one of its neurons, in the picture." : "";
      const outputs = [...new Set(graph.outputs)].flatMap((n) => graph.entries(n)).slice(0, 8);
      const sources = app.derived.sources.slice(0, 12);
      fill(
        results,
        h("tbody", null, outputs.map((e) => result(graph.labelOf(e), graph.values[e])), sources.map((e) => result(`∂${graph.labelOf(app.derived.outputs[0])} / ∂${graph.labelOf(e)}`, app.derived.adjoint[e])))
      );
      set(reset, "hidden", !app.state.at && !app.state.expr);
    }

    // Dragging an input in the picture changes it: across, a three hundredth of its reach a pixel.
    let dragged = null;
    app.scrub = (id, dx) => {
      if (app.state.tab !== "change" || !app.graph.live) return false;
      if (dragged === null) {
        const entry = id ? app.entryOf(id) : -1;
        const node = entry >= 0 ? app.graph.owner[entry] : -1;
        if (node < 0 || !app.graph.isInput(node) || (id[0] === "n" && app.graph.shapes[node].length)) return false;
        dragged = { entry, reach: Math.max(1, Math.abs(app.graph.values[entry])) };
      }
      change(dragged.entry, Number((app.graph.values[dragged.entry] + (dx * dragged.reach) / 150).toPrecision(6)));
      return true;
    };
    app.scrubbed = () => (dragged = null);

    return {
      show: () => app.root.classList.add("changing"),
      hide: () => app.root.classList.remove("changing"),
      update: paint,
    };
  },
});

function result(name, value) {
  return h("tr", null, h("th", { scope: "row", text: name }), h("td", { text: brief(value) }));
}
