// Opening pairs and models: what is asked of the server when something is chosen, and again when it comes back.

import { forgetLayers } from "./layers.js";
import { ask, stop } from "./socket.js";
import { start, update } from "./jobs.js";
import { modelOf, set, setIn, state, titleOf, watch } from "./state.js";
import { reopened } from "./dropfiles.js";
import { WHOLE } from "./view.js";

const asked = new Set(); // "kind model" of what is under way or done

/** Open a pair: {example}, {given} or {uploads, names, window}; `answers` may hear `opened()` and `refused(words)`. */
export function openPair(pair, { opened = () => {}, refused = complain } = {}) {
  const wish = { ...pair };
  set({ notice: { words: "Opening…" } });
  ask({ kind: "open", pair: wish }, {
    pair: (frame) => {
      show(wish, frame);
      opened();
    },
    end: (message) => message.kind === "failed" && !message.offline && refused(message.error),
  });
}

const complain = (words) => set({ notice: { words, isTrouble: true } });

/** Open again what was open: the server is back, or the page was loaded from an address. */
export async function resume() {
  asked.clear();
  set({ jobs: [] });
  const { hello, pair } = state;
  const isKnown = pair && (pair.given ? hello.given : pair.example ? hello.examples.some(({ name }) => name === pair.example) : true);
  if (isKnown && pair.uploads) return openPair(await reopened(pair));
  openPair(isKnown ? pair : hello.given ? { given: true } : { example: hello.examples[0].name });
}

function show(pair, frame) {
  const isSame = state.opened && JSON.stringify([state.pair, state.opened.size]) === JSON.stringify([pair, frame.size]);
  const [rows, columns] = frame.size;
  const fits = ([y, x]) => y < rows && x < columns;
  asked.clear();
  forgetLayers();
  const fitting = Object.fromEntries(state.models.map((key) => [key, fittingModel(key, frame.names)]));
  const box = state.box && state.box[2] <= rows && state.box[3] <= columns ? state.box : null;
  const kept = isSame || !state.opened;
  set({
    pair, opened: frame, model: fitting[state.model], models: [...new Set(Object.values(fitting))], notice: remark(pair, frame), fused: {}, jacobians: {}, pinned: {}, guidance: {}, accounts: {},
    region: null, found: kept ? state.found : null, probes: kept ? state.probes.filter(fits) : [], box: kept ? box : null,
    pixel: kept && state.pixel && fits(state.pixel) ? state.pixel : [rows >> 1, columns >> 1],
    zoom: kept ? state.zoom : WHOLE, link: "open",
  });
  demand();
}

/** Return what is to be said of a pair; where uploads look black, with a button that opens them stretched. */
function remark(pair, { note }) {
  if (!note) return null;
  const act = pair.uploads && !pair.window && { title: "Stretch", call: () => openPair({ ...pair, window: "percentile" }) };
  return { words: note, act };
}

/** Return the key of the same network with the weights for these modalities, or the key itself where there are none. */
function fittingModel(key, names) {
  const { name, weights } = modelOf(key);
  const suits = (model) => model.name === name && model.weights?.split("-").some((word) => names.includes(word));
  return suits({ name, weights }) ? key : state.hello.models.find(suits)?.key ?? key;
}

/** Ask for what the page shows and does not have. */
export function demand() {
  if (!state.opened || !state.model || state.link !== "open") return;
  const shown = state.mode === "models" ? state.models : [state.model];
  for (const model of shown) once("fuse", model, { fused: (frame) => setIn("fused", model, frame) });
  if (state.mode === "account" && modelOf(state.model)?.has_state) askAccount(state.model);
  if (modelOf(state.model)?.reach !== null && state.mode !== "account") for (const model of shown) askGuidance(model);
}

/** Compute the guidance of a model; coarse pictures come first. */
export function askGuidance(model) {
  if (state.guidance[model]?.final || !first("guidance", model)) return;
  const id = start(`guidance of ${titleOf(model)}`, { kind: "guidance", model }, {
    guidance: (frame) => {
      setIn("guidance", model, frame);
      update(id, frame);
    },
    end: ({ kind }) => kind === "failed" && asked.delete(`guidance ${model}`),
  });
}

/** Let something that is waited for go first: guidance that has most of its way before it starts anew afterwards. */
export function postponeGuidance() {
  for (const job of state.jobs.filter(({ kind, done, total }) => kind === "guidance" && (!total || done / total < 0.5))) {
    stop(job.id);
    asked.delete(`guidance ${job.model}`);
  }
}

/** Compute it once more, after it was stopped. */
export function askGuidanceAgain(model) {
  asked.delete(`guidance ${model}`);
  askGuidance(model);
}

function askAccount(model) {
  if (!state.accounts[model] && first("state", model)) {
    start(`account of ${titleOf(model)}`, { kind: "state", model }, {
      state: (frame) => setIn("accounts", model, frame),
      end: ({ kind }) => kind !== "done" && asked.delete(`state ${model}`),
    });
  }
}

function once(kind, model, answers) {
  if (!first(kind, model)) return;
  ask({ kind, model }, {
    ...answers,
    end: (message) => {
      if (message.kind !== "failed") return;
      asked.delete(`${kind} ${model}`);
      if (!message.offline) complain(message.error);
    },
  });
}

function first(kind, model) {
  const key = `${kind} ${model}`;
  if (asked.has(key)) return false;
  asked.add(key);
  return true;
}

/** Stop the guidance of models that are on show no more: the processor is for those that are. */
function release() {
  const shown = state.mode === "models" ? state.models : [state.model];
  for (const job of state.jobs) {
    if (job.kind === "guidance" && !shown.includes(job.model)) {
      stop(job.id);
      asked.delete(`guidance ${job.model}`);
    }
  }
}

watch(["model", "models", "mode"], () => {
  release();
  demand();
});
