import { diverging, sequential } from "./color.js";
import { clipped, short } from "./format.js";

// Texts that fit their boxes, and arrays as small pictures.
export function text(number) {
  return number === undefined ? "" : short(number);
}

// A name that fits: without the names of what it is part of, then without its middle.
export function called(name, room) {
  const fits = (text) => widthOf(text, 13, 650) <= room;
  if (fits(name)) return name;
  const last = name.slice(name.lastIndexOf(".") + 1) || name;
  let most = last.length;
  while (most > 4 && !fits(clipped(last, most))) most--;
  return clipped(last, most);
}

const ruler = document.createElement("canvas").getContext("2d");

export function widthOf(text, size, weight = 400) {
  ruler.font = `${weight} ${size}px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif`;
  return ruler.measureText(text).width;
}

export function edgesOf(image) {
  return Object.fromEntries(["x", "y", "width", "height"].map((n) => [n, image.getAttribute(n)]));
}

export function strong(signed, t, theme) {
  const size = 0.35 + 0.65 * Math.abs(t);
  return signed ? diverging(Math.sign(t) * size, theme) : sequential(size, theme);
}

// A small picture of an array, one pixel an entry.
export function heatmap(numbers, first, last, { rows, columns }, color) {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let k = 0; k < last - first; k++) {
    const x = numbers[first + k];
    const known = color && Number.isFinite(x);
    const [r, g, b] = known ? color(x) : [128, 128, 128];
    image.data.set([r, g, b, known ? 255 : 38], 4 * k);
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}
