import { h } from "./dom.js";

// The picture as a file that needs nothing else, and the link to this state.
export function saveMenu(app) {
  const item = (text, act) => h("button", { type: "button", role: "menuitem", text, onclick: () => (menu.removeAttribute("open"), act()) });
  const menu = h(
    "details",
    { class: "menu" },
    h("summary", { "aria-label": "Save", title: "Save" }, "Save"),
    h(
      "div",
      { role: "menu", "aria-label": "Save" },
      item("Picture as SVG", () => download(new Blob([pictureOf(app)], { type: "image/svg+xml" }), "graph.svg")),
      item("Picture as PNG", () => pngOf(app).then((blob) => download(blob, "graph.png"))),
      item("Copy link to this state", () => copyLink(app)),
      item("Print", () => print())
    )
  );
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
    event.stopPropagation();
  });
  return menu;
}

const KEPT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight", "font-style", "text-anchor", "paint-order", "stroke-linejoin", "visibility"];

// The whole graph, however the page is zoomed, with every style written out.
export function pictureOf(app) {
  const { svg, scene } = app.view;
  const copy = svg.cloneNode(true);
  const [from, to] = [svg.querySelectorAll("*"), copy.querySelectorAll("*")];
  from.forEach((element, k) => {
    const style = getComputedStyle(element);
    to[k].setAttribute("style", KEPT.map((name) => `${name}:${style.getPropertyValue(name)}`).join(";"));
    for (const name of ["class", "tabindex", "role"]) to[k].removeAttribute(name);
  });
  const margin = 24;
  const [width, height] = [scene.width + 2 * margin, scene.height + 2 * margin];
  for (const [name, value] of Object.entries({ xmlns: "http://www.w3.org/2000/svg", viewBox: `${-margin} ${-margin} ${width} ${height}`, width, height })) copy.setAttribute(name, value);
  copy.removeAttribute("class");
  copy.lastElementChild.removeAttribute("transform");
  const back = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ x: -margin, y: -margin, width, height, fill: getComputedStyle(app.root).backgroundColor })) back.setAttribute(name, value);
  copy.prepend(back);
  return new XMLSerializer().serializeToString(copy);
}

export async function pngOf(app, scale = 2) {
  const { width, height } = app.view.scene;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(pictureOf(app))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = (width + 48) * scale;
  canvas.height = (height + 48) * scale;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function download(blob, name) {
  const a = h("a", { href: URL.createObjectURL(blob), download: name });
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}

function copyLink(app) {
  const link = `${location.href.split("#")[0]}${app.link()}`;
  const copied = navigator.clipboard?.writeText(link) || Promise.reject(new Error("no clipboard"));
  copied.then(
    () => app.announce("The link is copied."),
    () => prompt("The link to this state:", link)
  );
}
