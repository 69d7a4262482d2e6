// The page's colours as numbers, for what is painted on a canvas; they follow the theme.

export function tones(element) {
  const style = getComputedStyle(element);
  const pen = (tones.pen = tones.pen || document.createElement("canvas").getContext("2d"));
  const found = {};
  for (const name of ["ink", "muted", "surface", "line", "accent", "pos", "neg"]) {
    pen.fillStyle = "#000";
    pen.fillStyle = style.getPropertyValue(`--${name}`).trim();
    found[name] = [1, 3, 5].map((k) => parseInt(pen.fillStyle.slice(k, k + 2), 16));
  }
  return found;
}

export function mixed(from, to, part) {
  return from.map((c, k) => Math.round(c + (to[k] - c) * part));
}

export function css(tone) {
  return `rgb(${tone.join(" ")})`;
}
