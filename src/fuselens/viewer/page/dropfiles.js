// Own images: dropped anywhere or chosen, put in order and named, uploaded, opened.

import { byId } from "./dom.js";
import { openPair } from "./session.js";
import { readRange, wireRange } from "./range.js";
import { set, state } from "./state.js";
import { opened } from "./words.js";

const FAMILIES = { infrared: /(^|[^a-z])(ir|infrared|thermal|lwir|tir)([^a-z]|$)/i, visible: /(^|[^a-z])(vi|vis|visible|rgb)([^a-z]|$)/i,
  mri: /(^|[^a-z])(mri?|t1|t2|flair)([^a-z]|$)/i, pet: /pet/i, spect: /spect/i, ct: /(^|[^a-z])ct([^a-z]|$)/i };
let files = [null, null];
const sentFiles = new Map(); // upload key -> file, for a server that was started again

/** Open the dialog. */
export function chooseFiles() {
  byId("open-trouble").textContent = "";
  byId("open-dialog").showModal();
}

/** Upload what a pair was made of once more, and return the pair with the new keys. */
export async function reopened(pair) {
  const old = pair.uploads.map((key) => sentFiles.get(key));
  return old.every(Boolean) ? { ...pair, uploads: await Promise.all(old.map(upload)) } : pair;
}

/** Wire drop, dialog and button. */
export function wireFiles() {
  const dialog = byId("open-dialog");
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => !event.relatedTarget && document.body.classList.remove("dropping"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    take([...event.dataTransfer.files]);
  });
  for (const [i, letter] of ["a", "b"].entries()) {
    byId(`file-${letter}`).addEventListener("change", ({ target }) => target.files.length && put(i, target.files[0]));
  }
  wireRange();
  byId("swap").addEventListener("click", swap);
  byId("open-form").addEventListener("submit", submit);
  byId("open-cancel").addEventListener("click", () => dialog.close());
}

function take(dropped) {
  if (!dropped.length) return;
  if (!byId("open-dialog").open) {
    files = [null, null];
    chooseFiles();
  }
  if (dropped.length > 2) byId("open-trouble").textContent = `${dropped.length} files were dropped; the first two are taken.`;
  if (dropped.length === 1) put(files[0] ? 1 : 0, dropped[0]);
  else dropped.slice(0, 2).forEach((file, i) => put(i, file));
  // The order of the house: infrared before visible, MRI before PET.
  const order = Object.keys(FAMILIES);
  const [first, second] = ["a", "b"].map((letter) => order.indexOf(byId(`modality-${letter}`).value));
  if (dropped.length > 1 && first >= 0 && second >= 0 && first > second) swap();
}

function put(i, file) {
  files[i] = file;
  const letter = "ab"[i];
  byId(`slot-${letter}`).textContent = file.name;
  const name = Object.entries(FAMILIES).find(([, pattern]) => pattern.test(file.name.replace(/\.[^.]*$/, "").replaceAll("_", " ")))?.[0];
  byId(`modality-${letter}`).value = name ?? file.name.replace(/\.[^.]*$/, "").slice(0, 40);
}

function swap() {
  const fields = ["a", "b"].map((letter) => ({ name: byId(`modality-${letter}`), slot: byId(`slot-${letter}`) }));
  const [first, second] = fields.map(({ name, slot }) => [name.value, slot.textContent]);
  [[fields[0], second], [fields[1], first]].forEach(([{ name, slot }, [value, text]]) => {
    name.value = value;
    slot.textContent = text;
  });
  files.reverse();
}

async function submit(event) {
  event.preventDefault();
  const trouble = byId("open-trouble");
  if (!files.every(Boolean)) return (trouble.textContent = "Choose two files: one of each source.");
  const names = ["a", "b"].map((letter, i) => byId(`modality-${letter}`).value.trim() || `source ${i + 1}`);
  const button = byId("open-button");
  button.disabled = true;
  try {
    const window = readRange();
    trouble.textContent = "Uploading …";
    const uploads = await Promise.all(files.map(upload));
    openPair({ uploads, names, ...(window && { window }) }, {
      opened: () => byId("open-dialog").close(),
      refused: (words) => {
        trouble.textContent = words;
        set({ notice: null });
      },
    });
  } catch (error) {
    trouble.textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

async function upload(file) {
  const most = state.hello.limits.upload_bytes;
  if (file.size > most) throw new Error(`${opened(file.name)} is larger than ${Math.round(most / 2 ** 20)} MB; choose a smaller file.`);
  const token = new URLSearchParams(location.search).get("token") ?? "";
  const query = new URLSearchParams({ token, name: file.name });
  let answer;
  try {
    answer = await fetch(`upload?${query}`, { method: "POST", body: file });
  } catch {
    throw new Error("The server is not reachable; try again when it is back.");
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? "The upload was refused.");
  sentFiles.set(said.upload, file);
  set({ notice: null });
  return said.upload;
}
