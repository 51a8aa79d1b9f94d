// One zoom and pan for all panels, in the image's own coordinates.

import { set, size, state } from "./state.js";

const MOST = 64;
export const WHOLE = { scale: 1, x: 0.5, y: 0.5 };

/** Return how image points land in a viewport: screen = offset + factor * image. */
export function placement(width, height) {
  const [rows, columns] = size();
  const factor = Math.min(width / columns, height / rows) * state.zoom.scale;
  return {
    factor,
    left: settle(width, factor * columns, state.zoom.x),
    top: settle(height, factor * rows, state.zoom.y),
  };
}

/** Return the pixel [y, x] under a point of a viewport, at the image's edge where the point lies outside. */
export function pixelAt(x, y, width, height) {
  const [rows, columns] = size();
  const { factor, left, top } = placement(width, height);
  return [clamp(Math.floor((y - top) / factor), 0, rows - 1), clamp(Math.floor((x - left) / factor), 0, columns - 1)];
}

/** Magnify, so that the image point under a point of a viewport stays there. */
export function zoomAt(times, x, y, width, height) {
  const scale = clamp(state.zoom.scale * times, 1, MOST);
  const before = placement(width, height);
  const [rows, columns] = size();
  const factor = (before.factor / state.zoom.scale) * scale;
  const middle = (point, offset, length) => (point - offset) / before.factor + (length / 2 - point) / factor;
  lookAt(scale, middle(x, before.left, width) / columns, middle(y, before.top, height) / rows, width, height);
}

/** Magnify round the current pixel, or the middle. */
export function zoomBy(times) {
  const scale = clamp(state.zoom.scale * times, 1, MOST);
  const [rows, columns] = size();
  const [y, x] = state.pixel ?? [rows / 2, columns / 2];
  set({ zoom: scale === 1 ? WHOLE : { scale, x: (x + 0.5) / columns, y: (y + 0.5) / rows } });
}

/** Move the image by so many screen pixels. */
export function panBy(dx, dy, width, height) {
  const [rows, columns] = size();
  const { factor } = placement(width, height);
  lookAt(state.zoom.scale, state.zoom.x - dx / factor / columns, state.zoom.y - dy / factor / rows, width, height);
}

/** Return a number held between two others. */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function lookAt(scale, x, y, width, height) {
  const [rows, columns] = size();
  const factor = Math.min(width / columns, height / rows) * scale;
  const hold = (place, length, image) => {
    const half = length / 2 / factor / image;
    return half >= 0.5 ? 0.5 : clamp(place, half, 1 - half);
  };
  set({ zoom: { scale, x: hold(x, width, columns), y: hold(y, height, rows) } });
}

function settle(length, image, place) {
  if (image <= length) return (length - image) / 2;
  return clamp(length / 2 - place * image, length - image, 0);
}
