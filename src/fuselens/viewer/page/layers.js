// What a panel shows, painted once at the image's own resolution, and again only when what it is made of changes.

import { commonScale, paintGrey, paintMap, paintRgb, paintRgbOf, paintShare } from "./colour.js";
import { paintSet } from "./dimmed.js";
import { errorRecipe } from "./errors.js";
import { state } from "./state.js";

const cache = new Map();
const scales = new WeakMap();

/** Return {canvas, step, left, top} of a kind of panel, or null where its data is not there yet. */
export function layerOf(kind, model) {
  const recipe = RECIPES[kind]?.(model);
  if (!recipe) return null;
  const key = `${kind} ${model}`;
  const known = cache.get(key);
  if (known && known.inputs.every((input, i) => input === recipe.inputs[i])) return known;
  const [height, width] = recipe.size;
  const canvas = known?.canvas ?? document.createElement("canvas");
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const layer = { inputs: recipe.inputs, canvas, step: recipe.step ?? 1, left: recipe.left ?? 0, top: recipe.top ?? 0 };
  paintInto(canvas, recipe.paint);
  cache.set(key, layer);
  return layer;
}

/** Forget all pictures: another pair is open. */
export const forgetLayers = () => cache.clear();

/** Return the largest magnitude of both maps of an answer. */
export function scaleOf(answer) {
  if (!scales.has(answer)) scales.set(answer, commonScale(answer.data.a, answer.data.b));
  return scales.get(answer);
}

/** Let `paint` fill the pixels of a canvas. */
export function paintInto(canvas, paint) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  paint(new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
}

const picture = (frame, name) =>
  frame && { inputs: [frame], size: frame.shapes[name], paint: (pixels) => paintRgb(pixels, frame.data[name]) };

function influence(answer, letter, gamma) {
  if (!answer) return null;
  const [top, left] = answer.window ?? [0, 0];
  return {
    inputs: [answer, gamma, state.preset], size: answer.shapes[letter], step: answer.step, left, top,
    paint: (pixels) => paintMap(pixels, answer.data[letter], scaleOf(answer), gamma, state.preset),
  };
}

const guided = (model, paint) => {
  const guidance = state.guidance[model];
  return guidance && { inputs: [guidance], size: guidance.shapes.a, step: guidance.step, paint: paint(guidance) };
};

/** Return one fused value for each value of a coarse map. */
function thinned(fused, [rows, columns], step) {
  if (step === 1) return fused.data.fused;
  const [height, width] = fused.shapes.fused;
  const middle = (i, length) => Math.min(i * step + (step >> 1), length - 1);
  return Float32Array.from({ length: rows * columns }, (_, i) =>
    fused.data.fused[middle(Math.floor(i / columns), height) * width + middle(i % columns, width)]);
}

function together(model) {
  const [guidance, fused] = [state.guidance[model], state.fused[model]];
  if (!guidance || !fused) return null;
  const { a, b } = guidance.data;
  return {
    inputs: [guidance, fused], size: guidance.shapes.a, step: guidance.step,
    paint: (pixels) => paintRgbOf(pixels, a, b, thinned(fused, guidance.shapes.a, guidance.step)),
  };
}

function grey(letter) {
  const pair = state.opened;
  return pair && { inputs: [pair], size: pair.shapes[letter], paint: (pixels) => paintGrey(pixels, pair.data[letter]) };
}

function dimmed(letter) {
  const { found, shown, opened } = state;
  if (found?.kind !== "set" || !opened) return null;
  return {
    inputs: [found, shown, opened], size: opened.size,
    paint: (pixels) => paintSet(pixels, opened.data[letter], found.data[`units_${letter}`], shown.kept, opened.size[1]),
  };
}

const RECIPES = {
  a: () => picture(state.opened, "rgb_a"),
  b: () => picture(state.opened, "rgb_b"),
  fused: (model) => picture(state.fused[model], "rgb"),
  "grey-a": () => grey("a"),
  "grey-b": () => grey("b"),
  "jacobian-a": (model) => influence(state.jacobians[model], "a", state.gammaJacobian),
  "jacobian-b": (model) => influence(state.jacobians[model], "b", state.gammaJacobian),
  "guidance-a": (model) => influence(state.guidance[model], "a", state.gammaGuidance),
  "guidance-b": (model) => influence(state.guidance[model], "b", state.gammaGuidance),
  "error-a": (model) => errorRecipe("a", model),
  "error-b": (model) => errorRecipe("b", model),
  share: (model) => guided(model, ({ data }) => (pixels) => paintShare(pixels, data.a, data.b)),
  rgb: together,
  "set-a": () => dimmed("a"),
  "set-b": () => dimmed("b"),
  "map-a": () => (state.found?.kind === "map" ? influence(state.found, "a", state.gammaJacobian) : null),
  "map-b": () => (state.found?.kind === "map" ? influence(state.found, "b", state.gammaJacobian) : null),
};
