// Insertion and deletion: the score as units are shown, or hidden, in their order; a cursor that can be dragged.

import { el, replace, svg } from "./dom.js";
import { count, fixed } from "./words.js";

const [WIDTH, HEIGHT] = [360, 180];
const PAD = { left: 34, right: 10, top: 12, bottom: 30 };

const WITHOUT = {
  true: "The curve is on its way: units are shown one after the other, and hidden, and each time the fused image is scored.",
  stopped: "The curve was stopped before it was whole. The answer stands; press Explain once more for the curve.",
  false: "This method ranks no units, so there is no curve.",
};

/** Return the place of a curve that is nearest to a share of the units. */
export const nearest = ({ insertion }, share) =>
  insertion.reduce((best, [at], i) => (Math.abs(at - share) < Math.abs(insertion[best][0] - share) ? i : best), 0);

/** Say what the scores are at a place of a curve. */
export function placeWords({ insertion, deletion, order }, place) {
  const [share, score] = insertion[place];
  const without = deletion?.[Math.min(place, deletion.length - 1)];
  const rest = without ? `; everything but these: ${fixed(without[1])}` : "";
  return `The first ${count(Math.round(share * order.length), "unit")} alone: score ${fixed(score)}${rest}.`;
}

/** Draw the curves of an explanation into a box, with a line at its level unless that is null; `choose(share)` hears the cursor. */
export function drawCurve(box, found, { at, level, isOrder }, choose) {
  const { insertion = [], deletion = [] } = found.curve ?? {};
  if (!insertion.length) return replace(box, el("p", { class: "soft" }, WITHOUT[found.scoring] ?? WITHOUT.false));
  const scores = [...insertion, ...deletion].map(([, score]) => score);
  const low = Math.min(0, ...scores), high = Math.max(1, ...scores);
  const x = (share) => PAD.left + share * (WIDTH - PAD.left - PAD.right);
  const y = (score) => PAD.top + ((high - score) / (high - low)) * (HEIGHT - PAD.top - PAD.bottom);
  const path = (points) => points.map(([share, score], i) => `${i ? "L" : "M"}${x(share)} ${y(score)}`).join("");
  const tick = (score) => svg("text", { x: PAD.left - 6, y: y(score) + 4, class: "tick end" }, fixed(score, 1));
  const scoreAt = (points) => points.reduce((best, point) => (Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best));
  const dots = isOrder ? [insertion, deletion].filter((points) => points.length).map((points, i) => {
    const [share, score] = scoreAt(points);
    return svg("circle", { cx: x(share), cy: y(score), r: 4, class: i ? "removed" : "kept" });
  }) : [];
  const plot = svg("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Insertion and deletion curve" },
    svg("line", { x1: x(0), x2: x(1), y1: y(0), y2: y(0), class: "axis" }),
    svg("line", { x1: x(0), x2: x(1), y1: y(1), y2: y(1), class: "axis" }),
    level !== null && svg("line", { x1: x(0), x2: x(1), y1: y(level), y2: y(level), class: "level" }),
    tick(0), tick(1),
    svg("path", { d: path(insertion), class: "line kept" }), svg("path", { d: path(deletion), class: "line removed" }),
    svg("line", { x1: x(at), x2: x(at), y1: PAD.top - 4, y2: HEIGHT - PAD.bottom, class: "cursor" }), dots,
    [[0, "0"], [0.5, "half of the units"], [1, "all"]].map(([share, text]) =>
      svg("text", { x: x(share), y: HEIGHT - 10, class: `tick ${share === 1 ? "end" : share ? "mid" : ""}` }, text)));
  const drag = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const edge = plot.getBoundingClientRect();
    const place = ((event.clientX - edge.left) / edge.width) * WIDTH;
    choose(Math.min(Math.max((place - PAD.left) / (WIDTH - PAD.left - PAD.right), 0), 1));
  };
  const old = box.querySelector("svg");
  if (old && box.dataset.dragging) return old.replaceChildren(...plot.childNodes);
  plot.addEventListener("pointerdown", (event) => {
    plot.setPointerCapture(event.pointerId);
    box.dataset.dragging = "yes";
    drag(event);
  });
  plot.addEventListener("pointermove", drag);
  plot.addEventListener("pointerup", () => delete box.dataset.dragging);
  replace(box, plot, el("p", { class: "key" }, el("i", { class: "swatch kept" }), "shown one after the other ",
    el("i", { class: "swatch removed" }), "hidden one after the other"));
  return plot;
}
