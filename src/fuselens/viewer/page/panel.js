// A panel: the picture on one canvas, drawn when it changes; what follows the mouse on another above it.

import { el } from "./dom.js";
import { KINDS, wordsOf } from "./kinds.js";
import { layerOf } from "./layers.js";
import { drawMarks } from "./marks.js";
import { drawInfluence, drawInset, insetPlace } from "./inset.js";
import { size, state, watch } from "./state.js";
import { follow } from "./pointer.js";
import { placement } from "./view.js";

const panels = new Set();
let isAsked = false;
let watcher = null;

/** A canvas of one kind for one model (null: the active one). */
export class Panel {
  constructor(kind, model = null) {
    Object.assign(this, { kind, given: model, isStale: true, hasInset: true });
    this.picture = el("canvas", { class: "picture" });
    this.above = el("canvas", { class: "above" });
    this.view = el("div", { class: "view", tabIndex: 0, role: "img" }, this.picture, this.above);
    this.title = el("span", { class: "title" });
    this.value = el("output", { class: "value" });
    const { chip } = KINDS[kind];
    const caption = el("figcaption", {}, chip && el("i", { class: `chip ${chip}` }), this.title, this.value);
    this.element = el("figure", { class: "panel", "data-kind": kind, "data-model": model }, caption, this.view);
    follow(this.view);
    watcher ??= new ResizeObserver((entries) => entries.forEach(({ target }) => target.panel?.resize()));
    this.view.panel = this;
    watcher.observe(this.view);
    panels.add(this);
    refresh();
  }

  get model() {
    return this.given ?? state.model;
  }

  /** Take the panel from the page. */
  remove() {
    panels.delete(this);
    watcher.unobserve(this.view);
    this.element.remove();
  }

  resize() {
    const ratio = devicePixelRatio || 1;
    const [width, height] = [this.view.clientWidth, this.view.clientHeight];
    if (!width || !height) return;
    for (const canvas of [this.picture, this.above]) {
      const side = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
      if (canvas.width !== side.width || canvas.height !== side.height) Object.assign(canvas, side);
    }
    Object.assign(this, { width, height, ratio, isStale: true });
    refresh();
  }

  /** Return a drawing context whose unit is one pixel of the page. */
  context(canvas) {
    const context = canvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    return context;
  }

  draw() {
    if (!this.width || !state.opened) return undefined;
    const place = placement(this.width, this.height);
    const { under } = KINDS[this.kind];
    const isInfluence = under !== undefined;
    const base = layerOf(under ?? this.kind, this.model);
    const influence = isInfluence ? layerOf(this.kind, this.model) : null;
    // Of nine panels the answer to a moved mouse changes two.
    const inputs = [base, influence, state.pixel, state.probes, state.box, state.insets, state.zoom, this.width, this.height];
    if (!this.isStale && inputs.every((input, i) => input === this.inputs?.[i])) return this.read();
    this.inputs = inputs;
    if (this.isStale || base !== this.drawn) this.drawPicture(base, place, isInfluence);
    const context = this.context(this.above);
    if (influence) drawInfluence(context, influence, place, this);
    const isEnlarged = base && state.pixel && (isInfluence || (state.insets && this.hasInset));
    const inset = isEnlarged ? insetPlace(influence, place, this) : null;
    drawMarks(context, place, this, inset);
    if (inset) drawInset(context, base, influence, inset);
    return this.read();
  }

  drawPicture(layer, place, isFaint) {
    Object.assign(this, { isStale: false, drawn: layer });
    const context = this.context(this.picture);
    this.element.classList.toggle("empty", !layer);
    if (!layer) return;
    const factor = place.factor * layer.step;
    context.imageSmoothingEnabled = factor * this.ratio < 1;
    context.imageSmoothingQuality = "high";
    context.save();
    context.globalAlpha = isFaint ? 0.4 : 1;
    context.beginPath();
    const [rows, columns] = size();
    context.rect(place.left, place.top, columns * place.factor, rows * place.factor);
    context.clip();
    context.drawImage(layer.canvas, place.left, place.top, layer.canvas.width * factor, layer.canvas.height * factor);
    context.restore();
  }

  read() {
    const { title, value } = KINDS[this.kind];
    const words = title(this.model);
    if (this.title.textContent !== words) {
      this.title.textContent = words;
      this.view.setAttribute("aria-label", wordsOf(this.kind, this.model));
    }
    const text = state.pixel ? value(this.model, state.pixel) : "";
    if (this.value.textContent !== text) this.value.textContent = text;
  }
}

/** Draw at once what has changed, while the browser waits for its next frame anyway. */
export function drawNow() {
  for (const panel of panels) panel.draw();
}

/** Draw all panels before the next paint. */
export function refresh() {
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    drawNow();
  });
}

/** Draw all panels anew, pictures too. */
export function refreshAll() {
  for (const panel of panels) panel.isStale = true;
  refresh();
}

watch(["pixel", "probes", "box", "jacobians", "fused", "guidance", "gammaJacobian", "gammaGuidance", "preset", "found",
  "shown", "insets", "model"], () => refresh());
watch(["zoom", "opened"], refreshAll);
