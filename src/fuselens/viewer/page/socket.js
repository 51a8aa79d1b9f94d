// The connection: numbered requests, answers to whom they concern, and coming back after a loss.

import { decode } from "./frames.js";

const ENDS = new Set(["done", "failed", "stopped", "superseded"]);
const LONGEST_WAIT = 8000;

/** Counts of what was sent, by kind: sliders must not appear here. */
export const sent = {};

let socket = null;
let wait = 250;
let last = 0;
const pending = new Map();
const handlers = { link: () => {}, hello: () => {}, trouble: () => {} };

/** Connect and stay connected; `link` hears "open" or "gone", `hello` each greeting, `trouble` what was no answer. */
export function connect(given) {
  Object.assign(handlers, given);
  addEventListener("online", () => socket?.readyState === WebSocket.CLOSED && open());
  open();
}

/** Ask; `answers` has functions by kind of message, and `end(message)` for the last. Returns the request's id, 0 if offline. */
export function ask(request, answers = {}) {
  if (socket?.readyState !== WebSocket.OPEN) {
    answers.end?.({ kind: "failed", error: "The server is not reachable; FuseLens keeps trying.", offline: true });
    return 0;
  }
  const id = ++last;
  pending.set(id, answers);
  sent[request.kind] = (sent[request.kind] ?? 0) + 1;
  socket.send(JSON.stringify({ id, ...request }));
  return id;
}

/** Stop a request. */
export const stop = (target) => ask({ kind: "stop", target });

function open() {
  const protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const token = new URLSearchParams(location.search).get("token") ?? "";
  socket = new WebSocket(`${protocol}//${location.host}/ws?token=${encodeURIComponent(token)}`);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => hear(typeof data === "string" ? JSON.parse(data) : decode(data));
  socket.onopen = () => (wait = 250);
  socket.onclose = lost;
}

function lost() {
  handlers.link("gone");
  const orphans = [...pending.values()];
  pending.clear();
  for (const answers of orphans) answers.end?.({ kind: "failed", error: "The server went away.", offline: true });
  setTimeout(open, wait);
  wait = Math.min(2 * wait, LONGEST_WAIT);
}

function hear(message) {
  if (message.kind === "hello") {
    handlers.link("open");
    handlers.hello(message);
    return;
  }
  const answers = pending.get(message.id);
  if (!answers) {
    if (message.kind === "trouble" || message.kind === "failed") handlers.trouble(message.error ?? "The server did not understand.");
    return;
  }
  if (!ENDS.has(message.kind)) {
    answers[message.kind]?.(message);
    return;
  }
  pending.delete(message.id);
  answers.end?.(message);
}
