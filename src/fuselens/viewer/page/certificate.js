// What an explanation says: the certificate in words and as bars, or what a map amounts to.

import { byId, el, replace } from "./dom.js";
import { boxWords } from "./region.js";
import { shareBar } from "./sharebar.js";
import { names, state, titleOf, watch } from "./state.js";
import { fixed, opened, shareWords } from "./words.js";

function show({ found }) {
  byId("no-answer").hidden = found !== null;
  byId("answer").hidden = found === null;
  if (!found) return;
  const about = found.box ? boxWords(found.box) : "the whole image";
  byId("answer-kicker").textContent = `${found.title} · ${titleOf(found.model)} · ${about}`;
  const [lead, ...rest] = found.words;
  byId("answer-lead").textContent = lead ?? "";
  replace(byId("answer-words"), rest.map((text) => el("li", {}, text)));
  replace(byId("answer-asides"), (found.asides ?? []).join(" "));
  replace(byId("answer-facts"), (found.facts ?? []).map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value))));
  replace(byId("answer-more"), found.kind === "set" ? (found.record.size ? scores(found.record) : []) : shares(found));
}

/** The four scores against the level, as the certificate holds them. */
function scores(record) {
  const span = record.score_full - record.score_empty;
  const scaled = (score) => (record.relative && span ? (score - record.score_empty) / span : score);
  const rows = [["the set alone", record.score_kept, "kept"], ["all but the set", record.score_removed, "removed"],
    ["everything", record.score_full, "ends"], ["nothing", record.score_empty, "ends"]];
  const values = rows.map(([, score]) => scaled(score));
  const most = Math.max(1, record.level, ...values);
  const part = (value) => Math.min(Math.max(value / most, 0), 1);
  const badges = [["enough", record.sufficient], ["needed", record.necessary], ["minimal", record.settings?.one_minimal]]
    .filter(([, holds]) => holds !== undefined)
    .map(([words, holds]) => el("span", { class: holds ? "badge yes" : "badge" }, `${holds ? "✓" : "–"} ${holds ? "" : "not "}${words}`));
  const row = ([words, , kind], i) => el("div", {}, el("span", {}, words),
    el("span", { class: "track" }, style(el("i", { class: kind }), "width", part(values[i])),
      i < 2 && style(el("i", { class: "level" }), "left", part(record.level))),
    el("b", {}, fixed(values[i])));
  return [el("p", { class: "badges" }, badges), el("div", { class: "scores" }, rows.map(row))];
}

function shares({ share_a: share }) {
  return share === null || share === undefined ? [] : [shareBar(share), el("p", { class: "soft" }, opened(shareWords(share, names())))];
}

function style(node, property, part) {
  node.style[property] = `${100 * part}%`;
  return node;
}

watch(["found", "hello"], () => show(state));
