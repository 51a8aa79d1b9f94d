// What went wrong, what is going on: one line that goes away by itself unless it is about the connection.

import { byId } from "./dom.js";
import { set, state, watch } from "./state.js";

const LONG = 9000;
const SHORT = 4000;
let timer = 0;

function show() {
  const { notice, link } = state;
  const isGone = link === "gone";
  const box = byId("notice");
  const words = isGone ? "The server is gone. What is here stays; FuseLens connects again as soon as it is back." : notice?.words ?? "";
  box.hidden = !words;
  box.classList.toggle("trouble", isGone || Boolean(notice?.isTrouble));
  byId("notice-words").textContent = words;
  const act = isGone ? null : notice?.act;
  byId("notice-act").hidden = !act;
  byId("notice-act").textContent = act?.title ?? "";
  byId("notice-close").hidden = isGone;
  clearTimeout(timer);
  if (notice && !isGone) timer = setTimeout(() => set({ notice: null }), notice.isTrouble || notice.act ? LONG : SHORT);
}

/** Wire the line's button. */
export function wireNotices() {
  byId("notice-act").addEventListener("click", () => state.notice?.act?.call());
  byId("notice-close").addEventListener("click", () => set({ notice: null }));
  watch(["notice", "link"], show);
}
