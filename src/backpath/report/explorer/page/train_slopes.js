// Activations as backpath.nets has them: the value and the slope at a pre-activation a.

const ALPHA = 1.6732632423543772;
const SCALE = 1.0507009873554805;

export function sigmoid(a) {
  const e = Math.exp(-Math.abs(a));
  return a < 0 ? e / (1 + e) : 1 / (1 + e);
}

function sigmoidSlope(a) {
  const e = Math.exp(-Math.abs(a));
  return e / ((1 + e) * (1 + e));
}

export const ACTIVATIONS = {
  identity: [(a) => a, () => 1],
  relu: [(a) => (a > 0 ? a : 0), (a) => (a > 0 ? 1 : 0)],
  leaky_relu: [(a) => (a > 0 ? a : 0.01 * a), (a) => (a > 0 ? 1 : 0.01)],
  elu: [(a) => (a > 0 ? a : Math.expm1(a)), (a) => (a > 0 ? 1 : Math.exp(a))],
  selu: [
    (a) => SCALE * (a > 0 ? a : ALPHA * Math.expm1(a)),
    (a) => SCALE * (a > 0 ? 1 : ALPHA * Math.exp(a)),
  ],
  silu: [(a) => a * sigmoid(a), (a) => sigmoid(a) + a * sigmoidSlope(a)],
  softplus: [(a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))), sigmoid],
  tanh: [Math.tanh, (a) => 1 / Math.cosh(a) ** 2],
  sigmoid: [sigmoid, sigmoidSlope],
};
