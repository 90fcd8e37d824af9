/** How joint states (and transforms) are brought to an image's stamp. */
export const SYNC_POLICIES = ["interpolate", "nearest", "exact"] as const;
export type SyncPolicy = (typeof SYNC_POLICIES)[number];

/** A value at a stamp: found, not there yet (a later message may bring it), or missing, with the reason. */
export type Reading<T> =
  | { readonly kind: "found"; readonly value: T }
  | { readonly kind: "wait"; readonly reason: string }
  | { readonly kind: "miss"; readonly reason: string };

/** The samples before and after a stamp and the weight of the second; at a sample's own stamp, that sample twice. */
export interface Bracket<Sample> {
  readonly before: Sample;
  readonly after: Sample;
  /** 0..1, exactly 0 at a sample's own stamp. */
  readonly weight: number;
}

/** Default for the largest number of samples kept. */
const MOST = 1 << 14;

/**
 * Stamps in order, nanoseconds: those of the newest `horizon`, at most `most`. A subclass keeps the sample of each stamp
 * at the same index.
 */
export abstract class Timeline {
  #stamps: bigint[] = [];

  constructor(
    readonly horizon: bigint,
    readonly most = MOST,
  ) {}

  get length(): number {
    return this.#stamps.length;
  }

  get newestStamp(): bigint | undefined {
    return this.#stamps.at(-1);
  }

  /** The `i`th stamp, the oldest first. */
  stampAt(i: number): bigint | undefined {
    return this.#stamps[i];
  }

  /** Index of the last sample at or before a stamp; −1 where there is none. */
  indexAt(stamp: bigint): number {
    let low = 0;
    let high = this.#stamps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#stamps[middle]! <= stamp) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /**
   * Indices of the samples to use for a stamp. A sample with this stamp is always used. Otherwise `interpolate` needs one
   * before and one after, each within `slop`; `nearest` takes the nearest so far within `slop`; `exact` takes none.
   */
  bracketAt(stamp: bigint, policy: SyncPolicy, slop: bigint): Reading<Bracket<number>> {
    const i = this.indexAt(stamp);
    const before = this.#stamps[i];
    const after = this.#stamps[i + 1];
    if (before === stamp) return { kind: "found", value: { before: i, after: i, weight: 0 } };
    const nothing = (reason: string) => ({ kind: after === undefined ? "wait" : "miss", reason }) as const;
    if (policy === "exact") return nothing("no sample with this stamp");
    const isNear = (other: bigint | undefined): other is bigint =>
      other !== undefined && distance(other, stamp) <= slop;
    if (policy === "nearest") {
      const isAfter = before === undefined || (after !== undefined && distance(after, stamp) < distance(before, stamp));
      if (!isNear(isAfter ? after : before)) return nothing("no sample within sync_slop");
      const nearest = isAfter ? i + 1 : i;
      return { kind: "found", value: { before: nearest, after: nearest, weight: 0 } };
    }
    if (!isNear(before))
      return nothing(before === undefined ? "no sample before it" : "no sample within sync_slop before it");
    if (after === undefined) return { kind: "wait", reason: "no sample after it" };
    if (!isNear(after)) return { kind: "miss", reason: "no sample within sync_slop after it" };
    const weight = Number(stamp - before) / Number(after - before);
    return { kind: "found", value: { before: i, after: i + 1, weight } };
  }

  clear(): void {
    this.remove(this.length);
    this.#stamps = [];
  }

  /** Index of a stamp's sample, inserted where there was none; undefined where the stamp is too old. */
  protected place(stamp: bigint): number | undefined {
    const { newestStamp } = this;
    if (newestStamp !== undefined && stamp < newestStamp - this.horizon) return undefined;
    const before = this.indexAt(stamp);
    if (this.#stamps[before] === stamp) return before;
    const at = before + 1;
    this.insert(at);
    if (at === this.length) this.#stamps.push(stamp);
    else this.#stamps.splice(at, 0, stamp);
    return at;
  }

  /** Drops samples that are too old or too many. Call it after writing a sample. */
  protected trim(): void {
    const oldest = this.newestStamp! - this.horizon;
    // Drops half at once, so that a new sample does not copy all the others.
    const excess = this.length - this.most;
    const old = this.indexAt(oldest - 1n) + 1;
    const count = Math.max(excess, old > this.length / 2 ? old : 0);
    if (count <= 0) return;
    this.remove(count);
    this.#stamps.splice(0, count);
  }

  /** Makes room at an index and moves later samples up. `length` still is the old one. */
  protected abstract insert(at: number): void;

  /** Removes the oldest samples. `length` still is the old one. */
  protected abstract remove(count: number): void;
}

const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a);
