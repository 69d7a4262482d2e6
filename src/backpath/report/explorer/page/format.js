export const DASH = "–";
const THIN = "\u202f";

// As Python's "%.6g": few characters, and no digit that is not there.
export function general(x, digits = 6) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (x === 0) return Object.is(x, -0) ? "-0" : "0";
  const [mantissa, power] = x.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= digits) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${trimmed(mantissa)}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  return trimmed(x.toFixed(Math.max(0, digits - 1 - exponent)));
}

function trimmed(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

// A number for the eye, with a true minus sign; null stands for one that is not computed yet.
export function brief(x, digits = 6) {
  return x === null || x === undefined ? DASH : general(x, digits).replace(/-/g, "−");
}

export function short(x) {
  return brief(x, 4);
}

// As an operand: negative numbers in parentheses.
export function operand(x) {
  const text = short(x);
  return text.startsWith("−") ? `(${text})` : text;
}

export function count(n) {
  const text = String(n);
  if (text.length > 21) return `${text[0]}.${text.slice(1, 4)}·10${superscript(text.length - 1)}`;
  return text.replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

export function superscript(n) {
  return String(n).replace(/[0-9-]/g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"["0123456789-".indexOf(c)]);
}

export function percent(share) {
  if (!Number.isFinite(share)) return DASH;
  const size = 100 * share;
  return `${Math.abs(size) >= 99.95 ? size.toFixed(0) : Number(size.toPrecision(size < 1 ? 2 : 3))}${THIN}%`.replace("-", "−");
}

export function plural(n, word, words = `${word}s`) {
  return `${count(n)} ${String(n) === "1" ? word : words}`;
}

export function clipped(text, most) {
  return text.length <= most ? text : `${text.slice(0, Math.ceil(most / 2) - 1)}…${text.slice(-(Math.floor(most / 2)))}`;
}
