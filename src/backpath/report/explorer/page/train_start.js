// Random draws from a seed, and initial weights by the rules of backpath.nets.INITIALIZERS.

export class Draws {
  constructor(seed) {
    this.state = (seed * 2654435761 + 1) >>> 0;
    for (let k = 0; k < 8; k++) this.uniform();
  }

  // In [0, 1): mulberry32 (Ettinger, 2017).
  uniform() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  // Box and Muller, 1958.
  normal() {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}

// Variance of a weight times fan-in, by the activation that follows; 1 where none is listed.
const GAINS = { relu: 2, leaky_relu: 2, elu: 1.5, gelu: 2, silu: 2, mish: 2, softplus: 2 };

// The gain at which derivatives keep their size through any number of wide layers: backpath.nets.critical_gain.
// Those that are not listed have none.
export const CRITICAL = {
  identity: 1,
  relu: 2,
  leaky_relu: 1.9998000199979993,
  elu: 1.0000797848230856,
  selu: 0.476827076607784,
  tanh: 1.0000000199999999,
  sigmoid: 103.00755385551935,
};

const VARIANCES = {
  auto: (i, o, phi) => (GAINS[phi] || 1) / i,
  normal: () => 1e-4,
  lecun_normal: (i) => 1 / i,
  glorot_normal: (i, o) => 2 / (i + o),
  he_normal: (i) => 2 / i,
  orthogonal: (i, o, phi) => (GAINS[phi] || 1) / i,
  critical: (i, o, phi) => (CRITICAL[phi] || GAINS[phi]) / i,
  zeros: () => 0,
};

export const STARTS = Object.keys(VARIANCES);

// Weights drawn, and multiplied by a number; biases are zero. The last layer is followed by no activation.
export function initial(network, activation, start, times, seed) {
  const draws = new Draws(seed);
  const p = new Float64Array(network.count);
  network.places.forEach(({ rows, columns, weights, biases }, r) => {
    const phi = r < network.layers - 1 ? activation : "identity";
    const deviation = Math.sqrt(VARIANCES[start](rows, columns, phi));
    let drawn = Float64Array.from({ length: rows * columns }, () => draws.normal());
    let size = deviation;
    if (start === "orthogonal") {
      drawn = orthogonal(drawn, rows, columns);
      size *= Math.sqrt(rows);
    }
    for (let k = weights; k < biases; k++) p[k] = times * size * drawn[k - weights];
  });
  return p;
}

// Orthonormal columns, or rows where there are fewer of them, by Gram and Schmidt, twice for the digits.
function orthogonal(drawn, rows, columns) {
  const across = rows < columns;
  const [count, length] = across ? [rows, columns] : [columns, rows];
  const at = (v, k) => (across ? v * columns + k : k * columns + v);
  const dot = (u, v) => {
    let sum = 0;
    for (let k = 0; k < length; k++) sum += drawn[at(u, k)] * drawn[at(v, k)];
    return sum;
  };
  for (let v = 0; v < count; v++) {
    for (let round = 0; round < 2; round++) {
      for (let u = 0; u < v; u++) {
        const along = dot(u, v);
        for (let k = 0; k < length; k++) drawn[at(v, k)] -= along * drawn[at(u, k)];
      }
    }
    const norm = Math.sqrt(dot(v, v));
    for (let k = 0; k < length; k++) drawn[at(v, k)] /= norm;
  }
  return drawn;
}
