// The card of the pixel: where it is, who made it, its values; said aloud once the mouse rests.

import { byId, el, replace } from "./dom.js";
import { KINDS } from "./kinds.js";
import { setShare } from "./sharebar.js";
import { names, state, watch } from "./state.js";
import { opened, shareWords, signed } from "./words.js";

const REST = 500;
let timer = 0;
const cells = {};

/** Return the Jacobian of the current pixel, or null while it is under way. */
function current() {
  const answer = state.jacobians[state.model];
  return answer && state.pixel && answer.pixel[0] === state.pixel[0] && answer.pixel[1] === state.pixel[1] ? answer : null;
}

function build() {
  const row = (key, label, chip) => el("tr", {}, el("th", { scope: "row" }, chip && el("i", { class: `chip ${chip}` }), opened(label)),
    cells[key] = el("td", {}), cells[`sum_${key}`] = el("td", {}));
  const head = el("tr", {}, el("td", {}), el("th", { scope: "col" }, "level"), el("th", { scope: "col", title: "Sum of the Jacobian" }, "influence"));
  replace(byId("values"), el("tbody", {}, head, row("a", names()[0], "a"), row("b", names()[1], "b"), row("fused", "fused")));
}

function show() {
  if (!state.opened || !state.pixel || !cells.a) return;
  const [y, x] = state.pixel;
  const answer = current() ?? state.jacobians[state.model];
  write(byId("place"), `Row ${y}, column ${x}`);
  for (const key of ["a", "b", "fused"]) write(cells[key], KINDS[key].value(state.model, state.pixel));
  if (answer) {
    write(cells.sum_a, signed(answer.sum_a));
    write(cells.sum_b, signed(answer.sum_b));
    setShare(byId("big-share"), answer.share_a);
    const whole = answer.share_a === null ? null : Math.round(100 * answer.share_a);
    write(byId("part-a"), whole === null ? "–" : `${whole}\u202f%`);
    write(byId("part-b"), whole === null ? "–" : `${100 - whole}\u202f%`);
    const took = answer.milliseconds < 10 ? answer.milliseconds.toFixed(1) : Math.round(answer.milliseconds);
    write(byId("took"), `in ${took} ms`);
  }
  clearTimeout(timer);
  timer = setTimeout(say, REST);
}

function say() {
  const answer = current();
  if (!answer) return;
  const [y, x] = state.pixel;
  const values = ["a", "b"].map((key, i) => `${names()[i]} ${KINDS[key].value(null, state.pixel)}`).join(", ");
  write(byId("live"), `Row ${y}, column ${x}: ${shareWords(answer.share_a, names())}; ${values}, fused ${KINDS.fused.value(state.model, state.pixel)}.`);
}

/** Changing a text costs a layout even where it stays the same. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

watch(["opened"], () => {
  build();
  for (const [i, letter] of ["a", "b"].entries()) write(byId(`name-${letter}`), names()[i]);
});
watch(["pixel", "jacobians", "fused", "model", "opened"], show);
