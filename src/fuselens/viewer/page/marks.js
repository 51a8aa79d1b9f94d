// Crosshair, probes and the region, over every panel.

import { state } from "./state.js";

const FONT = "650 11px system-ui, sans-serif";

/** Draw what stands over all panels alike. */
export function drawMarks(context, place, panel) {
  if (!panel.drawn) return;
  if (state.box) drawBox(context, place);
  state.probes.forEach((pixel, i) => drawProbe(context, place, pixel, i + 1));
  if (state.pixel) drawCrosshair(context, place, panel);
}

const middle = ({ factor, left, top }, [y, x]) => [left + (x + 0.5) * factor, top + (y + 0.5) * factor];

function drawCrosshair(context, place, { width, height }) {
  const [x, y] = middle(place, state.pixel).map((value) => Math.round(value - 0.5) + 0.5);
  const gap = Math.max(6, place.factor / 2 + 2);
  const lines = new Path2D();
  for (const [fromX, fromY, toX, toY] of [[0, y, x - gap, y], [x + gap, y, width, y], [x, 0, x, y - gap], [x, y + gap, x, height]]) {
    lines.moveTo(fromX, fromY);
    lines.lineTo(toX, toY);
  }
  stroke(context, lines, 1, "#0006", "#fffb");
}

function drawProbe(context, place, pixel, number) {
  const [x, y] = middle(place, pixel);
  const ring = new Path2D();
  ring.arc(x, y, Math.max(5, place.factor * 0.75), 0, 7);
  stroke(context, ring, 1.5);
  context.font = FONT;
  const text = String(number);
  const width = context.measureText(text).width + 7;
  context.fillStyle = "#000c";
  context.beginPath();
  context.roundRect(x + 5, y - 19, width, 15, 3);
  context.fill();
  context.fillStyle = "#fff";
  context.fillText(text, x + 8.5, y - 7.5);
}

function drawBox(context, { factor, left, top }) {
  const [y0, x0, y1, x1] = state.box;
  const outline = new Path2D();
  outline.rect(left + x0 * factor, top + y0 * factor, (x1 - x0) * factor, (y1 - y0) * factor);
  stroke(context, outline, 1.5);
}

/** White with a dark rim: seen on every picture. */
function stroke(context, path, width, rim = "#0009", colour = "#fff") {
  context.lineWidth = width + 2;
  context.strokeStyle = rim;
  context.stroke(path);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke(path);
}
