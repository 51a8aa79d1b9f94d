// A panel as a picture to keep: at the image's own resolution, its colour bar under it.

import { drawBar, mapBar, shareScale } from "./colourbar.js";
import { errorBar } from "./errors.js";
import { KINDS } from "./kinds.js";
import { layerOf, scaleOf } from "./layers.js";
import { size, state } from "./state.js";

/** Return a canvas with a panel's picture, or null where there is none yet. */
export function pictureOf(kind, model) {
  const [rows, columns] = size();
  const { under } = KINDS[kind];
  const layer = layerOf(kind, model);
  if (!layer) return null;
  const bar = barOf(kind, model);
  const font = Math.max(10, Math.round(columns / 28));
  const strip = bar ? 3 * font : 0;
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows + strip });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, columns, rows + strip);
  context.imageSmoothingEnabled = false;
  const faint = under && layerOf(under, model);
  if (faint) {
    context.globalAlpha = 0.4;
    context.drawImage(faint.canvas, 0, 0);
    context.globalAlpha = 1;
  }
  context.save();
  context.beginPath();
  context.rect(0, 0, columns, rows);
  context.clip();
  context.drawImage(layer.canvas, layer.left, layer.top, layer.canvas.width * layer.step, layer.canvas.height * layer.step);
  context.restore();
  if (bar) drawBar(context, bar, 2, rows + Math.round(font / 2), columns - 4, Math.round(font * 0.7), font);
  return canvas;
}

function barOf(kind, model) {
  const { bar } = KINDS[kind];
  if (bar === "share") return shareScale();
  if (bar === "error") return errorBar();
  if (bar !== "map") return null;
  const family = kind.split("-")[0];
  const answer = { jacobian: state.jacobians[model], guidance: state.guidance[model], map: state.found }[family];
  return mapBar(scaleOf(answer), family === "guidance" ? state.gammaGuidance : state.gammaJacobian, state.preset);
}

/** Return a canvas as the bytes of a PNG. */
export async function pngOf(canvas) {
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return new Uint8Array(await blob.arrayBuffer());
}
