import { h } from "./dom.js";
import { brief, operand, short } from "./format.js";
import { equationOf, symbolOf } from "./readings.js";

const MOST_TERMS = 5;
const INFIX = { add: " + ", subtract: " − ", multiply: " · ", divide: " / " };

function italic(name) {
  return h("i", { text: name });
}

function number(x) {
  return h("b", { text: typeof x === "string" ? x : operand(x) });
}

// A primitive applied: to names, or to numbers.
function applied(primitive, parts, params) {
  if (INFIX[primitive] && parts.length === 2) return [parts[0], INFIX[primitive], parts[1]];
  if (primitive === "negative") return ["−", parts[0]];
  if (primitive === "square") return [parts[0], h("sup", { text: "2" })];
  if (primitive === "integer_power") return [parts[0], h("sup", { text: brief(params.n) })];
  if (primitive === "power") return [parts[0], h("sup", null, parts[1])];
  if (primitive === "sqrt") return ["√", parts[0]];
  if (primitive === "abs") return ["|", parts[0], "|"];
  if (primitive === "reciprocal") return ["1 / ", parts[0]];
  if (primitive === "reshape" && parts.length === 1) return [parts[0]];
  const given = Object.entries(params || {}).filter(([, v]) => typeof v !== "boolean").map(([k, v]) => `${k}=${typeof v === "number" ? brief(v) : v}`);
  const inside = parts.map(bare).flatMap((p, k) => (k ? [", ", p] : [p]));
  return [primitive, "(", ...inside, ...given.map((text) => `, ${text}`), ")"];
}

// A number that stands by itself needs no parentheses.
function bare(part) {
  const text = part.textContent || "";
  if (part.tagName === "B" && text.startsWith("(")) part.textContent = text.slice(1, -1);
  return part;
}

function equals(...sides) {
  return sides.flatMap((side, k) => (k ? [h("span", { class: "eq", text: " = " }), ...side] : side));
}

// y = f(x) = f(0.5) = 0.462, for one entry.
export function forwardFormula(app, node, entry) {
  const { graph } = app;
  const name = italic(graph.whole ? graph.labelOf(entry) : graph.labels[node]);
  const primitive = graph.primitives[node];
  if (!graph.whole && graph.isInput(node)) return [...equals([name], ["array"]), h("span", { class: "aside", text: "  given" })];
  if (!graph.whole) return equals([name], applied(primitive, graph.parents[node].map((p) => italic(graph.labels[p])), graph.params[node]));
  const value = number(brief(graph.values[entry]));
  if (graph.isInput(node)) return [...equals([name], [value]), h("span", { class: "aside", text: "  given" })];
  const wires = range(graph.starts[entry], graph.starts[entry + 1]);
  const names = wires.map((w) => italic(graph.labelOf(graph.origins[w])));
  const values = wires.map((w) => number(graph.values[graph.origins[w]]));
  const params = graph.params[node] || {};
  if (["matmul", "linear", "post_activation", "pre_activation"].includes(primitive)) return affine(app, name, value, entry, primitive, params);
  if (primitive === "sum") return equals([name], sumOf(names), sumOf(values), [value]);
  if (["index", "take", "transpose", "broadcast_to", "concatenate", "astype"].includes(primitive) && wires.length === 1) return equals([name], names, [value]);
  if (wires.length > MOST_TERMS) return equals([name], [primitive, `(${wires.length} entries of `, italic(graph.labels[graph.parents[node][0]]), ")"], [value]);
  return equals([name], applied(primitive, names, params), applied(primitive, values, params), [value]);
}

