/** Start of each of several consecutive parts, and the end of the last one. */
export function offsetsOf(lengths: readonly number[]): Uint32Array {
  const offsets = new Uint32Array(lengths.length + 1);
  for (const [m, length] of lengths.entries()) offsets[m + 1] = offsets[m]! + length;
  return offsets;
}
