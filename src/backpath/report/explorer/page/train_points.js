// Two classes of points in the plane, from -1.4 to 1.4 each way.
import { Draws } from "./train_start.js";

export const COUNT = 200;

// A place between 0 and 1 along the class's curve, to its point.
const CURVES = {
  moons: (u, c) => {
    const angle = Math.PI * u;
    return c ? [0.5 - 0.85 * Math.cos(angle), 0.35 - 0.85 * Math.sin(angle)] : [-0.4 + 0.85 * Math.cos(angle), -0.3 + 0.85 * Math.sin(angle)];
  },
  circles: (u, c) => {
    const radius = c ? 0.45 : 1.1;
    return [radius * Math.cos(2 * Math.PI * u), radius * Math.sin(2 * Math.PI * u)];
  },
  spirals: (u, c) => {
    const radius = 0.12 + 1.08 * u;
    const angle = 1.75 * 2 * Math.PI * u * 0.85 + (c ? Math.PI : 0);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
  blobs: (u, c) => (c ? [0.55, 0.45] : [-0.55, -0.45]),
};

const SPREADS = { moons: 0.11, circles: 0.1, spirals: 0.03, blobs: 0.3 };

export const DATA = { moons: "Moons", circles: "Circles", spirals: "Spirals", blobs: "Two clouds", own: "Your own" };

export function drawn(kind, seed) {
  const draws = new Draws(seed + 101);
  return Array.from({ length: COUNT }, (_, k) => {
    const c = k % 2;
    const along = (k - c + 2 * draws.uniform()) / COUNT;
    const [x, y] = CURVES[kind](kind === "spirals" ? Math.sqrt(along) : along, c);
    return [x + SPREADS[kind] * draws.normal(), y + SPREADS[kind] * draws.normal(), c];
  });
}

// Points as a link holds them: "x y c" with two digits, joined by commas.
export function written(points) {
  return points.map(([x, y, c]) => `${x.toFixed(2)} ${y.toFixed(2)} ${c}`).join(",");
}

export function read(text) {
  const points = text.split(",").map((part) => part.trim().split(/\s+/).map(Number));
  return points.filter((point) => point.length === 3 && point.every(Number.isFinite)).map(([x, y, c]) => [x, y, c ? 1 : 0]);
}
