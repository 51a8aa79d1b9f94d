// What a pixel rests on: the window at its place in the panel, and enlarged in the corner that is farthest from it.

import { size, state } from "./state.js";
import { clamp } from "./view.js";

const LARGEST_RADIUS = 24;
const SMALLEST = 40;
const MARGIN = 4;
const PART = 0.33;
const PART_OF_INFLUENCE = 0.46;

/** Draw a window of colours at its place, with a frame round it. */
export function drawInfluence(context, layer, { factor, left, top }, panel) {
  const { canvas } = layer;
  const [x, y] = [left + layer.left * factor, top + layer.top * factor];
  const [width, height] = [canvas.width * factor, canvas.height * factor];
  context.imageSmoothingEnabled = factor * panel.ratio < 1;
  context.drawImage(canvas, x, y, width, height);
  frame(context, x, y, width, height);
}

/** Return {left, top, side} of the corner that is farthest from the pixel, null where there is no room for an inset. */
export function insetPlace(influence, { factor, left, top }, panel) {
  const side = Math.round((influence ? PART_OF_INFLUENCE : PART) * Math.min(panel.width, panel.height));
  if (side < SMALLEST) return null;
  const [y, x] = state.pixel;
  const [screenX, screenY] = [left + (x + 0.5) * factor, top + (y + 0.5) * factor];
  const [rows, columns] = size();
  const edge = {
    left: Math.max(0, left), top: Math.max(0, top),
    right: Math.min(panel.width, left + columns * factor), bottom: Math.min(panel.height, top + rows * factor),
  };
  return {
    left: screenX > (edge.left + edge.right) / 2 ? edge.left + MARGIN : edge.right - side - MARGIN,
    top: screenY > (edge.top + edge.bottom) / 2 ? edge.top + MARGIN : edge.bottom - side - MARGIN,
    side,
  };
}

/** Draw the pixel's surroundings, enlarged. */
export function drawInset(context, base, influence, { left, top, side }) {
  const [y, x] = state.pixel;
  const around = surroundings(influence);
  const scale = side / around.side;
  context.save();
  context.beginPath();
  context.roundRect(left, top, side, side, 3);
  context.clip();
  context.fillStyle = influence ? "#f7f6f6" : "#000";
  context.fillRect(left, top, side, side);
  context.imageSmoothingEnabled = false;
  const layer = influence ?? base;
  const step = layer.step;
  context.drawImage(layer.canvas, left + (layer.left - around.left) * scale, top + (layer.top - around.top) * scale,
    layer.canvas.width * step * scale, layer.canvas.height * step * scale);
  context.strokeStyle = "#fff";
  context.lineWidth = 1;
  const [pixelX, pixelY] = [left + (x - around.left) * scale, top + (y - around.top) * scale];
  context.strokeRect(pixelX - 0.5, pixelY - 0.5, scale + 1, scale + 1);
  context.strokeStyle = "#000a";
  context.strokeRect(pixelX - 1.5, pixelY - 1.5, scale + 3, scale + 3);
  context.restore();
  frame(context, left, top, side, side);
}

/** Return the square round the pixel that insets show: the window of its influence where that is small. */
function surroundings(influence) {
  const [y, x] = state.pixel;
  const reach = influence
    ? Math.max(y - influence.top, x - influence.left, influence.top + influence.canvas.height - 1 - y,
      influence.left + influence.canvas.width - 1 - x)
    : LARGEST_RADIUS / 2;
  const radius = clamp(reach, 4, LARGEST_RADIUS);
  return { top: y - radius, left: x - radius, side: 2 * radius + 1 };
}

function frame(context, x, y, width, height) {
  context.lineWidth = 3;
  context.strokeStyle = "#0009";
  context.strokeRect(x - 0.5, y - 0.5, width + 1, height + 1);
  context.lineWidth = 1;
  context.strokeStyle = "#fff";
  context.strokeRect(x - 0.5, y - 0.5, width + 1, height + 1);
}
