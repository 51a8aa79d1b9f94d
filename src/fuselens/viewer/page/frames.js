// A binary frame: four bytes of length, a JSON head, arrays that start at multiples of eight.

const KINDS = { float32: Float32Array, uint8: Uint8Array, int32: Int32Array };

/** Return the message of a frame; its arrays are views of the buffer, by name in `data`, with `shapes`. */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const message = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  message.data = {};
  message.shapes = {};
  for (const [name, { dtype, shape, offset }] of Object.entries(message.arrays)) {
    const count = shape.reduce((product, side) => product * side, 1);
    message.data[name] = new KINDS[dtype](buffer, offset, count);
    message.shapes[name] = shape;
  }
  return message;
}
