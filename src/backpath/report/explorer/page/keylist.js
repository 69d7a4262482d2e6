// What the keys do, for the help; keys.js does it.
export const KEYS = [
  ["Space, N", "on by one step"],
  ["Shift Space, B", "back by one step"],
  ["Home, End", "nothing computed, everything computed"],
  ["P", "play, pause"],
  ["← →", "along an edge, back or on"],
  ["↑ ↓", "to the neighbour above or below"],
  ["Enter", "open or fold a box"],
  ["S, O", "take the chosen node as source, as output, of paths"],
  ["1 to 5", "colour by value, adjoint, flow, cancellation, path count"],
  ["[ ]", "the last panel, the next panel"],
  ["/", "search"],
  ["+ − 0", "zoom"],
  ["T", "light or dark"],
  ["Esc", "choose nothing"],
  ["?", "these keys"],
];
