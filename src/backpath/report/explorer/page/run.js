// "A run": how the loss went, where predictions miss, and the rows that are most wrong, each with why.
import { curves } from "./curves.js";
import { fill, h, s } from "./dom.js";
import { brief, percent } from "./format.js";
import { panel } from "./panels.js";
import { detail } from "./run_row.js";
import { declare } from "./state.js";

declare("run.row", 0);

panel({ id: "run", title: "The run", order: 60, wide: true, available: (app) => Boolean(app.payload.panels.run), mount });

function mount(host, app) {
  const run = app.payload.panels.run;
  const why = h("div", { class: "why", "aria-live": "polite" });
  const rows = run.wrong.map((row, k) =>
    h("button", { type: "button", onclick: () => app.set({ "run.row": k }) }, h("strong", {}, row.place), ` ${missed(row)}`, h("span", { class: "loss" }, `loss ${brief(row.loss, 3)}`)),
  );
  host.append(
    h("div", { class: "run-page" },
      h("section", {}, h("h2", {}, "Training"), losses(run), facts(run)),
      h("section", {}, h("h2", {}, run.task === "classification" ? "What was taken for what" : "Predicted against true"), run.task === "classification" ? confusion(run) : scatter(run), scores(run)),
      h("section", { class: "wrong" },
        h("h2", {}, `Most wrong rows of the ${run.part} part`),
        h("div", { class: "sides" }, h("div", { class: "rows", role: "group", "aria-label": "Rows" }, ...rows), why),
      ),
    ),
  );
  const show = () => {
    const k = Math.min(Math.max(0, app.state["run.row"]), rows.length - 1);
    rows.forEach((row, i) => row.setAttribute("aria-pressed", String(i === k)));
    fill(why, ...detail(run.wrong[k], run));
  };
  show();
  return { update: (changed) => changed.has("run.row") && show(), show, hide() {} };
}

function missed(row) {
  if (typeof row.actual === "number") return `${brief(row.predicted, 4)} for ${brief(row.actual, 4)}`;
  if (row.actual === row.predicted) return `${row.actual}, rightly`;
  return `${row.actual} taken for ${row.predicted}`;
}

// The loss of each epoch, and that of the trained model on each part as marks at the end.
function losses({ history, losses: ends }) {
  const line = { name: "training, mean over the epoch", points: history.epoch.map((epoch, k) => [epoch, history.loss[k]]) };
  const last = history.epoch[history.epoch.length - 1];
  const marks = Object.entries(ends).filter(([part]) => part !== "train");
  const series = [line, ...marks.map(([part, loss]) => ({ name: `${part}, at the end`, points: [[last, loss]], marks: true }))];
  const label = `Training loss from ${brief(history.loss[0], 4)} to ${brief(history.loss[history.loss.length - 1], 4)} in ${last} epochs`;
  const keys = series.map(({ name }, k) => h("li", { class: `key${k}` }, name));
  return h("figure", {}, curves({ series, log: true, x: "epochs", y: "loss", width: 440, label }), h("ul", { class: "keys" }, ...keys));
}

function facts({ settings }) {
  return h("dl", { class: "pairs" }, ...settings.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function scores({ scores: parts, losses: ends, rows }) {
  const metrics = Object.keys(Object.values(parts)[0]);
  const head = h("tr", {}, ...["Part", "Rows", "Loss", ...metrics.map((name) => ({ r2: "R²", rmse: "RMSE" })[name] || name)].map((name) => h("th", { scope: "col" }, name)));
  const body = Object.entries(parts).map(([part, found]) =>
    h("tr", {}, h("th", { scope: "row" }, part), h("td", {}, rows[part].toLocaleString("en")), h("td", {}, brief(ends[part], 4)), ...metrics.map((name) => h("td", {}, name === "accuracy" ? percent(found[name]) : brief(found[name], 4)))),
  );
  return h("table", { class: "scores" }, h("thead", {}, head), h("tbody", {}, ...body));
}

function confusion({ confusion: counts, classes, mistakes, part }) {
  const list = h("ul", { class: "mistakes" }, ...mistakes.slice(0, 5).map(([actual, taken, times]) => h("li", {}, `${actual} taken for ${taken}: ${times === 1 ? "once" : `${times} times`}`)));
  if (!counts) return list;
  const most = Math.max(1, ...counts.flatMap((row, i) => row.filter((_, j) => i !== j)));
  const cell = (count, i, j) => {
    const share = i === j ? count / Math.max(1, counts[i].reduce((a, b) => a + b, 0)) : count / most;
    const tone = i === j ? "var(--pos)" : "var(--neg)";
    const weight = count ? Math.round(12 + 70 * share) : 0;
    const style = `background: color-mix(in srgb, ${tone} ${weight}%, var(--surface)); color: ${weight > 55 ? "var(--surface)" : "var(--ink)"}`;
    return h("td", { style, title: `${classes[i]} taken for ${classes[j]}` }, count || "·");
  };
  const head = h("tr", {}, h("td", {}), ...classes.map((name) => h("th", { scope: "col" }, name)));
  const body = counts.map((row, i) => h("tr", {}, h("th", { scope: "row" }, classes[i]), ...row.map((count, j) => cell(count, i, j))));
  const table = h("table", { class: "confusion" }, h("caption", {}, `Rows of the ${part} part: the true class down, the predicted one across`), h("thead", {}, head), h("tbody", {}, ...body));
  return h("div", {}, h("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": "Confusion matrix" }, table), list);
}

function scatter({ points, part, target }) {
  const all = points.flat();
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const at = (value) => 40 + (250 * (value - low)) / (high - low || 1);
  const label = `${points.length} rows of the ${part} part: predicted ${target} against the true one`;
  return s("svg", { class: "scatter", viewBox: "0 0 300 300", role: "img", "aria-label": label },
    s("line", { x1: 40, y1: 260, x2: 290, y2: 10 }),
    ...points.map(([x, y]) => s("circle", { cx: at(x), cy: 300 - at(y), r: 3 })),
    ...[low, high].flatMap((value) => [
      s("text", { x: at(value), y: 276, "text-anchor": value === low ? "start" : "end" }, brief(value, 3)),
      s("text", { x: 36, y: 304 - at(value), "text-anchor": "end" }, brief(value, 3)),
    ]),
    s("text", { x: 165, y: 292, "text-anchor": "middle" }, "true"),
    s("text", { x: 12, y: 130, transform: "rotate(-90 12 130)", "text-anchor": "middle" }, "predicted"),
  );
}
