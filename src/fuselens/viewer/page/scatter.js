// All pixels by their two guidances; those of the region, or round the pixel, in green, with both correlations.

import { byId } from "./dom.js";
import { range } from "./colour.js";
import { names, size, state, watch } from "./state.js";
import { clamp } from "./view.js";
import { fixed, opened } from "./words.js";

const SIDE = 240;
const PAD = 8;
const GREEN = "#16a34a";
const PAUSE = 150;
const SPARSE = 8000; // fewer points are drawn larger: those of a coarse guidance
const WEAK = 0.3; // below it a correlation is called none, as in Cohen's scale
const cloud = document.createElement("canvas");
let axes = null;
let isAsked = false;

function drawCloud() {
  const guidance = state.guidance[state.model];
  axes = null;
  if (!guidance) return draw();
  const { a, b } = guidance.data;
  const [lows, highs] = [[...range(a)], [...range(b)]];
  const low = Math.min(0, lows[0], highs[0]), high = Math.max(lows[1], highs[1], low + 1e-6);
  axes = { guidance, low, high, r: pearson(a, b, null) };
  const counts = new Uint32Array(SIDE * SIDE);
  let most = 1;
  const around = a.length < SPARSE ? [-1, 0, 1] : [0];
  for (let i = 0; i < a.length; i++) for (const down of around) for (const right of around) {
    const place = column(a[i]) + right + SIDE * (SIDE - 1 - column(b[i]) + down);
    if (++counts[place] > most) most = counts[place];
  }
  Object.assign(cloud, { width: SIDE, height: SIDE });
  const context = cloud.getContext("2d");
  const image = context.createImageData(SIDE, SIDE);
  const [red, green, blue] = getComputedStyle(document.body).getPropertyValue("--ink-rgb").split(" ").map(Number);
  for (let i = 0; i < counts.length; i++) {
    if (!counts[i]) continue;
    const strength = 60 + (195 * Math.log1p(counts[i])) / Math.log1p(most);
    image.data.set([red, green, blue, strength], 4 * i);
  }
  context.putImageData(image, 0, 0);
  draw();
}

const column = (value) => clamp(Math.round(PAD + ((value - axes.low) / (axes.high - axes.low)) * (SIDE - 1 - 2 * PAD)), 0, SIDE - 1);

function draw() {
  isAsked = false;
  const canvas = byId("scatter");
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, SIDE, SIDE);
  byId("scatter-card").classList.toggle("empty", !axes);
  if (!axes) return;
  const style = getComputedStyle(document.body);
  context.strokeStyle = style.getPropertyValue("--line");
  const zero = column(0) + 0.5;
  line(context, zero, 0, zero, SIDE);
  line(context, 0, SIDE - zero, SIDE, SIDE - zero);
  context.setLineDash([3, 4]);
  line(context, zero, SIDE - zero, SIDE, 0);
  context.setLineDash([]);
  context.drawImage(cloud, 0, 0);
  const marked = markedPixels();
  const { a, b } = axes.guidance.data;
  context.fillStyle = GREEN;
  for (const i of marked) context.fillRect(column(a[i]) - 1, SIDE - 2 - column(b[i]), 3, 3);
  const r = pearson(a, b, marked);
  byId("r-all").textContent = numberOf(axes.r);
  byId("r-marked").textContent = numberOf(r);
  byId("marked-words").textContent = state.box ? "in the region" : "round the pixel";
  byId("scatter-words").textContent = words(axes.r);
  for (const [i, letter] of ["a", "b"].entries()) byId(`axis-${letter}`).textContent = names()[i];
  canvas.setAttribute("aria-label", `Scatter of the guidances of ${names().join(" and ")}. ${words(axes.r)} ${byId("marked-words").textContent}: r = ${numberOf(r)}.`);
}

function line(context, ...ends) {
  context.beginPath();
  context.moveTo(ends[0], ends[1]);
  context.lineTo(ends[2], ends[3]);
  context.stroke();
}

/** Return the places of the pixels of the region, or of the Jacobian's window. */
function markedPixels() {
  const { guidance } = axes;
  const [rows, columns] = guidance.shapes.a;
  const box = state.box ?? windowBox();
  if (!box) return [];
  const [top, left, bottom, right] = box.map((edge, i) => (i < 2 ? Math.floor : Math.ceil)(edge / guidance.step));
  const places = [];
  for (let y = top; y < Math.min(bottom, rows); y++) for (let x = left; x < Math.min(right, columns); x++) places.push(y * columns + x);
  return places;
}

function windowBox() {
  if (!state.pixel) return null;
  const [y, x] = state.pixel;
  const [rows, columns] = size();
  const answer = state.jacobians[state.model];
  const reach = answer ? Math.min(24, Math.ceil((answer.window[2] - answer.window[0]) / 2)) : 12;
  return [Math.max(0, y - reach), Math.max(0, x - reach), Math.min(rows, y + reach + 1), Math.min(columns, x + reach + 1)];
}

/** Return Pearson's r of two arrays, of some places only where these are given; NaN where one is constant. */
function pearson(a, b, places) {
  const n = places ? places.length : a.length;
  if (n < 2) return NaN;
  const at = places ? (i) => places[i] : (i) => i;
  let meanA = 0, meanB = 0;
  for (let i = 0; i < n; i++) { meanA += a[at(i)] / n; meanB += b[at(i)] / n; }
  let ab = 0, aa = 0, bb = 0;
  for (let i = 0; i < n; i++) {
    const [da, db] = [a[at(i)] - meanA, b[at(i)] - meanB];
    ab += da * db; aa += da * da; bb += db * db;
  }
  // A spread of rounding errors is no spread.
  return Math.min(aa, bb) <= 1e-12 * n ? NaN : clamp(ab / Math.sqrt(aa * bb), -1, 1);
}

const numberOf = (r) => (Number.isNaN(r) ? "none" : fixed(r));

function words(r) {
  const [first, second] = names();
  if (Number.isNaN(r)) return `No correlation can be given: the influence of ${first} or ${second} is the same everywhere.`;
  if (r >= WEAK) return `Where ${first} gains influence, ${second} gains it too.`;
  if (r <= -WEAK) return `The sources compete: where ${first} gains influence, ${second} loses it.`;
  return `${opened(first)} and ${second} change their influence independently.`;
}

// While the mouse flies, the frames belong to the Jacobians.
const later = () => {
  if (!isAsked) setTimeout(draw, PAUSE);
  isAsked = true;
};

watch(["guidance", "model", "theme", "opened"], drawCloud);
watch(["pixel", "box", "jacobians"], later);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawCloud);
