// Taking things along: one panel, all of them, the numbers, a page that needs no server.

import { byId, el, replace } from "./dom.js";
import { start } from "./jobs.js";
import { KINDS, wordsOf } from "./kinds.js";
import { paintInto } from "./layers.js";
import { paintSet } from "./dimmed.js";
import { pictureOf, pngOf } from "./picture.js";
import { answerOf } from "./probes.js";
import { panels } from "./stage.js";
import { names, set, state, watch } from "./state.js";
import { plain } from "./words.js";
import { zip } from "./zip.js";

const LATER = 10_000;

/** Wire the menu. */
export function wireExport() {
  byId("export-zip").addEventListener("click", () => leave(saveAll));
  byId("export-json").addEventListener("click", () => leave(() => save(new Blob([numbers()], { type: "application/json" }), `${stem()}.json`)));
  byId("export-page").addEventListener("click", () => leave(snapshot));
  byId("export-link").addEventListener("click", () => leave(copyLink));
  watch(["mode", "models", "model", "opened", "found", "guidance", "fused", "hello", "errors"], list);
}

/** Return the pictures that are on show: kind, model, words. */
function shown() {
  const [model] = [state.model];
  return panels.map((panel) => ({ kind: panel.kind, model: panel.given ?? model }))
    .filter(({ kind }, i, all) => all.findIndex((one) => one.kind === kind && one.model === all[i].model) === i);
}

const nameOf = ({ kind, model }) => `${plain(wordsOf(kind, model))}${state.models.length > 1 && !["a", "b"].includes(kind) ? `-${plain(model)}` : ""}`;
const stem = () => `fuselens-${state.pair?.example ?? state.opened.names.map(plain).join("-")}`;

function list() {
  if (!state.opened || !state.hello) return;
  replace(byId("export-panels"), shown().map((one) =>
    el("button", { class: "item", onclick: () => leave(() => savePanel(one)) }, `PNG: ${wordsOf(one.kind, one.model)}`)));
}

function leave(act) {
  byId("export-menu").hidePopover();
  act();
}


async function savePanel(one) {
  const canvas = pictureOf(one.kind, one.model);
  if (!canvas) return set({ notice: { words: "This panel is empty; wait for its picture.", isTrouble: true } });
  save(new Blob([await pngOf(canvas)], { type: "image/png" }), `${stem()}-${nameOf(one)}.png`);
}

async function saveAll() {
  const files = [];
  const pictures = [...shown().map((one) => [nameOf(one), pictureOf(one.kind, one.model)]), ...explained()];
  for (const [name, canvas] of pictures) if (canvas) files.push({ name: `${name}.png`, bytes: await pngOf(canvas) });
  files.push({ name: "numbers.json", bytes: new TextEncoder().encode(numbers()) });
  save(zip(files), `${stem()}.zip`);
}

/** Return everything that is a number, as text: choices, pixel, probes, region, explanation. */
export function numbers() {
  const { opened, pair, pixel, box, probes, gammaJacobian, gammaGuidance, preset, models, hello } = state;
  const account = (answer) => answer && { share: answer.share_a, fused: answer.fused, sum: [answer.sum_a, answer.sum_b], window: answer.window,
    jacobian: ["a", "b"].map((letter) => rowsOf(answer.data[letter], answer.shapes[letter])) };
  const about = (place, find) => ({ pixel: place, models: Object.fromEntries(models.map((model) => [model, account(find(model))])) });
  return JSON.stringify({
    fuselens: hello.version, pair, names: opened.names, size: opened.size, sources: opened.sources,
    display: { preset, gamma_jacobian: gammaJacobian, gamma_guidance: gammaGuidance },
    pixel: pixel && about(pixel, (model) => state.jacobians[model]),
    probes: probes.map((place) => about(place, (model) => answerOf(model, place))),
    region: box && { box, ...(state.region && { model: state.region.model, report: state.region.report }) },
    explanation: explanation(state.found),
  }, null, 1);
}

/** Return what was found: the certificate in words and numbers, and the scores along the search and the order of units. */
function explanation(found) {
  if (!found) return null;
  const { model, title, box, words, asides, facts, record, share_a: share, trace, levels, curve, scoring, data } = found;
  const scores = data.unit_scores && Array.from(data.unit_scores);
  return { model, title, box, words, asides, facts, record, share, unit_scores: scores, search: trace, levels, curve, curve_was_stopped: scoring === "stopped" };
}

/** Return the pictures of the explanation that no panel shows: the set of the certificate, or the maps. */
function explained() {
  const { found, opened, mode } = state;
  if (!found) return [];
  const name = (i) => `${plain(found.title)}-${plain(names()[i])}`;
  if (found.kind === "set") return ["a", "b"].map((letter, i) => [name(i), setPicture(found, opened, letter)]);
  return mode === "explain" ? [] : ["a", "b"].map((letter, i) => [name(i), pictureOf(`map-${letter}`, found.model)]);
}

function setPicture(found, { data, size: [height, width] }, letter) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  paintInto(canvas, (pixels) => paintSet(pixels, data[letter], found.data[`units_${letter}`], found.data.kept, width));
  return canvas;
}

const rowsOf = (values, [height, width]) => Array.from({ length: height }, (_, y) => Array.from(values.subarray(y * width, (y + 1) * width)));

/** One page is saved as it is; several, of more models or with an explanation, come as one ZIP. */
function snapshot() {
  const { models, probes, box, found } = state;
  const pages = [];
  start("page to keep", { kind: "snapshot", models, probes, boxes: box ? [box] : [], explanations: found ? [found.id] : [] }, {
    snapshot: ({ html, name }) => pages.push({ name, bytes: new TextEncoder().encode(html) }),
    end: ({ kind }) => {
      if (kind !== "done") return;
      if (pages.length === 1) save(new Blob([pages[0].bytes], { type: "text/html" }), pages[0].name);
      else save(zip(pages), `${stem()}-pages.zip`);
    },
  });
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    set({ notice: { words: "The address is copied; it opens this view again while the server runs." } });
  } catch {
    set({ notice: { words: "The browser does not allow copying; take the address from its address bar.", isTrouble: true } });
  }
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), LATER);
}
