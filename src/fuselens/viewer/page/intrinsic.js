// A model's own account: its summary, its maps on one scale, its numbers as bars.

import { paintGrey, paintMap } from "./colour.js";
import { barElement, mapBar } from "./colourbar.js";
import { byId, el, replace } from "./dom.js";
import { paintInto } from "./layers.js";
import { modelOf, names, set, state, watch } from "./state.js";
import { fixed, opened, signed } from "./words.js";

const MOST_ROWS = 24;

function show() {
  if (state.mode !== "account" || !state.hello) return;
  const model = modelOf(state.model);
  const account = state.accounts[state.model];
  const page = byId("account");
  if (!model?.has_state) return replace(page, none(model));
  if (!account) return replace(page, el("p", { class: "blank" }, `${model.name} is asked what it decided with …`));
  replace(page, el("header", {}, el("p", { class: "kicker" }, "The model's own account"), el("h2", {}, model.name),
    el("p", { class: "lead" }, account.summary[0] ?? ""), el("ul", { class: "sentences" }, account.summary.slice(1).map((text) => el("li", {}, text)))), account.parts.map((part, i) => section(account, part, i)));
}

function none(model) {
  const able = state.hello.models.filter((one) => one.has_state);
  return el("div", { class: "blank" }, el("h2", {}, `${model?.name ?? "This model"} keeps no account of itself`),
    el("p", {}, "Some models are built so that they can say what they decided with: channels, scenes, weights. Choose one:"),
    el("p", { class: "row" }, able.map(({ key, title }) => el("button", { onclick: () => set({ model: key, models: [...new Set([...state.models, key])] }) }, title))));
}

function section(account, part, i) {
  return el("section", {}, el("h3", {}, opened(part.title)), el("p", { class: "soft words" }, part.words),
    part.type === "maps" ? maps(account, part, i) : bars(account, part, i));
}

function maps(account, part, number) {
  const figures = part.names.map((name, i) => {
    const key = `part${number}_map${i}`;
    const [height, width] = account.shapes[key];
    const canvas = el("canvas", { width, height, role: "img", "aria-label": `${part.title}: ${name}` });
    paintInto(canvas, (pixels) => paint(pixels, account.data[key], part));
    return el("figure", { class: Math.max(width, height) < 200 ? "crisp" : "" }, canvas, el("figcaption", {}, name));
  });
  const isGrey = part.display === "grey";
  const bar = barElement();
  if (!isGrey) bar.show(mapBar(part.scale, part.gamma, part.display === "signed" ? "signed" : "paper"));
  const grid = el("div", { class: "maps" }, figures);
  grid.style.setProperty("--count", figures.length);
  return [grid, !isGrey && el("div", { class: "one-bar" }, bar.element)];
}

function paint(pixels, values, { display, scale, gamma }) {
  if (display === "grey") paintGrey(pixels, values);
  else paintMap(pixels, values, scale, gamma, display === "signed" ? "signed" : "paper");
}

function bars(account, part, number) {
  const series = Object.entries(part.series);
  const most = Math.max(...series.flatMap(([, values]) => values.map(Math.abs)), 1e-12);
  if (part.labels.length > MOST_ROWS && !part.pictures) return strips(part, series, most);
  const rows = part.labels.map((label, i) => el("tr", {}, part.pictures ? el("td", {}, picture(account, `part${number}_picture${i}`)) : null,
    el("th", { scope: "row" }, label), series.map(([name, values]) => cell(name, values[i], most))));
  return el("table", {}, el("thead", {}, el("tr", {}, part.pictures ? el("th", {}) : null, el("th", {}),
    series.map(([name]) => el("th", { scope: "col" }, name)))), el("tbody", {}, rows));
}

/** Many numbers: a column each, in the order of the model; all series on one scale from 0. */
function strips(part, series, most) {
  return series.map(([name, values]) => el("figure", { class: "columns" },
    el("figcaption", {}, el("i", { class: `chip ${colourOf(name)}` }), name, el("span", { class: "soft" }, `${fixed(Math.min(...values))} to ${fixed(Math.max(...values))}`)),
    el("div", { role: "img", "aria-label": `${part.title}, ${name}: ${values.length} numbers, the largest ${signed(Math.max(...values))}` },
      values.map((value, i) => {
        const column = el("i", { class: value < 0 ? "ends" : colourOf(name), title: `${part.labels[i]}: ${signed(value)}` });
        column.style.height = `${(100 * Math.abs(value)) / most}%`;
        return column;
      }))));
}

const colourOf = (name) => ["a", "b"][names().findIndex((one) => one.toLowerCase() === name.toLowerCase())] ?? "plain";

function cell(name, value, most) {
  const bar = el("i", { class: colourOf(name) });
  bar.style.width = `${(100 * Math.abs(value)) / most}%`;
  return el("td", { class: "bar-cell" }, el("span", { class: value < 0 ? "track negative" : "track" }, bar), el("span", {}, signed(value)));
}

function picture(account, key) {
  const values = account.data[key];
  if (!values) return null;
  const [height, width, colours] = account.shapes[key];
  const canvas = el("canvas", { width, height, class: "thumb" });
  paintInto(canvas, (pixels) => {
    if (!colours) return paintGrey(pixels, values);
    for (let i = 0; i < pixels.length; i++) {
      const [red, green, blue] = [0, 1, 2].map((c) => Math.round(255 * Math.min(Math.max(values[3 * i + c], 0), 1)));
      pixels[i] = (255 << 24) | (blue << 16) | (green << 8) | red;
    }
  });
  return canvas;
}

watch(["accounts", "model", "mode", "hello", "opened"], show);
