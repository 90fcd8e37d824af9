import type { Time } from "./types.js";

/** Nanoseconds since the epoch of the stamp's clock. */
export function nanoseconds({ sec, nanosec }: Time): bigint {
  return BigInt(sec) * 1_000_000_000n + BigInt(nanosec);
}
