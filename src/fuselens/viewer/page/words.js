// How numbers are written.

const MINUS = "\u2212";

/** Return a signed number with three digits that count, with a true minus. */
export function signed(value) {
  const magnitude = Math.abs(value);
  if (magnitude === 0) return "0";
  const text = magnitude < 0.001 ? magnitude.toExponential(1).replace("e-", "e" + MINUS) : magnitude.toFixed(magnitude < 10 ? 3 : 1);
  return (value < 0 ? MINUS : "+") + text;
}

/** Return a value of a source in its file's own unit. */
export const level = (value, depth) => (depth === "float32" ? value.toPrecision(4) : String(Math.round(value)));

/** Return a part as a percentage. */
export const percent = (part) => `${Math.round(100 * part)}\u202f%`;

/** Return a number with so many decimals and a true minus. */
export const fixed = (value, decimals = 2) => value.toFixed(decimals).replace("-", MINUS);

/** Return a text with its first letter large. */
export const opened = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Return "82 % infrared, 18 % visible", or that neither acts. */
export function shareWords(share, [first, second]) {
  if (share === null || share === undefined) return `neither ${first} nor ${second} acts here`;
  const whole = Math.round(100 * share);
  return `${whole}\u202f% ${first}, ${100 - whole}\u202f% ${second}`;
}

/** Return a file name's plain form. */
export const plain = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");

/** Return "1 unit", "12 units". */
export const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
