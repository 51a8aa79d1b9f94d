// Error maps: how far the fused image is from each source, |fused − source|, all that are on show on one scale.

import { commonScale, paintMap } from "./colour.js";
import { mapBar } from "./colourbar.js";
import { state } from "./state.js";
import { differenceInFiles } from "./unit.js";

const LOOK = [1, "paper"]; // from 0 up, evenly: nothing here is small and decisive, as an influence may be
const known = new WeakMap(); // fused frame -> {a, b, scale}

/** Return {data: {a, b}, scale} of a model, in brightness from 0 to 1; null until it has fused. */
export function errorsOf(model) {
  const frame = state.fused[model];
  if (!frame || !state.opened) return null;
  if (!known.has(frame)) {
    const [a, b] = ["a", "b"].map((letter) => frame.data.fused.map((value, i) => Math.abs(value - state.opened.data[letter][i])));
    known.set(frame, { data: { a, b }, scale: commonScale(a, b) });
  }
  return known.get(frame);
}

/** Return the largest error of all models on show: rows of models compare. */
export function errorScale() {
  const shown = state.mode === "models" ? state.models : [state.model];
  return Math.max(...shown.map((model) => errorsOf(model)?.scale ?? 0)) || 1;
}

/** The colour bar of all error maps, in the unit of the values under the cursor. */
export function errorBar() {
  const scale = errorScale();
  return { ...mapBar(scale, ...LOOK), ticks: [{ at: 0, text: "0" }, { at: 1, text: state.opened ? differenceInFiles(scale) : "" }] };
}

/** Return how one source's errors are painted, for `layerOf`. */
export function errorRecipe(letter, model) {
  const errors = errorsOf(model);
  const scale = errorScale();
  return errors && {
    inputs: [errors, scale], size: state.opened.size,
    paint: (pixels) => paintMap(pixels, errors.data[letter], scale, ...LOOK),
  };
}
