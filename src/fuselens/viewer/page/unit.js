// Brightness of fused images in the files' own unit, where both files have the same; else from 0 to 1.

import { state } from "./state.js";
import { level } from "./words.js";

/** Return a brightness in [0, 1] as a text. */
export const inFiles = (value) => told(value, 1);

/** Return a difference of brightness as a text. */
export const differenceInFiles = (value) => told(value, 0);

function told(value, offset) {
  const [first, second] = state.opened.sources;
  const isShared = first.depth === second.depth && first.low === second.low && first.high === second.high;
  return isShared ? level(offset * first.low + value * (first.high - first.low), first.depth) : value.toFixed(3);
}
