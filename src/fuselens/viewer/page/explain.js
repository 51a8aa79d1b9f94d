// Ask why: choose a method, its settings and what is to be explained; the answer goes to the stage.

import { byId, el, replace } from "./dom.js";
import { start } from "./jobs.js";
import { demand, postponeGuidance } from "./session.js";
import { names, set, state, titleOf, watch } from "./state.js";
import { opened } from "./words.js";

const fields = new Map(); // setting -> input

function build({ hello }) {
  const method = byId("method");
  const group = (gives, label) => el("optgroup", { label }, hello.explainers.filter((one) => one.gives === gives)
    .map((one) => el("option", { value: one.name }, one.title)));
  const before = method.value;
  replace(method, group("set", "Sets with a certificate"), group("map", "Maps"));
  method.value = hello.explainers.some(({ name }) => name === before) ? before : "ddfimage";
  if (!method.value) method.selectedIndex = 0;
  choose();
}

const chosen = () => state.hello.explainers.find(({ name }) => name === byId("method").value);

function choose() {
  const one = chosen();
  byId("method-words").textContent = one.words;
  fields.clear();
  replace(byId("settings"), one.settings.map(field));
  byId("settings-box").hidden = !one.settings.length;
}

function field(setting) {
  const { name, title, words, type, minimum, maximum } = setting;
  const input = type === "choice"
    ? el("select", {}, setting.choices.map((choice) => el("option", { value: String(choice) }, choiceWords(choice))))
    : el("input", { type: "number", step: type === "integer" ? 1 : "any", min: minimum, max: maximum });
  input.id = `setting-${name}`;
  input.value = setting.default === null ? "" : String(setting.default);
  fields.set(name, { input, setting });
  return el("div", { class: "field" }, el("label", { for: input.id, htmlFor: input.id, title: words }, opened(title)), input, el("p", { class: "soft" }, words));
}

/** Return a choice with the sources by their names. */
function choiceWords(choice) {
  const [kind, letter] = String(choice).includes(":") ? String(choice).split(":") : ["", String(choice)];
  const source = names()["ab".indexOf(letter)];
  return letter.length === 1 && source ? `${kind} ${source}`.trim() : String(choice);
}

/** Return the settings that differ from the method's own. */
function settings() {
  const values = {};
  for (const [name, { input, setting }] of fields) {
    if (input.value === "" || input.value === String(setting.default)) continue;
    values[name] = setting.type === "choice" ? setting.choices.find((choice) => String(choice) === input.value) : Number(input.value);
  }
  return values;
}

function target() {
  const about = byId("about").value;
  if (about === "image") return null;
  const [y, x] = state.pixel;
  return about === "region" ? state.box : [y, x, y + 1, x + 1];
}

function submit(event) {
  event.preventDefault();
  const invalid = [...fields.values()].find(({ input }) => !input.checkValidity());
  if (invalid) return invalid.input.reportValidity();
  const { name, title } = chosen();
  const [box, model] = [target(), state.model];
  postponeGuidance();
  let id = 0;
  id = start(`${title}, ${titleOf(model)}`, { kind: "explain", model, box, method: name, settings: settings() }, {
    set: (message) => show(message, { box, method: name, title }),
    map: (message) => show(message, { box, method: name, title }),
    scores,
    end: ({ kind }) => {
      amend(id, { scoring: "stopped" });
      if (kind !== "stopped") demand(); // whoever stops wants quiet: guidance that was put off waits to be asked for
    },
  });
}

const show = (message, about) => set({ found: { ...message, ...about }, shown: { kept: message.data.kept, words: "" }, mode: "explain" });

/** The scores along the order of units: they come after the answer, which stands where they are stopped. */
function scores({ id, trace, levels, curve }) {
  const { found } = state;
  if (found?.id === id) amend(id, { scoring: false, levels, curve, trace: found.trace?.map((step, i) => ({ ...step, score: trace[i] })) });
}

/** Add to the explanation on show as long as it waits for its scores. */
function amend(id, patch) {
  if (state.found?.id === id && state.found.scoring === true) set({ found: { ...state.found, ...patch } });
}

function offer() {
  const about = byId("about");
  const region = about.querySelector("[value=region]");
  region.disabled = !state.box;
  region.textContent = state.box ? "the region" : "the region (draw one first)";
  if (state.box && !about.dataset.chosen) about.value = "region";
  if (!state.box && about.value === "region") about.value = "pixel";
  byId("explain-button").disabled = state.link !== "open" || !state.opened;
}

/** Wire the form. */
export function wireExplain() {
  byId("method").addEventListener("change", choose);
  byId("explain-form").addEventListener("submit", submit);
  byId("about").addEventListener("change", () => (byId("about").dataset.chosen = "yes"));
  watch(["hello", "opened"], () => state.hello && build(state));
  watch(["box", "opened", "link"], offer);
}
