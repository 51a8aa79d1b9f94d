// What stands left of each row of panels: its title, its colour bar, its gamma, its buttons.

import { barElement, mapBar, shareScale } from "./colourbar.js";
import { el, icon, replace } from "./dom.js";
import { errorBar } from "./errors.js";
import { scaleOf } from "./layers.js";
import { askGuidanceAgain } from "./session.js";
import { setShare, shareBar } from "./sharebar.js";
import { modelOf, names, set, state, titleOf, watch } from "./state.js";
import { stop } from "./socket.js";
import { percent, shareWords } from "./words.js";
import { WHOLE, zoomBy } from "./view.js";

let endings = [];

/** Keep something up to date as long as the gutter is on show. */
function live(node, keys, show) {
  const end = watch(keys, () => (node.isConnected ? show(state) : (end(), undefined)));
  endings.push(end);
  show(state);
}

/** End what old gutters listened to. */
watch(["mode", "models", "found", "errors"], () => {
  for (const end of endings.splice(0)) end();
});

const head = (title, sub) => [el("h2", {}, title), sub && el("p", { class: "soft" }, sub)];

/** The row of images: what is open, tools, zoom; where errors can stand in the sources' place, a choice. */
export function pairGutter(hasErrors = false) {
  const facts = el("p", { class: "soft" });
  const tool = (name, title, icons) => el("button", { title, "aria-label": title, value: name, onclick: () => set({ tool: name }) }, icon(icons));
  const tools = el("div", { class: "segments" }, tool("probe", "Probe: click pins a pixel", "probe"), tool("region", "Region: drag draws a box (R)", "region"));
  const zoom = el("div", { class: "segments" },
    el("button", { title: "Smaller (−)", "aria-label": "Zoom out", onclick: () => zoomBy(1 / 1.5) }, icon("minus")),
    el("button", { title: "Whole image (0)", "aria-label": "Whole image", onclick: () => set({ zoom: WHOLE }) }, icon("fit")),
    el("button", { title: "Larger (+)", "aria-label": "Zoom in", onclick: () => zoomBy(1.5) }, icon("plus")));
  const magnified = el("p", { class: "soft" });
  const node = el("div", { class: "gutter" }, head("Images"), facts, hasErrors && either("Sources", "Errors"),
    hasErrors && errorScaleBar(), el("div", { class: "row" }, tools, zoom), magnified);
  live(node, ["opened", "tool", "zoom"], ({ opened, tool: current, zoom: { scale } }) => {
    const [rows, columns] = opened.size;
    const depths = [...new Set(opened.sources.map(({ depth }) => ({ uint8: "8 bit", uint16: "16 bit" })[depth] ?? "float"))];
    facts.textContent = `${columns} × ${rows}, ${depths.join(" and ")}`;
    for (const button of tools.children) button.setAttribute("aria-pressed", button.value === current);
    magnified.textContent = scale > 1 ? `${scale.toFixed(1)} times` : "";
  });
  return node;
}

/** The row of influences on the pixel, or of an explanation's maps. */
export function influenceGutter(isFound = false) {
  const bar = barElement();
  const segments = displays();
  const node = el("div", { class: "gutter" }, head(isFound ? "Influence" : "This pixel", isFound ? "what the method found" : "Jacobian: what moves it"),
    bar.element, gamma("gammaJacobian", "Gamma of Jacobian images"), segments);
  live(node, ["jacobians", "found", "gammaJacobian", "preset", "model"], (now) => {
    const answer = isFound ? now.found : now.jacobians[now.model];
    if (answer?.data) bar.show(mapBar(scaleOf(answer), now.gammaJacobian, now.preset));
    for (const button of segments.children) button.setAttribute("aria-pressed", button.value === now.preset);
  });
  return node;
}

