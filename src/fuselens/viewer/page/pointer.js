// Mouse, pen and touch over panels: moving looks, a click pins, dragging pans or draws the region, two fingers zoom.

import { foresee, movedTo, pointedAt } from "./hover.js";
import { pin } from "./probes.js";
import { set, state } from "./state.js";
import { panBy, pixelAt, zoomAt } from "./view.js";

const CLICK = 4; // pixels that a hand may shake

/** Let a panel's view answer to pointers. */
export function follow(view) {
  const fingers = new Map();
  let drag = null;
  const pixelOf = (event) => {
    const edge = view.getBoundingClientRect();
    return pixelAt(event.clientX - edge.left, event.clientY - edge.top, edge.width, edge.height);
  };

  view.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !state.opened) return;
    view.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    const isBrush = event.shiftKey || state.tool === "region";
    drag = { start: pixelOf(event), from: [event.clientX, event.clientY], isBrush, isClick: true };
    if (event.pointerType !== "mouse") pointedAt(drag.start, performance.now());
  });

  view.addEventListener("pointermove", (event) => {
    const now = performance.now();
    if (!state.opened) return;
    const before = fingers.get(event.pointerId);
    if (before) fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (fingers.size === 2 && before) return pinch(view, fingers, event.pointerId, before);
    const pixel = pixelOf(event);
    if (drag && Math.hypot(event.clientX - drag.from[0], event.clientY - drag.from[1]) > CLICK) drag.isClick = false;
    if (drag?.isBrush) {
      if (!drag.isClick) set({ box: boxOf(drag.start, pixel) });
      return;
    }
    if (drag && !drag.isClick && event.pointerType === "mouse" && state.zoom.scale > 1) {
      panBy(event.movementX, event.movementY, view.clientWidth, view.clientHeight);
      return;
    }
    movedTo(pixel, now);
  });

  view.addEventListener("pointerrawupdate", (event) => {
    if (!drag && state.opened) foresee(pixelOf(event), performance.now());
  });

  view.addEventListener("pointerup", (event) => {
    fingers.delete(event.pointerId);
    if (drag?.isClick && !drag.isBrush && event.pointerType === "mouse") pin(drag.start);
    if (!fingers.size) drag = null;
  });
  view.addEventListener("pointercancel", (event) => {
    fingers.delete(event.pointerId);
    drag = null;
  });
  view.addEventListener("dblclick", (event) => event.preventDefault());
  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    const edge = view.getBoundingClientRect();
    zoomAt(2 ** (-event.deltaY / 300), event.clientX - edge.left, event.clientY - edge.top, edge.width, edge.height);
  }, { passive: false });
}

/** Return the half open box between two pixels, both included. */
export const boxOf = ([y0, x0], [y1, x1]) =>
  [Math.min(y0, y1), Math.min(x0, x1), Math.max(y0, y1) + 1, Math.max(x0, x1) + 1];

function pinch(view, fingers, moved, before) {
  const edge = view.getBoundingClientRect();
  const now = fingers.get(moved);
  const [, other] = [...fingers].find(([id]) => id !== moved);
  const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
  const middle = [(now[0] + other[0]) / 2 - edge.left, (now[1] + other[1]) / 2 - edge.top];
  zoomAt(apart(now) / apart(before), ...middle, edge.width, edge.height);
  panBy((now[0] - before[0]) / 2, (now[1] - before[1]) / 2, edge.width, edge.height);
}
