// Swipe: two pictures of one scene on either side of a line that can be moved.

import { byId, el, replace } from "./dom.js";
import { KINDS, wordsOf } from "./kinds.js";
import { layerOf } from "./layers.js";
import { Panel, refreshAll } from "./panel.js";
import { set, size, state, watch } from "./state.js";
import { clamp } from "./view.js";
import { opened } from "./words.js";

const CHOICES = ["a", "b", "fused", "error-a", "error-b", "share", "guidance-a", "guidance-b", "rgb"];
const STEP = 0.02;

/** A panel of two layers. */
class Swipe extends Panel {
  constructor() {
    super("fused");
    this.at = 0.5;
    this.hasInset = false;
    this.handle = el("div", { class: "handle", role: "slider", tabIndex: 0, "aria-label": "Dividing line", "aria-valuemin": 0, "aria-valuemax": 100 });
    this.view.append(this.handle);
    this.handle.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      this.handle.setPointerCapture(event.pointerId);
    });
    this.handle.addEventListener("pointermove", (event) => {
      if (!this.handle.hasPointerCapture(event.pointerId)) return;
      event.stopPropagation();
      const edge = this.view.getBoundingClientRect();
      this.move((event.clientX - edge.left) / edge.width);
    });
    this.handle.addEventListener("pointerup", (event) => event.stopPropagation());
    this.handle.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      this.move(this.at + by);
    });
    this.move(0.5);
  }

  move(at) {
    this.at = clamp(at, 0, 1);
    this.handle.style.left = `${100 * this.at}%`;
    this.handle.setAttribute("aria-valuenow", Math.round(100 * this.at));
    refreshAll();
  }

  drawPicture(layer, place) {
    Object.assign(this, { isStale: false, drawn: layer });
    const context = this.context(this.picture);
    const edge = this.at * this.width;
    const [rows, columns] = size();
    const layers = state.swipe.map((name) => layerOf(...sideOf(name)));
    this.element.classList.toggle("empty", layers.every((one) => !one));
    layers.forEach((one, i) => {
      if (!one) return;
      context.save();
      context.beginPath();
      context.rect(i ? edge : 0, 0, i ? this.width - edge : edge, this.height);
      context.clip();
      context.imageSmoothingEnabled = place.factor * one.step * this.ratio < 1;
      context.beginPath();
      context.rect(place.left, place.top, columns * place.factor, rows * place.factor);
      context.clip();
      const factor = place.factor * one.step;
      context.drawImage(one.canvas, place.left, place.top, one.canvas.width * factor, one.canvas.height * factor);
      context.restore();
    });
  }

  read() {
    const texts = state.swipe.map((name) => {
      const [kind, model] = sideOf(name);
      return state.pixel ? KINDS[kind].value(model, state.pixel) : "";
    });
    this.value.textContent = texts.filter(Boolean).join("  |  ");
    this.view.setAttribute("aria-label", state.swipe.map((name) => wordsOf(...sideOf(name))).join(" beside "));
  }
}

/** Return kind and model of a side: "fused@deepfuse", or a kind of the active model. */
function sideOf(name) {
  const [kind, model] = name.split("@");
  return [kind, model ?? state.model];
}

function choice(side) {
  const fused = state.models.filter((key) => key !== state.model).map((key) => `fused@${key}`);
  const options = [...CHOICES, ...fused].map((name) => el("option", { value: name }, opened(wordsOf(...sideOf(name)))));
  const select = el("select", { "aria-label": side ? "Right picture" : "Left picture", onchange: () => {
    set({ swipe: state.swipe.map((name, i) => (i === side ? select.value : name)) });
    refreshAll();
  } }, options);
  select.value = state.swipe[side];
  return select;
}

/** Build the stage of the comparison; returns its panels. */
export function buildCompare(stage) {
  const panel = new Swipe();
  const known = new Set([...CHOICES, ...state.models.map((key) => `fused@${key}`)]);
  if (!state.swipe.every((name) => known.has(name))) set({ swipe: ["a", "b"] });
  const names = el("div", { class: "sides" }, choice(0), el("span", { class: "soft" }, "Drag the line, or move it with the arrow keys"), choice(1));
  replace(stage, el("div", { class: "compare" }, names, panel.element));
  return [panel];
}

watch(["fused", "guidance"], () => state.mode === "compare" && refreshAll());
