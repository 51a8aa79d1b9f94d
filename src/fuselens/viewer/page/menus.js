// Menus: the pair, the models, the export; each a popover under its button.

import { chooseFiles } from "./dropfiles.js";
import { byId, el, replace } from "./dom.js";
import { openPair } from "./session.js";
import { names, set, state, titleOf, watch } from "./state.js";
import { opened } from "./words.js";

/** Let popovers open under their buttons. */
export function wireMenus() {
  for (const button of document.querySelectorAll("[popovertarget]")) {
    const menu = byId(button.getAttribute("popovertarget"));
    button.setAttribute("aria-expanded", "false");
    menu.addEventListener("toggle", ({ newState }) => {
      button.setAttribute("aria-expanded", newState === "open");
      if (newState === "open") menu.querySelector("button, input")?.focus();
    });
    menu.addEventListener("beforetoggle", () => {
      const edge = button.getBoundingClientRect();
      menu.style.top = `${edge.bottom + 6}px`;
      if (menu.classList.contains("right")) menu.style.right = `${document.documentElement.clientWidth - edge.right}px`;
      else menu.style.left = `${edge.left}px`;
    });
  }
  for (const button of byId("modes").querySelectorAll("button")) button.addEventListener("click", () => set({ mode: button.value }));
  watch(["hello", "pair", "opened"], pairs);
  watch(["hello", "model", "models", "opened"], models);
}

function pairs({ hello, pair, opened: frame }) {
  if (!hello) return;
  const isChosen = (one) => JSON.stringify(one) === JSON.stringify(pair);
  const item = (one, title, words) => el("button", { class: "item", "aria-current": isChosen(one) ? "true" : null, onclick: () => choose(() => openPair(one)) },
    el("b", {}, title), el("span", { class: "soft" }, words));
  replace(byId("pair-menu"), hello.given && item({ given: true }, hello.given.names.join(" and "), hello.given.files.join(" and ")),
    hello.examples.map(({ name, words }) => item({ example: name }, opened(name), words)),
    el("button", { class: "item", onclick: () => choose(chooseFiles) }, el("b", {}, "Open two images …"), el("span", { class: "soft" }, "or drop them anywhere on the page")));
  byId("pair-name").textContent = frame ? (pair.example ? `${opened(pair.example)}: ` : "") + names().join(" + ") : "…";
}

function choose(act) {
  byId("pair-menu").hidePopover();
  act();
}

function models({ hello, model, models: shown }) {
  if (!hello) return;
  byId("model-name").textContent = titleOf(model) || "no model";
  const others = shown.length - 1;
  byId("model-more").textContent = others > 0 ? `+${others}` : "";
  const item = (one) => {
    const box = el("input", { type: "checkbox", checked: shown.includes(one.key), "aria-label": `Show ${one.title} beside others`, onchange: () => toggle(one.key, box.checked) });
    const reach = one.global ? "global" : `sees ${one.reach} pixel${one.reach === 1 ? "" : "s"} around`;
    return el("div", { class: "model" }, box,
      el("button", { class: "item", "aria-current": one.key === model ? "true" : null, title: one.words, onclick: () => activate(one.key) },
        el("b", {}, one.name), el("span", { class: "soft" }, [one.weights, reach, one.has_state ? "keeps an account" : ""].filter(Boolean).join(" · "))));
  };
  const scroll = byId("model-menu").scrollTop;
  replace(byId("model-menu"), el("p", { class: "soft menu-words" }, "A name: the model to look at. A tick: in rows beside it, for the same pixel."), hello.models.map(item));
  byId("model-menu").scrollTop = scroll;
}

/** Make a model the active one. */
export function activate(key) {
  const models = state.models.includes(key) ? state.models : state.models.length > 1 ? [...state.models, key] : [key];
  set({ model: key, models });
  byId("model-menu").hidePopover();
}

function toggle(key, isShown) {
  const models = isShown ? [...state.models, key] : state.models.filter((one) => one !== key);
  if (!models.length) return models.push(key), set({ models });
  set({ models, model: models.includes(state.model) ? state.model : models[0] });
  if (isShown && models.length > 1 && state.mode === "hover") set({ mode: "models" });
}
