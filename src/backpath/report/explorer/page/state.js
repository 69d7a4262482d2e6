// One flat object of strings and numbers. What differs from its default stands in the address, so that a link holds it.
const DEFAULTS = {};

export function declare(key, value) {
  DEFAULTS[key] = value;
}

export function makeState(standalone) {
  const state = { ...DEFAULTS };
  const listeners = new Set();
  let writing = null;

  function set(patch) {
    const changed = new Set();
    for (const [key, value] of Object.entries(patch)) {
      if (!(key in DEFAULTS)) throw new Error(`nobody declared the state ${key}`);
      if (state[key] === value) continue;
      state[key] = value;
      changed.add(key);
    }
    if (!changed.size) return changed;
    for (const listener of [...listeners]) listener(changed);
    if (standalone && writing === null) writing = setTimeout(write, 120);
    return changed;
  }

  function link() {
    const pairs = Object.entries(state).filter(([key, value]) => value !== DEFAULTS[key]);
    return pairs.length ? `#${pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&")}` : "#";
  }

  function write() {
    writing = null;
    if (link() !== (location.hash || "#")) history.replaceState(null, "", link());
  }

  function read(hash) {
    const patch = { ...DEFAULTS };
    for (const part of hash.replace(/^#/, "").split("&")) {
      const [key, text] = part.split("=");
      if (!(key in DEFAULTS) || text === undefined) continue;
      let value = text;
      try {
        value = decodeURIComponent(text);
      } catch {
        continue;
      }
      if (typeof DEFAULTS[key] !== "number") patch[key] = value;
      else if (value !== "" && Number.isFinite(Number(value))) patch[key] = Number(value);
    }
    return patch;
  }

  return {
    state,
    set,
    link,
    go: (hash) => set(read(hash)),
    on: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
