// The hot path: one Jacobian in flight a model, and of all pixels that were passed meanwhile only the newest next.

import { drawNow } from "./panel.js";
import { ask } from "./socket.js";
import { set, setIn, state, watch } from "./state.js";
import { painted } from "./timing.js";

const PATIENCE = 40; // milliseconds; drawing the cross at once would take the processor from the Jacobian

const flying = new Set(); // models with a request under way
const wanted = new Map(); // model -> {pixel, since}
let pointed = null; // where the mouse is
let patience = null; // a timer: how long the cross waits for the Jacobian
let asked = null; // the newest pixel that anything was wanted for

/** A key, a click or a finger is at a pixel; `since` is when it got there. */
export function pointedAt(pixel, since = performance.now()) {
  movedTo(pixel, since);
  arrive();
}

/** The mouse moved to a pixel: the cross waits a little, so that it is drawn in one frame with the Jacobian. */
export function movedTo(pixel, since) {
  pointed = pixel;
  foresee(pixel, since);
  patience ??= setTimeout(arrive, flying.size ? PATIENCE : 0);
}

function arrive() {
  if (patience === null) return;
  clearTimeout(patience);
  patience = null;
  if (state.pixel?.[0] !== pointed[0] || state.pixel[1] !== pointed[1]) set({ pixel: pointed });
}

/** Ask for a pixel before the browser says pointermove: that waits for the next frame, the server need not. */
export function foresee(pixel, since) {
  if (asked && asked[0] === pixel[0] && asked[1] === pixel[1]) return;
  asked = pixel;
  for (const model of watched()) want(model, { pixel, since });
}

/** Return the models whose Jacobians are on show. */
function watched() {
  if (!state.opened) return [];
  return state.mode === "models" ? state.models : [state.model].filter(Boolean);
}

function want(model, wish) {
  wanted.set(model, wish);
  if (!flying.has(model)) send(model);
}

function send(model) {
  const wish = wanted.get(model);
  wanted.delete(model);
  if (!wish) return;
  const { pixel, since } = wish;
  flying.add(model);
  ask({ kind: "jacobian", model, pixel, channel: "hover" }, {
    jacobian: (answer) => {
      arrive();
      setIn("jacobians", model, answer);
      drawNow();
      if (model === state.model) requestAnimationFrame(() => painted(since, answer));
    },
    end: (message) => {
      flying.delete(model);
      if (message.kind === "failed" && !message.offline) set({ notice: { words: message.error, isTrouble: true } });
      send(model);
    },
  });
}

/** Ask again for what is on show but not known: a model, a mode or the pair is new. */
function complete() {
  if (!state.pixel || state.link !== "open") return;
  asked = state.pixel;
  for (const model of watched()) {
    const known = state.jacobians[model]?.pixel;
    if (known?.[0] !== state.pixel[0] || known[1] !== state.pixel[1]) want(model, { pixel: state.pixel, since: performance.now() });
  }
}

watch(["model", "models", "mode", "opened", "link"], complete);
