/** How joint states (and transforms) are brought to an image's stamp. */
export const SYNC_POLICIES = ["interpolate", "nearest", "exact"] as const;
export type SyncPolicy = (typeof SYNC_POLICIES)[number];

/** What is known at a stamp: it itself, nothing yet (a later message may bring it), or nothing, with the reason. */
export type Reading<T> =
  | { readonly kind: "found"; readonly value: T }
  | { readonly kind: "wait"; readonly reason: string }
  | { readonly kind: "miss"; readonly reason: string };

/** The two samples that a stamp lies between and the weight of the second; the same one twice where it is one's own. */
export interface Bracket<Sample> {
  readonly before: Sample;
  readonly after: Sample;
  /** 0..1, exactly 0 at a sample's own stamp. */
  readonly weight: number;
}

/** Most samples that are kept where not told otherwise, whatever their stamps. */
const MOST = 1 << 14;

/**
 * Stamps in their order, nanoseconds: those of the newest `horizon`, at most `most`. What was known at each is kept by
 * who extends this, at the same places.
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

  /** Index of the last sample at or before a stamp, −1 where there is none. */
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
   * The places of the samples that tell of a stamp. A sample of this very stamp always does. `interpolate` wants one
   * before and one after, neither further away than `slop`; `nearest` the nearest of those that came, within `slop`;
   * `exact` no other.
   */
  bracketAt(stamp: bigint, policy: SyncPolicy, slop: bigint): Reading<Bracket<number>> {
    const i = this.indexAt(stamp);
    const before = this.#stamps[i];
    const after = this.#stamps[i + 1];
    if (before === stamp) return { kind: "found", value: { before: i, after: i, weight: 0 } };
    const nothing = (reason: string) => ({ kind: after === undefined ? "wait" : "miss", reason }) as const;
    if (policy === "exact") return nothing("nothing of this very stamp");
    const isNear = (other: bigint | undefined): other is bigint =>
      other !== undefined && distance(other, stamp) <= slop;
    if (policy === "nearest") {
      const isAfter = before === undefined || (after !== undefined && distance(after, stamp) < distance(before, stamp));
      if (!isNear(isAfter ? after : before)) return nothing("nothing within slop");
      const nearest = isAfter ? i + 1 : i;
      return { kind: "found", value: { before: nearest, after: nearest, weight: 0 } };
    }
    if (!isNear(before)) return nothing(before === undefined ? "nothing before it" : "nothing within slop before it");
    if (after === undefined) return { kind: "wait", reason: "nothing after it" };
    if (!isNear(after)) return { kind: "miss", reason: "nothing within slop after it" };
    const weight = Number(stamp - before) / Number(after - before);
    return { kind: "found", value: { before: i, after: i + 1, weight } };
  }

  clear(): void {
    this.remove(this.length);
    this.#stamps = [];
  }

  /** Place of a stamp's sample, made by `insert` where there was none; undefined where it is too old. */
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

  /** Drops what is too old or too much: call it once the sample at its place is written. */
  protected trim(): void {
    const oldest = this.newestStamp! - this.horizon;
    // Half of what is kept goes at once, so that a sample costs no copy of all the others.
    const excess = this.length - this.most;
    const old = this.indexAt(oldest - 1n) + 1;
    const count = Math.max(excess, old > this.length / 2 ? old : 0);
    if (count <= 0) return;
    this.remove(count);
    this.#stamps.splice(0, count);
  }

  /** Makes room at a place; those behind it move on. `length` is still what it was. */
  protected abstract insert(at: number): void;

  /** Removes the oldest ones. `length` is still what it was. */
  protected abstract remove(count: number): void;
}

const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a);
