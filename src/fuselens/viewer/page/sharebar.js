// A share as a bar of two colours.

import { el } from "./dom.js";

/** Return a thin bar; `share` is source a's, null where neither acts. */
export function shareBar(share) {
  const bar = el("span", { class: "sharebar", "aria-hidden": "true" }, el("i", { class: "a" }), el("i", { class: "b" }));
  setShare(bar, share);
  return bar;
}

/** Change a bar. */
export function setShare(bar, share) {
  const isKnown = share !== null && share !== undefined;
  bar.classList.toggle("none", !isKnown);
  bar.style.setProperty("--share", isKnown ? share : 0.5);
}
