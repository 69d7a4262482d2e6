// Modules register what stands beside the graph; the shell makes a tab of each.
const PANELS = [];

export function panel(definition) {
  PANELS.push(definition);
}

export function panelsFor(app) {
  return PANELS.filter((p) => !p.available || p.available(app)).sort((a, b) => a.order - b.order);
}
