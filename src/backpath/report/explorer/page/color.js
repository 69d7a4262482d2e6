// Blue and orange part the signs, which no kind of colour blindness takes for one another; one hue for sizes.
const THEMES = {
  light: { base: [255, 255, 255], pos: [18, 98, 178], neg: [190, 84, 0], size: [0, 112, 96], ink: "#17202b", bright: "#fff" },
  dark: { base: [29, 35, 44], pos: [74, 158, 240], neg: [240, 140, 50], size: [52, 190, 164], ink: "#0d1117", bright: "#eef2f7" },
};

function mixed(from, to, t) {
  return from.map((c, k) => Math.round(c + (to[k] - c) * t));
}

function css(rgb) {
  return `rgb(${rgb.join(",")})`;
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function diverging(t, theme = "light") {
  const colors = THEMES[theme];
  return mixed(colors.base, t < 0 ? colors.neg : colors.pos, 0.88 * Math.min(1, Math.abs(t)));
}

export function sequential(t, theme = "light") {
  return mixed(THEMES[theme].base, THEMES[theme].size, Math.min(1, Math.max(0, t)));
}

// The fill, and the ink that is read on it best.
export function inked(rgb) {
  const light = luminance(rgb);
  return { fill: css(rgb), ink: (light + 0.05) ** 2 > 0.05 * 1.05 ? THEMES.light.ink : "#fff" };
}

// Values to [-1, 1] by the root of their part of the largest, so that small ones are told from none.
export function scaleOf(values, signed) {
  let most = 0;
  for (const v of values) if (Number.isFinite(v) && Math.abs(v) > most) most = Math.abs(v);
  return { most, signed, at: (x) => (most && Number.isFinite(x) ? Math.sign(x) * Math.sqrt(Math.abs(x) / most) : 0) };
}
