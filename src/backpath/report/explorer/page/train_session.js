// One training: points, a network, its weights, and how the loss and the layers' gradients went.
import { Network } from "./train_network.js";
import { drawn } from "./train_points.js";
import { initial } from "./train_start.js";

const MOST = 600;
const VANISHED = 1e-3;

export class Session {
  constructor(settings) {
    this.settings = settings;
    this.points = settings.data === "own" ? settings.own : drawn(settings.data, settings.seed);
    this.n = this.points.length;
    this.features();
    this.network = new Network(settings.depth, settings.width, settings.activation, settings.skips);
    this.p = initial(this.network, settings.activation, settings.start, settings.times, settings.seed);
    this.steps = 0;
    this.records = [];
    this.stride = 1;
    this.frames = 0;
    this.diverged = false;
    this.record();
  }

  // The second feature is multiplied; standardized features have mean 0 and deviation 1 afterwards.
  features() {
    const { scale, standardize } = this.settings;
    const columns = [0, 1].map((c) => this.points.map((point) => point[c] * (c ? scale : 1)));
    this.shifts = columns.map((column) => (standardize ? mean(column) : 0));
    this.factors = columns.map((column, c) => {
      const spread = Math.sqrt(mean(column.map((x) => (x - this.shifts[c]) ** 2)));
      return standardize && spread > 0 ? 1 / spread : 1;
    });
    this.X = new Float64Array(2 * this.n);
    this.t = Float64Array.from(this.points, (point) => point[2]);
    this.points.forEach(([x, y], i) => this.X.set(this.input(x, y), 2 * i));
  }

  // What the network sees of a point of the plane.
  input(x, y) {
    return [x, y * this.settings.scale].map((value, c) => (value - this.shifts[c]) * this.factors[c]);
  }

  // One step of gradient descent on all points together.
  step(rate) {
    if (this.diverged || !this.n) return;
    const { loss, gradient } = this.network.lossAndGradient(this.p, this.X, this.t, this.n);
    if (!Number.isFinite(loss)) {
      this.diverged = true;
      return;
    }
    for (let k = 0; k < gradient.length; k++) this.p[k] -= rate * gradient[k];
    this.steps += 1;
  }

  // Where it stands, for the curves; every second record goes where there are too many.
  record() {
    const { loss, right } = this.network.lossAndGradient(this.p, this.X, this.t, this.n);
    if (this.n && !Number.isFinite(loss)) this.diverged = true;
    const { layers, norms, effectiveDepth } = this.network.lengths(this.p, this.X, this.t, this.n);
    this.now = { step: this.steps, loss, right, layers, norms, effectiveDepth };
    if (this.n && !this.diverged && this.frames++ % this.stride === 0) this.records.push(this.now);
    if (this.records.length > MOST) {
      this.records = this.records.filter((_, k) => k % 2 === 0);
      this.stride *= 2;
    }
  }

  // The layers whose weights get less than a thousandth of what the layer with the most gets.
  vanished() {
    const largest = Math.max(...this.now.layers.map((layer) => layer.norm));
    return this.now.layers.map((layer) => layer.norm < VANISHED * largest || largest === 0);
  }

  // Probabilities of the second class on a square grid from -edge to edge, row by row from the top.
  surface(cells, edge) {
    const X = new Float64Array(2 * cells * cells);
    for (let i = 0; i < cells; i++) {
      for (let j = 0; j < cells; j++) {
        const [x, y] = [j, cells - 1 - i].map((k) => edge * ((2 * (k + 0.5)) / cells - 1));
        X.set(this.input(x, y), 2 * (i * cells + j));
      }
    }
    return this.network.forward(this.p, X, cells * cells).scores;
  }
}

function mean(values) {
  return values.length ? values.reduce((sum, x) => sum + x, 0) / values.length : 0;
}
