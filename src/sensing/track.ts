import { type Bracket, type Reading, type SyncPolicy, Timeline } from "./timeline.js";

/** Samples of one thing in the order of their stamps. */
export class Track<Sample extends { readonly stamp: bigint }> extends Timeline {
  readonly #samples: Sample[] = [];

  get newest(): Sample | undefined {
    return this.#samples.at(-1);
  }

  /** Inserts a sample by its stamp; replaces one of the same stamp. Returns false where it is too old. */
  add(sample: Sample): boolean {
    const at = this.place(sample.stamp);
    if (at === undefined) return false;
    this.#samples[at] = sample;
    this.trim();
    return true;
  }

  /** The samples around a stamp, see `bracketAt`. */
  bracket(stamp: bigint, policy: SyncPolicy, slop: bigint): Reading<Bracket<Sample>> {
    const found = this.bracketAt(stamp, policy, slop);
    if (found.kind !== "found") return found;
    const { before, after, weight } = found.value;
    return { kind: "found", value: { before: this.#samples[before]!, after: this.#samples[after]!, weight } };
  }

  protected insert(at: number): void {
    // `add` appends the newest one itself.
    if (at < this.length) this.#samples.splice(at, 0, this.#samples[at]!);
  }

  protected remove(count: number): void {
    this.#samples.splice(0, count);
  }
}
