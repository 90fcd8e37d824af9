/** Differences of stamps that the period is found from. */
const KEPT = 16;
/** Part of them that must be near the period before a gap means anything, and how near. */
const REGULAR = 0.75;
const NEAR = 0.25;
/** A longer difference, in periods, is a gap. */
const GAP = 1.5;

/** Gaps between the images of one camera: images that never came, and times without any. */
export class ImageGaps {
  #differences: number[] = [];
  #newest: bigint | undefined;
  #missing = 0;
  #silence = 0;

  /** Images that are missing by the gaps between stamps of a regular camera: an estimate. */
  get missing(): number {
    return this.#missing;
  }

  /** Time in pauses so far, seconds by the stamps. */
  get silence(): number {
    return this.#silence;
  }

  /** Stamp of the newest image, nanoseconds. */
  get newest(): bigint | undefined {
    return this.#newest;
  }

  /** @param pause a longer difference, nanoseconds, is a pause of the camera, from which nothing is missing */
  add(stamp: bigint, pause: bigint): void {
    const newest = this.#newest;
    if (newest !== undefined && stamp <= newest) return;
    this.#newest = stamp;
    if (newest === undefined) return;
    const difference = Number(stamp - newest) / 1e9;
    if (stamp - newest > pause) {
      this.#silence += difference;
      return;
    }
    const period = this.#period();
    if (period !== undefined && difference > GAP * period) this.#missing += Math.round(difference / period) - 1;
    this.#differences.push(difference);
    if (this.#differences.length > KEPT) this.#differences.shift();
  }

  /** Forgets the newest stamp, as after a jump of the clock. Counts stay. */
  clear(): void {
    this.#newest = undefined;
    this.#differences = [];
  }

  /** Median of the differences, seconds; undefined for a camera that is not regular, or not known yet. */
  #period(): number | undefined {
    const count = this.#differences.length;
    if (count < KEPT / 2) return undefined;
    const median = [...this.#differences].sort((a, b) => a - b)[count >> 1]!;
    const near = this.#differences.filter((difference) => Math.abs(difference - median) <= NEAR * median);
    return near.length >= REGULAR * count ? median : undefined;
  }
}
