// The kinds of panel: title, colour chip, the value under the crosshair, the colour bar.

import { shareOf } from "./colour.js";
import { errorsOf } from "./errors.js";
import { names, state, titleOf } from "./state.js";
import { differenceInFiles, inFiles } from "./unit.js";
import { signed, level, percent } from "./words.js";

const named = (i) => names()[i];
const at = (values, [, width], [y, x]) => values[y * width + x];

function inSource(i, pixel) {
  const pair = state.opened;
  const { low, high, depth } = pair.sources[i];
  return level(low + at(pair.data["ab"[i]], pair.size, pixel) * (high - low), depth);
}

const inFused = (model, pixel) =>
  state.fused[model] ? inFiles(at(state.fused[model].data.fused, state.opened.size, pixel)) : "";

function inErrors(i, model, pixel) {
  const errors = errorsOf(model);
  return errors ? differenceInFiles(at(errors.data["ab"[i]], state.opened.size, pixel)) : "";
}

/** Return the value of a map with a window or a step at a pixel; null outside of what is known. */
export function valueOf(answer, letter, [y, x]) {
  if (!answer) return null;
  const [top, left] = answer.window ?? [0, 0];
  const [rows, columns] = answer.shapes[letter];
  const [row, column] = [y - top, x - left].map((place) => Math.floor(place / (answer.step ?? 1)));
  if (row < 0 || column < 0 || row >= rows || column >= columns) return answer.window ? 0 : null;
  return answer.data[letter][row * columns + column];
}

const number = (value) => (value === null ? "" : signed(value));

function shareAt(model, pixel) {
  const [a, b] = ["a", "b"].map((letter) => valueOf(state.guidance[model], letter, pixel));
  if (a === null) return "";
  const share = shareOf(a, b);
  if (share === null) return "neither";
  return share >= 0.5 ? `${percent(share)} ${named(0)}` : `${percent(1 - share)} ${named(1)}`;
}

const influence = (i, record) => ({
  title: () => named(i), chip: "ab"[i], bar: "map",
  value: (model, pixel) => number(valueOf(record(model), "ab"[i], pixel)),
});
const source = (i) => ({ title: () => named(i), chip: "ab"[i], value: (_, pixel) => inSource(i, pixel) });
const error = (i) => ({
  title: () => `|fused − ${named(i)}|`, words: () => `error against ${named(i)}`, chip: "ab"[i], bar: "error",
  value: (model, pixel) => inErrors(i, model, pixel),
});
const jacobian = (model) => state.jacobians[model];
const guidance = (model) => state.guidance[model];
const found = () => state.found;

export const KINDS = {
  a: { ...source(0), words: () => `${named(0)}` },
  b: { ...source(1), words: () => `${named(1)}` },
  fused: { title: (model) => (state.mode === "models" ? "fused" : `fused by ${titleOf(model)}`), words: (model) => `fused by ${titleOf(model)}`, value: inFused },
  "error-a": error(0),
  "error-b": error(1),
  "jacobian-a": { ...influence(0, jacobian), words: () => `influence of ${named(0)}`, under: "grey-a" },
  "jacobian-b": { ...influence(1, jacobian), words: () => `influence of ${named(1)}`, under: "grey-b" },
  share: { title: () => "share", words: () => "share of either source", value: shareAt, bar: "share" },
  "guidance-a": { ...influence(0, guidance), words: () => `guidance of ${named(0)}` },
  "guidance-b": { ...influence(1, guidance), words: () => `guidance of ${named(1)}` },
  rgb: { title: () => "guidance RGB", value: () => "" },
  "set-a": { ...source(0), words: () => `set in ${named(0)}` },
  "set-b": { ...source(1), words: () => `set in ${named(1)}` },
  "map-a": { ...influence(0, found), under: "grey-a" },
  "map-b": { ...influence(1, found), under: "grey-b" },
};

/** Return how a panel is called where it stands alone: in a menu, a file name, to a screen reader. */
export const wordsOf = (kind, model) => (KINDS[kind].words ?? KINDS[kind].title)(model);
