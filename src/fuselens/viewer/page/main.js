// The page's beginning: wire everything, connect, open what the address says.

import "./certificate.js";
import "./intrinsic.js";
import "./mapcurve.js";
import "./readout.js";
import "./scatter.js";
import "./stage.js";
import { byId } from "./dom.js";
import { wireFiles } from "./dropfiles.js";
import { wireExplain } from "./explain.js";
import { wireExport } from "./export.js";
import { pointedAt } from "./hover.js";
import { stopAll } from "./jobs.js";
import { wireMenus } from "./menus.js";
import { wireNotices } from "./notices.js";
import { readAddress, settleModels, wireAddress } from "./permalink.js";
import { pin } from "./probes.js";
import { clearRegion } from "./region.js";
import { openPair, resume } from "./session.js";
import { wireSet } from "./setview.js";
import { wireKeys } from "./shortcuts.js";
import { connect, sent } from "./socket.js";
import { set, state } from "./state.js";
import { cycleTheme } from "./theme.js";
import { timings } from "./timing.js";

wireMenus();
wireFiles();
wireExplain();
wireExport();
wireSet();
wireNotices();
wireKeys();
byId("theme").addEventListener("click", cycleTheme);
byId("help-button").addEventListener("click", () => byId("help").showModal());
byId("help-close").addEventListener("click", () => byId("help").close());
byId("pin").addEventListener("click", () => pin());
byId("draw-region").addEventListener("click", () => set({ tool: "region" }));
byId("clear-region").addEventListener("click", clearRegion);

set(readAddress());
wireAddress();
connect({
  link: (link) => set({ link: link === "gone" ? "gone" : "opening" }), // "open" once the pair is
  hello: (hello) => {
    set({ hello });
    settleModels();
    resume();
  },
  trouble: (words) => set({ notice: { words, isTrouble: true } }),
});

// For tests and benchmarks: the page's state, what it sent, how long it took, and its hands.
window.fuselens = { state, sent, timings, openPair, pointedAt, stopAll, set };
