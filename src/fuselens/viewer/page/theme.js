// Dark, light, or as the system has it.

import { byId } from "./dom.js";
import { set, state, watch } from "./state.js";

const NEXT = { auto: "dark", dark: "light", light: "auto" };
const WORDS = { auto: "as the system", dark: "dark", light: "light" };

const system = matchMedia("(prefers-color-scheme: dark)");

/** Say whether the page is dark now. */
export const isDark = () => (state.theme === "auto" ? system.matches : state.theme === "dark");

/** Go to the next theme. */
export const cycleTheme = () => set({ theme: NEXT[state.theme] });

function show() {
  const root = document.documentElement;
  if (state.theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = state.theme;
  const words = `Theme: ${WORDS[state.theme]} (T)`;
  byId("theme").title = words;
  byId("theme").setAttribute("aria-label", words);
}

watch(["theme"], show);
