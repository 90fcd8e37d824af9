import { type Rows, withoutPadding } from "./rows.js";

/** Most millimetres that a word of 16 bits holds. */
const FARTHEST = 65535;

/**
 * Depth in metres → whole millimetres, 0 for no depth: that is what 16UC1 means by REP 118. NaN and infinity (REP 117),
 * negative depths and those beyond 65.535 m are no depth.
 */
function millimetresOf(metres: number): number {
  const millimetres = Math.round(1000 * metres);
  return millimetres > 0 && millimetres <= FARTHEST ? millimetres : 0;
}

/** Metres as float32 → millimetres as words of 16 bits, little-endian, [height × width × 2]. */
export function toMillimetres(rows: Rows): Uint8Array {
  const { buffer, byteOffset, byteLength } = withoutPadding(rows, 4);
  const metres = new DataView(buffer, byteOffset, byteLength);
  const result = new Uint8Array(byteLength / 2);
  const words = new DataView(result.buffer);
  for (let i = 0; i < byteLength / 4; i++)
    words.setUint16(2 * i, millimetresOf(metres.getFloat32(4 * i, !rows.isBigEndian)), true);
  return result;
}
