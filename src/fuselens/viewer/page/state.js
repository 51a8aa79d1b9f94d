// One store: what the user chose (in the address bar) and what the server sent (not there).

const listeners = [];

export const state = {
  // What the user chose.
  pair: null, // {example} | {given} | {uploads, names}
  model: null, // the active model's key
  models: [], // keys of all that are shown, the active one among them
  mode: "hover", // hover | models | explain | account | compare
  pixel: null, // [y, x]
  zoom: { scale: 1, x: 0.5, y: 0.5 }, // magnification, and which point of the image stands in the middle
  box: null, // [top, left, bottom, right]
  probes: [], // [[y, x], ...]
  gammaJacobian: 0.3,
  gammaGuidance: 0.5,
  preset: "signed", // signed | paper
  theme: "auto", // auto | light | dark
  insets: true,
  errors: false, // errors in place of sources, or of influences where models stand in rows
  tool: "probe", // probe | region
  swipe: ["a", "b"], // kinds of panel on either side
  // What the server sent.
  link: "opening", // opening | open | gone
  hello: null,
  opened: null, // the pair frame
  fused: {}, // by model
  jacobians: {}, // by model: the one under the mouse
  pinned: {}, // by model, then by "y,x"
  guidance: {}, // by model
  accounts: {}, // by model
  jobs: [], // running: {id, title, done, total, words}
  found: null, // the explanation on show; its `scoring`: true while its curve is on its way, "stopped" if that was ended
  shown: null, // which units of the set are on show: {kept, words}
  region: null, // the region report
  notice: null, // {words, isTrouble}
};

/** Change some of the state, and tell those who watch any of it. */
export function set(patch) {
  const changed = new Set(Object.keys(patch).filter((key) => state[key] !== patch[key]));
  if (!changed.size) return;
  Object.assign(state, patch);
  for (const { keys, call } of [...listeners]) if (keys.some((key) => changed.has(key))) call(state);
}

/** Change one entry of a record such as `fused`. */
export const setIn = (key, name, value) => set({ [key]: { ...state[key], [name]: value } });

/** Call `call` whenever one of the keys changes; returns how to end that. */
export function watch(keys, call) {
  const listener = { keys, call };
  listeners.push(listener);
  return () => listeners.splice(listeners.indexOf(listener), 1);
}

/** Return what `hello` says of a model. */
export const modelOf = (key) => state.hello?.models.find((model) => model.key === key) ?? null;

const ACRONYMS = new Set(["mri", "pet", "spect", "ct"]);

/** Return the pair's modality names, as they are shown. */
export const names = () =>
  (state.opened?.names ?? ["source 1", "source 2"]).map((name) => (ACRONYMS.has(name.toLowerCase()) ? name.toUpperCase() : name));

/** Return height and width of the pair. */
export const size = () => state.opened?.size ?? [1, 1];

/** Return how a model is called: by its name, with its weights where another of that name is on show. */
export function titleOf(key) {
  const model = modelOf(key);
  if (!model) return key ?? "";
  const hasTwin = state.models.some((other) => other !== key && modelOf(other)?.name === model.name);
  return hasTwin ? model.title : model.name;
}
