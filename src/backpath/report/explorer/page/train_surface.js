// The plane on a canvas: what the network says everywhere, where it changes its mind, and the points.
import { sigmoid } from "./primitives.js";
import { brief } from "./format.js";
import { css, mixed, tones } from "./tones.js";

const CELLS = 56;
const MARGIN = { left: 36, bottom: 24, top: 6, right: 6 };

export const EDGE = 1.5;

export class Surface {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.field = document.createElement("canvas");
    this.field.width = this.field.height = CELLS;
  }

  fit() {
    const ratio = window.devicePixelRatio || 1;
    const size = this.canvas.clientWidth || 360;
    if (this.canvas.width !== Math.round(size * ratio)) this.canvas.width = this.canvas.height = Math.round(size * ratio);
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.size = size;
    this.inner = size - MARGIN.left - MARGIN.right;
  }

  // Between the plane and the canvas.
  placed(x, y) {
    return [MARGIN.left + ((x / EDGE + 1) / 2) * this.inner, MARGIN.top + ((1 - y / EDGE) / 2) * this.inner];
  }

  point(left, top) {
    return [EDGE * ((2 * (left - MARGIN.left)) / this.inner - 1), EDGE * (1 - (2 * (top - MARGIN.top)) / this.inner)];
  }

  draw(session, cursor) {
    this.fit();
    const pen = this.pen;
    const colours = tones(this.canvas);
    pen.clearRect(0, 0, this.size, this.size);
    const scores = session.surface(CELLS, EDGE);
    this.paint(scores, colours);
    pen.save();
    pen.beginPath();
    pen.rect(MARGIN.left, MARGIN.top, this.inner, this.inner);
    pen.clip();
    this.boundary(scores, css(colours.ink));
    for (const [x, y, c] of session.points) this.mark(x, y, c, colours);
    if (cursor) this.cross(cursor, css(colours.ink));
    pen.restore();
    this.ticks(session.settings.scale, colours);
  }

  paint(scores, { pos, neg, surface }) {
    const pen = this.field.getContext("2d");
    const image = pen.createImageData(CELLS, CELLS);
    scores.forEach((score, k) => {
      const t = 2 * sigmoid(score) - 1;
      const [tone, weight] = [t > 0 ? pos : neg, 0.62 * Math.abs(t)];
      image.data.set([...mixed(surface, tone, weight), 255], 4 * k);
    });
    pen.putImageData(image, 0, 0);
    this.pen.imageSmoothingEnabled = true;
    this.pen.drawImage(this.field, MARGIN.left, MARGIN.top, this.inner, this.inner);
  }

  // Where the score is 0, by marching squares between the centres of the cells.
  boundary(scores, ink) {
    const pen = this.pen;
    const step = this.inner / CELLS;
    pen.strokeStyle = ink;
    pen.lineWidth = 1.4;
    pen.beginPath();
    for (let i = 0; i + 1 < CELLS; i++) {
      for (let j = 0; j + 1 < CELLS; j++) {
        const corners = [[i, j], [i, j + 1], [i + 1, j + 1], [i + 1, j]].map(([r, c]) => [c, r, scores[r * CELLS + c]]);
        const crossings = [];
        corners.forEach(([x, y, v], k) => {
          const [u, w, other] = corners[(k + 1) % 4];
          if (v > 0 === other > 0) return;
          const part = v / (v - other);
          crossings.push([MARGIN.left + (x + part * (u - x) + 0.5) * step, MARGIN.top + (y + part * (w - y) + 0.5) * step]);
        });
        for (let k = 0; k + 1 < crossings.length; k += 2) {
          pen.moveTo(...crossings[k]);
          pen.lineTo(...crossings[k + 1]);
        }
      }
    }
    pen.stroke();
  }

  // Round points for the first class, square ones for the second.
  mark(x, y, c, { pos, neg, surface }) {
    const pen = this.pen;
    const [left, top] = this.placed(x, y);
    pen.fillStyle = css(c ? pos : neg);
    pen.strokeStyle = css(surface);
    pen.lineWidth = 1;
    pen.beginPath();
    if (c) pen.rect(left - 3.2, top - 3.2, 6.4, 6.4);
    else pen.arc(left, top, 3.7, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }

  cross([x, y], ink) {
    const pen = this.pen;
    const [left, top] = this.placed(x, y);
    pen.strokeStyle = ink;
    pen.lineWidth = 2;
    pen.beginPath();
    for (const [u, v] of [[9, 0], [0, 9]]) {
      pen.moveTo(left - u, top - v);
      pen.lineTo(left + u, top + v);
    }
    pen.stroke();
  }

  ticks(scale, { muted, line }) {
    const pen = this.pen;
    pen.strokeStyle = css(line);
    pen.lineWidth = 1;
    pen.strokeRect(MARGIN.left + 0.5, MARGIN.top + 0.5, this.inner - 1, this.inner - 1);
    pen.fillStyle = css(muted);
    pen.font = "11px ui-sans-serif, system-ui, sans-serif";
    for (const k of [-1, 0, 1]) {
      const [left] = this.placed(k, 0);
      const [, top] = this.placed(0, k);
      pen.textAlign = "center";
      pen.fillText(brief(k), left, this.size - 8);
      pen.textAlign = "right";
      pen.fillText(brief(k * scale), MARGIN.left - 5, top + 4);
    }
  }
}
