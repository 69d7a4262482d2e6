// A dense network with one output, on points of the plane: h_r = Phi(h_{r-1} W_r + b_r), a linear last layer, and the
// mean sigmoid cross-entropy. Parameters lie in one flat array, W1 b1 W2 b2 ..., as backpath.Network has them.
import { ELEMENTWISE, sigmoid } from "./primitives.js";

const PARAMETERS = { slope: 0.01, alpha: 1 };

export class Network {
  // With skips, a layer between layers of one width adds its input to its output.
  constructor(depth, width, activation, skips) {
    this.sizes = [2, ...Array(depth).fill(width), 1];
    this.layers = depth + 1;
    const { value, z } = ELEMENTWISE[activation];
    this.phi = (a) => value(a, PARAMETERS);
    this.slope = (a) => z[0](a, value(a, PARAMETERS), PARAMETERS);
    this.skips = skips;
    let at = 0;
    this.places = this.sizes.slice(1).map((out, r) => {
      const weights = at;
      const biases = weights + this.sizes[r] * out;
      at = biases + out;
      return { rows: this.sizes[r], columns: out, weights, biases, end: at };
    });
    this.count = at;
  }

  skipped(r) {
    const { rows, columns } = this.places[r];
    return this.skips && r < this.layers - 1 && rows === columns;
  }

  // Pre-activations a and post-activations h of n points, layer by layer; h[0] is X.
  forward(p, X, n) {
    const a = [];
    const h = [X];
    for (let r = 0; r < this.layers; r++) {
      const pre = affine(h[r], p, this.places[r], n);
      let post = pre;
      if (r < this.layers - 1) {
        post = pre.map((x) => this.phi(x));
        if (this.skipped(r)) for (let k = 0; k < post.length; k++) post[k] += h[r][k];
      }
      a.push(pre);
      h.push(post);
    }
    return { a, h, scores: h[this.layers] };
  }

  // The mean loss over n points with targets t of 0 and 1, and its gradient: reverse mode, one visit an edge.
  lossAndGradient(p, X, t, n) {
    const { a, h, scores } = this.forward(p, X, n);
    const gradient = new Float64Array(this.count);
    let adjoint = seed(scores, t, n);
    for (let r = this.layers - 1; r >= 0; r--) {
      const delta = r < this.layers - 1 ? adjoint.map((g, k) => g * this.slope(a[r][k])) : adjoint;
      byParameters(h[r], delta, this.places[r], n, gradient);
      if (r === 0) break;
      const below = pulled(delta, p, this.places[r], n);
      if (this.skipped(r)) for (let k = 0; k < below.length; k++) below[k] += adjoint[k];
      adjoint = below;
    }
    return { loss: loss(scores, t, n), gradient, right: right(scores, t) / n };
  }

  // The gradient parted by the number of layers on its paths, from each weight to the loss: the same recursion with
  // polynomials for numbers. What one length carries is measured by its norm; effective depth is the mean length.
  lengths(p, X, t, n) {
    const { a, h, scores } = this.forward(p, X, n);
    const squares = Array(this.layers + 1).fill(0);
    const layers = [];
    let adjoints = new Map([[0, seed(scores, t, n)]]);
    for (let r = this.layers - 1; r >= 0; r--) {
      const place = this.places[r];
      const whole = new Float64Array(this.count);
      const below = new Map();
      const parts = [];
      for (const [length, adjoint] of adjoints) {
        const delta = r < this.layers - 1 ? adjoint.map((g, k) => g * this.slope(a[r][k])) : adjoint;
        const part = new Float64Array(this.count);
        byParameters(h[r], delta, place, n, part);
        const square = squareOf(part, place);
        squares[length + 1] += square;
        parts.push([length + 1, Math.sqrt(square)]);
        for (let k = place.weights; k < place.end; k++) whole[k] += part[k];
        if (r > 0) added(below, length + 1, pulled(delta, p, place, n));
        if (r > 0 && this.skipped(r)) added(below, length, adjoint.slice());
      }
      layers.unshift({ norm: Math.sqrt(squareOf(whole, place)), length: meanLength(parts) });
      adjoints = below;
    }
    const norms = squares.map(Math.sqrt);
    return { norms, layers, effectiveDepth: meanLength(norms.map((norm, length) => [length, norm])) };
  }
}

function affine(h, p, { rows, columns, weights, biases }, n) {
  const out = new Float64Array(n * columns);
  for (let i = 0; i < n; i++) {
    const o = i * columns;
    for (let k = 0; k < columns; k++) out[o + k] = p[biases + k];
    for (let j = 0; j < rows; j++) {
      const x = h[i * rows + j];
      const w = weights + j * columns;
      for (let k = 0; k < columns; k++) out[o + k] += x * p[w + k];
    }
  }
  return out;
}

function byParameters(h, delta, { rows, columns, weights, biases }, n, gradient) {
  for (let i = 0; i < n; i++) {
    const d = i * columns;
    for (let k = 0; k < columns; k++) gradient[biases + k] += delta[d + k];
    for (let j = 0; j < rows; j++) {
      const x = h[i * rows + j];
      const w = weights + j * columns;
      for (let k = 0; k < columns; k++) gradient[w + k] += x * delta[d + k];
    }
  }
}

function pulled(delta, p, { rows, columns, weights }, n) {
  const out = new Float64Array(n * rows);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < rows; j++) {
      let sum = 0;
      const w = weights + j * columns;
      for (let k = 0; k < columns; k++) sum += delta[i * columns + k] * p[w + k];
      out[i * rows + j] = sum;
    }
  }
  return out;
}

function seed(scores, t, n) {
  return scores.map((s, i) => (sigmoid(s) - t[i]) / n);
}

function loss(scores, t, n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += ELEMENTWISE.sigmoid_cross_entropy.value(scores[i], t[i]);
  }
  return sum / n;
}

function right(scores, t) {
  return scores.reduce((sum, s, i) => sum + (s > 0 === t[i] > 0.5), 0);
}

function added(sums, length, array) {
  const there = sums.get(length);
  if (there) for (let k = 0; k < array.length; k++) there[k] += array[k];
  else sums.set(length, array);
}

function squareOf(array, { weights, end }) {
  let sum = 0;
  for (let k = weights; k < end; k++) sum += array[k] * array[k];
  return sum;
}

// 0 where nothing is carried, as in backpath's LengthSpectrum.
function meanLength(parts) {
  let total = 0;
  let weighted = 0;
  for (const [length, norm] of parts) {
    total += norm;
    weighted += length * norm;
  }
  return total ? weighted / total : 0;
}
