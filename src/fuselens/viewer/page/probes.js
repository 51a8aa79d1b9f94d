// Probes: pixels that were pinned, each with its Jacobian and its shares for every model on show.

import { byId, el, icon, replace } from "./dom.js";
import { pointedAt } from "./hover.js";
import { ask } from "./socket.js";
import { shareBar } from "./sharebar.js";
import { names, set, setIn, state, titleOf, watch } from "./state.js";
import { percent, shareWords } from "./words.js";

const MOST = 12;
const keyOf = (pixel) => pixel.join(",");

/** Pin a pixel; the current one by default. */
export function pin(pixel = state.pixel) {
  if (!pixel || state.probes.some((probe) => keyOf(probe) === keyOf(pixel))) return;
  if (state.probes.length === MOST) {
    set({ notice: { words: `${MOST} probes are the most; remove one first.`, isTrouble: true } });
    return;
  }
  set({ probes: [...state.probes, pixel] });
}

/** Remove a probe; the last one by default. */
export const unpin = (index = state.probes.length - 1) => set({ probes: state.probes.filter((_, i) => i !== index) });

/** Return a probe's Jacobian, or null where it is under way. */
export const answerOf = (model, pixel) => state.pinned[model]?.[keyOf(pixel)] ?? null;

function complete() {
  if (!state.opened || state.link !== "open") return;
  const models = state.mode === "models" ? state.models : [state.model].filter(Boolean);
  for (const model of models) for (const pixel of state.probes) {
    if (answerOf(model, pixel)) continue;
    // The Jacobian under the mouse is this one: nothing to ask.
    const known = state.jacobians[model];
    if (known && keyOf(known.pixel) === keyOf(pixel)) keep(model, known);
    else ask({ kind: "jacobian", model, pixel, channel: `probe-${keyOf(pixel)}` }, { jacobian: (answer) => keep(model, answer) });
  }
}

const keep = (model, answer) => setIn("pinned", model, { ...state.pinned[model], [keyOf(answer.pixel)]: answer });

function list() {
  const models = state.mode === "models" ? state.models : [state.model];
  const rows = state.probes.map((pixel, i) => el("li", {},
    el("button", { class: "tag", title: "Look here", "aria-label": `Look at probe ${i + 1}`, onclick: () => pointedAt(pixel) }, String(i + 1)),
    el("div", { class: "grows" },
      el("span", { class: "place" }, `row ${pixel[0]}, column ${pixel[1]}`),
      models.map((model) => shares(model, pixel, models.length > 1))),
    el("button", { class: "quiet", title: "Remove", "aria-label": `Remove probe ${i + 1}`, onclick: () => unpin(i) }, icon("close"))));
  replace(byId("probes"), rows);
  byId("no-probes").hidden = rows.length > 0;
}

function shares(model, pixel, isNamed) {
  const answer = answerOf(model, pixel);
  const words = answer ? shareWords(answer.share_a, names()) : "…";
  if (!isNamed) return el("div", { class: "shares" }, shareBar(answer?.share_a), el("span", {}, words));
  const whole = answer && answer.share_a !== null ? percent(answer.share_a) : "–";
  return el("div", { class: "shares of-many", title: words }, el("span", { class: "soft" }, titleOf(model)), shareBar(answer?.share_a), el("span", {}, whole));
}

watch(["probes", "model", "models", "mode", "opened", "link"], complete);
watch(["probes", "pinned", "model", "models", "mode", "hello", "opened"], list);
