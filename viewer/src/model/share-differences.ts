import type { Course } from "./course.js";

export interface ShareDifferences {
  /** Modalities that both courses have. */
  readonly modalities: readonly string[];
  /** Seconds of the first course. */
  readonly times: readonly number[];
  /** By modality: share in the first course minus share in the second at each time; null where the second has no tick. */
  readonly columns: readonly (readonly (number | null)[])[];
}

/** Largest distance of two stamps that are the same, seconds. */
const ROUNDING = 1e-6;

/**
 * Shares of one course minus those of another at the same moments.
 * @param offset stamp of the second minus that of the first at the same moment, nanoseconds
 * @param isSameRun true to subtract ticks of the same stamp only; else the nearest tick within half a period
 * @param seconds newest part of the first course
 */
export function shareDifferences(
  first: Course,
  second: Course,
  offset: bigint,
  isSameRun: boolean,
  seconds = Number.POSITIVE_INFINITY,
): ShareDifferences {
  const modalities = first.modalities.filter((name) => second.modalities.includes(name));
  const [span, other] = [first.history.span, second.history.span];
  if (!span || !other) return { modalities, times: [], columns: modalities.map(() => []) };
  const [times, ...shares] = first.history.between(Math.max(span[0], span[1] - seconds), span[1]);
  const [theirTimes, ...theirShares] = second.history.between(...other);
  const shift = Number(first.stampOf(0) + offset - second.stampOf(0)) / 1e9;
  const period = first.history.length > 1 ? (span[1] - span[0]) / (first.history.length - 1) : 0;
  const limit = isSameRun ? ROUNDING : Math.max(ROUNDING, period / 2);
  let at = 0;
  const partners = Array.from(times!, (time) => {
    const due = time + shift;
    while (at + 1 < theirTimes!.length && Math.abs(theirTimes![at + 1]! - due) <= Math.abs(theirTimes![at]! - due))
      at++;
    return Math.abs(theirTimes![at]! - due) <= limit ? at : undefined;
  });
  const columns = modalities.map((name) => {
    const [mine, theirs] = [shares[first.modalities.indexOf(name)]!, theirShares[second.modalities.indexOf(name)]!];
    return partners.map((partner, i) => (partner === undefined ? null : mine[i]! - theirs[partner]!));
  });
  return { modalities, times: [...times!], columns };
}
