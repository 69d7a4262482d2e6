// The error function and its kin, to the last digits of a double.
const ROOT_PI = Math.sqrt(Math.PI);

// exp(factor x^2): the square of the nearest sixteenth is exact, and the rest is small.
export function expOfSquare(factor, x) {
  if (!(Math.abs(x) < 64)) return Number.isNaN(x) ? NaN : 0;
  const near = rint(16 * x) / 16;
  return Math.exp(factor * near * near) * Math.exp(factor * (x - near) * (x + near));
}

// erfc(x) exp(x^2) for x >= 1.5, by its continued fraction.
function scaledErfc(x) {
  let tail = 0;
  for (let k = 160; k > 0; k--) tail = (k / 2) / (x + tail);
  return 1 / (ROOT_PI * (x + tail));
}

// A series of positive terms, for |x| < 1.5.
function erfSeries(x) {
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / ROOT_PI) * Math.exp(-x * x) * sum;
}

export function erf(x) {
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(x) < 1.5) return erfSeries(x);
  return Math.sign(x) * (1 - scaledErfc(Math.abs(x)) * expOfSquare(-1, x));
}

// The standard normal distribution function, its lower tail with all digits.
export function ndtr(x) {
  const t = x * Math.SQRT1_2;
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(t) < 1.5 && x > -1) return 0.5 + 0.5 * erfSeries(t);
  if (Math.abs(t) < 1.5) return 0.5 * (1 - erfSeries(-t));
  const tail = 0.5 * scaledErfc(Math.abs(t)) * expOfSquare(-0.5, x);
  return x < 0 ? tail : 1 - tail;
}

export function normalDensity(x) {
  return expOfSquare(-0.5, x) / Math.sqrt(2 * Math.PI);
}

// To the nearest whole number, and of two equally near ones to the even one.
export function rint(x) {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x;
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return rest < 0.5 ? (down === 0 && x < 0 ? -0 : down) : down + 1 === 0 ? -0 : down + 1;
  return down % 2 === 0 ? down : down + 1 === 0 ? -0 : down + 1;
}
