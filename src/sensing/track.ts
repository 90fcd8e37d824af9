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

/** Samples of one thing in the order of their stamps, nanoseconds: those of the newest `horizon`, at most `most`. */
export class Track<Sample extends { readonly stamp: bigint }> {
  #samples: Sample[] = [];

  constructor(
    readonly horizon: bigint,
    readonly most = MOST,
  ) {}

  get newest(): Sample | undefined {
    return this.#samples.at(-1);
  }

  /** The `i`th sample, the oldest first. */
  at(i: number): Sample | undefined {
    return this.#samples[i];
  }

  /** Takes a sample in, late ones at their place; one of a stamp that is there replaces it. False where it is too old. */
  add(sample: Sample): boolean {
    const { newest } = this;
    if (newest && sample.stamp < newest.stamp - this.horizon) return false;
    const before = this.indexAt(sample.stamp);
    const isKnown = this.#samples[before]?.stamp === sample.stamp;
    this.#samples.splice(isKnown ? before : before + 1, isKnown ? 1 : 0, sample);
    this.#trim();
    return true;
  }

  /** Index of the last sample at or before a stamp, −1 where there is none. */
  indexAt(stamp: bigint): number {
    let low = 0;
    let high = this.#samples.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#samples[middle]!.stamp <= stamp) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /**
   * The samples that tell of a stamp. A sample of this very stamp always does. `interpolate` wants one before and one
   * after, neither further away than `slop`; `nearest` the nearest of those that came, within `slop`; `exact` no other.
   */
  bracket(stamp: bigint, policy: SyncPolicy, slop: bigint): Reading<Bracket<Sample>> {
    const i = this.indexAt(stamp);
    const before = this.#samples[i];
    const after = this.#samples[i + 1];
    if (before?.stamp === stamp) return { kind: "found", value: { before, after: before, weight: 0 } };
    const nothing = (reason: string) => ({ kind: after ? "miss" : "wait", reason }) as const;
    if (policy === "exact") return nothing("nothing of this very stamp");
    const isNear = (sample: Sample | undefined): sample is Sample =>
      sample !== undefined && distance(sample.stamp, stamp) <= slop;
    if (policy === "nearest") {
      const nearest =
        before && after && distance(after.stamp, stamp) < distance(before.stamp, stamp) ? after : (before ?? after);
      if (!isNear(nearest)) return nothing("nothing within slop");
      return { kind: "found", value: { before: nearest, after: nearest, weight: 0 } };
    }
    if (!isNear(before)) return nothing(before ? "nothing within slop before it" : "nothing before it");
    if (after === undefined) return { kind: "wait", reason: "nothing after it" };
    if (!isNear(after)) return { kind: "miss", reason: "nothing within slop after it" };
    const weight = Number(stamp - before.stamp) / Number(after.stamp - before.stamp);
    return { kind: "found", value: { before, after, weight } };
  }

  clear(): void {
    this.#samples = [];
  }

  #trim(): void {
    const oldest = this.newest!.stamp - this.horizon;
    // Half of what is kept goes at once, so that a sample costs no copy of all the others.
    const excess = this.#samples.length - this.most;
    const old = this.indexAt(oldest - 1n) + 1;
    const count = Math.max(excess, old > this.#samples.length / 2 ? old : 0);
    if (count > 0) this.#samples.splice(0, count);
  }
}

const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a);