function affine(app, name, value, entry, primitive, params) {
  const { graph } = app;
  const from = graph.starts[entry];
  const all = graph.starts[entry + 1] - from;
  const bias = primitive === "matmul" ? 0 : 2;
  const width = (all - bias) / 2;
  const bent = primitive === "pre_activation" && params.activation !== "identity" ? params.activation : "";
  const pair = (k, write) => {
    const [x, w] = [graph.origins[from + k], graph.origins[from + k + (k < 2 * width ? width : 1)]];
    const left = bent && k < width ? [bent, "(", write(x), ")"] : [write(x)];
    return [...left, " · ", write(w)];
  };
  const size = (k) => Math.abs(graph.values[graph.origins[from + k]] * graph.values[graph.origins[from + k + width]]);
  const chosen = new Set(range(0, width).sort((a, b) => size(b) - size(a)).slice(0, MOST_TERMS));
  const shown = range(0, width).filter((k) => width <= MOST_TERMS + 1 || chosen.has(k));
  const terms = (write) => {
    const parts = shown.map((k) => pair(k, write));
    if (bias) parts.push([write(graph.origins[from + 2 * width + 1])]);
    const joined = parts.flatMap((p, k) => (k ? [" + ", ...p] : p));
    return shown.length < width ? [...joined, h("span", { class: "aside", text: ` + … ${width - shown.length} smaller` })] : joined;
  };
  const byName = terms((e) => italic(graph.labelOf(e)));
  const byValue = terms((e) => number(graph.values[e]));
  if (primitive !== "post_activation" || params.activation === "identity") return equals([name], byName, byValue, [value]);
  return equals([name], [params.activation, "(", ...byName, ")"], [params.activation, "(", ...byValue, ")"], [value]);
}

function sumOf(parts) {
  const flat = parts.map((p) => (Array.isArray(p) ? p : [p]));
  const shown = flat.length > MOST_TERMS + 1 ? flat.slice(0, MOST_TERMS) : flat;
  const joined = shown.flatMap((p, k) => (k ? [" + ", ...p] : p));
  return shown.length < flat.length ? [...joined, h("span", { class: "aside", text: ` + … ${flat.length - shown.length} more` })] : joined;
}

// S(i) = the sum over j of S(j) z(i, j), with the numbers, and the equation's number.
export function backwardFormula(app, node, entry) {
  const { graph, derived, roles } = app;
  const seed = app.outputNodes.has(node);
  const symbol = symbolOf(app.shownRole(node));
  const equation = equationOf(graph, roles, app.reading, node, seed);
  const name = [symbol, "(", italic(graph.whole ? graph.labelOf(entry) : graph.labels[node]), ")"];
  if (!graph.whole) return { equation, content: equals(name, [number(brief(app.payload.summary.adjoints[node]))]), count: 0 };
  const value = number(brief(derived.adjoint[entry]));
  const terms = app.terms(entry);
  if (!derived.leads[entry]) return { equation, content: equals(name, [number("0")]), count: 0 };
  if (seed && derived.outputs.includes(entry) && !terms.length) return { equation, content: equals(name, [number("1")]), count: 0 };
  const size = (t) => Math.abs(t.wires.reduce((p, w) => p * graph.z[w], derived.adjoint[t.to]));
  const shown = terms.length > MOST_TERMS ? terms.slice().sort((a, b) => size(b) - size(a)).slice(0, MOST_TERMS) : terms;
  const rest = terms.length - shown.length;
  const more = rest ? [h("span", { class: "aside", text: ` + … ${rest} smaller` })] : [];
  const join = (write) => [...shown.flatMap((t, k) => (k ? [" + ", ...write(t)] : write(t))), ...more];
  const symbols = join((t) => [symbolOf(app.shownRole(graph.owner[t.to])), "(", italic(graph.labelOf(t.to)), ") · ", ...t.wires.flatMap((w, k) => (k ? [" · ", ...zOf(app, w)] : zOf(app, w)))]);
  const numbers = join((t) => [number(derived.adjoint[t.to]), " · ", ...t.wires.flatMap((w, k) => (k ? [" · ", number(graph.z[w])] : [number(graph.z[w])]))]);
  return { equation, content: equals(name, symbols, numbers, [value]), count: terms.length };
}

// A local derivative by name: of an activation its slope.
function zOf(app, wire) {
  const { graph, roles } = app;
  const [i, j] = [graph.origins[wire], graph.targets[wire]];
  const node = graph.owner[j];
  if (app.reading !== "both" && roles[node] === "post" && graph.parents[node].length === 1) return ["Φ′(", italic(graph.labelOf(i)), ")"];
  return ["z(", italic(graph.labelOf(i)), ", ", italic(graph.labelOf(j)), ")"];
}

export function productOf(app, path) {
  const { graph } = app;
  if (!path.wires.length) return equals([number("1")]);
  const factors = path.wires.flatMap((w, k) => (k ? [" · ", number(graph.z[w])] : [number(graph.z[w])]));
  return path.wires.length === 1 ? [number(short(path.product))] : [...factors, h("span", { class: "eq", text: " = " }), number(brief(path.product))];
}

function range(from, to) {
  return Array.from({ length: to - from }, (_, k) => from + k);
}
