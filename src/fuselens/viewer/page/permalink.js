// The address holds what was chosen; opening it chooses the same again.

import { modelOf, set, state, watch } from "./state.js";

const REST = 250;
const MODES = ["hover", "models", "explain", "account", "compare"];
let timer = 0;

const numbers = (text) => text.split(",").map(Number);
const whole = (text, length) => {
  const found = numbers(text);
  return found.length === length && found.every((one) => Number.isInteger(one) && one >= 0) ? found : null;
};
const within = (text, low, high) => {
  const value = Number(text);
  return text !== "" && value >= low && value <= high ? value : null;
};
const among = (words) => (text) => (words.includes(text) ? text : null);

// Each key: its name in the address, how it is written (null: not at all), how it is read (null: not as it should be).
const FIELDS = {
  pair: { write: ({ pair }) => (pair?.example ? `example:${pair.example}` : pair?.given ? "given" : null),
    read: (text) => (text === "given" ? { given: true } : text.startsWith("example:") ? { example: text.slice(8) } : null) },
  models: { write: ({ models }) => models.join(",") || null, read: (text) => text.split(",") },
  model: { write: ({ model, models }) => (models.length > 1 ? model : null), read: (text) => text },
  mode: { write: ({ mode }) => (mode === "hover" ? null : mode), read: among(MODES) },
  pixel: { write: ({ pixel }) => pixel?.join(","), read: (text) => whole(text, 2) },
  box: { write: ({ box }) => box?.join(","), read: (text) => whole(text, 4) },
  probes: { write: ({ probes }) => probes.map((one) => one.join(",")).join(";") || null,
    read: (text) => { const found = text.split(";").map((one) => whole(one, 2)); return found.every(Boolean) ? found.slice(0, 12) : null; } },
  zoom: { write: ({ zoom: { scale, x, y } }) => (scale === 1 ? null : [scale, x, y].map((one) => Number(one.toFixed(4))).join(",")),
    read: (text) => { const [scale, x, y] = numbers(text); return scale >= 1 && scale <= 64 && x >= 0 && x <= 1 && y >= 0 && y <= 1 ? { scale, x, y } : null; } },
  gammaJacobian: { name: "gamma", write: ({ gammaJacobian }) => (gammaJacobian === 0.3 ? null : gammaJacobian), read: (text) => within(text, 0.1, 2) },
  gammaGuidance: { name: "gamma2", write: ({ gammaGuidance }) => (gammaGuidance === 0.5 ? null : gammaGuidance), read: (text) => within(text, 0.1, 2) },
  preset: { write: ({ preset }) => (preset === "signed" ? null : preset), read: among(["signed", "paper"]) },
  theme: { write: ({ theme }) => (theme === "auto" ? null : theme), read: among(["auto", "light", "dark"]) },
  insets: { write: ({ insets }) => (insets ? null : "off"), read: (text) => (text === "off" ? false : null) },
  errors: { write: ({ errors }) => (errors ? "on" : null), read: (text) => (text === "on" ? true : null) },
  swipe: { write: ({ swipe, mode }) => (mode === "compare" ? swipe.join(",") : null), read: (text) => { const found = text.split(","); return found.length === 2 ? found : null; } },
};

/** Return what the address says, as a patch of the state; what it says wrongly is left out. */
export function readAddress() {
  const said = new URLSearchParams(location.hash.slice(1));
  const patch = {};
  for (const [key, { name = key, read }] of Object.entries(FIELDS)) {
    const value = said.has(name) ? read(said.get(name)) : null;
    if (value !== null) patch[key] = value;
  }
  return patch;
}

/** Hold models of the address against those that there are; take the server's choice where none fits. */
export function settleModels() {
  const known = state.models.filter(modelOf);
  const models = known.length ? known : [state.hello.default_model];
  set({ models, model: models.includes(state.model) ? state.model : models[0] });
}

/** Write the state into the address whenever it comes to rest. */
export function wireAddress() {
  watch(Object.keys(FIELDS), () => {
    clearTimeout(timer);
    timer = setTimeout(write, REST);
  });
}

function write() {
  const said = Object.entries(FIELDS).map(([key, { name = key, write }]) => [name, write(state)]).filter(([, text]) => text !== null && text !== undefined);
  const hash = said.map(([name, text]) => `${name}=${encodeURIComponent(text).replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%3B/g, ";")}`).join("&");
  history.replaceState(null, "", `${location.pathname}${location.search}#${hash}`);
}
