// How long it takes from a moved mouse to the painted Jacobian; read by benchmarks/viewer_latency.py.

const MOST = 5000;

/** Milliseconds from pointermove to paint, and the part of it that the server computed. */
export const timings = [];

/** Note, once the frame that was just drawn is painted, how long its pixel waited. */
export function painted(since, answer) {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    channel.port1.close();
    timings.push({ total: performance.now() - since, server: answer.milliseconds, model: answer.model });
    if (timings.length > MOST) timings.splice(0, MOST / 2);
  };
  channel.port2.postMessage(0);
}
