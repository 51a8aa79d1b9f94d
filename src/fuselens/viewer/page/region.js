// The region: how it is drawn with keys, and what the server reports about it.

import { byId, el, icon, replace } from "./dom.js";
import { ask } from "./socket.js";
import { names, set, state, watch } from "./state.js";
import { boxOf } from "./pointer.js";
import { count, fixed } from "./words.js";
import { shareBar } from "./sharebar.js";
import { askGuidanceAgain } from "./session.js";

const REST = 350;
let corner = null;
let timer = 0;

/** With the region tool: the first call sets a corner, the second the corner across. */
export function setCorner() {
  if (!corner) {
    corner = state.pixel;
    set({ box: boxOf(corner, corner) });
  } else {
    set({ box: boxOf(corner, state.pixel), tool: "probe" });
    corner = null;
  }
}

/** Forget the region. */
export function clearRegion() {
  corner = null;
  set({ box: null, region: null });
}

/** Return the region in words. */
export const boxWords = ([top, left, bottom, right]) => `${right - left} × ${bottom - top} pixels at row ${top}, column ${left}`;

function askReport() {
  clearTimeout(timer);
  if (!state.box || !state.guidance[state.model]?.final) return;
  const { box, model } = state;
  timer = setTimeout(() => ask({ kind: "region", model, box }, {
    region: (message) => set({ region: { ...message, box, model } }),
  }), REST);
}

function show() {
  const { box, region, model } = state;
  document.body.classList.toggle("has-region", box !== null);
  byId("no-region").hidden = box !== null;
  byId("clear-region").hidden = box === null;
  if (!box) return replace(byId("report"));
  const isKnown = region?.model === model && region.box.join() === box.join();
  replace(byId("report"), el("p", { class: "place" }, boxWords(box)), isKnown ? sentences(region) : waiting(model));
}

function sentences({ report, sentences }) {
  const correlation = report.correlation === null ? null : `correlation of the guidances ${fixed(report.correlation)}`;
  return [shareBar(report.share_a), el("ul", { class: "sentences" }, sentences.map((text) => el("li", {}, text))),
    correlation && el("p", { class: "soft" }, `${count(report.pixels, "pixel")} of ${names().join(" and ")}, ${correlation}`)];
}

function waiting(model) {
  const guidance = state.guidance[model];
  if (guidance?.final) return el("p", { class: "soft" }, "…");
  const isRunning = state.jobs.some((job) => job.kind === "guidance" && job.model === model);
  if (isRunning) return el("p", { class: "soft" }, "The report comes when the guidance is exact.");
  return el("p", { class: "soft" }, "The report needs the guidance of the whole image. ",
    el("button", { onclick: () => askGuidanceAgain(model) }, icon("play"), "Compute"));
}

watch(["pixel"], () => corner && state.tool === "region" && set({ box: boxOf(corner, state.pixel) }));
watch(["box", "guidance", "model"], askReport);
watch(["box", "region", "guidance", "model", "jobs"], show);
