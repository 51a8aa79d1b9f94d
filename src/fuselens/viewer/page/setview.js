// A set explanation: which units are shown over the sources, by four scrubbers that never ask the server.

import { drawCurve, nearest, placeWords } from "./curve.js";
import { byId, el, replace } from "./dom.js";
import { set, state, watch } from "./state.js";
import { count, fixed, percent } from "./words.js";

const FRAME = 450; // milliseconds a step of the replay
let way = "set"; // set | level | search | order
let player = 0;
let level = 0.9;
let step = 0;
let first = 0;
let built = 0; // the id of the explanation that the scrubbers are of

const units = () => state.found.data.kept.length;
const sizeOf = (kept) => kept.reduce((sum, bit) => sum + bit, 0);

/** Return the sets whose scores are known: those that the search tried, and the first so many of the order. */
function known(found) {
  const { trace, curve, data } = found;
  const tried = trace.map(({ score }, i) => ({ score, kept: traced(data, i) }));
  const ranked = (curve?.insertion ?? []).map(([share, score]) => ({ score, kept: ranking(share) }));
  return [...tried, ...ranked].filter(({ score }) => score !== null && score !== undefined);
}

function traced(data, i) {
  const n = data.kept.length;
  return data.trace_kept.subarray(i * n, (i + 1) * n);
}

/** Return the first so many units of the order. */
function ranking(share) {
  const kept = new Uint8Array(units());
  for (const unit of state.found.curve.order.slice(0, Math.round(share * units()))) kept[unit] = 1;
  return kept;
}

/** Return the smallest known set that reaches a level; null where none does. */
export function smallestAt(wanted) {
  let best = null;
  for (const one of known(state.found)) {
    const size = sizeOf(one.kept);
    if (one.score >= wanted && (!best || size < best.size)) best = { ...one, size };
  }
  return best;
}

const WAYS = {
  set: { title: "The set", is: () => true, show: () => show(state.found.data.kept, "The set that the certificate is about.") },
  level: { title: "Threshold", is: (found) => known(found).length > 0, show: () => {
    const best = smallestAt(level);
    if (!best) return show(new Uint8Array(units()), `No set that was tried reaches ${fixed(level)}.`);
    show(best.kept, `At ${fixed(level)} or more: ${count(best.size, "unit")} of ${units()}, with a score of ${fixed(best.score)} alone; the smallest of all sets that were scored.`);
  } },
  search: { title: "Search", is: (found) => found.trace.length > 0, show: () => {
    const { trace, data } = state.found;
    const { score, passed } = trace[step];
    const words = [`Step ${step + 1} of ${trace.length}: ${count(sizeOf(traced(data, step)), "unit")} left`, typeof score === "number" ? `score ${fixed(score)}` : "", passed === false ? "in vain" : ""];
    show(traced(data, step), words.filter(Boolean).join(", ") + ".");
  } },
  order: { title: "Order", is: (found) => Boolean(found.curve?.insertion?.length), show: () => {
    const { curve } = state.found;
    show(ranking(curve.insertion[first][0]), placeWords(curve, first));
  } },
};

function show(kept, words) {
  set({ shown: { kept, words } });
}

function build() {
  const { found } = state;
  byId("set-controls").hidden = found?.kind !== "set" || !found.record.size;
  if (found?.kind !== "set") return pause();
  const isSame = found.id === built; // its scores have come: whoever looks at its search goes on looking
  if (!isSame) {
    pause();
    [built, way, level, step, first] = [found.id, "set", found.record.level, Math.max(0, found.trace.length - 1), 0];
  }
  const tabs = Object.entries(WAYS).filter(([, one]) => one.is(found)).map(([key, one]) =>
    el("button", { type: "button", "data-way": key, onclick: () => go(key) }, one.title));
  replace(byId("set-ways"), tabs);
  range("level-slider", 0, 1, 0.01, level);
  range("search-slider", 0, Math.max(0, found.trace.length - 1), 1, step);
  range("order-slider", 0, Math.max(0, (found.curve?.insertion?.length ?? 1) - 1), 1, first);
  go(way);
}

function range(id, min, max, by, value) {
  Object.assign(byId(id), { min, max, step: by, value });
}

function go(key) {
  way = key;
  if (key !== "search") pause();
  for (const button of byId("set-ways").children) button.setAttribute("aria-pressed", button.dataset.way === key);
  for (const [name] of Object.entries(WAYS)) if (name !== "set") byId(`${name}-box`).hidden = name !== key;
  WAYS[key].show();
}

function play() {
  if (player) return pause();
  step = 0;
  const { length } = state.found.trace;
  const stride = Math.max(1, Math.ceil(length / 60)); // a long search in half a minute at most
  player = setInterval(() => {
    byId("search-slider").value = step;
    WAYS.search.show();
    if (step === length - 1) return pause();
    step = Math.min(step + stride, length - 1);
  }, matchMedia("(prefers-reduced-motion: reduce)").matches ? 2 * FRAME : FRAME);
  byId("play").setAttribute("aria-pressed", "true");
}

function pause() {
  clearInterval(player);
  player = 0;
  byId("play").setAttribute("aria-pressed", "false");
}

/** Move the cursor of the curve to a share of the units. */
function toShare(share) {
  first = nearest(state.found.curve, share);
  byId("order-slider").value = first;
  if (way !== "order") go("order");
  else WAYS.order.show();
}

/** Wire the scrubbers. */
export function wireSet() {
  const slide = (id, take) => byId(id).addEventListener("input", (event) => {
    take(Number(event.target.value));
    WAYS[way].show();
  });
  slide("level-slider", (value) => (level = value));
  slide("search-slider", (value) => (pause(), step = value));
  slide("order-slider", (value) => (first = value));
  byId("play").addEventListener("click", play);
  watch(["found"], build);
  watch(["shown"], () => {
    const { found, shown } = state;
    if (found?.kind !== "set") return;
    byId("set-words").textContent = shown.words;
    const size = sizeOf(shown.kept);
    const at = way === "order" ? found.curve.insertion[first][0] : size / units();
    byId("set-size").textContent = `${size} of ${units()} units, ${percent(size / units())}`;
    drawCurve(byId("curve"), found, { at, level: way === "level" ? level : found.record.level, isOrder: way === "order" }, toShare);
  });
}
