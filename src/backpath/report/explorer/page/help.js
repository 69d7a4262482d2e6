import { button, h } from "./dom.js";
import { KEYS } from "./keylist.js";

export function helpDialog() {
  const dialog = h(
    "dialog",
    { class: "help", "aria-label": "Keys and help" },
    h("h2", { text: "How to read this page" }),
    h("p", { text: "Every box is a variable of a computation, every line an operand, left to right in the order of the program. The number on a line is z(i, j) = ∂y(j)/∂y(i). The derivative of the output by a variable is the sum, over all paths between them, of the products along each path; the backward phase finds it with one visit to each line." }),
    h("dl", null, KEYS.map(([keys, what]) => [h("dt", null, keys.split(", ").flatMap((k, n) => (n ? [" ", h("kbd", { text: k })] : [h("kbd", { text: k })]))), h("dd", { text: what })])),
    h("p", { class: "muted", text: "Equation numbers are those of C. Aggarwal, Neural Networks and Deep Learning, chapter 3." }),
    button("Close", "Close", () => dialog.close(), { class: "primary" })
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return dialog;
}
