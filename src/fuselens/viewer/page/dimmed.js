// A set over its source, as core/display.py shows it: hidden parts dark and blue, a yellow line round what is kept.

const EDGE = 0xff00d6ff; // (255, 214, 0)

/** Paint a source `[H * W]` with the units that are not kept dimmed; label -1 is never hidden. */
export function paintSet(pixels, image, labels, kept, width) {
  const isHidden = (i) => labels[i] >= 0 && !kept[labels[i]];
  const hidden = new Uint8Array(labels.length);
  for (let i = 0; i < labels.length; i++) hidden[i] = isHidden(i) ? 1 : 0;
  for (let i = 0; i < labels.length; i++) {
    const level = Math.min(Math.max(image[i], 0), 1) * 255;
    const dark = 0.25 * level;
    pixels[i] = hidden[i]
      ? pack(dark + 10, dark + 16, dark + 40)
      : hasHiddenNeighbour(hidden, i, width) ? EDGE : pack(level, level, level);
  }
}

function hasHiddenNeighbour(hidden, i, width) {
  const x = i % width;
  const [first, last] = [x > 0 ? -1 : 0, x < width - 1 ? 1 : 0];
  for (let row = i - width; row <= i + width; row += width) {
    if (row < 0 || row >= hidden.length) continue;
    for (let step = first; step <= last; step++) if (hidden[row + step]) return true;
  }
  return false;
}

const pack = (red, green, blue) =>
  (255 << 24) | ((blue + 0.5) << 16) | ((green + 0.5) << 8) | ((red + 0.5) | 0);
