// Maps to colours, as core/display.py does it: signed power, paper, shares, guidance RGB. Nothing here allocates per pixel.

import { PAPER, SHARE, SIGNED } from "./tables.js";

// Table places stand at fourth roots of the magnitude, so that small influences under a small gamma keep their steps.
const STEPS = 8192;
const NO_INFLUENCE = [120, 120, 120];
const VANISHES = 1e-6;

const packed = (table, index) =>
  (255 << 24) | (table[3 * index + 2] << 16) | (table[3 * index + 1] << 8) | table[3 * index];
const tables = new Map();
const GREY = Uint32Array.from({ length: 256 }, (_, level) => (255 << 24) | (level << 16) | (level << 8) | level);

/** Return the largest magnitude of some arrays, 1 where they all vanish: the one scale both sources share. */
export function commonScale(...arrays) {
  let largest = 0;
  for (const values of arrays) for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]);
    if (magnitude > largest) largest = magnitude;
  }
  return largest || 1;
}

/** Return the colour, as red, green and blue, of a value in [-1, 1]. */
export function colourOf(value, gamma, preset) {
  const power = Math.sign(value) * Math.abs(value) ** gamma;
  const [table, place] = preset === "paper" ? [PAPER, Math.max(power, 0)] : [SIGNED, (power + 1) / 2];
  const index = 3 * Math.min(255, Math.floor(place * 256));
  return [table[index], table[index + 1], table[index + 2]];
}

/** Colour a signed map into the 32-bit pixels of an image. */
export function paintMap(pixels, values, scale, gamma, preset) {
  const { up, down } = tableOf(gamma, preset);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] / scale;
    const place = Math.sqrt(Math.sqrt(value < 0 ? -value : value)) * STEPS;
    pixels[i] = (value < 0 ? down : up)[place > STEPS ? STEPS : place | 0];
  }
}

/** Show an image in [0, 1] in grey. */
export function paintGrey(pixels, values, low = 0, high = 1) {
  const factor = 255 / (high - low || 1);
  for (let i = 0; i < values.length; i++) {
    const level = (values[i] - low) * factor + 0.5;
    pixels[i] = GREY[level < 0 ? 0 : level > 255 ? 255 : level | 0];
  }
}

/** Show an image of three bytes a pixel. */
export function paintRgb(pixels, bytes) {
  for (let i = 0, j = 0; i < pixels.length; i++, j += 3) {
    pixels[i] = (255 << 24) | (bytes[j + 2] << 16) | (bytes[j + 1] << 8) | bytes[j];
  }
}

/** Colour source a's share |a| / (|a| + |b|): orange where a decides, purple where b does, grey where neither does. */
export function paintShare(pixels, a, b) {
  const floor = VANISHES * largestSum(a, b);
  const none = packed(NO_INFLUENCE, 0);
  for (let i = 0; i < a.length; i++) {
    const share = shareOf(a[i], b[i], floor);
    pixels[i] = share === null ? none : packed(SHARE, shareIndex(share));
  }
}

/** Show red G_a, green G_b and the fused image in blue, each stretched from its lowest to its highest. */
export function paintRgbOf(pixels, a, b, fused) {
  const [reds, greens, blues] = [a, b, fused].map(stretch);
  for (let i = 0; i < pixels.length; i++) {
    const red = ((a[i] - reds.low) * reds.factor + 0.5) | 0;
    const green = ((b[i] - greens.low) * greens.factor + 0.5) | 0;
    const blue = ((fused[i] - blues.low) * blues.factor + 0.5) | 0;
    pixels[i] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
}

/** Return a share, or null where both vanish. */
export function shareOf(a, b, floor = 0) {
  const total = Math.abs(a) + Math.abs(b);
  return total > floor ? Math.abs(a) / total : null;
}

/** Return the largest |a| + |b|. */
export function largestSum(a, b) {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const total = Math.abs(a[i]) + Math.abs(b[i]);
    if (total > largest) largest = total;
  }
  return largest;
}

/** Return the colour of a share as red, green and blue. */
export function shareColour(share) {
  return share === null ? NO_INFLUENCE : [...SHARE.subarray(3 * shareIndex(share), 3 * shareIndex(share) + 3)];
}

/** Return lowest and highest value. */
export function range(values) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return [low, high];
}

// The outermost tenths of the map are almost black: too dark beside night scenes.
const shareIndex = (share) => Math.min(255, Math.floor((0.9 - 0.8 * share) * 256));

function stretch(values) {
  const [low, high] = range(values);
  return { low, factor: high > low ? 255 / (high - low) : 0 };
}

function tableOf(gamma, preset) {
  const key = `${preset} ${gamma}`;
  if (!tables.has(key)) {
    if (tables.size > 64) tables.clear();
    const [up, down] = [1, -1].map((sign) => Uint32Array.from({ length: STEPS + 1 }, (_, step) => {
      const magnitude = (sign * ((step + (step < STEPS ? 0.5 : 0)) / STEPS) ** 4) * (step > 0);
      const [red, green, blue] = colourOf(magnitude, gamma, preset);
      return (255 << 24) | (blue << 16) | (green << 8) | red;
    }));
    tables.set(key, { up, down });
  }
  return tables.get(key);
}
