// The stage: which panels stand on it in which mode, on one grid.

import { buildCompare } from "./compare.js";
import { byId, replace } from "./dom.js";
import { displayStrip, guidanceGutter, influenceGutter, modelGutter, pairGutter } from "./gutter.js";
import { Panel } from "./panel.js";
import { size, state, watch } from "./state.js";

/** The panels on show, for the export. */
export let panels = [];
let built = "";

const row = (gutter, kinds, model = null) => {
  const made = kinds.map((kind) => Object.assign(new Panel(kind, model), { hasInset: state.mode !== "explain" }));
  panels.push(...made);
  return [gutter, ...made.map((panel) => panel.element)];
};

const MODES = {
  hover: (stage) => replace(stage, row(pairGutter(true), state.errors ? ["error-a", "error-b", "fused"] : ["a", "b", "fused"]),
    row(influenceGutter(), ["jacobian-a", "jacobian-b", "share"]), row(guidanceGutter(), ["guidance-a", "guidance-b", "rgb"])),
  models: (stage) => {
    const between = state.errors ? ["error-a", "error-b"] : ["jacobian-a", "jacobian-b"];
    replace(stage, displayStrip(), state.models.map((model) => row(modelGutter(model), ["fused", ...between, "rgb"], model)));
  },
  explain: (stage) => {
    const kinds = { set: ["set-a", "set-b", "fused"], map: ["map-a", "map-b", "fused"] }[state.found?.kind] ?? ["a", "b", "fused"];
    replace(stage, row(state.found?.kind === "map" ? influenceGutter(true) : pairGutter(), kinds));
  },
  account: (stage) => replace(stage),
  compare: (stage) => panels.push(...buildCompare(stage)),
};

function build() {
  if (!state.opened) return;
  const key = [state.mode, state.mode === "models" ? state.models : "", state.mode === "explain" ? state.found?.kind : "",
    state.mode === "compare" ? state.models : "", state.errors].join();
  if (key === built) return;
  built = key;
  for (const panel of panels.splice(0)) panel.remove();
  const stage = byId("panels");
  stage.className = state.mode;
  document.body.dataset.mode = state.mode;
  stage.style.setProperty("--rows", state.mode === "models" ? Math.min(state.models.length, 3) : state.mode === "explain" ? 1 : 3);
  MODES[state.mode](stage);
  byId("account").hidden = state.mode !== "account";
  byId("answer-box").hidden = state.mode !== "explain";
  for (const button of byId("modes").querySelectorAll("button")) button.setAttribute("aria-pressed", button.value === state.mode);
}

function shape() {
  const [rows, columns] = size();
  document.body.style.setProperty("--aspect", columns / rows);
  document.body.classList.toggle("ready", state.opened !== null);
}

/** Say that there is nothing to see beside each other yet. */
function hint() {
  byId("one-model").hidden = !(state.mode === "models" && state.models.length < 2);
}

watch(["opened"], shape);
watch(["opened", "mode", "models", "found", "errors"], build);
watch(["models", "mode"], hint);

