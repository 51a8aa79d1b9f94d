// Long jobs: what runs, how far it is, and how to stop it.

import { byId, el, icon, replace } from "./dom.js";
import { ask, stop } from "./socket.js";
import { set, state, watch } from "./state.js";
import { count, opened, percent } from "./words.js";

/** Start a long job; `answers` as for `ask`. Its progress stands in the list until it ends. */
export function start(title, request, answers) {
  const id = ask(request, {
    ...answers,
    progress: (message) => update(id, message),
    end: (message) => {
      set({ jobs: state.jobs.filter((job) => job.id !== id) });
      if (message.kind === "failed" && !message.offline) set({ notice: { words: message.error, isTrouble: true } });
      answers.end?.(message);
    },
  });
  if (id) set({ jobs: [...state.jobs, { id, title, kind: request.kind, model: request.model, done: 0, total: 0, words: "waiting" }] });
  return id;
}

/** Note how far a job is. */
export function update(id, { done, total, words }) {
  set({ jobs: state.jobs.map((job) => (job.id === id ? { ...job, done, total, words } : job)) });
}

/** Stop all jobs. */
export const stopAll = () => state.jobs.forEach(({ id }) => stop(id));

const rows = new Map();

watch(["jobs"], ({ jobs }) => {
  for (const id of rows.keys()) if (!jobs.some((job) => job.id === id)) rows.delete(id);
  for (const job of jobs) {
    if (!rows.has(job.id)) rows.set(job.id, row(job));
    const { bar, words } = rows.get(job.id);
    if (job.total) bar.value = job.done / job.total;
    else bar.removeAttribute("value");
    words.textContent = howFar(job);
  }
  replace(byId("jobs"), [...rows.values()].map(({ element }) => element));
});

/** Where nobody knows the end, what is done is counted: an explanation's fused images. */
function howFar({ kind, title, done, total, words }) {
  const phase = !words || title.toLowerCase().startsWith(words.toLowerCase()) ? "" : words;
  const far = total ? percent(done / total) : done ? count(done, kind === "explain" ? "image" : "step") : "";
  return [phase, far].filter(Boolean).join(", ") || "at work";
}

function row({ id, title }) {
  const bar = el("progress", { "aria-label": title });
  const words = el("span", { class: "soft" });
  const button = el("button", { class: "quiet", title: "Stop (Esc)", "aria-label": `Stop: ${title}`, onclick: () => stop(id) }, icon("stop"));
  return { bar, words, element: el("li", {}, el("span", { class: "job-title" }, opened(title)), words, bar, button) };
}
