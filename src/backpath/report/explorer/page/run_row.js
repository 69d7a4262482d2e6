// One row, and why: the features with the largest derivatives, and the strongest paths, of what is explained.
import { h } from "./dom.js";
import { brief, count, percent } from "./format.js";
import { css, mixed, tones } from "./tones.js";

export function detail(row, run) {
  const wrong = typeof row.actual === "string";
  const said = wrong
    ? `It is ${row.actual}, and was taken for ${row.predicted}${row.certainty ? ` with a probability of ${percent(row.certainty)}` : ""}.`
    : `It is ${brief(row.actual, 4)}, and ${brief(row.predicted, 4)} was predicted.`;
  return [
    h("p", {}, h("strong", {}, row.place), ": ", said),
    h("p", { class: "small" }, `Explained: the ${row.subject}, by the row’s features. ${count(row.count)} paths; effective depth ${row.depth.toFixed(2)} layers. `, h("code", {}, `backpath explain ${run.name} --sample ${row.row}`), " says more."),
    row.picture && picture(row.picture),
    features(row),
    paths(row),
    row.cells.length ? cells(row, run) : null,
  ];
}

// Derivatives as bars to both sides; value times derivative is what a feature adds to first order.
function features({ features: rows }) {
  const most = Math.max(...rows.map(([, , slope]) => Math.abs(slope))) || 1;
  const bar = (slope) => {
    const width = 50 * (Math.abs(slope) / most);
    return h("span", { class: `slope ${slope < 0 ? "down" : "up"}`, style: `width: ${width}%; margin-left: ${slope < 0 ? 50 - width : 50}%` });
  };
  const head = ["Feature", "Value", "Derivative", ""];
  return h("table", { class: "features" },
    h("caption", {}, "Features with the largest derivatives; values are scaled as the network sees them"),
    h("thead", {}, h("tr", {}, ...head.map((name) => (name ? h("th", { scope: "col" }, name) : h("td", {}))))),
    h("tbody", {}, ...rows.map(([name, value, slope]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "figure" }, brief(value, 3)), h("td", { class: "figure" }, brief(slope, 3)), h("td", { class: "slopes" }, bar(slope))))),
  );
}

function paths({ paths: rows }) {
  const items = rows.map(([route, product, share]) =>
    h("li", {}, h("span", { class: "figure" }, `${brief(product, 3)}, ${percent(share)} of the mass`), h("span", { class: "route" }, route.split(" -> ").join(" → "))),
  );
  return h("div", {}, h("h3", {}, "Strongest paths"), h("ol", { class: "routes" }, ...items));
}

function cells({ cells: rows }, { target }) {
  return h("details", {}, h("summary", {}, `The row as it stands in the table, without ${target}`), h("dl", { class: "pairs" }, ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}

// The pixels, and beside them the derivative by each.
function picture({ height, width, pixels, slopes }) {
  const most = Math.max(...slopes.map(Math.abs)) || 1;
  const drawn = (label, tone) => {
    const canvas = h("canvas", { width, height, role: "img", "aria-label": label });
    requestAnimationFrame(() => {
      const colours = tones(canvas);
      const pen = canvas.getContext("2d");
      for (let k = 0; k < pixels.length; k++) {
        pen.fillStyle = css(tone(k, colours));
        pen.fillRect(k % width, Math.floor(k / width), 1, 1);
      }
    });
    return h("figure", {}, canvas, h("figcaption", {}, label));
  };
  return h("div", { class: "pictures" },
    drawn("The row", (k, { surface, ink }) => mixed(surface, ink, pixels[k])),
    drawn("Derivative: blue raises the score", (k, { surface, pos, neg }) => mixed(surface, slopes[k] > 0 ? pos : neg, Math.abs(slopes[k]) / most)),
  );
}
