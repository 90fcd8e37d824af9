/** How samples of one thing may follow each other. */
export interface Motion<Sample> {
  /** How far apart two samples are. */
  readonly distance: (a: Sample, b: Sample) => number;
  /** How far apart they can be at most if one publisher sent both. */
  readonly reach: (a: Sample, b: Sample) => number;
  /** Number of switches in a row from which samples count as mixed, and of publishers that are told apart. */
  readonly proof: (a: Sample, b: Sample) => { readonly switches: number; readonly publishers: number };
}

/** Longest time between two samples of a track, and from a switch until samples no longer count as mixed, nanoseconds. */
const MEMORY = 2_000_000_000n;

/**
 * Tells when the samples of several publishers come mixed, as if from one: they jump between tracks, each of which goes on
 * where it was left. A jump that nothing returns from (a reset, a loop, a wrap), or that leads to a third place (a fast
 * motion between few samples), starts the count anew.
 */
export class MixedTracks<Sample extends { readonly stamp: bigint }> {
  #last: Sample | undefined;
  /** Ends of the other tracks, the newest first. */
  #others: readonly Sample[] = [];
  #switches = 0;
  #mixedAt: bigint | undefined;

  constructor(private readonly motion: Motion<Sample>) {}

  /** Takes the next sample. Returns that of another track before it, where the samples are mixed and it came by a switch. */
  add(sample: Sample): Sample | undefined {
    const { distance, reach, proof } = this.motion;
    const last = this.#last;
    this.#last = sample;
    if (last === undefined || apart(last, sample) > MEMORY) {
      this.#forget();
      return undefined;
    }
    const jump = distance(last, sample);
    if (jump <= reach(last, sample)) return undefined;
    const { switches, publishers } = proof(last, sample);
    const others = this.#others.filter((other) => apart(other, sample) <= MEMORY).slice(0, publishers - 1);
    const left = others.find((other) => {
      const back = distance(other, sample);
      return back <= jump / 2 && back <= reach(other, sample);
    });
    this.#others = [last, ...others.filter((other) => other !== left)];
    this.#switches = left ? this.#switches + 1 : 0;
    if (!left || this.#switches < switches) return undefined;
    this.#mixedAt = sample.stamp;
    return last;
  }

  /** True where samples around a stamp are mixed. */
  isMixed(stamp: bigint): boolean {
    return this.#mixedAt !== undefined && apart({ stamp: this.#mixedAt }, { stamp }) <= MEMORY;
  }

  clear(): void {
    this.#last = undefined;
    this.#mixedAt = undefined;
    this.#forget();
  }

  #forget(): void {
    this.#others = [];
    this.#switches = 0;
  }
}

type Stamped = { readonly stamp: bigint };

/** Time between two samples, nanoseconds. */
export const apart = (a: Stamped, b: Stamped): bigint => (a.stamp > b.stamp ? a.stamp - b.stamp : b.stamp - a.stamp);
