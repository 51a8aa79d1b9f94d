// A map of units: the score as these are shown, or hidden, in the order of their influence.

import { drawCurve, nearest, placeWords } from "./curve.js";
import { byId } from "./dom.js";
import { state, watch } from "./state.js";

let place = 0;

function show() {
  const { found } = state;
  const isThere = found?.kind === "map" && Boolean(found.scoring || found.curve);
  byId("map-curve-box").hidden = !isThere;
  if (!isThere) return;
  const { curve } = found;
  byId("map-curve-words").textContent = curve ? placeWords(curve, place) : "";
  const at = curve ? curve.insertion[place][0] : 0;
  drawCurve(byId("map-curve"), found, { at, level: null, isOrder: true }, (share) => {
    place = nearest(curve, share);
    show();
  });
}

watch(["found"], () => {
  place = Math.min(place, (state.found?.curve?.order.length ?? 0));
  show();
});
