// Keys: everything that the mouse does.

import { byId } from "./dom.js";
import { pointedAt } from "./hover.js";
import { stopAll } from "./jobs.js";
import { pin, unpin } from "./probes.js";
import { clearRegion, setCorner } from "./region.js";
import { set, size, state } from "./state.js";
import { cycleTheme } from "./theme.js";
import { clamp, WHOLE, zoomBy } from "./view.js";

const FAR = 10;
const MODES = ["hover", "models", "explain", "account", "compare"];

const step = (dy, dx) => ({ shiftKey }) => {
  if (!state.opened) return;
  const [rows, columns] = size();
  const by = shiftKey ? FAR : 1;
  const [y, x] = state.pixel ?? [rows >> 1, columns >> 1];
  pointedAt([clamp(y + by * dy, 0, rows - 1), clamp(x + by * dx, 0, columns - 1)]);
};

const KEYS = {
  ArrowUp: step(-1, 0), ArrowDown: step(1, 0), ArrowLeft: step(0, -1), ArrowRight: step(0, 1),
  "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), 0: () => set({ zoom: WHOLE }),
  Enter: () => (state.tool === "region" ? setCorner() : pin()),
  Backspace: () => unpin(), Delete: () => unpin(),
  Escape: () => (state.jobs.length ? stopAll() : clearRegion()),
  r: () => set({ tool: state.tool === "region" ? "probe" : "region" }),
  s: () => set({ preset: state.preset === "signed" ? "paper" : "signed" }),
  i: () => set({ insets: !state.insets }),
  d: () => set({ errors: !state.errors }),
  t: cycleTheme,
  e: () => {
    set({ mode: "explain" });
    byId("method").focus();
  },
  "?": () => byId("help").showModal(),
  ...Object.fromEntries(MODES.map((mode, i) => [String(i + 1), () => set({ mode })])),
};

/** Wire the keys. They leave fields, menus and dialogs alone. */
export function wireKeys() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !state.hello) return;
    if (document.querySelector("dialog[open], :popover-open") || event.target.closest("input, select, textarea, [role=slider]")) return;
    if (event.key === "Enter" && event.target.closest("button, a, summary")) return;
    const act = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
}
