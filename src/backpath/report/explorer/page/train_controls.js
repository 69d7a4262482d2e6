// Labelled controls that hold one key of the state each.
import { h } from "./dom.js";

function field(app, label, id, control, read) {
  const output = h("span", { class: "reading", "aria-hidden": "true" });
  const row = h("div", { class: "field" }, h("label", { for: id }, label), control, output);
  return {
    row,
    update() {
      output.textContent = read(app.state);
    },
  };
}

// A slider over a number; shown and taken are how the slider's own number stands for it.
export function slider(app, key, label, { min, max, step = 1, taken = (v) => v, shown = (x) => x, text = String }) {
  const id = `bp-${key}`;
  const control = h("input", { id, type: "range", min, max, step, oninput: () => app.set({ [key]: taken(Number(control.value)) }) });
  const made = field(app, label, id, control, (state) => text(state[key]));
  return {
    row: made.row,
    update() {
      made.update();
      control.value = shown(app.state[key]);
      control.setAttribute("aria-valuetext", text(app.state[key]));
    },
  };
}

export function choice(app, key, label, options) {
  const id = `bp-${key}`;
  const numbers = typeof app.state[key] === "number";
  const control = h(
    "select",
    { id, onchange: () => app.set({ [key]: numbers ? Number(control.value) : control.value }) },
    ...Object.entries(options).map(([value, text]) => h("option", { value }, text)),
  );
  const row = h("div", { class: "field" }, h("label", { for: id }, label), control);
  return {
    row,
    update() {
      control.value = String(app.state[key]);
    },
  };
}

export function toggle(app, key, label) {
  const control = h("input", { type: "checkbox", onchange: () => app.set({ [key]: control.checked ? 1 : 0 }) });
  return {
    row: h("label", { class: "field toggle" }, control, h("span", {}, label)),
    update() {
      control.checked = Boolean(app.state[key]);
    },
  };
}

// One of a few, side by side.
export function segments(app, key, label, options) {
  const buttons = Object.entries(options).map(([value, text]) =>
    h("button", { type: "button", "data-value": value, onclick: () => app.set({ [key]: value }) }, text),
  );
  return {
    row: h("div", { class: "segments", role: "group", "aria-label": label }, ...buttons),
    update() {
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.value === app.state[key]));
    },
  };
}
