/** Numbers observations and decides where an episode begins. */
export class Episodes {
  #current = 0;
  #last: { readonly episode: number; readonly stamp: bigint } | undefined;
  #marked: bigint | undefined;
  #tick = 0;

  /** Number of the current episode. A match of an earlier one is obsolete. */
  get current(): number {
    return this.#current;
  }

  /** Begins an episode with the next observation. */
  restart(): void {
    this.#current++;
  }

  /** Begins an episode with the image of this stamp. */
  beginAt(stamp: bigint): void {
    this.#marked = stamp;
  }

  /** Returns true where an observation begins an episode. @param gap longest time between two of one episode, nanoseconds */
  isFirst(episode: number, stamp: bigint, gap: bigint): boolean {
    const last = this.#last;
    return last?.episode !== episode || stamp - last.stamp > gap || stamp === this.#marked;
  }

  /** Takes note of an observation. @returns its tick */
  observed(episode: number, stamp: bigint): number {
    this.#last = { episode, stamp };
    return this.#tick++;
  }
}
