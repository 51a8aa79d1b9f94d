// Colour bars with ticks, as elements of the page and as drawings for exported pictures.

import { colourOf, shareColour } from "./colour.js";
import { el, replace } from "./dom.js";
import { names } from "./state.js";
import { fixed } from "./words.js";

const STEPS = 256;

/** What a bar says: colours from left to right, and ticks {at: 0..1, text}. */
export function mapBar(scale, gamma, preset) {
  const isSigned = preset === "signed";
  const number = (value) => fixed(value, Math.abs(value) < 0.0995 ? 3 : 2);
  const ticks = isSigned
    ? [{ at: 0, text: number(-scale) }, { at: 0.5, text: "0" }, { at: 1, text: `+${number(scale)}` }]
    : [{ at: 0, text: "0" }, { at: 1, text: number(scale) }];
  // Where a tenth of the strongest influence stands: the power law is seen at once.
  const tenth = 0.1 ** gamma;
  const minor = isSigned ? [(1 - tenth) / 2, (1 + tenth) / 2] : [tenth];
  // Positions are those of the display, so the colours run evenly: gamma is in the ticks.
  return { ticks, minor, colour: (at) => colourOf(isSigned ? 2 * at - 1 : at, 1, preset) };
}

/** The bar of shares: purple is b, orange is a. */
export function shareScale() {
  const [first, second] = names();
  return { ticks: [{ at: 0, text: second }, { at: 1, text: first }], minor: [0.5], colour: (at) => shareColour(at) };
}

/** Return an element with a bar; `show(bar)` fills it. */
export function barElement() {
  const strip = el("canvas", { class: "strip", width: STEPS, height: 1 });
  const ticks = el("div", { class: "ticks" });
  const element = el("div", { class: "bar" }, strip, ticks);
  let shown = "";
  return { element, show: (bar) => {
    // A layout for each move of the mouse is dear; the bar rarely changes.
    const key = JSON.stringify([bar.ticks, bar.minor, bar.colour(0)]);
    if (key === shown) return;
    shown = key;
    paint(strip.getContext("2d"), bar, 0, 0, STEPS, 1);
    const marks = bar.minor.map((at) => place(el("i", { title: "a tenth of the strongest" }), at));
    replace(ticks, marks, bar.ticks.map(({ at, text }) => place(el("span", { class: at === 0 ? "first" : at === 1 ? "last" : "" }, text), at)));
  } };
}

/** Draw a bar with its ticks under an exported picture. */
export function drawBar(context, bar, x, y, width, height, font) {
  paint(context, bar, x, y, width, height);
  context.fillStyle = "#1a1c20";
  context.font = `${font}px system-ui, sans-serif`;
  context.textBaseline = "top";
  for (const { at, text } of bar.ticks) {
    context.textAlign = at === 0 ? "left" : at === 1 ? "right" : "center";
    context.fillText(text, x + at * width, y + height + 3);
  }
}

function paint(context, { colour }, x, y, width, height) {
  for (let i = 0; i < width; i++) {
    context.fillStyle = `rgb(${colour((i + 0.5) / width).join(" ")})`;
    context.fillRect(x + i, y, 1, height);
  }
}

function place(node, at) {
  node.style.left = `${100 * at}%`;
  return node;
}
