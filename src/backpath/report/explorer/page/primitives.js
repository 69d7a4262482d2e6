import { erf, expOfSquare, ndtr, normalDensity, rint } from "./special.js";

// Each elementwise primitive as in Python: its value, and z by each operand (a function of operands and value; null where it
// is locally constant), and how its formula is written.
export const ELEMENTWISE = {};

function row(names, value, ...z) {
  for (const name of names.split(" ")) ELEMENTWISE[name] = { value, z };
}

const LN2 = Math.LN2;
const one = () => 1;
const firstWins = (a, b) => 0.5 * ((a > b ? 1 : 0) + (a >= b ? 1 : 0));

export function sigmoid(x) {
  const e = Math.exp(-Math.abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

export function sigmoidSlope(x) {
  const e = Math.exp(-Math.abs(x));
  return e / (1 + e) ** 2;
}

export function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(Math.min(x, -x)));
}

function integerPower(x, n) {
  return n === 0 ? 1 : x ** n;
}

row("add", (a, b) => a + b, one, one);
row("subtract", (a, b) => a - b, one, () => -1);
row("multiply", (a, b) => a * b, (a, b) => b, (a) => a);
row("divide", (a, b) => a / b, (a, b) => 1 / b, (a, b, y) => -y / b);
row("negative", (x) => -x, () => -1);
row("square", (x) => x * x, (x) => 2 * x);
row("reciprocal", (x) => 1 / x, (x, y) => -y * y);
row("sqrt", Math.sqrt, (x, y) => 0.5 / y);
row("cbrt", Math.cbrt, (x, y) => 1 / 3 / y / y);
row("abs", Math.abs, (x) => Math.sign(x));
row("maximum", (a, b) => Math.max(a, b), firstWins, (a, b) => firstWins(b, a));
row("minimum", (a, b) => Math.min(a, b), (a, b) => firstWins(b, a), firstWins);
row("sign", (x) => Math.sign(x), null);
row("floor", Math.floor, null);
row("ceil", Math.ceil, null);
row("trunc", Math.trunc, null);
row("rint", rint, null);
row(
  "power",
  (a, b) => a ** b,
  (a, b) => b * a ** (b === 0 ? 1 : b - 1),
  (a, b, y) => y * Math.log(a === 0 ? 1 : a)
);
row("integer_power", (x, p) => integerPower(x, p.n), (x, y, p) => (p.n ? p.n * integerPower(x, p.n - 1) : 0));
row("where", (c, a, b) => (c ? a : b), null, (c) => (c ? 1 : 0), (c) => (c ? 0 : 1));
row("greater", (a, b) => +(a > b), null, null);
row("greater_equal", (a, b) => +(a >= b), null, null);
row("less", (a, b) => +(a < b), null, null);
row("less_equal", (a, b) => +(a <= b), null, null);

row("exp", Math.exp, (x, y) => y);
row("exp2", (x) => 2 ** x, (x, y) => LN2 * y);
row("expm1", Math.expm1, (x) => Math.exp(x));
row("log", Math.log, (x) => 1 / x);
row("log2", Math.log2, (x) => Math.LOG2E / x);
row("log10", Math.log10, (x) => Math.LOG10E / x);
row("log1p", Math.log1p, (x) => 1 / (1 + x));
row(
  "logaddexp",
  (a, b) => (a === b ? a + LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))),
  (a, b) => sigmoid(a === b ? 0 : a - b),
  (a, b) => sigmoid(a === b ? 0 : b - a)
);
row("sin", Math.sin, (x) => Math.cos(x));
row("cos", Math.cos, (x) => -Math.sin(x));
row("tan", Math.tan, (x, y) => 1 + y * y);
row("sinh", Math.sinh, (x) => Math.cosh(x));
row("cosh", Math.cosh, (x) => Math.sinh(x));
row("tanh", Math.tanh, (x) => 4 * sigmoidSlope(2 * x));
row("arcsin", Math.asin, (x) => 1 / Math.sqrt((1 - x) * (1 + x)));
row("arccos", Math.acos, (x) => -1 / Math.sqrt((1 - x) * (1 + x)));
row("arctan", Math.atan, (x) => (1 / Math.hypot(1, x)) ** 2);
row("arcsinh", Math.asinh, (x) => 1 / Math.hypot(1, x));
row("arccosh", Math.acosh, (x) => 1 / (Math.sqrt(x - 1) * Math.sqrt(x + 1)));
row("arctanh", Math.atanh, (x) => 1 / ((1 - x) * (1 + x)));
row(
  "arctan2",
  Math.atan2,
  (a, b) => b / Math.hypot(a, b) / Math.hypot(a, b),
  (a, b) => -a / Math.hypot(a, b) / Math.hypot(a, b)
);
row("hypot", (a, b) => Math.hypot(a, b), (a, b) => a / Math.hypot(a, b), (a, b) => b / Math.hypot(a, b));

row("erf", erf, (x) => (2 / Math.sqrt(Math.PI)) * expOfSquare(-1, x));
row("ndtr", ndtr, normalDensity);
row("sigmoid", sigmoid, sigmoidSlope);
row("relu", (x) => Math.max(x, 0), (x, y) => (y > 0 ? 1 : 0));
row("leaky_relu", (x, p) => (x > 0 ? x : p.slope * x), (x, y, p) => (x > 0 ? 1 : p.slope));
row(
  "elu",
  (x, p) => Math.max(x, 0) + p.alpha * Math.expm1(Math.min(x, 0)),
  (x, y, p) => (x > 0 ? 1 : p.alpha * Math.exp(Math.min(x, 0)))
);
const [ALPHA, SCALE] = [1.6732632423543772, 1.0507009873554805];
row(
  "selu",
  (x) => SCALE * (Math.max(x, 0) + ALPHA * Math.expm1(Math.min(x, 0))),
  (x) => (x > 0 ? SCALE : SCALE * ALPHA * Math.exp(Math.min(x, 0)))
);
row("softplus", softplus, sigmoid);
row("silu", (x) => Math.max(x, -1000) * sigmoid(x), (x) => sigmoid(x) + within(x) * sigmoidSlope(x));
row("mish", (x) => Math.max(x, -1000) * Math.tanh(softplus(x)), (x) => Math.tanh(softplus(x)) + within(x) * mishGate(x));
row("gelu", (x) => Math.max(x, -1000) * ndtr(x), (x) => ndtr(x) + within(x) * normalDensity(x));
row("identity", (x) => x, one);
row("astype", (x) => x, one);
row("sigmoid_cross_entropy", (s, t) => softplus(s) - s * t, (s, t) => sigmoid(s) - t, (s) => -s);

function within(x) {
  return Math.max(Math.min(x, 1000), -1000);
}

function mishGate(x) {
  const q = sigmoid(-x) ** 2;
  return (4 * sigmoid(x) * q) / (1 + q) ** 2;
}