/** The row of guidance: bar, gamma, how exact it is. */
export function guidanceGutter() {
  const bar = barElement();
  const shares = barElement();
  const status = el("div", { class: "status" });
  const node = el("div", { class: "gutter" }, head("Every pixel", "guidance: what its own place does"), bar.element,
    gamma("gammaGuidance", "Gamma of guidance images"), shares.element, status);
  live(node, ["guidance", "gammaGuidance", "preset", "model", "opened"], (now) => {
    const answer = now.guidance[now.model];
    if (answer) bar.show(mapBar(scaleOf(answer), now.gammaGuidance, now.preset));
    shares.show(shareScale());
  });
  live(node, ["guidance", "jobs", "model"], (now) => replace(status, guidanceStatus(now)));
  return node;
}

function guidanceStatus({ guidance, jobs, model }) {
  const answer = guidance[model];
  const job = jobs.find((one) => one.kind === "guidance" && one.model === model);
  if (job) {
    const words = job.total ? percent(job.done / job.total) : "waiting";
    return [el("span", {}, words), el("button", { class: "quiet", title: "Stop", "aria-label": "Stop the guidance", onclick: () => stop(job.id) }, icon("stop"))];
  }
  if (answer?.final) return el("span", {}, answer.is_exact ? "exact" : "estimate");
  return el("button", { onclick: () => askGuidanceAgain(model) }, icon("play"), answer ? "Finish" : "Compute");
}

/** What stands between the fused image and its guidance: the one, or the errors. */
function either(first, second) {
  const one = (errors, text, title) => el("button", { title, "aria-pressed": String(state.errors === errors), onclick: () => set({ errors }) }, text);
  return el("div", { class: "segments", role: "group", "aria-label": "What is shown" },
    one(false, first, `${first} (D)`), one(true, second, "How far the fused image is from each source (D)"));
}

/** The bar of all error maps, where they are on show. */
function errorScaleBar() {
  const bar = barElement();
  live(bar.element, ["errors", "fused", "model"], ({ errors }) => {
    bar.element.hidden = !errors;
    bar.show(errorBar());
  });
  return bar.element;
}

/** Above rows of models: what holds for all of them. */
export function displayStrip() {
  const segments = displays();
  const own = [gamma("gammaJacobian", "Gamma of Jacobian images"), segments, el("p", { class: "soft" }, "Each row has its own scale.")];
  const shared = [errorScaleBar(), el("p", { class: "soft" }, "How far each fused image is from its sources; all rows on one scale.")];
  const node = el("div", { class: "all-rows" }, either("Influences", "Errors"), state.errors ? shared : own);
  live(node, ["preset"], (now) => {
    for (const button of segments.children) button.setAttribute("aria-pressed", button.value === now.preset);
  });
  return node;
}

/** The row of one model among several. */
export function modelGutter(model) {
  const bar = barElement();
  const shares = shareBar(null);
  const words = el("p", { class: "soft" });
  const node = el("div", { class: "gutter" }, head(titleOf(model).replaceAll("_", "_\u200b"), modelOf(model).weights), shares, words, !state.errors && bar.element);
  live(node, ["jacobians", "gammaJacobian", "preset"], (now) => {
    const answer = now.jacobians[model];
    if (!answer) return;
    bar.show(mapBar(scaleOf(answer), now.gammaJacobian, now.preset));
    setShare(shares, answer.share_a);
    words.textContent = shareWords(answer.share_a, names());
  });
  return node;
}

function displays() {
  const one = (value, text, title) => el("button", { value, title, onclick: () => set({ preset: value }) }, text);
  return el("div", { class: "segments", role: "group", "aria-label": "Colours" },
    one("signed", "Signed", "Blue lowers, red raises the fused pixel (S)"), one("paper", "Paper", "As FuseVis: negative influence is not shown (S)"));
}

function gamma(key, label) {
  const value = el("output", {});
  const input = el("input", { type: "range", min: 0.1, max: 2, step: 0.05, "aria-label": label, oninput: () => set({ [key]: Number(input.value) }) });
  const node = el("label", { class: "gamma", title: `${label}: below 1 lifts small influences` }, el("span", {}, "γ"), input, value);
  live(node, [key], (now) => {
    input.value = now[key];
    value.textContent = now[key].toFixed(2);
  });
  return node;
}
