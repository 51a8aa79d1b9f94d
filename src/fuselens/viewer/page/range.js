// Which values of deep files become black and white, as `--window` says it on the command line.

import { byId } from "./dom.js";

const bounds = ["low", "high"];

/** Show the two numbers where they count. */
export function wireRange() {
  const choose = () => bounds.forEach((name) => (byId(`range-${name}-box`).hidden = byId("range").value !== "window"));
  byId("range").addEventListener("change", choose);
  choose();
}

/** Return "percentile", [low, high], or null for the usual range; throws a sentence where the numbers cannot be. */
export function readRange() {
  const kind = byId("range").value;
  if (kind !== "window") return kind || null;
  const [low, high] = bounds.map((name) => byId(`range-${name}`).valueAsNumber);
  if (!(low < high)) throw new Error("Give two numbers: the value that is black, and a higher one that is white.");
  return [low, high];
}
