import type { Time } from "../messages/types.js";

const SECOND = 1_000_000_000n;

/** A message's stamp, nanoseconds. */
export const stampOf = ({ sec, nanosec }: Time): bigint => BigInt(sec) * SECOND + BigInt(nanosec);

/** Seconds → nanoseconds; infinity becomes larger than every stamp. */
export const nanoseconds = (seconds: number): bigint =>
  Number.isFinite(seconds) ? BigInt(Math.round(seconds * 1e9)) : 1n << 62n;

/** Nanoseconds → seconds. */
const seconds = (nanoseconds: bigint): number => Number(nanoseconds) / 1e9;

/** A duration as people read it: `12 ms`, `3.2 s`. */
export function durationText(nanoseconds: bigint): string {
  const value = Math.abs(seconds(nanoseconds));
  return value < 1 ? `${Number((1000 * value).toPrecision(3))} ms` : `${Number(value.toPrecision(3))} s`;
}
