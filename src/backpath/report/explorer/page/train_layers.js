// The layers as a table: the gradient of each layer's weights now, as a bar of its logarithm, and over the steps.
import { h } from "./dom.js";
import { css, mixed, tones } from "./tones.js";

// From 1e-10 to 10, on the bar and in the strip.
const LOWEST = -10;
const SPAN = 11;

function part(norm) {
  return norm > 0 ? Math.min(1, Math.max(0, (Math.log10(norm) - LOWEST) / SPAN)) : 0;
}

export class Layers {
  constructor() {
    this.body = h("tbody");
    this.table = h(
      "table",
      { class: "layers" },
      h("caption", {}, "The gradient, layer by layer"),
      h("thead", {}, h("tr", {}, ...["Layer", "Norm", "1e−10 … 10", "Over the steps", "Path length"].map((name) => h("th", { scope: "col" }, name)))),
      this.body,
    );
  }

  build(session) {
    const { sizes } = session.network;
    this.rows = session.now.layers.map((_, r) => {
      const norm = h("td", { class: "figure" });
      const bar = h("span", { class: "norm-bar" });
      const strip = h("canvas", { class: "strip", height: 1, "aria-hidden": "true" });
      const length = h("td", { class: "figure" });
      const name = h("th", { scope: "row" }, `${r + 1}`, h("span", { class: "sizes" }, ` ${sizes[r]}→${sizes[r + 1]}`));
      const tag = h("span", { class: "tag" });
      const row = h("tr", {}, name, norm, h("td", { class: "norm-bars" }, bar, tag), h("td", {}, strip), length);
      return { row, norm, bar, strip, length, tag };
    });
    this.body.replaceChildren(...this.rows.map(({ row }) => row));
  }

  update(session) {
    const vanished = session.vanished();
    const colours = tones(this.table);
    session.now.layers.forEach(({ norm, length }, r) => {
      const row = this.rows[r];
      row.norm.textContent = norm === 0 ? "0" : norm.toExponential(1);
      row.bar.style.width = `${100 * part(norm)}%`;
      row.row.classList.toggle("vanished", vanished[r]);
      row.tag.textContent = vanished[r] ? (norm === 0 ? "none" : "vanished") : "";
      row.length.textContent = norm === 0 ? "none" : length.toFixed(2);
      strip(row.strip, session.records.map((record) => record.layers[r].norm), colours);
    });
  }
}

function strip(canvas, norms, { surface, accent }) {
  const width = Math.max(norms.length, 1);
  if (canvas.width !== width) canvas.width = width;
  const pen = canvas.getContext("2d");
  norms.forEach((norm, k) => {
    pen.fillStyle = css(mixed(surface, accent, part(norm)));
    pen.fillRect(k, 0, 1, 1);
  });
}
