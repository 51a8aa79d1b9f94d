// Crosshair, probes and the region, over every panel.

import { KINDS } from "./kinds.js";
import { state } from "./state.js";
import { isDark } from "./theme.js";
import { clamp } from "./view.js";

const FONT = "650 11px system-ui, sans-serif";

const LABEL = { height: 15, gap: 5 };

/** Draw what stands over all panels alike; labels of probes keep clear of the inset. */
export function drawMarks(context, place, panel, inset) {
  if (!panel.drawn) return;
  if (state.box) drawBox(context, place);
  state.probes.forEach((pixel, i) => drawProbe(context, middle(place, pixel), place.factor, i + 1, panel, inset));
  if (state.pixel) drawCrosshair(context, place, panel);
}

const middle = ({ factor, left, top }, [y, x]) => [left + (x + 0.5) * factor, top + (y + 0.5) * factor];

function drawCrosshair(context, place, { width, height, kind }) {
  const [x, y] = middle(place, state.pixel).map((value) => Math.round(value - 0.5) + 0.5);
  const gap = Math.max(6, place.factor / 2 + 2);
  const lines = new Path2D();
  for (const [fromX, fromY, toX, toY] of [[0, y, x - gap, y], [x + gap, y, width, y], [x, 0, x, y - gap], [x, y + gap, x, height]]) {
    lines.moveTo(fromX, fromY);
    lines.lineTo(toX, toY);
  }
  if (isPale(kind)) stroke(context, lines, 1, "#fff8", "#14161acc");
  else stroke(context, lines, 1, "#0006", "#fffb");
}

function drawProbe(context, [x, y], factor, number, panel, inset) {
  const ring = new Path2D();
  ring.arc(x, y, Math.max(5, factor * 0.75), 0, 7);
  stroke(context, ring, 1.5);
  context.font = FONT;
  const text = String(number);
  const width = context.measureText(text).width + 7;
  const spot = labelSpot([x, y], width, panel, inset);
  if (!spot) return;
  context.fillStyle = "#000c";
  context.beginPath();
  context.roundRect(...spot, width, LABEL.height, 3);
  context.fill();
  context.fillStyle = "#fff";
  context.fillText(text, spot[0] + 3.5, spot[1] + 11.5);
}

/** Return where the label of a point stands, [left, top]: at one of its corners, else beside the inset that covers it. */
export function labelSpot([x, y], width, panel, inset) {
  if (x < 0 || y < 0 || x > panel.width || y > panel.height) return null;
  const { height, gap } = LABEL;
  const within = ([left, top]) => left >= 0 && top >= 0 && left + width <= panel.width && top + height <= panel.height;
  const isFree = (spot) => within(spot) && !covers(inset, spot, width);
  const corners = [y - gap + 1 - height, y + gap - 1].flatMap((top) => [[x + gap, top], [x - gap - width, top]]);
  const free = corners.find(isFree);
  if (free || !inset) return free ?? [clamp(x + gap, 0, panel.width - width), clamp(y - gap - height, 0, panel.height - height)];
  const [left, top] = [clamp(x - width / 2, 0, panel.width - width), clamp(y - height / 2, 0, panel.height - height)];
  const beside = [[inset.left - gap - width, top], [inset.left + inset.side + gap, top], [left, inset.top - gap - height], [left, inset.top + inset.side + gap]];
  const distance = ([toX, toY]) => Math.hypot(toX - left, toY - top);
  return beside.filter(isFree).sort((one, other) => distance(one) - distance(other))[0] ?? null;
}

function covers(inset, [left, top], width) {
  const rim = 3;
  return inset !== null && left < inset.left + inset.side + rim && left + width > inset.left - rim &&
    top < inset.top + inset.side + rim && top + LABEL.height > inset.top - rim;
}

function drawBox(context, { factor, left, top }) {
  const [y0, x0, y1, x1] = state.box;
  const outline = new Path2D();
  outline.rect(left + x0 * factor, top + y0 * factor, (x1 - x0) * factor, (y1 - y0) * factor);
  stroke(context, outline, 1.5);
}

/** Where a light line would be two dark ones, its rims: on shares, and on faint pictures of the light page. */
const isPale = (kind) => kind === "share" || (KINDS[kind].under !== undefined && !isDark());

/** White with a dark rim: seen on every picture. */
function stroke(context, path, width, rim = "#0009", colour = "#fff") {
  context.lineWidth = width + 2;
  context.strokeStyle = rim;
  context.stroke(path);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke(path);
}
