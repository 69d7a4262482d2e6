// Modules register what stands beside the graph; the shell makes a tab of each. A definition has id, title, order, mount(host,
// app), which gives { update(changed), show(), hide() }, and may have available(app), wide (it takes the place of the graph
// too), and attach(app), an element that stays above all panels.
const PANELS = [];

export function panel(definition) {
  PANELS.push(definition);
}

export function panelsFor(app) {
  return PANELS.filter((p) => !p.available || p.available(app)).sort((a, b) => a.order - b.order);
}
