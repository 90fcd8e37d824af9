/** Cyan, magenta, yellow, black (255 is full ink) → red, green, blue, as OpenCV converts JPEGs of four colours. */
export function fromCmyk(inks: Uint8Array): Uint8Array {
  const result = new Uint8Array((inks.length / 4) * 3);
  for (let from = 0, to = 0; from < inks.length; from += 4) {
    const white = 255 - inks[from + 3]!;
    for (let c = 0; c < 3; c++) result[to++] = white - ((inks[from + c]! * white) >> 8);
  }
  return result;
}
