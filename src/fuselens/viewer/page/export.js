// Taking things along: one panel, all of them, the numbers, a page that needs no server.

import { byId, el, replace } from "./dom.js";
import { start } from "./jobs.js";
import { wordsOf } from "./kinds.js";
import { pictureOf, pngOf } from "./picture.js";
import { answerOf } from "./probes.js";
import { panels } from "./stage.js";
import { set, state, watch } from "./state.js";
import { plain } from "./words.js";
import { zip } from "./zip.js";

const LATER = 10_000;

/** Wire the menu. */
export function wireExport() {
  byId("export-zip").addEventListener("click", () => leave(saveAll));
  byId("export-json").addEventListener("click", () => leave(() => save(new Blob([numbers()], { type: "application/json" }), `${stem()}.json`)));
  byId("export-page").addEventListener("click", () => leave(snapshot));
  byId("export-link").addEventListener("click", () => leave(copyLink));
  watch(["mode", "models", "model", "opened", "found", "guidance", "fused", "hello"], list);
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
  for (const one of shown()) {
    const canvas = pictureOf(one.kind, one.model);
    if (canvas) files.push({ name: `${nameOf(one)}.png`, bytes: await pngOf(canvas) });
  }
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
    explanation: state.found && { model: state.found.model, box: state.found.box, words: state.found.words, record: state.found.record },
  }, null, 1);
}

const rowsOf = (values, [height, width]) => Array.from({ length: height }, (_, y) => Array.from(values.subarray(y * width, (y + 1) * width)));

function snapshot() {
  start("page to keep", { kind: "snapshot", models: state.models, probes: state.probes, boxes: state.box ? [state.box] : [] }, {
    snapshot: ({ html, name }) => save(new Blob([html], { type: "text/html" }), name),
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
