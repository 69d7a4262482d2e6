// Lines over a common x, as an SVG with few ticks; y may be logarithmic. Each line has its own dash besides its colour.
import { s } from "./dom.js";
import { brief } from "./format.js";

const BOX = { height: 150, left: 46, right: 10, top: 16, bottom: 30 };
const DASHES = ["none", "6 4", "2 3"];

// width: in pixels, so that letters keep their size. series: [{ name, points: [[x, y], ...], marks: true }]; marks are drawn as single points, without a line.
export function curves({ series, log: wanted = false, x, y, label, width = 320 }) {
  const sizes = series.flatMap((one) => one.points.map((point) => point[1])).filter((value) => value > 0);
  const log = wanted && Math.max(...sizes) > 3 * Math.min(...sizes);
  const points = series.flatMap((one) => one.points).filter(([, value]) => Number.isFinite(value) && (!log || value > 0));
  const svg = s("svg", { class: "curves", viewBox: `0 0 ${width} ${BOX.height}`, width, height: BOX.height, role: "img", "aria-label": label });
  if (!points.length) return svg;
  const xs = range(points.map(([value]) => value));
  const ys = log ? decades(points.map((point) => point[1])) : range(wanted ? points.map((point) => point[1]) : [0, ...points.map((point) => point[1])]);
  const height = (value) => (log ? Math.log10(value) : value);
  const place = ([u, v]) => [
    BOX.left + ((u - xs[0]) / (xs[1] - xs[0])) * (width - BOX.left - BOX.right),
    BOX.height - BOX.bottom - ((height(v) - ys[0]) / (ys[1] - ys[0])) * (BOX.height - BOX.top - BOX.bottom),
  ];
  for (const tick of log ? powers(ys) : rounds(ys)) {
    const [, top] = place([xs[0], log ? 10 ** tick : tick]);
    svg.append(
      s("line", { class: "grid", x1: BOX.left, x2: width - BOX.right, y1: top, y2: top }),
      s("text", { x: BOX.left - 6, y: top + 4, "text-anchor": "end" }, log ? power(tick) : brief(tick)),
    );
  }
  for (const tick of rounds(xs)) {
    const [left] = place([tick, log ? 10 ** ys[0] : ys[0]]);
    svg.append(s("text", { x: left, y: BOX.height - 14, "text-anchor": "middle" }, tick.toLocaleString("en")));
  }
  svg.append(s("text", { class: "unit", x: width - BOX.right, y: BOX.height - 3, "text-anchor": "end" }, x));
  svg.append(s("text", { class: "unit", x: 2, y: 9 }, y));
  series.forEach((one, k) => svg.append(...drawn(one, k, place, log)));
  return svg;
}

function drawn({ name, points, marks }, k, place, log) {
  const seen = points.filter(([, value]) => Number.isFinite(value) && (!log || value > 0)).map(place);
  if (marks) {
    return seen.map(([left, top]) => s("path", { class: `mark line${k}`, d: `M${left} ${top - 5}l5 5l-5 5l-5 -5z` }, s("title", {}, name)));
  }
  const path = seen.map(([left, top]) => `${left.toFixed(1)} ${top.toFixed(1)}`).join("L");
  return [s("path", { class: `line${k}`, d: `M${path}`, "stroke-dasharray": DASHES[k % DASHES.length] }, s("title", {}, name))];
}

function range(values) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return high > low ? [low, high] : [low - 0.5, low + 0.5];
}

function decades(values) {
  return [Math.min(...values), Math.max(...values)].map(Math.log10);
}

function powers([low, high]) {
  const ticks = [];
  const every = Math.max(1, Math.ceil((high - low) / 5));
  for (let k = Math.ceil(low); k <= high; k += every) ticks.push(k);
  if (ticks.length > 1) return ticks;
  return [1, 2, 5].flatMap((m) => [-1, 0].map((k) => Math.log10(m) + Math.floor(high) + k)).filter((k) => k >= low && k <= high);
}

function power(tick) {
  return tick === Math.round(tick) && Math.abs(tick) > 3 ? `1e${tick}` : brief(10 ** tick, 3);
}

// Three to six round numbers.
function rounds([low, high]) {
  const rough = (high - low) / 4;
  const base = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * base).find((size) => size >= rough);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}
